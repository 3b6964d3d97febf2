/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range sets against a bitmap of 65,536 bits laid over parts of each width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "portwall/rangeset.h"

#define SPACE 65536u
#define ROUNDS 60

/* Number n of the bitmap stands for base + n */
static const struct space {
	const char *name;
	unsigned int bits;
	struct pw_value base;
} spaces[] = {
	{ "16 bits", 16, { 0, 0 } },
	{ "32 bits, lowest", 32, { 0, 0 } },
	{ "32 bits, highest", 32, { 0, 0xffff0000 } },
	{ "64 bits, highest", 64, { 0, 0xffffffffffff0000 } },
	{ "128 bits, across the middle", 128, { 0, 0xffffffffffff8000 } },
	{ "128 bits, highest", 128, { ~0ULL, 0xffffffffffff0000 } },
};

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

static struct pw_value at(const struct space *space, uint32_t n)
{
	struct pw_value v = space->base;

	v.lo += n;
	v.hi += v.lo < n;
	return v;
}

static struct pw_rangeset *make(const struct space *space)
{
	struct pw_rangeset *set = pw_rangeset_new(space->bits);

	assert_non_null(set);
	return set;
}

static void add(struct pw_rangeset *set, const struct space *space,
		uint32_t first, uint32_t last)
{
	assert_int_equal(pw_rangeset_add(set, at(space, first),
					 at(space, last)), 0);
}

/* A set of @num random ranges, short or long, and the same as a bitmap */
static struct pw_rangeset *random_set(const struct space *space, size_t num,
				      uint32_t max_len, bool *bitmap)
{
	struct pw_rangeset *set = make(space);

	memset(bitmap, 0, SPACE);
	for (size_t i = 0; i < num; i++) {
		uint32_t first = rnd(SPACE), last = first + rnd(max_len);

		if (last >= SPACE)
			last = SPACE - 1;
		add(set, space, first, last);
		memset(bitmap + first, 1, last - first + 1);
	}
	assert_int_equal(pw_rangeset_normalise(set), 0);
	return set;
}

static void assert_normal(const struct pw_rangeset *set)
{
	assert_true(set->normal);
	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i), prev;

		assert_true(pw_value_cmp(range.first, range.last) <= 0);
		if (!i)
			continue;
		prev = pw_rangeset_get(set, i - 1);
		assert_true(pw_value_cmp(prev.last, range.first) < 0);
		assert_true(pw_value_cmp(pw_value_next(prev.last),
					 range.first) < 0);
	}
}

/* Exactly what the bitmap holds, in as few ranges as there can be */
static void assert_is(const struct pw_rangeset *set, const struct space *space,
		      const bool *bitmap)
{
	struct pw_rangeset *want = make(space);
	uint64_t count = 0;

	for (uint32_t n = 0; n < SPACE; n++) {
		if (bitmap[n])
			add(want, space, n, n);
		count += bitmap[n];
	}
	assert_normal(set);
	assert_true(pw_rangeset_equal(set, want));
	assert_int_equal(pw_rangeset_cmp(set, want), 0);
	assert_true(pw_rangeset_count(set) == count);
	for (int i = 0; i < 500; i++) {
		uint32_t n = rnd(SPACE);

		assert_int_equal(pw_rangeset_contains(set, at(space, n)),
				 bitmap[n]);
	}
	pw_rangeset_free(want);
}

static void check_pair(const struct space *space, struct pw_rangeset *a,
		       struct pw_rangeset *b, const bool *in_a,
		       const bool *in_b)
{
	bool both[SPACE], either[SPACE], rest[SPACE];
	struct pw_rangeset *out;
	bool overlaps = false, subset = true;

	for (uint32_t n = 0; n < SPACE; n++) {
		both[n] = in_a[n] && in_b[n];
		either[n] = in_a[n] || in_b[n];
		rest[n] = in_a[n] && !in_b[n];
		overlaps |= both[n];
		subset &= !rest[n];
	}
	assert_int_equal(pw_rangeset_intersect(a, b, &out), 0);
	assert_is(out, space, both);
	assert_true(pw_rangeset_subset(out, a));
	assert_true(pw_rangeset_subset(out, b));
	pw_rangeset_free(out);
	assert_int_equal(pw_rangeset_union(a, b, &out), 0);
	assert_is(out, space, either);
	assert_true(pw_rangeset_subset(a, out));
	assert_true(pw_rangeset_subset(b, out));
	pw_rangeset_free(out);
	assert_int_equal(pw_rangeset_subtract(a, b, &out), 0);
	assert_is(out, space, rest);
	assert_false(pw_rangeset_overlaps(out, b));
	pw_rangeset_free(out);
	assert_int_equal(pw_rangeset_overlaps(a, b), overlaps);
	assert_int_equal(pw_rangeset_subset(a, b), subset);
}

