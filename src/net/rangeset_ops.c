/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of numbers as sorted disjoint ranges: algebra. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/rangeset_priv.h"

static struct pw_value last_of(const struct pw_rangeset *set, size_t i)
{
	if (rangeset_is_narrow(set))
		return pw_value32(set->r32[i].last);
	return set->r128[i].last;
}

static struct pw_value first_of(const struct pw_rangeset *set, size_t i)
{
	if (rangeset_is_narrow(set))
		return pw_value32(set->r32[i].first);
	return set->r128[i].first;
}

/* First range from @from on that ends at @v or behind it, set->num if none */
static size_t seek(const struct pw_rangeset *set, size_t from,
		   struct pw_value v)
{
	size_t step = 1, low = from, high;

	/* gallop, so that a near range is found in few steps */
	while (low < set->num && pw_value_cmp(last_of(set, low), v) < 0) {
		from = low + 1;
		low = low + step;
		step *= 2;
	}
	high = low < set->num ? low : set->num;
	while (from < high) {
		size_t mid = from + (high - from) / 2;

		if (pw_value_cmp(last_of(set, mid), v) < 0)
			from = mid + 1;
		else
			high = mid;
	}
	return from;
}

/* Append ranges [@from, @to) of @src; none begins before @set's newest does */
static int append_run(struct pw_rangeset *set, const struct pw_rangeset *src,
		      size_t from, size_t to)
{
	size_t size = rangeset_item_size(set);
	int err = 0;

	while (!err && from < to && set->num &&
	       value_touches(last_of(set, set->num - 1), first_of(src, from))) {
		struct pw_range range = pw_rangeset_get(src, from++);

		err = pw_rangeset_add(set, range.first, range.last);
	}
	if (err || from == to)
		return err;
	if (rangeset_reserve(set, to - from))
		return -ENOMEM;
	if (rangeset_is_narrow(set))
		memcpy(set->r32 + set->num, src->r32 + from,
		       (to - from) * size);
	else
		memcpy(set->r128 + set->num, src->r128 + from,
		       (to - from) * size);
	set->num += to - from;
	return 0;
}

bool pw_rangeset_is_all(const struct pw_rangeset *set)
{
	struct pw_value max = pw_value_max(set->bits), zero = { 0, 0 };

	return set->num == 1 && !pw_value_cmp(first_of(set, 0), zero) &&
	       !pw_value_cmp(last_of(set, 0), max);
}

