/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies beside their normal form and their messages: each NAME.ini of
 * tests/golden/policy is a test. NAME.out is the normal form, absent when the
 * policy is refused; NAME.err holds the messages, absent when there are none.
 * Whatever is accepted is compiled and proved; where there is a NAME.nft, it is
 * the rules as text.
 *
 * "policy_test NAME out", "policy_test NAME err" and "policy_test NAME nft"
 * print what is the case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <portwall/compile.h>
#include <portwall/nft.h>
#include <portwall/policy.h>

#define CASES "tests/golden/policy"

static char domain[] = "domain", http[] = "http", https[] = "https",
	    ntp[] = "ntp", smtp[] = "smtp", ssh[] = "ssh";

static struct pw_service services[] = {
	{ domain, 53, 6 },  { domain, 53, 17 }, { http, 80, 6 },
	{ https, 443, 6 },  { https, 443, 17 }, { ntp, 123, 17 },
	{ smtp, 25, 6 },    { ssh, 22, 6 },
};

static struct pw_iface ifaces[] = {
	{ .name = "br0", .index = 2, .is_bridge = true },
	{ .name = "eth0", .index = 3 },
	{ .name = "eth1", .index = 4, .master = 2 },
	{ .name = "lo", .index = 1 },
};

static const struct pw_host host = {
	.ifaces = ifaces, .num_ifaces = 4, .ifaces_known = true,
	.services = services, .num_services = 8,
	.now_ns = 1800000000ull * 1000000000,	/* 2027-01-15 */
};

static const struct pw_trust trust = { .check = false };

struct outcome {
	int err;
	char *out, *messages, *rules, *json;
	size_t out_len, messages_len, rules_len, json_len;
};

static int columns(const char *text, size_t len, FILE *out)
{
	int width = 0;

	for (size_t i = 0; i < len && text[i]; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c >= 0x7f)
			width += fprintf(out, "\\x%02x", c);
		else
			width += fprintf(out, "%c", c);
	}
	return width;
}

/* Lines of over 200 bytes are cut, far from what is meant if need be */
static void put_quote(const struct pw_diag *diag, FILE *out, FILE *null)
{
	size_t len = strlen(diag->quote), col = diag->col - 1;
	int before;

	fprintf(out, "%5u | ", diag->line);
	columns(diag->quote, len < 200 ? len : 200, out);
	fprintf(out, "\n      | ");
	before = columns(diag->quote, col < len ? col : len, null);
	fprintf(out, "%*s^", before, "");
	for (uint32_t i = 1; i < diag->len && i < 200; i++)
		putc('~', out);
	putc('\n', out);
}

static void put_message(const struct pw_diag *diag, FILE *out, FILE *null)
{
	static const char *const words[] = {
		[PW_ERROR] = "error", [PW_WARNING] = "warning",
		[PW_NOTE] = "note",
	};
	char *hints, *hint, *rest;

	if (diag->where)
		fprintf(out, "%s:%u:%u: ", diag->where, diag->line, diag->col);
	fprintf(out, "%s: ", words[diag->severity]);
	columns(diag->text, strlen(diag->text), out);
	putc('\n', out);
	if (diag->quote)
		put_quote(diag, out, null);
	hints = strdup(diag->hint ? diag->hint : "");
	assert_non_null(hints);
	for (hint = strtok_r(hints, "\n", &rest); hint;
	     hint = strtok_r(NULL, "\n", &rest))
		fprintf(out, "      = %s\n", hint);
	free(hints);
}

static void put_messages(struct pw_diags *diags, FILE *out)
{
	FILE *null = fopen("/dev/null", "w");

	assert_non_null(null);
	pw_diags_sort(diags);
	for (size_t i = 0; i < pw_diags_kept(diags); i++)
		put_message(pw_diags_get(diags, i), out, null);
	fclose(null);
}

/* What is accepted has rules, and they are proved */
static int put_rules(const struct pw_model *model, FILE *out, FILE *json)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = NULL;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	int err = pw_compile(model, 1, &rules, diags);

	assert_non_null(diags);
	if (!err)
		err = pw_prove(model, rules, diags);
	if (pw_diags_kept(diags))
		print_error("%s\n", pw_diags_get(diags, 0)->text);
	if (!err)
		err = pw_nft_print(rules, out);
	return err ? err : pw_nft_print_json(rules, json, diags);
}

