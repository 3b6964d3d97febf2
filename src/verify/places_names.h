/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interface names a rehearsal needs. */
#ifndef VERIFY_PLACES_NAMES_H
#define VERIFY_PLACES_NAMES_H

#include <portwall/model.h>

#include "verify/classes_divide.h"

/**
 * struct pw_place_name
 * @value:	see names.h
 * @group:	class of names
 */
struct pw_place_name {
	struct pw_value value;
	uint32_t group;
};

struct pw_place_names {
	struct pw_place_name *items;
	size_t num, cap;
};

/*
 * Fills @names, sorted by value: at most @max, evenly chosen where there are
 * more, @left_out counts the others; and divides all names. 0; -ENOMEM
 */
int pw_place_names_make(const struct pw_model *model, size_t max,
			struct pw_place_names *names,
			struct pw_division *division, uint64_t *left_out);

#endif