static void algebra_is_that_of_bitmaps(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 40, 700, 5000 };
	const struct space *space = *state;
	static bool in_a[SPACE], in_b[SPACE];

	random_state = 88172645463325252ULL;
	for (int i = 0; i < ROUNDS; i++) {
		size_t num_a = sizes[rnd(PW_ARRAY_SIZE(sizes))];
		size_t num_b = sizes[rnd(PW_ARRAY_SIZE(sizes))];
		struct pw_rangeset *a, *b;

		a = random_set(space, num_a, 1 + rnd(i % 3 ? 4 : 3000), in_a);
		b = random_set(space, num_b, 1 + rnd(i % 4 ? 9 : 9000), in_b);
		assert_is(a, space, in_a);
		check_pair(space, a, b, in_a, in_b);
		check_pair(space, b, a, in_b, in_a);
		check_pair(space, a, a, in_a, in_a);
		pw_rangeset_free(a);
		pw_rangeset_free(b);
	}
}

static void complement_is_the_rest(void **state)
{
	const struct space *space = *state;
	static bool bitmap[SPACE];
	struct pw_rangeset *set, *other, *back, *all;

	random_state = 362436069;
	all = pw_rangeset_all(space->bits);
	assert_true(pw_rangeset_is_all(all));
	for (size_t num = 0; num < 300; num += 37) {
		set = random_set(space, num, 50, bitmap);
		assert_int_equal(pw_rangeset_complement(set, &other), 0);
		assert_normal(other);
		assert_false(pw_rangeset_overlaps(set, other));
		assert_int_equal(pw_rangeset_union(set, other, &back), 0);
		assert_true(pw_rangeset_equal(back, all));
		pw_rangeset_free(back);
		assert_int_equal(pw_rangeset_complement(other, &back), 0);
		assert_true(pw_rangeset_equal(back, set));
		pw_rangeset_free(back);
		pw_rangeset_free(other);
		pw_rangeset_free(set);
	}
	pw_rangeset_free(all);
}

/* Nothing may wrap round at the ends of the number space */
static void ends_of_the_width(void **state)
{
	const struct space *space = *state;
	struct pw_value max = pw_value_max(space->bits), zero = { 0, 0 };
	struct pw_rangeset *set = make(space), *inner;

	assert_int_equal(pw_rangeset_add(set, max, max), 0);
	assert_int_equal(pw_rangeset_add(set, zero, zero), 0);
	assert_int_equal(pw_rangeset_add(set, max, max), 0);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	assert_int_equal(set->num, 2);
	assert_true(pw_rangeset_contains(set, zero));
	assert_true(pw_rangeset_contains(set, max));
	assert_int_equal(pw_rangeset_complement(set, &inner), 0);
	assert_int_equal(inner->num, 1);
	assert_false(pw_rangeset_contains(inner, zero));
	assert_false(pw_rangeset_contains(inner, max));
	assert_true(pw_rangeset_contains(inner, pw_value_prev(max)));
	assert_true(pw_rangeset_contains(inner, pw_value_next(zero)));
	assert_int_equal(pw_rangeset_add_set(inner, set), 0);
	assert_int_equal(pw_rangeset_normalise(inner), 0);
	assert_true(pw_rangeset_is_all(inner));
	assert_false(pw_rangeset_is_all(set));
	pw_rangeset_free(inner);
	pw_rangeset_free(set);
}

static void all_is_from_end_to_end(void **state)
{
	const struct space *space = *state;
	struct pw_value max = pw_value_max(space->bits), zero = { 0, 0 };
	struct pw_rangeset *low, *high;

	low = pw_rangeset_of(space->bits, zero, pw_value_prev(max));
	high = pw_rangeset_of(space->bits, pw_value_next(zero), max);
	assert_false(pw_rangeset_is_all(low));
	assert_false(pw_rangeset_is_all(high));
	assert_false(pw_rangeset_subset(low, high));
	assert_false(pw_rangeset_subset(high, low));
	pw_rangeset_free(low);
	pw_rangeset_free(high);
	low = make(space);
	assert_false(pw_rangeset_is_all(low));
	pw_rangeset_free(low);
}