bool pw_rangeset_contains(const struct pw_rangeset *set, struct pw_value v)
{
	size_t low = 0, high = set->num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (pw_value_cmp(last_of(set, mid), v) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set->num && pw_value_cmp(first_of(set, low), v) <= 0;
}

bool pw_rangeset_contains32(const struct pw_rangeset *set, uint32_t v)
{
	return pw_rangeset_contains(set, pw_value32(v));
}

bool pw_rangeset_equal(const struct pw_rangeset *a, const struct pw_rangeset *b)
{
	if (a == b)
		return true;
	if (a->bits != b->bits || a->num != b->num)
		return false;
	if (!a->num)
		return true;
	return !memcmp(rangeset_is_narrow(a) ? (void *)a->r32 : (void *)a->r128,
		       rangeset_is_narrow(b) ? (void *)b->r32 : (void *)b->r128,
		       a->num * rangeset_item_size(a));
}

int pw_rangeset_cmp(const struct pw_rangeset *a, const struct pw_rangeset *b)
{
	int order = 0;

	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	for (size_t i = 0; a != b && !order && i < a->num; i++) {
		order = pw_value_cmp(first_of(a, i), first_of(b, i));
		if (!order)
			order = pw_value_cmp(last_of(a, i), last_of(b, i));
	}
	return order;
}

bool pw_rangeset_subset(const struct pw_rangeset *a,
			const struct pw_rangeset *b)
{
	size_t i = 0, j = 0;

	assert(a->bits == b->bits && a->normal && b->normal);
	while (i < a->num) {
		struct pw_value last;

		j = seek(b, j, first_of(a, i));
		if (j == b->num ||
		    pw_value_cmp(first_of(b, j), first_of(a, i)) > 0)
			return false;
		last = last_of(b, j);
		if (pw_value_cmp(last_of(a, i), last) > 0)
			return false;
		i++;
		if (i < a->num && pw_value_cmp(last_of(a, i), last) <= 0)
			i = seek(a, i, pw_value_next(last));
	}
	return true;
}

/* Moves @i and @j to the next two ranges that share a number */
static bool next_common(const struct pw_rangeset *a,
			const struct pw_rangeset *b, size_t *i, size_t *j)
{
	while (*i < a->num && *j < b->num) {
		if (pw_value_cmp(last_of(a, *i), first_of(b, *j)) < 0)
			*i = seek(a, *i, first_of(b, *j));
		else if (pw_value_cmp(last_of(b, *j), first_of(a, *i)) < 0)
			*j = seek(b, *j, first_of(a, *i));
		else
			return true;
	}
	return false;
}

bool pw_rangeset_overlaps(const struct pw_rangeset *a,
			  const struct pw_rangeset *b)
{
	size_t i = 0, j = 0;

	assert(a->bits == b->bits && a->normal && b->normal);
	return next_common(a, b, &i, &j);
}

uint64_t pw_rangeset_count(const struct pw_rangeset *set)
{
	uint64_t count = 0;

	for (size_t i = 0; i < set->num; i++) {
		struct pw_value first = first_of(set, i);
		struct pw_value last = last_of(set, i);
		unsigned __int128 len =
			((unsigned __int128)last.hi << 64 | last.lo) -
			((unsigned __int128)first.hi << 64 | first.lo);

		if (len >= UINT64_MAX || len + 1 >= UINT64_MAX - count)
			return UINT64_MAX;
		count += (uint64_t)len + 1;
	}
	return count;
}

/* All of @a's ranges that end before @b's next one begins */
static int take_before(struct pw_rangeset *set, const struct pw_rangeset *a,
		       size_t *i, const struct pw_rangeset *b, size_t j)
{
	size_t to = j < b->num ? seek(a, *i, first_of(b, j)) : a->num;
	int err = append_run(set, a, *i, to);

	*i = to;
	return err;
}

/* Of two ranges that may overlap the one that begins first */
static int take_first(struct pw_rangeset *set, const struct pw_rangeset *a,
		      size_t *i, const struct pw_rangeset *b, size_t *j)
{
	int err;

	if (pw_value_cmp(first_of(a, *i), first_of(b, *j)) <= 0) {
		err = append_run(set, a, *i, *i + 1);
		++*i;
	} else {
		err = append_run(set, b, *j, *j + 1);
		++*j;
	}
	return err;
}

static int add_union(struct pw_rangeset *set, const struct pw_rangeset *a,
		     const struct pw_rangeset *b)
{
	size_t i = 0, j = 0;
	int err = 0;

	while (!err && (i < a->num || j < b->num)) {
		err = take_before(set, a, &i, b, j);
		if (!err && i < a->num && j < b->num)
			err = take_first(set, a, &i, b, &j);
		if (!err)
			err = take_before(set, b, &j, a, i);
	}
	return err;
}

static int add_common(struct pw_rangeset *set, const struct pw_rangeset *a,
		      const struct pw_rangeset *b)
{
	size_t i = 0, j = 0;
	int err = 0;

	while (!err && next_common(a, b, &i, &j)) {
		struct pw_range x = pw_rangeset_get(a, i);
		struct pw_range y = pw_rangeset_get(b, j);

		if (pw_value_cmp(x.last, y.last) <= 0)
			i++;
		else
			j++;
		if (pw_value_cmp(y.first, x.first) > 0)
			x.first = y.first;
		if (pw_value_cmp(y.last, x.last) < 0)
			x.last = y.last;
		err = pw_rangeset_add(set, x.first, x.last);
	}
	return err;
}

/* What @b, from its range @j on, leaves of @range; @j moves past its end */
static int add_rest(struct pw_rangeset *set, struct pw_range range,
		    const struct pw_rangeset *b, size_t *j)
{
	for (; *j < b->num; ++*j) {
		struct pw_range hole = pw_rangeset_get(b, *j);
		int err;

		if (pw_value_cmp(hole.first, range.last) > 0)
			break;
		if (pw_value_cmp(hole.first, range.first) > 0) {
			err = pw_rangeset_add(set, range.first,
					      pw_value_prev(hole.first));
			if (err)
				return err;
		}
		if (pw_value_cmp(hole.last, range.last) >= 0)
			return 0;
		range.first = pw_value_next(hole.last);
	}
	return pw_rangeset_add(set, range.first, range.last);
}

static int add_difference(struct pw_rangeset *set, const struct pw_rangeset *a,
			  const struct pw_rangeset *b)
{
	size_t i = 0, j = 0;
	int err = 0;

	while (!err && i < a->num) {
		j = seek(b, j, first_of(a, i));
		err = take_before(set, a, &i, b, j);
		if (err || i == a->num)
			break;
		if (pw_value_cmp(first_of(a, i), last_of(b, j)) > 0)
			continue;
		err = add_rest(set, pw_rangeset_get(a, i), b, &j);
		i++;
	}
	return err;
}

static int operate(int (*add)(struct pw_rangeset *set,
			      const struct pw_rangeset *a,
			      const struct pw_rangeset *b),
		   const struct pw_rangeset *a, const struct pw_rangeset *b,
		   struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(a->bits);
	int err = set ? 0 : -ENOMEM;

	assert(a->bits == b->bits && a->normal && b->normal);
	if (!err)
		err = add(set, a, b);
	if (!err)
		*out = PW_TAKE(set);
	return err;
}

int pw_rangeset_union(const struct pw_rangeset *a, const struct pw_rangeset *b,
		      struct pw_rangeset **out)
{
	return operate(add_union, a, b, out);
}

int pw_rangeset_intersect(const struct pw_rangeset *a,
			  const struct pw_rangeset *b,
			  struct pw_rangeset **out)
{
	return operate(rangeset_is_narrow(a) ? rangeset_common32 : add_common,
		       a, b, out);
}

int pw_rangeset_subtract(const struct pw_rangeset *a,
			 const struct pw_rangeset *b,
			 struct pw_rangeset **out)
{
	/* many ranges less a few: whole runs of @a are copied */
	bool copy = !rangeset_is_narrow(a) || a->num / 16 > b->num;

	return operate(copy ? add_difference : rangeset_difference32, a, b,
		       out);
}

int pw_rangeset_complement(const struct pw_rangeset *a,
			   struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *all =
		pw_rangeset_all(a->bits);

	return all ? pw_rangeset_subtract(all, a, out) : -ENOMEM;
}