static struct outcome look_at(const char *path)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct outcome got = { 0 };
	FILE *out = open_memstream(&got.out, &got.out_len);
	FILE *err = open_memstream(&got.messages, &got.messages_len);
	FILE *rules = open_memstream(&got.rules, &got.rules_len);
	FILE *json = open_memstream(&got.json, &got.json_len);

	assert_non_null(rules);
	assert_non_null(json);
	assert_non_null(diags);
	assert_non_null(out);
	assert_non_null(err);
	got.err = pw_policy_read(path, &trust, &host, &policy, &model, diags);
	if (!got.err)
		assert_int_equal(pw_policy_print(policy, out), 0);
	if (!got.err)
		assert_int_equal(put_rules(model, rules, json), 0);
	fclose(rules);
	fclose(json);
	put_messages(diags, err);
	fclose(out);
	fclose(err);
	return got;
}

static void clear(struct outcome *got)
{
	free(got->out);
	free(got->messages);
	free(got->rules);
	free(got->json);
}

/* An absent file is empty */
static char *slurp(const char *name, const char *ending)
{
	char path[256], *text = NULL;
	size_t size;
	FILE *in, *out = open_memstream(&text, &size);
	int c;

	snprintf(path, sizeof(path), "%s.%s", name, ending);
	in = fopen(path, "r");
	while (in && (c = getc(in)) != EOF)
		putc(c, out);
	if (in)
		fclose(in);
	fclose(out);
	assert_non_null(text);
	return text;
}

/* The normal form, parsed again, is itself */
static void check_normal(const char *text, size_t len)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("normal form", ".", text, len);
	char *again = NULL;
	size_t size;
	FILE *out = open_memstream(&again, &size);

	assert_non_null(src);
	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_print(policy, out), 0);
	fclose(out);
	assert_string_equal(again, text);
	free(again);
}

static void is_as_written_down(void **state)
{
	const char *name = *state;
	char path[256], *out = slurp(name, "out"), *err = slurp(name, "err");
	char *rules = slurp(name, "nft"), *json = slurp(name, "json");
	struct outcome got;

	snprintf(path, sizeof(path), "%s.ini", name);
	got = look_at(path);
	assert_string_equal(got.messages, err);
	assert_string_equal(got.out, out);
	if (*rules)
		assert_string_equal(got.rules, rules);
	if (*json)
		assert_string_equal(got.json, json);
	assert_true(!got.err || got.err == -EINVAL);
	if (!got.err)
		check_normal(got.out, got.out_len);
	else
		assert_true(*got.messages);
	clear(&got);
	free(out);
	free(err);
	free(rules);
	free(json);
}

static int print_case(const char *name, const char *ending)
{
	struct outcome got;
	char path[256];

	snprintf(path, sizeof(path), "%s.ini", name);
	got = look_at(path);
	fputs(!strcmp(ending, "nft") ? got.rules :
	      !strcmp(ending, "json") ? got.json :
	      strcmp(ending, "out") ? got.messages : got.out, stdout);
	clear(&got);
	return 0;
}

/* Cut "NAME.ini" to "NAME" */
static char *case_name(char *path)
{
	path[strlen(path) - strlen(".ini")] = '\0';
	return path;
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests;
	glob_t found;
	int failed;

	if (chdir(CASES)) {
		fprintf(stderr, "no %s: run me from the root\n", CASES);
		return 1;
	}
	if (argc == 3)
		return print_case(argv[1], argv[2]);
	if (glob("*.ini", 0, NULL, &found) || !found.gl_pathc) {
		fprintf(stderr, "no cases in %s\n", CASES);
		return 1;
	}
	tests = calloc(found.gl_pathc, sizeof(*tests));
	for (size_t i = 0; tests && i < found.gl_pathc; i++) {
		char *name = case_name(found.gl_pathv[i]);

		tests[i] = (struct CMUnitTest)
			{ name, is_as_written_down, NULL, NULL, name };
	}
	failed = _cmocka_run_group_tests("policy", tests, found.gl_pathc, NULL,
					 NULL);
	free(tests);
	globfree(&found);
	return failed;
}
