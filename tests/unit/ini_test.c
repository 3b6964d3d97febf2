/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing that libinih does to long or odd lines reaches a policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/bytes.h"
#include "policy_help.h"

/* Beyond three times the length that libinih takes */
#define LEN_MAX 700

/* @text must have the normal form @want */
static void check_normal(const char *text, const char *want)
{
	struct read_policy got = read_text(text);
	char *out;

	assert_int_equal(got.err, 0);
	out = print_policy(got.policy);
	assert_string_equal(out, want);
	free(out);
	read_policy_clear(&got);
}

/* Good for three at a time */
static char *pad(char fill, size_t len)
{
	static char bufs[3][LEN_MAX + 1];
	static int next;
	char *buf = bufs[next++ % 3];

	memset(buf, fill, len);
	buf[len] = '\0';
	return buf;
}

static void comment_of_any_length(void **state)
{
	char text[4 * LEN_MAX];

	(void)state;
	for (size_t len = 1; len < LEN_MAX; len++) {
		snprintf(text, sizeof(text), "[allow a]\ntcp = 80\n"
			 "; %s tcp = 23\n# %s[allow b]\n", pad('x', len),
			 pad(' ', len));
		check_normal(text, "[allow a]\ntcp = 80\n");
	}
}

static void text_of_any_length(void **state)
{
	char text[4 * LEN_MAX], want[4 * LEN_MAX];

	(void)state;
	for (size_t len = 1; len < LEN_MAX; len++) {
		snprintf(want, sizeof(want), "[allow a]\ntcp = 80\n"
			 "comment = %s tcp = 23 [x] :y\n", pad('c', len));
		snprintf(text, sizeof(text), "[allow a]\n"
			 "comment = %s tcp = 23 [x] :y\ntcp = 80\n",
			 pad('c', len));
		check_normal(text, want);
	}
}

static void gap_of_any_length(void **state)
{
	char text[4 * LEN_MAX];

	(void)state;
	for (size_t len = 1; len < LEN_MAX; len++) {
		snprintf(text, sizeof(text), "[allow a]\ntcp =%s80 %s81\n"
			 " %s82 ; tcp = 83\n", pad(' ', len), pad('\t', len),
			 pad(' ', len));
		check_normal(text, "[allow a]\ntcp = 80, 81, 82\n");
	}
}

/* Each word once, wherever the pieces for libinih end */
static void list_of_any_length(void **state)
{
	char text[8 * LEN_MAX] = "[allow a]\ntcp = 1";

	(void)state;
	for (unsigned int port = 2; port < LEN_MAX; port++) {
		struct read_policy got;
		char *ports, want[16];

		sprintf(text + strlen(text), " %u", port);
		got = read_text(text);
		ports = print_set(find_section(&got, "a")->ports[PW_TCP]);
		snprintf(want, sizeof(want), "1-%u", port);
		assert_string_equal(ports, want);
		free(ports);
		read_policy_clear(&got);
	}
}

/* White space that is none to us, but to isspace() in some locales */
static void odd_bytes_of_text(void **state)
{
	(void)state;
	check_normal("[allow a]\ntcp = 80\ncomment = \xc2\xa0;\xc2\x85\n",
		     "[allow a]\ntcp = 80\ncomment = \xc2\xa0;\xc2\x85\n");
}

/*
 * libinih's options are variables that anybody in the process can write: with
 * each of these a policy is read rightly or refused
 */
static void set_max_line(void)    { ini_max_line = 30; }
static void set_max_line_0(void)  { ini_max_line = 1; }
static char eight[] = "8", letters[] = "tf";
static void set_inline(void)	  { ini_inline_comment_prefixes = eight; }
static void set_start(void)	  { ini_start_comment_prefixes = letters; }
static void set_no_inline(void)	  { ini_allow_inline_comments = false; }
static void set_no_multi(void)	  { ini_allow_multiline = false; }
static void set_no_value(void)	  { ini_allow_no_value = true; }
static void set_stop(void)	  { ini_stop_on_first_error = true; }

static const struct option_case {
	const char *name;
	void (*set)(void);
	int err;
} option_cases[] = {
	{ "lines of 30 bytes", set_max_line, -EINVAL },
	{ "lines of no byte", set_max_line_0, -EINVAL },
	{ "other inline comments", set_inline, 0 },
	{ "other comments", set_start, -EINVAL },
	{ "no inline comments", set_no_inline, 0 },
	{ "no continuation", set_no_multi, 0 },
	{ "keys without values", set_no_value, 0 },
	{ "stop at errors", set_stop, 0 },
};

static void libinih_has_other_options(void **state)
{
	static const char text[] =
		"[allow a]\ntcp = 80 81\n  82 ; 83\nfrom = 192.0.2.1\n"
		"comment = a long text, which will not fit\n";
	const struct option_case *tc = *state;
	struct read_policy got;
	char *out = NULL;
	int max_line = ini_max_line;
	char *start = ini_start_comment_prefixes;
	char *inline_start = ini_inline_comment_prefixes;

	tc->set();
	got = read_text(text);
	ini_max_line = max_line;
	ini_start_comment_prefixes = start;
	ini_inline_comment_prefixes = inline_start;
	ini_allow_inline_comments = ini_allow_multiline = true;
	ini_allow_no_value = ini_stop_on_first_error = false;
	if (got.policy)
		out = print_policy(got.policy);
	assert_true(got.err == tc->err || got.err == -EINVAL);
	if (got.err)
		assert_true(has_message(got.diags, PW_ERROR, "libinih"));
	else
		assert_string_equal(out, "[allow a]\ntcp = 80, 81, 82\n"
				    "from = 192.0.2.1\ncomment = a long text, "
				    "which will not fit\n");
	free(out);
	read_policy_clear(&got);
}

