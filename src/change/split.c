/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dimension divided where the two policies do not say the same of it.
 *
 * A point moves over the ends of all sets. Two sums follow it: of numbers that
 * stand for the members that hold it, which tells parts apart, and of numbers
 * that stand for what they say, after less before, which is 0 where nothing
 * changes. Both have 128 bits of no pattern: that they agree by chance is not
 * to be expected in the life of the universe.
 */
#include "change/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#define NOWHERE UINT32_MAX
#define SPARSE 16	/* members for one that holds the point */

struct sum {
	uint64_t a, b;
};

/* Where a set begins to hold, or ends to */
struct end {
	struct pw_value at;
	uint32_t member;
	bool begins;
};

/**
 * struct sweep - The moving point
 * @ends:	sorted
 * @active:	members that hold the point; @place: where each is among them,
 *		NOWHERE: it does not hold the point; of constant ones anything
 * @constant:	members that hold everything, @num_constant
 * @some:	members that hold a part; @one: which, if it is the same of all
 * @holds, @differs: the two sums
 * @known:	@holds of each part
 */
struct sweep {
	struct pw_sets *sets;
	unsigned int bits;
	uint32_t within;
	const struct pw_member *members;
	size_t num;
	struct end *ends;
	size_t num_ends, cap_ends;
	uint32_t *active, *place;
	size_t num_active;
	uint32_t *constant;
	size_t num_constant;
	uint32_t *some;
	size_t num_some;
	uint32_t one;
	struct sum holds, differs;
	struct pw_tuples known;
	struct pw_rangeset **ranges;	/* by part, while they grow */
	size_t num_ranges, cap_ranges;
	struct pw_split split;
};

static void sum_add(struct sum *sum, uint64_t number, bool less)
{
	uint64_t a = pw_mix64(number), b = pw_mix64(~number);

	sum->a += less ? -a : a;
	sum->b += less ? -b : b;
}

static bool sum_is_zero(const struct sum *sum)
{
	return !sum->a && !sum->b;
}

static void note(struct sweep *sw, uint32_t i, bool begins)
{
	const struct pw_member *m = &sw->members[i];

	sum_add(&sw->holds, (uint64_t)1 << 32 | i, !begins);
	sum_add(&sw->differs, m->rest, (m->side == SIDE_AFTER) != begins);
}

static void begin(struct sweep *sw, uint32_t i)
{
	sw->place[i] = (uint32_t)sw->num_active;
	sw->active[sw->num_active++] = i;
	note(sw, i, true);
}

