/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "portwall/array.h"
#include "portwall/own.h"

static void keeps_what_was_pushed(void **state)
{
	size_t num = 0, cap = 0, moves = 0, before;
	int *items = NULL;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		before = cap;
		assert_int_equal(PW_ARRAY_PUSH(items, num, cap, i * 3), 0);
		moves += cap != before;
	}
	assert_int_equal(num, 10000);
	assert_true(cap >= num);
	assert_in_range(moves, 2, 14);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(items[i], i * 3);
	free(items);
}

static void gives_what_was_asked_for_at_once(void **state)
{
	size_t cap = 0;
	void *items = pw_array_grow(NULL, &cap, 1000, 16);

	(void)state;
	assert_non_null(items);
	assert_int_equal(cap, 1000);
	assert_ptr_equal(pw_array_grow(items, &cap, 1000, 16), items);
	assert_int_equal(cap, 1000);
	free(items);
}

static void overflow_leaves_the_array(void **state)
{
	static const struct {
		size_t want, size;
	} sizes[] = {
		{ SIZE_MAX, 2 }, { SIZE_MAX, 16 }, { SIZE_MAX / 8, 16 },
		{ SIZE_MAX / 16 + 1, 16 },
	};
	size_t num = 0, cap = 0;
	long *items = NULL;

	(void)state;
	assert_int_equal(PW_ARRAY_PUSH(items, num, cap, 7), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(sizes); i++) {
		size_t before = cap;

		assert_null(pw_array_grow(items, &cap, sizes[i].want,
					  sizes[i].size));
		assert_int_equal(cap, before);
		assert_int_equal(items[0], 7);
	}
	free(items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_pushed),
		cmocka_unit_test(gives_what_was_asked_for_at_once),
		cmocka_unit_test(overflow_leaves_the_array),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
