/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Algebra of sets of 32 bits or less, which may hold millions of ranges: the
 * same as in rangeset_ops.c, on the stored form.
 */
#include <errno.h>

#include "net/rangeset_priv.h"

/* Ranges of one side for one of the other from which skipping pays */
#define LOPSIDED 16

static inline int push(struct pw_rangeset *set, uint32_t first, uint32_t last)
{
	if (set->num == set->cap && rangeset_reserve(set, 1))
		return -ENOMEM;
	set->r32[set->num++] = (struct pw_range32){ first, last };
	return 0;
}

/* First range from @from on that ends at @v or behind it */
static size_t gallop(const struct pw_rangeset *set, size_t from, uint32_t v)
{
	size_t step = 1, high = from;

	while (high < set->num && set->r32[high].last < v) {
		from = high + 1;
		high += step;
		step *= 2;
	}
	if (high > set->num)
		high = set->num;
	while (from < high) {
		size_t mid = from + (high - from) / 2;

		if (set->r32[mid].last < v)
			from = mid + 1;
		else
			high = mid;
	}
	return from;
}

static inline size_t skip(const struct pw_rangeset *set, size_t from,
			  uint32_t v, bool far)
{
	if (far)
		return gallop(set, from, v);
	while (from < set->num && set->r32[from].last < v)
		from++;
	return from;
}

int rangeset_common32(struct pw_rangeset *set, const struct pw_rangeset *a,
		      const struct pw_rangeset *b)
{
	bool a_far = a->num / LOPSIDED > b->num;
	bool b_far = b->num / LOPSIDED > a->num;
	size_t i = 0, j = 0;

	while (i < a->num && j < b->num) {
		struct pw_range32 x = a->r32[i], y = b->r32[j];

		if (x.last < y.first) {
			i = skip(a, i, y.first, a_far);
			continue;
		}
		if (y.last < x.first) {
			j = skip(b, j, x.first, b_far);
			continue;
		}
		if (push(set, x.first > y.first ? x.first : y.first,
			 x.last < y.last ? x.last : y.last))
			return -ENOMEM;
		if (x.last <= y.last)
			i++;
		else
			j++;
	}
	return 0;
}

/* What @b, from its range @j on, leaves of @x; @j stops at the last one met */
static int push_rest(struct pw_rangeset *set, struct pw_range32 x,
		     const struct pw_rangeset *b, size_t *j)
{
	for (; *j < b->num && b->r32[*j].first <= x.last; ++*j) {
		struct pw_range32 hole = b->r32[*j];

		if (hole.first > x.first && push(set, x.first, hole.first - 1))
			return -ENOMEM;
		if (hole.last >= x.last)
			return 0;
		x.first = hole.last + 1;
	}
	return push(set, x.first, x.last);
}

int rangeset_difference32(struct pw_rangeset *set, const struct pw_rangeset *a,
			  const struct pw_rangeset *b)
{
	bool far = b->num / LOPSIDED > a->num;
	size_t j = 0;

	for (size_t i = 0; i < a->num; i++) {
		j = skip(b, j, a->r32[i].first, far);
		if (push_rest(set, a->r32[i], b, &j))
			return -ENOMEM;
	}
	return 0;
}