static void end(struct sweep *sw, uint32_t i)
{
	uint32_t last = sw->active[--sw->num_active];

	sw->active[sw->place[i]] = last;
	sw->place[last] = sw->place[i];
	sw->place[i] = NOWHERE;
	note(sw, i, false);
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Those that hold the point, in their order: @out has room for all */
static size_t list_holders(const struct sweep *sw, uint32_t *out)
{
	size_t num = sw->num_constant + sw->num_active, n = 0;

	if (num >= sw->num / SPARSE) {
		for (uint32_t i = 0; i < sw->num; i++)
			if (sw->place[i] != NOWHERE)
				out[n++] = i;
		return n;
	}
	for (size_t i = 0; i < sw->num_constant; i++)
		out[n++] = sw->constant[i];
	for (size_t i = 0; i < sw->num_active; i++)
		out[n++] = sw->active[i];
	if (n)
		qsort(out, n, sizeof(*out), number_cmp);
	return n;
}

/* A part of those that hold the point */
static int add_part(struct sweep *sw, uint32_t set)
{
	size_t num = sw->num_constant + sw->num_active;
	uint32_t *holders = calloc(num + 1, sizeof(*holders));
	struct pw_part part = {
		.set = set, .num = num,
		.members = calloc(num + 1, sizeof(*part.members)),
	};
	int err = holders && part.members ? 0 : -ENOMEM;

	if (!err) {
		list_holders(sw, holders);
		for (size_t i = 0; i < num; i++)
			part.members[i] = sw->members[holders[i]];
		err = PW_ARRAY_PUSH(sw->split.parts, sw->split.num,
				    sw->split.cap, part);
	}
	free(holders);
	if (err)
		free(part.members);
	return err;
}

static int new_part(struct sweep *sw)
{
	struct pw_rangeset *set = pw_rangeset_new(sw->bits);

	if (!set || PW_ARRAY_PUSH(sw->ranges, sw->num_ranges, sw->cap_ranges,
				  set)) {
		pw_rangeset_free(set);
		return -ENOMEM;
	}
	return add_part(sw, PW_NO_SET);
}

/* The same members hold all of it */
static int stretch(struct sweep *sw, struct pw_value first,
		   struct pw_value last)
{
	const uint32_t key[] = {
		(uint32_t)sw->holds.a, (uint32_t)(sw->holds.a >> 32),
		(uint32_t)sw->holds.b, (uint32_t)(sw->holds.b >> 32),
	};
	int64_t part;

	if (!sw->num_active || sum_is_zero(&sw->differs))
		return 0;
	part = pw_tuples_add(&sw->known, key);
	if (part < 0)
		return -ENOMEM;
	if ((size_t)part == sw->num_ranges && new_part(sw))
		return -ENOMEM;
	return pw_rangeset_add(sw->ranges[part], first, last);
}

static int end_cmp(const void *a, const void *b)
{
	return pw_value_cmp(((const struct end *)a)->at,
			    ((const struct end *)b)->at);
}

/* Sets that hold the last number never end */
static int add_ends(struct sweep *sw, uint32_t member)
{
	uint32_t clipped = pw_sets_intersect(sw->sets, sw->within,
					     sw->members[member].set);
	const struct pw_rangeset *set = pw_sets_get(sw->sets, clipped);
	struct pw_value max = pw_value_max(sw->bits);
	int err = sw->sets->err;

	for (size_t i = 0; !err && i < set->num; i++) {
		struct pw_range r = pw_rangeset_get(set, i);
		struct end first = { r.first, member, true };
		struct end last = { pw_value_next(r.last), member, false };

		err = PW_ARRAY_PUSH(sw->ends, sw->num_ends, sw->cap_ends,
				    first);
		if (!err && pw_value_cmp(r.last, max))
			err = PW_ARRAY_PUSH(sw->ends, sw->num_ends,
					    sw->cap_ends, last);
	}
	return err;
}

static int walk(struct sweep *sw)
{
	struct pw_value last = pw_value_max(sw->bits);
	size_t i = 0;
	int err = 0;

	for (size_t s = 0; !err && s < sw->num_some; s++)
		err = add_ends(sw, sw->some[s]);
	if (!err && sw->num_ends)
		qsort(sw->ends, sw->num_ends, sizeof(*sw->ends), end_cmp);
	while (!err && i < sw->num_ends) {
		struct pw_value at = sw->ends[i].at;

		for (; i < sw->num_ends && !pw_value_cmp(sw->ends[i].at, at);
		     i++) {
			if (sw->ends[i].begins)
				begin(sw, sw->ends[i].member);
			else
				end(sw, sw->ends[i].member);
		}
		err = stretch(sw, at, i < sw->num_ends ?
			      pw_value_prev(sw->ends[i].at) : last);
	}
	for (size_t part = 0; !err && part < sw->num_ranges; part++) {
		err = pw_rangeset_normalise(sw->ranges[part]);
		sw->split.parts[part].set =
			pw_sets_add(sw->sets, sw->ranges[part]);
	}
	return err;
}

/* Who holds everything, and who a part; @parts: room for these */
static void sort_out(struct sweep *sw, uint32_t *parts)
{
	for (uint32_t i = 0; i < sw->num; i++) {
		uint32_t set = pw_sets_intersect(sw->sets, sw->within,
						 sw->members[i].set);

		if (set == sw->within) {
			sw->constant[sw->num_constant++] = i;
			sw->place[i] = 0;
			note(sw, i, true);
		} else if (set) {
			parts[sw->num_some] = set;
			sw->some[sw->num_some++] = i;
		}
	}
	sw->one = sw->num_some ? parts[0] : PW_NO_SET;
	for (size_t i = 1; i < sw->num_some; i++)
		if (parts[i] != parts[0])
			sw->one = PW_NO_SET;
}

/* All who hold a part hold the same one: no point has to move */
static int take_one(struct sweep *sw)
{
	for (size_t i = 0; i < sw->num_some; i++)
		begin(sw, sw->some[i]);
	return sum_is_zero(&sw->differs) ? 0 : add_part(sw, sw->one);
}

static int sweep_over(struct sweep *sw, uint32_t *parts)
{
	uint32_t rest;
	int err;

	sort_out(sw, parts);
	rest = pw_sets_subtract(sw->sets, sw->within,
				pw_sets_union_of(sw->sets, parts,
						 sw->num_some));
	if (sw->sets->err)
		return sw->sets->err;
	err = sw->one ? take_one(sw) : walk(sw);
	/* nobody but the constant ones: the point has left all others */
	while (sw->num_active)
		end(sw, sw->active[0]);
	if (!err && rest && !sum_is_zero(&sw->differs))
		err = add_part(sw, rest);
	return err;
}

static void sweep_clear(struct sweep *sw)
{
	free(sw->ends);
	free(sw->active);
	free(sw->place);
	free(sw->constant);
	free(sw->some);
	for (size_t i = 0; i < sw->num_ranges; i++)
		pw_rangeset_free(sw->ranges[i]);
	free(sw->ranges);
	pw_tuples_clear(&sw->known);
}

int pw_split(struct pw_sets *sets, unsigned int bits, uint32_t within,
	     const struct pw_member *members, size_t num,
	     struct pw_split *out)
{
	struct sweep sw = {
		.sets = sets, .bits = bits, .within = within,
		.members = members, .num = num,
		.known = { .width = 4 },
		.active = calloc(num + 1, sizeof(uint32_t)),
		.place = calloc(num + 1, sizeof(uint32_t)),
		.constant = calloc(num + 1, sizeof(uint32_t)),
		.some = calloc(num + 1, sizeof(uint32_t)),
	};
	uint32_t *parts = calloc(num + 1, sizeof(*parts));
	int err = -ENOMEM;

	if (sw.active && sw.place && sw.constant && sw.some && parts) {
		memset(sw.place, 0xff, num * sizeof(*sw.place));
		err = sweep_over(&sw, parts);
	}
	free(parts);
	sweep_clear(&sw);
	if (err)
		pw_split_clear(&sw.split);
	else
		*out = sw.split;
	return err;
}

void pw_split_clear(struct pw_split *split)
{
	for (size_t i = 0; i < split->num; i++)
		free(split->parts[i].members);
	free(split->parts);
}
