/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy says to one source at a time: quick with many sections. */
#ifndef REHEARSE_HELD_NARROW_H
#define REHEARSE_HELD_NARROW_H

#include "portwall/expect.h"

/**
 * struct pw_narrow - The model, cut down to one source on one interface
 * @of:		the whole model
 * @model:	its sections that the source belongs to, borrowed
 * @index:	of each of them in @of
 * @iface, @family, @src: the source; @made: there is one
 */
struct pw_narrow {
	const struct pw_model *of;
	struct pw_model model;
	size_t cap;
	uint32_t *index;
	bool made;
	struct pw_value iface, src;
	enum pw_family family;
};

void pw_narrow_clear(struct pw_narrow *narrow);

/* The model for the source of @arrival; NULL: no memory */
const struct pw_model *pw_narrow_to(struct pw_narrow *narrow,
				    const struct pw_arrival *arrival);

/* As pw_expect() with the whole model. 0; -ENOMEM */
int pw_narrow_expect(struct pw_narrow *narrow,
		     const struct pw_arrival *arrival,
		     struct pw_expectation *out);

#endif
