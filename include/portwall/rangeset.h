/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of numbers as sorted disjoint ranges: ports, addresses, names. */
#ifndef PORTWALL_RANGESET_H
#define PORTWALL_RANGESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "own.h"

/* An unsigned number of up to 128 bits, host order: hi is the upper half */
struct pw_value {
	uint64_t hi, lo;
};

/* Both ends belong to the range; first <= last */
struct pw_range {
	struct pw_value first, last;
};

struct pw_range32 {
	uint32_t first, last;
};

/**
 * struct pw_rangeset - A set of numbers of one width
 * @bits:	width of the numbers: 8, 16, 32, 64 or 128
 * @normal:	sorted, disjoint, neighbours merged: what every function except
 *		_add() and _normalise() asks of its arguments
 * @refs:	owners; a shared set is never changed
 * @num:	ranges
 * @cap:	ranges that fit
 * @r32:	the ranges when @bits <= 32
 * @r128:	the ranges when @bits > 32
 *
 * A million IPv4 addresses are 8 MB. Sets of 32 bits or less are sorted by
 * radix, already sorted input costs one pass.
 */
struct pw_rangeset {
	uint8_t bits;
	bool normal;
	uint32_t refs;
	size_t num, cap;
	union {
		struct pw_range32 *r32;
		struct pw_range *r128;
	};
};

static inline struct pw_value pw_value32(uint32_t n)
{
	return (struct pw_value){ 0, n };
}

static inline int pw_value_cmp(struct pw_value a, struct pw_value b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* Largest number of @bits bits */
struct pw_value pw_value_max(unsigned int bits);
/* a + 1 and a - 1, modulo 2^128 */
struct pw_value pw_value_next(struct pw_value a);
struct pw_value pw_value_prev(struct pw_value a);

/* Empty and normal; one reference; NULL when memory is short */
struct pw_rangeset *pw_rangeset_new(unsigned int bits);
/* All numbers of @bits bits */
struct pw_rangeset *pw_rangeset_all(unsigned int bits);
/* One range */
struct pw_rangeset *pw_rangeset_of(unsigned int bits, struct pw_value first,
				   struct pw_value last);
/* One more owner; @set may be NULL */
struct pw_rangeset *pw_rangeset_ref(struct pw_rangeset *set);
/* One owner less; the last one frees */
void pw_rangeset_free(struct pw_rangeset *set);
PW_DEFINE_OWNED(struct pw_rangeset, pw_rangeset_free)

/* Append in any order, overlaps allowed; first <= last. 0 or -ENOMEM */
int pw_rangeset_add(struct pw_rangeset *set, struct pw_value first,
		    struct pw_value last);
int pw_rangeset_add32(struct pw_rangeset *set, uint32_t first, uint32_t last);
/* Append every range of @other, which has the same width; what is appended
 * again and again is held a few times at most. 0 or -ENOMEM */
int pw_rangeset_add_set(struct pw_rangeset *set,
			const struct pw_rangeset *other);
/* Sort and merge; 0 or -ENOMEM (the set is then unchanged as a set) */
int pw_rangeset_normalise(struct pw_rangeset *set);

static inline bool pw_rangeset_empty(const struct pw_rangeset *set)
{
	return !set->num;
}

struct pw_range pw_rangeset_get(const struct pw_rangeset *set, size_t i);
bool pw_rangeset_is_all(const struct pw_rangeset *set);
/* O(log n) */
bool pw_rangeset_contains(const struct pw_rangeset *set, struct pw_value v);
bool pw_rangeset_contains32(const struct pw_rangeset *set, uint32_t v);
bool pw_rangeset_equal(const struct pw_rangeset *a,
		       const struct pw_rangeset *b);
/* -1, 0, 1: any total order, the same in every run */
int pw_rangeset_cmp(const struct pw_rangeset *a, const struct pw_rangeset *b);
bool pw_rangeset_subset(const struct pw_rangeset *a,
			const struct pw_rangeset *b);
bool pw_rangeset_overlaps(const struct pw_rangeset *a,
			  const struct pw_rangeset *b);
/* How many numbers; saturates at 2^64 - 1 */
uint64_t pw_rangeset_count(const struct pw_rangeset *set);

/*
 * New sets, one reference each; arguments of one width. When one argument is
 * much smaller than the other the cost is O(small * log(large)) beside the
 * size of the result. Return 0 or -ENOMEM.
 */
int pw_rangeset_union(const struct pw_rangeset *a, const struct pw_rangeset *b,
		      struct pw_rangeset **out);
int pw_rangeset_intersect(const struct pw_rangeset *a,
			  const struct pw_rangeset *b,
			  struct pw_rangeset **out);
int pw_rangeset_subtract(const struct pw_rangeset *a,
			 const struct pw_rangeset *b,
			 struct pw_rangeset **out);
int pw_rangeset_complement(const struct pw_rangeset *a,
			   struct pw_rangeset **out);

/* SHA-256 of width and ranges, the same on every machine */
void pw_rangeset_digest(const struct pw_rangeset *set, uint8_t digest[32]);

#endif
