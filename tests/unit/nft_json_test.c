// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One of everything that rules can say, as nft's JSON: what is written down in
 * tests/golden/rules/sample.json, each of its lines shown by the kernel tests to
 * load as the text does. "nft_json_test --print" prints what it is now.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../codec/rows.h"
#include "portwall/nft.h"

#define SAMPLE "tests/golden/rules/sample.json"

static struct pw_ruleset *simple_sample(void)
{
	struct pw_ruleset *rs = codec_sample();

	assert_int_equal(pw_ruleset_sort(rs), 0);
	codec_simplify(rs);
	return rs;
}

/* Returns the error; *@text is the caller's in any case */
static int print(const struct pw_ruleset *rs, struct pw_diags *diags,
		 char **text)
{
	size_t len;
	FILE *out = open_memstream(text, &len);
	int err;

	assert_non_null(out);
	err = pw_nft_print_json(rs, out, diags);
	fclose(out);
	return err;
}

static char *sample_text(void)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = simple_sample();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char *text = NULL;

	assert_int_equal(print(rs, diags, &text), 0);
	return text;
}

/* The line with the first difference says more than two documents */
static void is_as_written_down(void **state)
{
	char *text = sample_text(), *at = text, *line = NULL;
	FILE *in = fopen(SAMPLE, "r");
	size_t cap = 0;
	ssize_t len;

	(void)state;
	assert_non_null(in);
	while ((len = getline(&line, &cap, in)) > 0) {
		if (strncmp(at, line, len))
			fail_msg("written down: %s\nnow: %.*s", line,
				 (int)strcspn(at, "\n"), at);
		at += len;
	}
	assert_string_equal(at, "");
	fclose(in);
	free(line);
	free(text);
}

/* Commands in an order in which nothing is missing: nft does not sort them */
static void what_is_named_comes_first(void **state)
{
	static const char *const order[] = {
		"table", "chain", "counter", "limit", "set", "map", "rule",
	};
	char *text = sample_text();
	json_t *doc = json_loads(text, 0, NULL), *command;
	size_t i, kind = 0, num[PW_ARRAY_SIZE(order)] = { 0 };

	(void)state;
	json_array_foreach(json_object_get(doc, "nftables"), i, command) {
		json_t *add = json_object_get(command, "add");

		if (!i) {
			assert_non_null(json_object_get(command, "metainfo"));
			continue;
		}
		assert_non_null(add);
		if (kind == 2 || kind == 3)	/* objects, by name */
			kind = json_object_get(add, "counter") ? 2 : kind;
		while (kind < PW_ARRAY_SIZE(order) &&
		       !json_object_get(add, order[kind]))
			kind++;
		assert_true(kind < PW_ARRAY_SIZE(order));
		num[kind]++;
	}
	assert_int_equal(num[0], 1);
	assert_int_equal(num[4], NUM_SAMPLE_SETS);
	assert_int_equal(num[5], NUM_SAMPLE_MAPS);
	assert_int_equal(num[6], PW_ARRAY_SIZE(codec_rows) + 2);
	json_decref(doc);
	free(text);
}

static void refuse(struct pw_ruleset *rs, int err, const char *message)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char *text = NULL;

	assert_int_equal(print(rs, diags, &text), err);
	assert_string_equal(text, "");
	assert_int_equal(pw_diags_kept(diags), 1);
	assert_non_null(strstr(pw_diags_get(diags, 0)->text, message));
	free(text);
}

static void parts_of_seconds_are_refused(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *in_set = simple_sample();
	pw_owned(pw_ruleset_free) struct pw_ruleset *in_rule = simple_sample();

	(void)state;
	in_set->sets[pw_ruleset_find_set(in_set, "s.local6")].timeout_ms++;
	refuse(in_set, -EOPNOTSUPP, "a time of set s.local6");
	for (size_t i = 0; i < in_rule->num_chains; i++)
		for (size_t k = 0; k < in_rule->chains[i].num_rules; k++) {
			struct pw_rule *rule = &in_rule->chains[i].rules[k];

			if (rule->num_effects && rule->effects[0].timeout_ms)
				rule->effects[0].timeout_ms++;
		}
	refuse(in_rule, -EOPNOTSUPP, "a time of set s.");
}

/* nft 1.0.6 would load it as one that no rule may update */
static void idle_dynamic_sets_are_refused(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = simple_sample();
	static const struct pw_set set = { .name = TEXT("s.idle"),
					   .type = PW_T_IPV4,
					   .dynamic = true, .size = 9 };

	(void)state;
	codec_add_set(rs, set, NULL, 0);
	refuse(rs, -EOPNOTSUPP, "set s.idle in nft's JSON");
}

/* nft would look for a set of that name */
static void names_of_sets_are_refused(void **state)
{
	static const struct codec_row row = {
		"at", M(WIDE(PW_F_IIFNAME, V(0x40626164ull << 32, 0),
			     V(0x40626164ull << 32, 0))),
		NO_E, ACCEPT, NULL, NULL
	};
	pw_owned(pw_ruleset_free) struct pw_ruleset *in_rule = simple_sample();
	pw_owned(pw_ruleset_free) struct pw_ruleset *in_set = simple_sample();
	struct pw_range name = { V(0x40626164ull << 32, 0),
				 V(0x40626164ull << 32, 0) };
	struct pw_set set = { .name = TEXT("i.bad"), .type = PW_T_IFNAME,
			      .constant = true, .interval = true };

	(void)state;
	assert_int_equal(codec_add_row(in_rule, &row), 0);
	refuse(in_rule, -EINVAL, "interface '@bad'");
	codec_add_set(in_set, set, &name, 1);
	refuse(in_set, -EINVAL, "interface '@bad'");
}

static void full_disk_is_told(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = simple_sample();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(pw_nft_print_json(rs, full, diags), -EIO);
	fclose(full);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_as_written_down),
		cmocka_unit_test(what_is_named_comes_first),
		cmocka_unit_test(parts_of_seconds_are_refused),
		cmocka_unit_test(idle_dynamic_sets_are_refused),
		cmocka_unit_test(names_of_sets_are_refused),
		cmocka_unit_test(full_disk_is_told),
	};
	char *text;

	if (argc < 2 || strcmp(argv[1], "--print"))
		return cmocka_run_group_tests_name("nft_json", tests, NULL,
						   NULL);
	text = sample_text();
	fputs(text, stdout);
	free(text);
	return 0;
}
