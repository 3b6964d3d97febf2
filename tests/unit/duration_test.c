// SPDX-License-Identifier: GPL-2.0-or-later
/* Times on the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The command is no library: its file is taken in whole */
#include "../../src/cli/duration.c"

#define DAY 86400000u

static const struct parse_case {
	const char *name, *text;
	int err;
	uint64_t want;
} parse_cases[] = {
	{ "seconds", "90s", 0, 90000 },
	{ "minutes", "15m", 0, 15 * 60000 },
	{ "hours", "2h", 0, 2 * 3600000 },
	{ "the most", "30d", 0, 30ull * DAY },
	{ "the most in hours", "720h", 0, 30ull * DAY },
	{ "the least", "1s", 0, 1000 },
	{ "a day too many", "31d", -ERANGE, 0 },
	{ "a second too many", "2592001s", -ERANGE, 0 },
	{ "no 64 bits", "99999999999999999999999s", -ERANGE, 0 },
	{ "wraps round", "18446744073709552s", -ERANGE, 0 },
	{ "nothing", "", -EINVAL, 0 },
	{ "no unit", "90", -EINVAL, 0 },
	{ "no number", "s", -EINVAL, 0 },
	{ "zero", "0s", -EINVAL, 0 },
	{ "leading zero", "09s", -EINVAL, 0 },
	{ "signed", "+9s", -EINVAL, 0 },
	{ "negative", "-9s", -EINVAL, 0 },
	{ "fraction", "1.5h", -EINVAL, 0 },
	{ "two units", "1h30m", -EINVAL, 0 },
	{ "long unit", "5min", -EINVAL, 0 },
	{ "capital", "5M", -EINVAL, 0 },
	{ "spaces", "5 m", -EINVAL, 0 },
	{ "space first", " 5m", -EINVAL, 0 },
	{ "space last", "5m ", -EINVAL, 0 },
};

static void parses(void **state)
{
	const struct parse_case *tc = *state;
	uint64_t got = 0;

	assert_int_equal(duration_parse(tc->text, 30ull * DAY, &got), tc->err);
	assert_int_equal(got, tc->want);
}

static const struct format_case {
	const char *name;
	uint64_t ms;
	const char *want;
} format_cases[] = {
	{ "days", 30ull * DAY, "30d" },
	{ "hours", 36 * 3600000, "36h" },
	{ "minutes", 90 * 60000, "90m" },
	{ "seconds", 61000, "61s" },
	{ "part of a second", 61999, "61s" },
	{ "largest", UINT64_MAX, "18446744073709551s" },
};

static void formats(void **state)
{
	const struct format_case *tc = *state;
	char buf[DURATION_LEN];

	duration_format(tc->ms, buf);
	assert_string_equal(buf, tc->want);
}

static const struct words_case {
	const char *name;
	uint64_t ms;
	const char *want;
} words_cases[] = {
	{ "nothing left", 0, "0 s" },
	{ "less than a second", 1, "1 s" },
	{ "some seconds", 119000, "119 s" },
	{ "two minutes", 120000, "2 min" },
	{ "minutes are cut off", 21 * 60000 + 59000, "21 min" },
	{ "two hours", 2 * 3600000, "2 h" },
	{ "two days", 2ull * DAY, "2 days" },
};

static void says(void **state)
{
	const struct words_case *tc = *state;
	char buf[DURATION_LEN];

	assert_string_equal(duration_words(tc->ms, buf), tc->want);
}

static const struct option_case {
	const char *name, *value, *want;
} option_cases[] = {
	{ "no time", "soon", "--for=soon: not a time" },
	{ "too long", "25h", "--for=25h: at most 1d" },
};

static void explains(void **state)
{
	const struct option_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct cli cli = { .diags = diags };
	uint64_t ms = 7;

	assert_int_equal(duration_option(&cli, "for", tc->value, DAY, &ms),
			 -EINVAL);
	assert_int_equal(ms, 7);
	assert_string_equal(pw_diags_get(diags, 0)->text, tc->want);
}

#define ADD(cases, fn)                                                      \
	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)                   \
		tests[num++] = (struct CMUnitTest){ cases[i].name, fn,      \
				NULL, NULL, (void *)(uintptr_t)&cases[i] }

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(parse_cases) +
				PW_ARRAY_SIZE(format_cases) +
				PW_ARRAY_SIZE(words_cases) +
				PW_ARRAY_SIZE(option_cases)];
	size_t num = 0;

	ADD(parse_cases, parses);
	ADD(format_cases, formats);
	ADD(words_cases, says);
	ADD(option_cases, explains);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
