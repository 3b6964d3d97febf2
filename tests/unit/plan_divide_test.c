/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers divided by sets, against asking every set about every number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/own.h>

#include "verify/classes_divide.h"
#include "verify/plan_dice.h"

#define NUM 256			/* numbers of 8 bits */
#define MAX_SETS 9
#define NOT_SEEN UINT32_MAX

struct seen {
	uint32_t class[NUM];
	bool apart[NUM];
	size_t next, stretches;
};

static int on_stretch(void *arg, const struct pw_range *range, uint32_t class,
		      bool apart)
{
	struct seen *seen = arg;

	assert_int_equal(range->first.lo, seen->next);
	assert_true(range->last.lo < NUM && range->last.lo >= range->first.lo);
	for (uint64_t n = range->first.lo; n <= range->last.lo; n++) {
		seen->class[n] = class;
		seen->apart[n] = apart;
	}
	seen->next = range->last.lo + 1;
	seen->stretches++;
	return 0;
}

static struct pw_rangeset *set_of(const uint8_t (*ranges)[2], size_t num)
{
	struct pw_rangeset *set = pw_rangeset_new(8);

	assert_non_null(set);
	for (size_t i = 0; i < num; i++)
		assert_int_equal(pw_rangeset_add32(set, ranges[i][0],
						   ranges[i][1]), 0);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	return set;
}

static struct pw_rangeset *random_set(struct pw_dice *dice)
{
	uint8_t ranges[4][2];
	size_t num = pw_dice_below(dice, 5);

	for (size_t i = 0; i < num; i++) {
		uint64_t a = pw_dice_below(dice, NUM);
		uint64_t b = pw_dice_below(dice, NUM);

		/* the ends of all numbers are seldom met else */
		if (!pw_dice_below(dice, 4))
			a = 0;
		if (!pw_dice_below(dice, 4))
			b = NUM - 1;
		ranges[i][0] = (uint8_t)(a < b ? a : b);
		ranges[i][1] = (uint8_t)(a < b ? b : a);
	}
	return set_of(ranges, num);
}

static bool is_listed(const struct pw_divided *class, uint32_t section)
{
	for (size_t i = 0; i < class->num; i++)
		if (class->sections[i] == section)
			return true;
	return false;
}

/* Does the section hold the number, by what the division says? */
static bool says(const struct pw_division *d, const struct seen *seen,
		 size_t n, uint32_t section)
{
	return d->common[section] ^
	       is_listed(&d->classes[seen->class[n]], section);
}

static void check_number(const struct pw_division *d, const struct seen *seen,
			 const struct pw_cover *covers, size_t num, size_t n)
{
	for (uint32_t i = 0; i < num; i++)
		assert_int_equal(says(d, seen, n, covers[i].section),
				 pw_rangeset_contains32(covers[i].set,
							(uint32_t)n));
}

static void check_lists(const struct pw_division *d)
{
	assert_int_equal(d->classes[0].num, 0);
	for (size_t c = 0; c < d->num; c++) {
		assert_true(d->classes[c].listed);
		for (size_t i = 1; i < d->classes[c].num; i++)
			assert_true(d->classes[c].sections[i - 1] <
				    d->classes[c].sections[i]);
		/* two classes are never alike */
		for (size_t o = 0; o < c; o++)
			assert_false(d->classes[o].num == d->classes[c].num &&
				     !memcmp(d->classes[o].sections,
					     d->classes[c].sections,
					     d->classes[c].num *
					     sizeof(uint32_t)));
	}
}

static void divides_at_random(void **state)
{
	struct pw_dice dice = { 20261120 };

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct pw_rangeset *apart = random_set(&dice);
		struct pw_cover covers[MAX_SETS];
		size_t num = pw_dice_below(&dice, MAX_SETS + 1);
		struct pw_division d;
		struct seen seen = { .next = 0 };

		for (uint32_t i = 0; i < num; i++)
			covers[i] = (struct pw_cover){
				i && !pw_dice_below(&dice, 4) ?
				pw_rangeset_ref((struct pw_rangeset *)
						(uintptr_t)covers[i - 1].set) :
				random_set(&dice), i };
		assert_int_equal(pw_divide(covers, num, num, 8, apart,
					   on_stretch, &seen, &d), 0);
		assert_int_equal(seen.next, NUM);
		check_lists(&d);
		for (size_t n = 0; n < NUM; n++) {
			check_number(&d, &seen, covers, num, n);
			assert_int_equal(seen.apart[n],
					 pw_rangeset_contains32(apart,
								(uint32_t)n));
		}
		for (uint32_t i = 0; i < num; i++)
			pw_rangeset_free((struct pw_rangeset *)
					 (uintptr_t)covers[i].set);
		pw_rangeset_free(apart);
		pw_division_clear(&d);
	}
}

