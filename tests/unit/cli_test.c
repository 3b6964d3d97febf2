// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for the terminal: escapes, numbers, tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The command is no library: its files are taken in whole */
#include "../../src/cli/output.c"
#include "../../src/cli/table.c"

static const struct escape_case {
	const char *name, *text, *want;
} escape_cases[] = {
	{ "plain", "tcp = 22", "tcp = 22" },
	{ "empty", "", "" },
	{ "escape", "\033[31m", "\\x1b[31m" },
	{ "tab", "a\tb", "a b" },
	{ "newline", "a\nb", "a\\x0ab" },
	{ "delete", "\177", "\\x7f" },
	{ "high bytes", "\303\274\377", "\\xc3\\xbc\\xff" },
};

static void escapes(void **state)
{
	const struct escape_case *tc = *state;
	char *got = pw_escape(tc->text);
	size_t width = 0;

	for (const char *p = tc->text; *p; p++)
		width += pw_escape_width(*p);
	assert_string_equal(got, tc->want);
	assert_int_equal(width, strlen(tc->want));
	free(got);
}

static const struct count_case {
	const char *name;
	uint64_t n;
	const char *want;
} count_cases[] = {
	{ "zero", 0, "0" },
	{ "three digits", 999, "999" },
	{ "four digits", 1000, "1,000" },
	{ "seven digits", 1204551, "1,204,551" },
	{ "largest", UINT64_MAX, "18,446,744,073,709,551,615" },
};

static void counts(void **state)
{
	const struct count_case *tc = *state;
	char buf[32];

	assert_string_equal(format_count(tc->n, buf), tc->want);
}

static const struct wrap_case {
	const char *name, *text;
	size_t used, indent;
	const char *want;
} wrap_cases[] = {
	{ "fits", "short", 0, 2, "short\n" },
	{ "exactly", "0123456789 0123456789 0123456789 0123456789 "
		     "0123456789 0123456789 0123456789 012", 0, 2,
	  "0123456789 0123456789 0123456789 0123456789 "
	  "0123456789 0123456789 0123456789 012\n" },
	{ "at a space", "aaaa bbbb", 74, 3, "aaaa\n   bbbb\n" },
	{ "no space", "aaaabbbb", 76, 78, "aaaa\n"
	  "                                                                              "
	  "bb\n"
	  "                                                                              "
	  "bb\n" },
};

static void wraps(void **state)
{
	const struct wrap_case *tc = *state;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print_wrapped(tc->text, tc->used, tc->indent, out);
	fclose(out);
	assert_string_equal(text, tc->want);
	free(text);
}

static const char *const heading[] = { "what", "who", "line" };

static const struct table_case {
	const char *name;
	struct {
		const char *cell[3], *note;
		int rank;
	} rows[3];		/* to the end, or to one without cells */
	const char *want;
} table_cases[] = {
	{ "aligned", {
		{ { "tcp 22", "anyone", "7" }, NULL, 0 },
		{ { "udp 51820", "me", "12" }, NULL, 0 },
	}, "what       who     line\n"
	   "tcp 22     anyone     7\n"
	   "udp 51820  me        12\n" },
	{ "lower rank first", {
		{ { "b", "x", "2" }, NULL, 1 },
		{ { "a", "x", "1" }, NULL, 0 },
		{ { "c", "x", "3" }, NULL, 1 },
	}, "what  who  line\n"
	   "a     x       1\n"
	   "b     x       2\n"
	   "c     x       3\n" },
	{ "note behind", {
		{ { "a", "x", "1" }, "6/minute", 0 },
	}, "what  who  line\n"
	   "a     x       1   6/minute\n" },
	{ "empty cell", {
		{ { "a", NULL, "1" }, NULL, 0 },
	}, "what  who  line\n"
	   "a             1\n" },
	{ "long cell goes on below, note too", {
		{ { "a", "11111111 22222222 33333333 44444444 55555555 "
			 "66666666 77777777 88888888", "1" }, "6/minute", 0 },
	}, "what who                                                                    line\n"
	   "a    11111111 22222222 33333333 44444444 55555555 66666666 77777777            1\n"
	   "     88888888\n"
	   "     6/minute\n" },
};

static void add_cells(struct table *table, const struct table_case *tc)
{
	for (size_t r = 0; r < PW_ARRAY_SIZE(tc->rows); r++) {
		struct table_row row = { .rank = tc->rows[r].rank };

		if (!tc->rows[r].cell[0])
			break;
		for (size_t c = 0; c < PW_ARRAY_SIZE(heading); c++)
			if (tc->rows[r].cell[c])
				row.cell[c] = strdup(tc->rows[r].cell[c]);
		if (tc->rows[r].note)
			row.note = strdup(tc->rows[r].note);
		assert_int_equal(table_add(table, &row), 0);
	}
}

static void prints_table(void **state)
{
	const struct table_case *tc = *state;
	struct table table = { .heading = heading, .num_cols = 3,
			       .right = true };
	char *text = NULL;
	size_t len, width;
	FILE *out = open_memstream(&text, &len);

	add_cells(&table, tc);
	width = table_print(&table, out);
	fclose(out);
	table_clear(&table);
	assert_string_equal(text, tc->want);
	assert_int_equal(width, strcspn(tc->want, "\n"));
	free(text);
}

#define ROWS(cases, run) { cases, sizeof(cases[0]), PW_ARRAY_SIZE(cases), run }

int main(void)
{
	static const struct {
		const void *cases;	/* each begins with its name */
		size_t size, num;
		CMUnitTestFunction run;
	} groups[] = {
		ROWS(escape_cases, escapes), ROWS(count_cases, counts),
		ROWS(wrap_cases, wraps), ROWS(table_cases, prints_table),
	};
	struct CMUnitTest tests[64];
	size_t num = 0;

	for (size_t g = 0; g < PW_ARRAY_SIZE(groups); g++) {
		for (size_t i = 0; i < groups[g].num; i++) {
			const char *tc = (const char *)groups[g].cases +
					 i * groups[g].size;

			assert_true(num < PW_ARRAY_SIZE(tests));
			tests[num++] = (struct CMUnitTest){
				*(const char *const *)tc, groups[g].run, NULL,
				NULL, (void *)(uintptr_t)tc
			};
		}
	}
	return _cmocka_run_group_tests("cli", tests, num, NULL, NULL);
}