/* What is no file is refused, at once */
static void make_fifo(const char *path)	  { assert_false(mkfifo(path, 0600)); }
static void make_dir(const char *path)	  { assert_false(mkdir(path, 0700)); }
static void make_none(const char *path)	  { (void)path; }
static void make_zero(const char *path)
{
	assert_false(symlink("/dev/zero", path));
}

static void make_mem(const char *path)
{
	assert_false(symlink("/proc/self/mem", path));
}

static const struct file_case {
	const char *name;
	void (*make)(const char *path);
} file_cases[] = {
	{ "FIFO", make_fifo },
	{ "directory", make_dir },
	{ "missing file", make_none },
	{ "device", make_zero },
	{ "file that cannot be read", make_mem },
};

static void refuses_file(void **state)
{
	static const struct pw_trust trust = { .check = false };
	const struct file_case *tc = *state;
	char dir[] = "/tmp/ini_test.XXXXXX", path[64], text[256];
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_policy *policy = NULL;
	struct read_policy got;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	tc->make(path);
	alarm(20);		/* a test that waits for a writer has failed */
	assert_true(pw_policy_load(path, &trust, &policy, diags) < 0);
	assert_null(policy);
	assert_true(pw_diags_count(diags, PW_ERROR));
	snprintf(text, sizeof(text), "[policy]\ninclude = %s\n"
		 "[allow a]\ntcp = 80\nfrom = file:%s\n", path, path);
	got = read_text(text);
	alarm(0);
	assert_true(got.err < 0);
	assert_null(got.policy);
	read_policy_clear(&got);
	remove(path);
	rmdir(dir);
}

static const struct byte_case {
	const char *name, *text;
	size_t len, bad;
} byte_cases[] = {
	{ "plain", "abc", 3, 3 },
	{ "tab", "a\tb", 3, 3 },
	{ "nothing", "", 0, 0 },
	{ "NUL", "ab\0c", 4, 2 },
	{ "delete", "\x7f", 1, 0 },
	{ "two bytes", "\xc3\xa9", 2, 2 },
	{ "three bytes", "\xe2\x82\xac", 3, 3 },
	{ "four bytes", "\xf0\x9f\x98\x80", 4, 4 },
	{ "cut after two of three", "a\xe2\x82", 3, 1 },
	{ "third of three is none", "a\xe2\x82x", 4, 1 },
	{ "follower alone", "a\x80", 2, 1 },
	{ "overlong", "\xc0\x80", 2, 0 },
	{ "overlong of three", "\xe0\x9f\xbf", 3, 0 },
	{ "overlong of four", "\xf0\x8f\xbf\xbf", 4, 0 },
	{ "surrogate", "\xed\xa0\x80", 3, 0 },
	{ "last before surrogates", "\xed\x9f\xbf", 3, 3 },
	{ "past the last", "\xf4\x90\x80\x80", 4, 0 },
	{ "last", "\xf4\x8f\xbf\xbf", 4, 4 },
	{ "five bytes", "\xf8\x88\x80\x80\x80", 5, 0 },
};

static void finds_bad_byte(void **state)
{
	const struct byte_case *tc = *state;

	assert_int_equal(pw_bytes_find_bad(tc->text, tc->len), tc->bad);
}

static const struct number_case {
	const char *text;
	uint64_t max;
	int err;
	uint64_t want;
} number_cases[] = {
	{ "0", 9, 0, 0 },
	{ "65535", 65535, 0, 65535 },
	{ "65536", 65535, -ERANGE, 0 },
	{ "18446744073709551616", 65535, -ERANGE, 0 },
	{ "99999999999999999999999999", 1000000, -ERANGE, 0 },
	{ "", 9, -EINVAL, 0 },
	{ "01", 9, -EINVAL, 0 },
	{ "00", 9, -EINVAL, 0 },
	{ "+1", 9, -EINVAL, 0 },
	{ "-1", 9, -EINVAL, 0 },
	{ " 1", 9, -EINVAL, 0 },
	{ "1 ", 9, -EINVAL, 0 },
	{ "1x", 9, -EINVAL, 0 },
	{ "0x1", 9, -EINVAL, 0 },
};

static void reads_number(void **state)
{
	const struct number_case *tc = *state;
	uint64_t got = 77;

	assert_int_equal(pw_decimal(tc->text, strlen(tc->text), tc->max, &got),
			 tc->err);
	assert_int_equal(got, tc->err ? 77 : tc->want);
}

#define ROWS(table, test, label)					\
	for (size_t i = 0; i < PW_ARRAY_SIZE(table); i++)		\
		tests[num++] = (struct CMUnitTest){			\
			table[i].label, test, NULL, NULL,		\
			(void *)(uintptr_t)&table[i] }

int main(void)
{
	struct CMUnitTest tests[80] = {
		cmocka_unit_test(comment_of_any_length),
		cmocka_unit_test(text_of_any_length),
		cmocka_unit_test(gap_of_any_length),
		cmocka_unit_test(list_of_any_length),
		cmocka_unit_test(odd_bytes_of_text),
	};
	size_t num = 5;

	ROWS(option_cases, libinih_has_other_options, name);
	ROWS(file_cases, refuses_file, name);
	ROWS(byte_cases, finds_bad_byte, name);
	ROWS(number_cases, reads_number, text);
	return _cmocka_run_group_tests("ini", tests, num, NULL, NULL);
}
