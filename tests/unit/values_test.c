/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and conditions by number against sets and truth tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "portwall/array.h"
#include "ruleset/conds.h"
#include "ruleset/values.h"
#include "draw.h"

/* Each value beside what it should be, spelled out */
#define NUM_KNOWN 40

struct known {
	uint32_t id;
	struct pw_rangeset *set;
};

static struct pw_rangeset *scattered(uint32_t num, uint32_t space)
{
	struct pw_rangeset *set = pw_rangeset_new(32);

	assert_non_null(set);
	for (uint32_t i = 0; i < num; i++) {
		uint32_t first = draw(space);

		pw_rangeset_add32(set, first, first + draw(3));
	}
	assert_int_equal(pw_rangeset_normalise(set), 0);
	return set;
}

static void derive(struct pw_values *values, const struct known *a,
		   const struct known *b, struct known *out)
{
	uint32_t ids[2] = { a->id, b->id };

	switch (draw(3)) {
	case 0:
		out->id = pw_values_and(values, a->id, b->id);
		pw_rangeset_intersect(a->set, b->set, &out->set);
		break;
	case 1:
		if (pw_values_union(values, ids, 2, &out->id)) {
			pw_rangeset_union(a->set, b->set, &out->set);
			break;
		}
		/* fall through */
	default:
		out->id = pw_values_minus(values, a->id, b->id);
		pw_rangeset_subtract(a->set, b->set, &out->set);
		break;
	}
	assert_non_null(out->set);
}

static void pools_compute_as_sets_do(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		pw_owned(pw_values_free) struct pw_values *values =
			pw_values_new();
		struct known known[NUM_KNOWN] = { 0 };

		assert_non_null(values);
		for (int i = 0; i < NUM_KNOWN; i++) {
			struct known *k = &known[i];

			if (i < 8) {
				k->set = scattered(i % 2 ? 20 : 6000, 60000);
				k->id = pw_values_add(values, k->set);
			} else {
				derive(values, &known[draw((uint32_t)i)],
				       &known[draw((uint32_t)i)], k);
			}
			if (!k->set->num)
				assert_int_equal(k->id, PW_VALUE_EMPTY);
			for (int j = 0; j < 50; j++) {
				struct pw_value v = pw_value32(draw(60000));

				assert_int_equal(
					pw_values_contains(values, k->id, v),
					pw_rangeset_contains(k->set, v));
			}
			if (k->set->num && draw(2))
				assert_true(pw_rangeset_equal(
					pw_values_set(values, k->id), k->set));
		}
		assert_int_equal(pw_values_error(values), 0);
		for (int i = 0; i < NUM_KNOWN; i++)
			pw_rangeset_free(known[i].set);
	}
}

/* Every other number from @first on */
static struct pw_rangeset *every_other(uint32_t first, uint32_t num)
{
	struct pw_rangeset *set = pw_rangeset_new(32);

	assert_non_null(set);
	for (uint32_t i = 0; i < num; i++)
		pw_rangeset_add32(set, first + 2 * i, first + 2 * i);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	return set;
}

static uint32_t part(struct pw_values *values, uint32_t first, uint32_t num)
{
	return pw_values_take(values, every_other(first, num));
}

static size_t num_of(struct pw_values *values, uint32_t id)
{
	const struct pw_rangeset *set = pw_values_set(values, id);

	assert_non_null(set);
	return set->num;
}

/*
 * A list that lost a few is held as such; that lost more than a few, or a few
 * again and again, it is spelled out: 5000 numbers, 1024 are a few
 */
