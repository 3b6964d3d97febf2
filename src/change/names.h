/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources, interfaces and destinations of a difference in words. */
#ifndef CHANGE_NAMES_H
#define CHANGE_NAMES_H

#include "change/rows.h"

/**
 * struct pw_set_names - The names that the two policies have for sets
 * @blocked:	by family: whom a block of everything refuses on both sides. It
 *		makes no difference whether they are meant.
 * @froms, @ons: sets that sections name, and by number the term that does
 */
struct pw_set_names {
	struct pw_terms *terms;
	uint32_t blocked[PW_NUM_FAMILIES];
	struct pw_tuples froms, ons;
	uint32_t *from_terms, *on_terms;
	size_t num_froms, cap_froms, num_ons, cap_ons;
};

/* 0 or -ENOMEM, clear it in any case */
int pw_set_names_init(struct pw_set_names *words, struct pw_terms *terms);
void pw_set_names_clear(struct pw_set_names *words);

/*
 * Each sets *@text to NULL for what needs no word: anyone, any interface, own
 * addresses; 0 or -ENOMEM
 */
int pw_set_names_from(struct pw_set_names *words, const struct pw_row *row,
		  char **text);
int pw_set_names_on(struct pw_set_names *words, const struct pw_row *row,
		    char **text);
int pw_set_names_to(struct pw_set_names *words, const struct pw_row *row,
		    char **text);

#endif
