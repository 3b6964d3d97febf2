// SPDX-License-Identifier: GPL-2.0-or-later
/* All differences of two rulesets: each thing once, rules aligned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ruleset/differences.h"

/*
 * A chain is written as its rules, a letter each: the same letter, the same
 * rule. '-' alone: there is no such chain, "": it has no rules.
 */
static const struct rules_case {
	const char *name, *want, *got;
	const char *found;	/* +letter put in, -letter gone, letter/letter */
} rules_cases[] = {
	{ "equal", "abcde", "abcde", "" },
	{ "both empty", "", "", "" },
	{ "one more in front", "abc", "xabc", "+x" },
	{ "one more inside", "abc", "abxc", "+x" },
	{ "one more at the end", "abc", "abcx", "+x" },
	{ "two more, apart", "abcdef", "axbcdeyf", "+x+y" },
	{ "one less in front", "abc", "bc", "-a" },
	{ "one less inside", "abc", "ac", "-b" },
	{ "one less at the end", "abc", "ab", "-c" },
	{ "replaced", "abcde", "abxde", "c/x" },
	{ "replaced at the end", "abc", "abx", "c/x" },
	{ "two replaced", "abcd", "axyd", "b/xc/y" },
	{ "replaced by two", "abd", "axyd", "b/x+y" },
	{ "two by one", "abcd", "axd", "b/x-c" },
	{ "moved", "abcd", "acdb", "-b+b" },
	{ "repeated", "aab", "aaab", "+a" },
	{ "flushed", "abc", "", "0" },
	{ "filled", "", "ab", "+a+b" },
	{ "gone", "abc", "-", "!" },
	{ "put in", "-", "abc", "?" },
};

static void add_chain(struct pw_ruleset *rs, const char *name,
		      const char *letters)
{
	int64_t at;

	if (*letters == '-')
		return;
	at = pw_ruleset_add_chain(rs, name);
	assert_true(at >= 0);
	for (; *letters; letters++) {
		struct pw_match match = {
			.field = PW_F_TTL, .set = PW_NONE,
			.range = { { 0, (uint8_t)*letters },
				   { 0, (uint8_t)*letters } },
		};
		const struct pw_rule rule = {
			.matches = &match, .num_matches = 1,
			.verdict = { PW_V_DROP, PW_NONE, PW_NONE },
			.section = PW_NONE,
		};

		assert_int_equal(pw_ruleset_add_rule(rs, (uint32_t)at, &rule),
				 0);
	}
}

static struct pw_ruleset *with_chain(const char *letters)
{
	struct pw_ruleset *rs = pw_ruleset_new();

	add_chain(rs, "a", "k");
	add_chain(rs, "c", letters);
	add_chain(rs, "z", "k");
	assert_int_equal(pw_ruleset_sort(rs), 0);
	return rs;
}

static char letter(const struct pw_ruleset *rs, uint32_t chain, size_t rule)
{
	return (char)rs->chains[chain].rules[rule].matches[0].range.first.lo;
}

static void write_rule(const struct pw_ruleset *want,
		       const struct pw_ruleset *got,
		       const struct pw_difference *d, FILE *out)
{
	switch (d->kind) {
	case PW_DIFFERENCE_ADDED:
		fprintf(out, "+%c", letter(got, d->got, d->got_rule));
		break;
	case PW_DIFFERENCE_GONE:
		fprintf(out, "-%c", letter(want, d->want, d->want_rule));
		break;
	default:
		assert_string_equal(d->part, "ip ttl");
		fprintf(out, "%c/%c", letter(want, d->want, d->want_rule),
			letter(got, d->got, d->got_rule));
	}
}

static void write_all(const struct pw_ruleset *want,
		      const struct pw_ruleset *got,
		      const struct pw_differences *all, FILE *out)
{
	static const char chain_marks[] = {
		[PW_DIFFERENCE_ADDED] = '?', [PW_DIFFERENCE_GONE] = '!',
		[PW_DIFFERENCE_EMPTIED] = '0', [PW_DIFFERENCE_CHANGED] = '~',
	};

	for (size_t i = 0; i < all->num; i++) {
		if (all->list[i].thing == PW_THING_RULE)
			write_rule(want, got, &all->list[i], out);
		else
			fputc(chain_marks[all->list[i].kind], out);
	}
}

static void aligns_rules(void **state)
{
	const struct rules_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *want =
		with_chain(tc->want);
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = with_chain(tc->got);
	pw_owned(pw_differences_free) struct pw_differences *all = NULL;
	char text[64] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(pw_differences_find(want, got, &all), 0);
	write_all(want, got, all, out);
	fclose(out);
	assert_string_equal(text, tc->found);
}

