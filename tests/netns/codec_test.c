// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The codecs against the kernel: what nft makes of the text and what the
 * encoder sends must be one and the same in the kernel's own dump.
 * Runs in a network namespace of its own; each test makes more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec_kernel.h"
#include "portwall/nft.h"

static struct pw_ruleset *sorted_sample(void)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_ruleset *rs = codec_sample();

	assert_int_equal(pw_ruleset_sort(rs), 0);
	assert_int_equal(pw_ruleset_check(rs, diags), 0);
	return rs;
}

/* Shows the first line that differs: 200 kB of hex help nobody */
static void assert_same_text(const char *a, const char *b)
{
	unsigned int line = 1;

	while (*a && *a == *b) {
		line += *a == '\n';
		a++, b++;
	}
	if (*a || *b)
		fail_msg("differs in line %u: \"%.200s\" and \"%.200s\"", line,
			 a, b);
}

/* Owns a name in /tmp until it is removed */
static void temporary(char path[static 24])
{
	int fd;

	strcpy(path, "/tmp/codec.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static void assert_decodes_to(const struct pw_ruleset *want)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = decode_table(want);
	char *what = NULL;

	if (pw_ruleset_diff(want, got, &what))
		fail_msg("%s", what);
}

/* By nft in one namespace, by the encoder in another */
static void assert_same_in_kernel(const struct pw_ruleset *rs)
{
	char *by_nft, *by_us, *text_nft, *text_us, path[24];

	temporary(path);
	write_text(rs, path);
	fresh_namespace();
	run_nft_file(path);
	unlink(path);
	by_nft = dump_table(rs);
	text_nft = list_text();
	assert_decodes_to(rs);
	fresh_namespace();
	load_encoded(rs);
	by_us = dump_table(rs);
	text_us = list_text();
	assert_decodes_to(rs);
	assert_same_text(text_nft, text_us);
	assert_same_text(by_nft, by_us);
	free(by_nft);
	free(by_us);
	free(text_nft);
	free(text_us);
}

static void kernel_holds_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sorted_sample();

	(void)state;
	need_namespace_and_nft();
	assert_same_in_kernel(rs);
}

/* Whoever saves our table with nft can bring it back */
static void listing_loads_again(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sorted_sample();
	char *first, *second, path[24];
	FILE *out;

	(void)state;
	need_namespace_and_nft();
	load_encoded(rs);
	first = list_text();
	temporary(path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(first, out);
	fclose(out);
	fresh_namespace();
	run_nft_file(path);
	unlink(path);
	second = list_text();
	assert_same_text(first, second);
	free(first);
	free(second);
}

#define RANDOM_RULES 400

static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

static const struct codec_row *any_row(uint32_t *seed)
{
	return &codec_rows[below(seed, PW_ARRAY_SIZE(codec_rows))];
}

/* Matches, effects and verdict of several rows in one; fields may repeat */
static struct codec_row any_rule(uint32_t *seed)
{
	struct codec_row row = *any_row(seed);
	const struct codec_row *more = any_row(seed);
	size_t num = 0;

	while (row.matches[num].field != PW_NUM_FIELDS)
		num++;
	for (size_t i = 0; num < MAX_MATCHES - 1 &&
	     more->matches[i].field != PW_NUM_FIELDS; i++)
		row.matches[num++] = more->matches[i];
	row.matches[num].field = PW_NUM_FIELDS;
	memcpy(row.effects, any_row(seed)->effects, sizeof(row.effects));
	row.verdict = any_row(seed)->verdict;
	return row;
}

static bool is_sound(const struct codec_row *row)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	return !codec_add_row(rs, row) && !pw_ruleset_check(rs, diags);
}

static void random_rules_are_the_same(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	struct pw_rule rule = { .verdict = { PW_V_GOTO, C_ROWS, 0 } };
	uint32_t seed = 1120;
	size_t num = 0;

	(void)state;
	need_namespace_and_nft();
	codec_add_elems(rs);
	assert_int_equal(pw_ruleset_add_rule(rs, C_PRE, &rule), 0);
	while (num < RANDOM_RULES) {
		struct codec_row row = any_rule(&seed);

		if (!is_sound(&row))
			continue;
		assert_int_equal(codec_add_row(rs, &row), 0);
		num++;
	}
	assert_int_equal(pw_ruleset_sort(rs), 0);
	assert_same_in_kernel(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_holds_the_same),
		cmocka_unit_test(listing_loads_again),
		cmocka_unit_test(random_rules_are_the_same),
	};

	return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