static void huge_sets_lose_parts(void **state)
{
	pw_owned(pw_values_free) struct pw_values *values = pw_values_new();
	uint32_t huge, none, ids[2], both;

	(void)state;
	assert_non_null(values);
	huge = part(values, 0, 5000);
	none = part(values, 1, 10);
	ids[0] = pw_values_minus(values, huge, part(values, 0, 600));
	ids[1] = pw_values_minus(values, huge, part(values, 400, 600));
	assert_int_equal(pw_values_minus(values, ids[0], none), ids[0]);
	assert_true(pw_values_union(values, ids, 2, &both));
	assert_int_equal(num_of(values, both), 5000 - 400);
	assert_int_equal(num_of(values, pw_values_minus(
				values, ids[0], part(values, 2000, 600))),
			 5000 - 1200);
	assert_int_equal(num_of(values, pw_values_minus(
				values, huge, pw_values_range(
					values, 32, pw_value32(0),
					pw_value32(3999)))), 3000);
	ids[1] = part(values, 1, 3);
	assert_false(pw_values_union(values, ids, 2, &both));
	assert_int_equal(pw_values_error(values), 0);
}

static uint32_t range_of(struct pw_values *values, unsigned int bits,
			 uint64_t hi, uint64_t first, uint64_t last)
{
	return pw_values_range(values, bits, (struct pw_value){ hi, first },
			       (struct pw_value){ hi, last });
}

/* Neighbours are apart, one number in common is not, whatever the width */
static void sets_that_touch_are_not_apart(void **state)
{
	static const unsigned int widths[] = { 16, 32, 64, 128 };
	pw_owned(pw_values_free) struct pw_values *values = pw_values_new();

	(void)state;
	assert_non_null(values);
	for (size_t i = 0; i < PW_ARRAY_SIZE(widths); i++) {
		unsigned int bits = widths[i];
		uint32_t low = range_of(values, bits, 0, 0, 9);
		uint32_t high = range_of(values, bits, 0, 10, 20);
		uint32_t both = range_of(values, bits, 0, 9, 10);

		assert_int_equal(pw_values_and(values, low, high),
				 PW_VALUE_EMPTY);
		assert_int_equal(pw_values_and(values, high, low),
				 PW_VALUE_EMPTY);
		assert_int_equal(pw_values_and(values, low, both),
				 range_of(values, bits, 0, 9, 9));
		assert_int_equal(pw_values_and(values, high, both),
				 range_of(values, bits, 0, 10, 10));
	}
	assert_int_equal(pw_values_and(values,
				       range_of(values, 128, 1, 5, 6),
				       range_of(values, 128, 2, 5, 6)),
			 PW_VALUE_EMPTY);
}

/* Every function of three facts by its bits: 8 rows of a truth table */
static bool bit_holds(void *arg, uint32_t var)
{
	return *(const unsigned int *)arg >> var & 1;
}

static void conditions_are_their_truth_tables(void **state)
{
	pw_owned(pw_conds_free) struct pw_conds *conds = pw_conds_new();
	uint32_t of_table[256], tables[256], num = 3;
	bool known[256] = { false };

	(void)state;
	assert_non_null(conds);
	for (uint32_t var = 0; var < 3; var++) {
		tables[var] = var == 0 ? 0xaa : var == 1 ? 0xcc : 0xf0;
		of_table[tables[var]] = pw_cond_var(conds, var);
		known[tables[var]] = true;
	}
	for (uint32_t i = 0; i < num; i++)
		for (uint32_t j = 0; j <= i; j++) {
			uint32_t a = tables[i], b = tables[j];
			uint32_t both = (a & ~b) & 0xff;
			uint32_t cond = pw_cond_and(
				conds, of_table[a],
				pw_cond_not(conds, of_table[b]));

			if (known[both])
				assert_int_equal(of_table[both], cond);
			else
				tables[num++] = both;
			known[both] = true;
			of_table[both] = cond;
			for (unsigned int row = 0; row < 8; row++)
				assert_int_equal(
					pw_cond_holds(conds, cond, bit_holds,
						      &row), both >> row & 1);
		}
	assert_int_equal(of_table[0], PW_COND_NEVER);
	assert_int_equal(pw_conds_error(conds), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_compute_as_sets_do),
		cmocka_unit_test(huge_sets_lose_parts),
		cmocka_unit_test(sets_that_touch_are_not_apart),
		cmocka_unit_test(conditions_are_their_truth_tables),
	};

	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
