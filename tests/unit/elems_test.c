// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements of constant sets: what the kernel is to hold, what nft can write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ruleset/elems.h"

#define RANGE(first, last) { { 0, (first) }, { 0, (last) } }

/* What the kernel is to hold of a set: keys, / closes a range, + leaves it open */
static const struct elem_case {
	const char *name;
	enum pw_set_type type;
	bool interval;
	struct pw_range ranges[3];
	size_t num_ranges;
	const char *want;
	uint32_t size;
} elem_cases[] = {
	{ "plain", PW_T_PORT, false, { RANGE(80, 81), RANGE(443, 443) }, 2,
	  "50 51 1bb ", 3 },
	{ "ranges", PW_T_IPV4, true, { RANGE(1, 2), RANGE(5, 5) }, 2,
	  "0/ 1 3/ 5 6/ ", 5 },
	{ "from zero", PW_T_IPV4, true, { RANGE(0, 2) }, 1, "0 3/ ", 2 },
	{ "to the end", PW_T_IPV4, true, { RANGE(9, UINT32_MAX) }, 1,
	  "0/ 9+ ", 3 },
	{ "nothing", PW_T_IPV4, true, { RANGE(0, 0) }, 0, "", 0 },
};

static void lists_elements(void **state)
{
	const struct elem_case *tc = *state;
	pw_owned(pw_rangeset_free) struct pw_rangeset *ranges =
		pw_rangeset_new(pw_set_type_bits(tc->type));
	struct pw_set set = { .type = tc->type, .interval = tc->interval,
			      .constant = true, .elems = ranges };
	struct pw_set_iter iter = { 0 };
	struct pw_set_elem elem;
	char got[128] = "";

	for (size_t i = 0; i < tc->num_ranges; i++)
		pw_rangeset_add(ranges, tc->ranges[i].first,
				tc->ranges[i].last);
	pw_rangeset_normalise(ranges);
	while (pw_set_next_elem(&set, &iter, &elem)) {
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%lx%s ", elem.key.lo,
			 elem.interval_end ? "/" : elem.open ? "+" : "");
	}
	assert_string_equal(got, tc->want);
	assert_int_equal(pw_set_count_elems(&set), tc->size);
}

/* Neighbouring globs are one range, which nft cannot write: cut again */
static void cuts_globs(void **state)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ranges =
		pw_rangeset_new(128);
	struct pw_set set = { .type = PW_T_IFNAME, .interval = true,
			      .constant = true, .elems = ranges };
	const char *const names[] = { "eth1*", "eth2*", "lo" };
	struct pw_set_iter iter = { 0 };
	struct pw_range piece;
	char buf[17];

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(names); i++) {
		assert_int_equal(pw_ifname_range(names[i], strlen(names[i]),
						 &piece), 0);
		assert_true(pw_ifname_is_piece(&piece));
		pw_rangeset_add(ranges, piece.first, piece.last);
	}
	pw_rangeset_normalise(ranges);
	assert_int_equal(ranges->num, 2);
	for (size_t i = 0; i < PW_ARRAY_SIZE(names); i++) {
		assert_true(pw_set_next_piece(&set, &iter, &piece));
		assert_string_equal(pw_ifname_format(&piece, buf), names[i]);
	}
	assert_false(pw_set_next_piece(&set, &iter, &piece));
	/* closing at 0, and each of the three with its end */
	assert_int_equal(pw_set_count_elems(&set), 7);
}

static void sets_of_rules_hold_none(void **state)
{
	const struct pw_set set = { .type = PW_T_IPV4, .dynamic = true,
				    .size = 9 };

	(void)state;
	assert_int_equal(pw_set_count_elems(&set), 0);
}

#define ROWS(cases, fn)							\
	for (size_t row_ = 0; row_ < PW_ARRAY_SIZE(cases); row_++)	\
		tests[num++] = (struct CMUnitTest){			\
			(cases)[row_].name, fn, NULL, NULL,		\
			(void *)(uintptr_t)&(cases)[row_] }

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(cuts_globs),
		cmocka_unit_test(sets_of_rules_hold_none),
	};
	static struct CMUnitTest tests[16];
	size_t num = 0;

	ROWS(elem_cases, lists_elements);
	memcpy(&tests[num], fixed, sizeof(fixed));
	num += PW_ARRAY_SIZE(fixed);
	return _cmocka_run_group_tests("elems", tests, num, NULL, NULL);
}