static void neighbours_merge(void **state)
{
	const struct space *space = *state;
	struct pw_rangeset *set = make(space);

	add(set, space, 30, 39);
	add(set, space, 10, 19);
	add(set, space, 20, 29);
	add(set, space, 41, 41);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	assert_int_equal(set->num, 2);
	assert_int_equal(pw_value_cmp(pw_rangeset_get(set, 0).first,
				      at(space, 10)), 0);
	assert_int_equal(pw_value_cmp(pw_rangeset_get(set, 0).last,
				      at(space, 39)), 0);
	add(set, space, 40, 40);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	assert_int_equal(set->num, 1);
	pw_rangeset_free(set);
}

static void input_in_order_stays_normal(void **state)
{
	const struct space *space = *state;
	struct pw_rangeset *set = make(space);

	for (uint32_t n = 0; n < 1000; n++)
		add(set, space, 3 * n, 3 * n + n % 2);
	assert_true(set->normal);
	assert_int_equal(set->num, 1000);
	add(set, space, 2997, 2999);
	assert_true(set->normal);
	add(set, space, 5, 5);
	assert_false(set->normal);
	pw_rangeset_free(set);
}

/* A list that names another one thousands of times is as large as that one */
static void added_again_takes_no_more(void **state)
{
	const struct space *space = *state;
	struct pw_rangeset *once = make(space), *set = make(space);

	for (uint32_t n = 0; n < 1000; n++)
		add(once, space, 3 * n, 3 * n);
	for (int i = 0; i < 100; i++) {
		add(set, space, 60000 - 2 * i, 60000 - 2 * i);
		assert_int_equal(pw_rangeset_add_set(set, once), 0);
		assert_in_range(set->cap, set->num, 4 * 1100);
	}
	assert_int_equal(pw_rangeset_normalise(set), 0);
	assert_normal(set);
	assert_int_equal(set->num, 1100);
	assert_true(pw_rangeset_subset(once, set));
	pw_rangeset_free(once);
	pw_rangeset_free(set);
}

static void order_is_total(void **state)
{
	const struct space *space = *state;
	struct pw_rangeset *sets[4];

	for (uint32_t i = 0; i < 3; i++)
		sets[i] = pw_rangeset_of(space->bits, at(space, i),
					 at(space, 9 - i % 2));
	sets[3] = make(space);
	add(sets[3], space, 1, 1);
	add(sets[3], space, 3, 3);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			int order = pw_rangeset_cmp(sets[i], sets[j]);

			assert_int_equal(order, -pw_rangeset_cmp(sets[j],
								 sets[i]));
			assert_int_equal(!order, i == j);
			assert_int_equal(pw_rangeset_equal(sets[i], sets[j]),
					 i == j);
		}
	for (int i = 0; i < 4; i++)
		pw_rangeset_free(sets[i]);
}

static void digest_follows_the_content(void **state)
{
	const struct space *space = *state;
	struct pw_rangeset *a = make(space), *b = make(space);
	uint8_t one[32], two[32];

	for (uint32_t n = 0; n < 3000; n++) {
		add(a, space, 20 * n, 20 * n + n % 7);
		add(b, space, 20 * (2999 - n),
		    20 * (2999 - n) + (2999 - n) % 7);
	}
	assert_int_equal(pw_rangeset_normalise(b), 0);
	pw_rangeset_digest(a, one);
	pw_rangeset_digest(b, two);
	assert_memory_equal(one, two, sizeof(one));
	add(a, space, 65535, 65535);
	pw_rangeset_digest(a, one);
	assert_memory_not_equal(one, two, sizeof(one));
	pw_rangeset_free(a);
	pw_rangeset_free(b);
}

/* The hash names sets in kernels that live on: it must never change */
static void digest_is_fixed(void **state)
{
	static const uint8_t want[] = {
		/* printf '\x20\x81\x80\x80\x50\xff\x01\x02\x00' | sha256sum */
		0x76, 0x92, 0x5a, 0x91, 0xc7, 0x73, 0x54, 0x8a,
		0xe8, 0x6a, 0xae, 0x0e, 0x5d, 0x1a, 0x68, 0x86,
		0xf1, 0x43, 0xbd, 0x77, 0x52, 0x7e, 0x5d, 0xf5,
		0x71, 0xa3, 0xdb, 0xca, 0x21, 0xae, 0xa3, 0xc0,
	};
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(32);
	uint8_t got[32];

	(void)state;
	assert_int_equal(pw_rangeset_add32(set, 0x0a000001, 0x0a000100), 0);
	assert_int_equal(pw_rangeset_add32(set, 0x0a000102, 0x0a000102), 0);
	pw_rangeset_digest(set, got);
	assert_memory_equal(got, want, sizeof(want));
}