/* Sets, maps and objects: each by its name */
static void add_things(struct pw_ruleset *rs, uint32_t size, uint32_t rate,
		       uint32_t key)
{
	const struct pw_set set = { .name = (char[]){ "s" },
				    .type = PW_T_IPV4, .dynamic = true,
				    .size = size };
	const struct pw_rate limit = { .count = rate, .unit_s = 1, .burst = 1 };
	const struct pw_map_elem elem = {
		.key = key, .verdict = { PW_V_ACCEPT, PW_NONE, PW_NONE } };
	int64_t map;

	assert_true(pw_ruleset_add_set(rs, &set) >= 0);
	assert_true(pw_ruleset_add_obj(rs, "l", PW_O_LIMIT, &limit) >= 0);
	map = pw_ruleset_add_map(rs, "m", PW_K_PROTO, false);
	assert_true(map >= 0);
	assert_int_equal(pw_map_add(&rs->maps[map], &elem), 0);
}

static const struct things_case {
	const char *name;
	uint32_t size, rate, key;
	enum pw_thing thing;
	const char *part;
} things_cases[] = {
	{ "a set's size", 2, 1, 1, PW_THING_SET, "is declared in another way" },
	{ "a limit's rate", 1, 2, 1, PW_THING_OBJ, "has another rate" },
	{ "a map's element", 1, 1, 2, PW_THING_MAP, "has other elements" },
};

static void names_things(void **state)
{
	const struct things_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = pw_ruleset_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	pw_owned(pw_differences_free) struct pw_differences *all = NULL;

	add_things(want, 1, 1, 1);
	add_things(got, tc->size, tc->rate, tc->key);
	assert_int_equal(pw_differences_find(want, got, &all), 0);
	assert_int_equal(all->num, 1);
	assert_int_equal(all->list[0].kind, PW_DIFFERENCE_CHANGED);
	assert_int_equal(all->list[0].thing, tc->thing);
	assert_string_equal(all->list[0].part, tc->part);
}

static void finds_missing_things(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *some = pw_ruleset_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *none = pw_ruleset_new();
	pw_owned(pw_differences_free) struct pw_differences *less = NULL,
							    *more = NULL;

	(void)state;
	add_things(some, 1, 1, 1);
	assert_int_equal(pw_differences_find(some, none, &less), 0);
	assert_int_equal(less->num, 3);
	assert_int_equal(less->list[0].kind, PW_DIFFERENCE_GONE);
	assert_int_equal(pw_differences_find(none, some, &more), 0);
	assert_int_equal(more->num, 3);
	assert_int_equal(more->list[0].kind, PW_DIFFERENCE_ADDED);
}

/* Two chains of 20,000 rules without a common one: ends, and in no long time */
static void stays_linear(void **state)
{
	enum { NUM = 20000 };
	static char want_text[NUM + 1], got_text[NUM + 1];
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = NULL, *got = NULL;
	pw_owned(pw_differences_free) struct pw_differences *all = NULL;

	(void)state;
	memset(want_text, 'a', NUM);
	memset(got_text, 'b', NUM);
	want = with_chain(want_text);
	got = with_chain(got_text);
	assert_int_equal(pw_differences_find(want, got, &all), 0);
	assert_int_equal(all->num, NUM);
}

/* Kinds of things are told, not only what they hold */
static void names_declarations(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = pw_ruleset_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	pw_owned(pw_differences_free) struct pw_differences *all = NULL;

	(void)state;
	assert_true(pw_ruleset_add_base(want, "input", PW_HOOK_INPUT, 0,
					PW_V_DROP) >= 0);
	assert_true(pw_ruleset_add_base(got, "input", PW_HOOK_INPUT, 1,
					PW_V_DROP) >= 0);
	assert_true(pw_ruleset_add_map(want, "m", PW_K_PORT, false) >= 0);
	assert_true(pw_ruleset_add_map(got, "m", PW_K_PORT, true) >= 0);
	assert_int_equal(pw_differences_find(want, got, &all), 0);
	assert_int_equal(all->num, 2);
	for (size_t i = 0; i < all->num; i++) {
		const struct pw_difference *one = &all->list[i];

		assert_int_equal(one->kind, PW_DIFFERENCE_CHANGED);
		assert_string_equal(one->part, one->thing == PW_THING_CHAIN ?
				    "hangs on another hook or priority" :
				    "is declared in another way");
	}
}

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))
#define ROW(title, function, row) \
	((struct CMUnitTest){ (title), (function), NULL, NULL, (row) })

int main(void)
{
	static struct CMUnitTest tests[ROWS(rules_cases) +
				       ROWS(things_cases) + 3];
	size_t num = 0;

	for (size_t i = 0; i < ROWS(rules_cases); i++)
		tests[num++] = ROW(rules_cases[i].name, aligns_rules,
				   (void *)(uintptr_t)&rules_cases[i]);
	for (size_t i = 0; i < ROWS(things_cases); i++)
		tests[num++] = ROW(things_cases[i].name, names_things,
				   (void *)(uintptr_t)&things_cases[i]);
	tests[num++] = ROW("missing things", finds_missing_things, NULL);
	tests[num++] = ROW("declarations", names_declarations, NULL);
	tests[num++] = ROW("20,000 other rules", stays_linear, NULL);
	return cmocka_run_group_tests_name("differences", tests, NULL, NULL);
}
