/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One dimension divided where the two policies do not say the same of it. */
#ifndef CHANGE_SPLIT_H
#define CHANGE_SPLIT_H

#include "change/sets.h"

enum side { SIDE_BEFORE, SIDE_AFTER, NUM_SIDES };

/**
 * struct pw_member - A section of one side, as far as one dimension goes
 * @set:	where it applies
 * @rest:	number of what else it says: equal for those that say the same
 *		in all dimensions that are left
 * @entry:	which section
 */
struct pw_member {
	uint32_t set;
	uint32_t rest;
	uint32_t entry;
	enum side side;
};

/**
 * struct pw_part - Numbers that the same members hold, and that differ
 * @members:	@num of the members of the split, in their order
 */
struct pw_part {
	uint32_t set;
	struct pw_member *members;
	size_t num;
};

struct pw_split {
	struct pw_part *parts;
	size_t num, cap;
};

/**
 * pw_split() - Divide @within by what its members say
 * @bits:	width of the dimension
 *
 * Parts are disjoint. Where both sides hold the same (as many members with
 * each @rest) there is none. Time is that of sorting the ends of sets that
 * neither hold all of @within nor nothing of it.
 *
 * Return: 0; -ENOMEM; errors of @sets are there
 */
int pw_split(struct pw_sets *sets, unsigned int bits, uint32_t within,
	     const struct pw_member *members, size_t num,
	     struct pw_split *out);
void pw_split_clear(struct pw_split *split);

#endif