static void width_is_part_of_the_set(void **state)
{
	struct pw_rangeset *a = pw_rangeset_of(16, pw_value32(1),
					       pw_value32(9));
	struct pw_rangeset *b = pw_rangeset_of(32, pw_value32(1),
					       pw_value32(9));
	uint8_t one[32], two[32];

	(void)state;
	assert_false(pw_rangeset_equal(a, b));
	assert_int_equal(pw_rangeset_cmp(a, b), -1);
	pw_rangeset_digest(a, one);
	pw_rangeset_digest(b, two);
	assert_memory_not_equal(one, two, sizeof(one));
	pw_rangeset_free(a);
	pw_rangeset_free(b);
}

static void count_saturates(void **state)
{
	struct pw_rangeset *set = pw_rangeset_all(128);

	(void)state;
	assert_true(pw_rangeset_count(set) == UINT64_MAX);
	pw_rangeset_free(set);
	set = pw_rangeset_all(64);
	assert_true(pw_rangeset_count(set) == UINT64_MAX);
	pw_rangeset_free(set);
	set = pw_rangeset_all(32);
	assert_true(pw_rangeset_count(set) == 1ULL << 32);
	pw_rangeset_free(set);
	set = pw_rangeset_of(64, pw_value32(2), pw_value_max(64));
	assert_true(pw_rangeset_count(set) == UINT64_MAX - 1);
	pw_rangeset_free(set);
}

static void owners_are_counted(void **state)
{
	struct pw_rangeset *set = pw_rangeset_all(8);

	(void)state;
	assert_null(pw_rangeset_ref(NULL));
	assert_ptr_equal(pw_rangeset_ref(set), set);
	pw_rangeset_free(set);
	assert_true(pw_rangeset_contains32(set, 255));
	assert_false(pw_rangeset_contains32(set, 256));
	pw_rangeset_free(set);
	pw_rangeset_free(NULL);
}

static void values_carry(void **state)
{
	struct pw_value low = { 0, ~0ULL }, high = { 1, 0 };

	(void)state;
	assert_int_equal(pw_value_cmp(pw_value_next(low), high), 0);
	assert_int_equal(pw_value_cmp(pw_value_prev(high), low), 0);
	assert_int_equal(pw_value_cmp(low, high), -1);
	assert_int_equal(pw_value_cmp(pw_value_next(pw_value_max(128)),
				      pw_value32(0)), 0);
	assert_int_equal(pw_value_cmp(pw_value_max(8), pw_value32(255)), 0);
	assert_int_equal(pw_value_cmp(pw_value_max(64), low), 0);
}

static const struct {
	const char *name;
	void (*run)(void **state);
} everywhere[] = {
	{ "algebra is that of bitmaps", algebra_is_that_of_bitmaps },
	{ "complement is the rest", complement_is_the_rest },
	{ "ends of the width", ends_of_the_width },
	{ "all is from end to end", all_is_from_end_to_end },
	{ "neighbours merge", neighbours_merge },
	{ "input in order stays normal", input_in_order_stays_normal },
	{ "added again takes no more", added_again_takes_no_more },
	{ "order is total", order_is_total },
	{ "digest follows the content", digest_follows_the_content },
};

#define NUM_SPACE_TESTS (PW_ARRAY_SIZE(spaces) * PW_ARRAY_SIZE(everywhere))

int main(void)
{
	static const struct CMUnitTest once[] = {
		cmocka_unit_test(digest_is_fixed),
		cmocka_unit_test(width_is_part_of_the_set),
		cmocka_unit_test(count_saturates),
		cmocka_unit_test(owners_are_counted),
		cmocka_unit_test(values_carry),
	};
	static struct CMUnitTest tests[NUM_SPACE_TESTS];
	static char names[NUM_SPACE_TESTS][80];
	int failed;

	for (size_t i = 0; i < NUM_SPACE_TESTS; i++) {
		size_t row = i % PW_ARRAY_SIZE(everywhere);
		const struct space *space =
			&spaces[i / PW_ARRAY_SIZE(everywhere)];

		snprintf(names[i], sizeof(names[i]), "%s: %s",
			 everywhere[row].name, space->name);
		tests[i].name = names[i];
		tests[i].test_func = everywhere[row].run;
		tests[i].initial_state = (void *)(uintptr_t)space;
	}
	failed = cmocka_run_group_tests_name("rangeset", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("rangeset, once", once,
						    NULL, NULL);
}
