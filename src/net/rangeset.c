/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of numbers as sorted disjoint ranges: storage. */
#include "portwall/rangeset.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/rangeset_priv.h"
#include "portwall/array.h"

struct pw_value pw_value_max(unsigned int bits)
{
	assert(bits && bits <= 128);
	if (bits <= 64)
		return (struct pw_value){ 0, ~0ULL >> (64 - bits) };
	return (struct pw_value){ ~0ULL >> (128 - bits), ~0ULL };
}

struct pw_value pw_value_next(struct pw_value a)
{
	a.hi += !++a.lo;
	return a;
}

struct pw_value pw_value_prev(struct pw_value a)
{
	a.hi -= !a.lo--;
	return a;
}

struct pw_rangeset *pw_rangeset_new(unsigned int bits)
{
	struct pw_rangeset *set = calloc(1, sizeof(*set));

	assert(bits == 8 || bits == 16 || bits == 32 || bits == 64 ||
	       bits == 128);
	if (!set)
		return NULL;
	set->bits = bits;
	set->normal = true;
	set->refs = 1;
	return set;
}

struct pw_rangeset *pw_rangeset_of(unsigned int bits, struct pw_value first,
				   struct pw_value last)
{
	struct pw_rangeset *set = pw_rangeset_new(bits);

	if (set && pw_rangeset_add(set, first, last)) {
		pw_rangeset_free(set);
		return NULL;
	}
	return set;
}

struct pw_rangeset *pw_rangeset_all(unsigned int bits)
{
	return pw_rangeset_of(bits, pw_value32(0), pw_value_max(bits));
}

struct pw_rangeset *pw_rangeset_ref(struct pw_rangeset *set)
{
	if (set)
		set->refs++;
	return set;
}

void pw_rangeset_free(struct pw_rangeset *set)
{
	if (!set || --set->refs)
		return;
	if (rangeset_is_narrow(set))
		free(set->r32);
	else
		free(set->r128);
	free(set);
}

int rangeset_reserve(struct pw_rangeset *set, size_t num)
{
	size_t size = rangeset_item_size(set);
	void *grown;

	if (num <= set->cap - set->num)
		return 0;
	grown = pw_array_grow(rangeset_is_narrow(set) ? (void *)set->r32
						      : (void *)set->r128,
			      &set->cap, set->num + num, size);
	if (!grown)
		return -ENOMEM;
	if (rangeset_is_narrow(set))
		set->r32 = grown;
	else
		set->r128 = grown;
	return 0;
}

/*
 * Room for @num more, and for as many as there are in order: what is added
 * again and again takes a few times the memory of one, and is sorted seldom
 */
static int make_room(struct pw_rangeset *set, size_t num)
{
	int err;

	if (num <= set->cap - set->num)
		return 0;
	err = pw_rangeset_normalise(set);
	return err ?: rangeset_reserve(set, num > set->num ? num : set->num);
}

/*
 * A range that begins inside or right behind the newest one lengthens it: input
 * in order never needs sorting and never stores a neighbour.
 */
int pw_rangeset_add32(struct pw_rangeset *set, uint32_t first, uint32_t last)
{
	struct pw_range32 *tail = set->num ? &set->r32[set->num - 1] : NULL;

	assert(set->refs == 1 && first <= last);
	assert(last <= pw_value_max(set->bits).lo);
	if (tail && first >= tail->first &&
	    (first <= tail->last || first - 1 == tail->last)) {
		if (last > tail->last)
			tail->last = last;
		return 0;
	}
	if (set->num == set->cap)	/* the last one may be another then */
		return make_room(set, 1) ?: pw_rangeset_add32(set, first, last);
	if (set->num && first < set->r32[set->num - 1].first)
		set->normal = false;
	set->r32[set->num++] = (struct pw_range32){ first, last };
	return 0;
}

static int add_wide(struct pw_rangeset *set, struct pw_value first,
		    struct pw_value last)
{
	struct pw_range *tail = set->num ? &set->r128[set->num - 1] : NULL;

	if (tail && pw_value_cmp(first, tail->first) >= 0 &&
	    value_touches(tail->last, first)) {
		if (pw_value_cmp(last, tail->last) > 0)
			tail->last = last;
		return 0;
	}
	if (set->num == set->cap)
		return make_room(set, 1) ?: add_wide(set, first, last);
	if (set->num &&
	    pw_value_cmp(first, set->r128[set->num - 1].first) < 0)
		set->normal = false;
	set->r128[set->num++] = (struct pw_range){ first, last };
	return 0;
}

int pw_rangeset_add(struct pw_rangeset *set, struct pw_value first,
		    struct pw_value last)
{
	assert(set->refs == 1 && pw_value_cmp(first, last) <= 0);
	assert(pw_value_cmp(last, pw_value_max(set->bits)) <= 0);
	if (rangeset_is_narrow(set))
		return pw_rangeset_add32(set, first.lo, last.lo);
	return add_wide(set, first, last);
}

/* Is it clear without sorting that nothing of @other would be new? */
static bool has_all(const struct pw_rangeset *set,
		    const struct pw_rangeset *other)
{
	return set->normal && other->normal && other->num <= set->num &&
	       pw_rangeset_subset(other, set);
}

int pw_rangeset_add_set(struct pw_rangeset *set,
			const struct pw_rangeset *other)
{
	int err;

	assert(set->bits == other->bits);
	if (has_all(set, other))
		return 0;
	err = make_room(set, other->num);
	for (size_t i = 0; !err && i < other->num; i++) {
		struct pw_range range = pw_rangeset_get(other, i);

		err = pw_rangeset_add(set, range.first, range.last);
	}
	return err;
}

struct pw_range pw_rangeset_get(const struct pw_rangeset *set, size_t i)
{
	assert(i < set->num);
	if (!rangeset_is_narrow(set))
		return set->r128[i];
	return (struct pw_range){ pw_value32(set->r32[i].first),
				  pw_value32(set->r32[i].last) };
}
