/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of numbers as sorted disjoint ranges: bringing one into order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/rangeset_priv.h"

#define DIGIT_BITS 11
#define NUM_DIGITS 3		/* 3 * 11 bits hold 32 */
#define NUM_BUCKETS (1u << DIGIT_BITS)
#define RADIX_MIN 512		/* below, the histograms cost more */

static int cmp32(const void *a, const void *b)
{
	const struct pw_range32 *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int cmp128(const void *a, const void *b)
{
	const struct pw_range *x = a, *y = b;

	return pw_value_cmp(x->first, y->first);
}

static uint32_t digit(struct pw_range32 range, unsigned int pass)
{
	return range.first >> (pass * DIGIT_BITS) & (NUM_BUCKETS - 1);
}

/* Number of items a bucket to its place; false: all share one bucket */
static bool counts_to_places(uint32_t *counts, size_t num)
{
	uint32_t place = 0;

	for (unsigned int i = 0; i < NUM_BUCKETS; i++) {
		uint32_t count = counts[i];

		if (count == num)
			return false;
		counts[i] = place;
		place += count;
	}
	return true;
}

/* Least digit first, so each pass must keep the order of the one before */
static int radix_sort(struct pw_rangeset *set)
{
	uint32_t (*counts)[NUM_BUCKETS] = calloc(NUM_DIGITS, sizeof(*counts));
	struct pw_range32 *to = reallocarray(NULL, set->cap, sizeof(*to));
	struct pw_range32 *from = set->r32;

	if (!counts || !to) {
		free(counts);
		free(to);
		return -ENOMEM;
	}
	for (size_t i = 0; i < set->num; i++)
		for (unsigned int pass = 0; pass < NUM_DIGITS; pass++)
			counts[pass][digit(from[i], pass)]++;
	for (unsigned int pass = 0; pass < NUM_DIGITS; pass++) {
		struct pw_range32 *sorted = to;

		if (!counts_to_places(counts[pass], set->num))
			continue;
		for (size_t i = 0; i < set->num; i++)
			to[counts[pass][digit(from[i], pass)]++] = from[i];
		to = from;
		from = sorted;
	}
	set->r32 = from;
	free(to);
	free(counts);
	return 0;
}

static int sort(struct pw_rangeset *set)
{
	if (!rangeset_is_narrow(set))
		qsort(set->r128, set->num, sizeof(*set->r128), cmp128);
	else if (set->num >= RADIX_MIN && set->num <= UINT32_MAX)
		return radix_sort(set);
	else
		qsort(set->r32, set->num, sizeof(*set->r32), cmp32);
	return 0;
}

static void merge32(struct pw_rangeset *set)
{
	struct pw_range32 *tail = set->r32;

	for (size_t i = 1; i < set->num; i++) {
		struct pw_range32 range = set->r32[i];

		if (range.first > tail->last && range.first - 1 != tail->last)
			*++tail = range;
		else if (range.last > tail->last)
			tail->last = range.last;
	}
	set->num = tail - set->r32 + 1;
}

static void merge128(struct pw_rangeset *set)
{
	struct pw_range *tail = set->r128;

	for (size_t i = 1; i < set->num; i++) {
		struct pw_range range = set->r128[i];

		if (!value_touches(tail->last, range.first))
			*++tail = range;
		else if (pw_value_cmp(range.last, tail->last) > 0)
			tail->last = range.last;
	}
	set->num = tail - set->r128 + 1;
}

int pw_rangeset_normalise(struct pw_rangeset *set)
{
	int err;

	if (set->normal)
		return 0;
	err = sort(set);
	if (err)
		return err;
	if (rangeset_is_narrow(set))
		merge32(set);
	else
		merge128(set);
	set->normal = true;
	return 0;
}
