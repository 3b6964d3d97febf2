/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of ranges by number: equal sets are one, and no work is done twice. */
#ifndef CHANGE_SETS_H
#define CHANGE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change/tuples.h"
#include "portwall/rangeset.h"

#define PW_NO_SET 0	/* the empty set, of any width */

/**
 * struct pw_sets - Every set that was met
 * @list:	by number; list[0] is NULL
 * @slots:	hash table of numbers, 0: free
 * @asked, @answers: operations on two numbers, or on many by a hash of 128
 *		bits, and what came of them
 * @err:	-ENOMEM once memory was short: numbers then mean nothing.
 *		Looked at in the end, so that an operation is an expression.
 */
struct pw_sets {
	struct pw_rangeset **list;
	uint64_t *hashes;
	size_t num, cap, cap_hashes;
	uint32_t *slots;
	size_t num_slots;
	struct pw_tuples asked;
	uint32_t *answers;
	size_t num_answers, cap_answers;
	int err;
};

void pw_sets_init(struct pw_sets *sets);
void pw_sets_clear(struct pw_sets *sets);

/* Numbers; a set that is kept is one more owner's */
uint32_t pw_sets_add(struct pw_sets *sets, struct pw_rangeset *set);
/* As above, and gives one reference away; NULL: memory was short */
uint32_t pw_sets_take(struct pw_sets *sets, struct pw_rangeset *set);
uint32_t pw_sets_all(struct pw_sets *sets, unsigned int bits);

uint32_t pw_sets_union(struct pw_sets *sets, uint32_t a, uint32_t b);
/* Of many at once, in the time of sorting them; @list may hold none */
uint32_t pw_sets_union_of(struct pw_sets *sets, const uint32_t *list,
			  size_t num);
uint32_t pw_sets_intersect(struct pw_sets *sets, uint32_t a, uint32_t b);
uint32_t pw_sets_subtract(struct pw_sets *sets, uint32_t a, uint32_t b);

/* NULL: the empty one */
static inline const struct pw_rangeset *pw_sets_get(const struct pw_sets *sets,
						    uint32_t n)
{
	return sets->list[n];
}

bool pw_sets_is_all(const struct pw_sets *sets, uint32_t n);

#endif