static void nothing_is_one_class(void **state)
{
	struct seen seen = { .next = 0 };
	struct pw_division d;

	(void)state;
	assert_int_equal(pw_divide(NULL, 0, 0, 8, NULL, on_stretch, &seen, &d),
			 0);
	assert_int_equal(d.num, 1);
	assert_int_equal(seen.stretches, 1);
	pw_division_clear(&d);
}

/* Sets beyond half of all hold class 0, and leave others out */
static void most_is_anyone(void **state)
{
	struct pw_rangeset *most = set_of((const uint8_t[][2]){
		{ 0, 99 }, { 110, 255 } }, 2);
	struct pw_rangeset *few = set_of((const uint8_t[][2]){ { 5, 7 } }, 1);
	struct pw_cover covers[] = { { most, 0 }, { few, 1 } };
	struct seen seen = { .next = 0 };
	struct pw_division d;

	(void)state;
	assert_int_equal(pw_divide(covers, 2, 2, 8, NULL, on_stretch, &seen,
				   &d), 0);
	assert_int_equal(d.num, 3);
	assert_true(d.common[0]);
	assert_false(d.common[1]);
	assert_int_equal(seen.class[0], 0);
	assert_int_equal(d.classes[seen.class[6]].sections[0], 1);
	assert_int_equal(d.classes[seen.class[105]].sections[0], 0);
	pw_division_clear(&d);
	pw_rangeset_free(most);
	pw_rangeset_free(few);
}

/* There are sets, and nobody that none of them holds */
static void nobody_is_left(void **state)
{
	struct pw_rangeset *low = set_of((const uint8_t[][2]){ { 0, 127 } }, 1);
	struct pw_rangeset *high = set_of((const uint8_t[][2]){ { 128, 255 } },
					  1);
	struct pw_cover covers[] = { { low, 0 }, { high, 1 } };
	struct seen seen = { .next = 0 };
	struct pw_division d;

	(void)state;
	assert_int_equal(pw_divide(covers, 2, 2, 8, NULL, on_stretch, &seen,
				   &d), 0);
	assert_int_equal(d.num, 3);
	for (size_t n = 0; n < NUM; n++)
		assert_int_equal(seen.class[n], n < 128 ? 1 : 2);
	pw_division_clear(&d);
	pw_rangeset_free(low);
	pw_rangeset_free(high);
}

static int stop(void *arg, const struct pw_range *range, uint32_t class,
		bool apart)
{
	(void)range;
	(void)class;
	(void)apart;
	++*(int *)arg;
	return -ENODATA;
}

static void an_error_ends_it(void **state)
{
	struct pw_division d = { .num = 77 };
	int calls = 0;

	(void)state;
	assert_int_equal(pw_divide(NULL, 0, 0, 8, NULL, stop, &calls, &d),
			 -ENODATA);
	assert_int_equal(calls, 1);
	assert_int_equal(d.num, 77);
}

static void rolls_within_its_range(void **state)
{
	static const struct pw_range ranges[] = {
		{ { 0, 5 }, { 0, 5 } },
		{ { 0, 5 }, { 0, 7 } },
		{ { 0, UINT64_MAX }, { 1, 0 } },
		{ { 0x20010db8, 0 }, { 0x20010db8, UINT64_MAX } },
		{ { 0, 0 }, { UINT64_MAX, UINT64_MAX } },
	};
	struct pw_dice dice = { 1 };

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(ranges); i++)
		for (int round = 0; round < 1000; round++) {
			struct pw_value v = pw_dice_in(&dice, &ranges[i]);

			assert_true(pw_value_cmp(v, ranges[i].first) >= 0);
			assert_true(pw_value_cmp(v, ranges[i].last) <= 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divides_at_random),
		cmocka_unit_test(nothing_is_one_class),
		cmocka_unit_test(most_is_anyone),
		cmocka_unit_test(nobody_is_left),
		cmocka_unit_test(an_error_ends_it),
		cmocka_unit_test(rolls_within_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
