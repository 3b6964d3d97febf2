// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiler: canonical, shared where content is equal, flat where many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portwall/compile.h"
#include "portwall/policy.h"

#define NOW_NS 1790000000000000000u	/* 2026-09-21 */

/* A policy's text to its rules; fails the test when it is refused */
static struct pw_ruleset *compile(const char *text, uint32_t generation)
{
	struct pw_service services[] = {
		{ (char[]){ "http" }, 80, 6 }, { (char[]){ "ssh" }, 22, 6 },
	};
	struct pw_host host = {
		.services = services, .num_services = 2, .now_ns = NOW_NS };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_source_free) struct pw_source *src =
		pw_source_from_text("x.ini", NULL, text, strlen(text));
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	struct pw_ruleset *rs = NULL;
	int err = pw_policy_parse(src, &policy, diags);

	if (!err)
		err = pw_policy_resolve(policy, &host, &model, diags);
	if (!err)
		err = pw_compile(model, generation, &rs, diags);
	if (err && pw_diags_kept(diags))
		print_error("%s\n", pw_diags_get(diags, 0)->text);
	assert_int_equal(err, 0);
	return rs;
}

static const struct same_case {
	const char *name, *a, *b;
	bool differs;
} same_cases[] = {
	{ "order of sections",
	  "[allow a]\ntcp = 80\n[allow b]\nudp = 53\nfrom = 10.0.0.0/8\n",
	  "[allow b]\nudp = 53\nfrom = 10.0.0.0/8\n[allow a]\ntcp = 80\n",
	  false },
	{ "order of list items",
	  "[allow a]\ntcp = 80, 443\nfrom = 10.0.0.1, 10.0.0.7\n",
	  "[allow a]\ntcp = 443 80\nfrom = 10.0.0.7, 10.0.0.1\n", false },
	{ "places and comments",
	  "[allow a]\ncomment = one\ntcp = 80\n",
	  "; moved\n\n[allow a]\ntcp = 80\ncomment = two\n", false },
	{ "names and what they stand for",
	  "[addresses]\nlan = 10.0.0.0/8\n[allow a]\ntcp = ssh\nfrom = lan\n",
	  "[allow a]\ntcp = 22\nfrom = 10.0.0.0-10.255.255.255\n", false },
	{ "another port", "[allow a]\ntcp = 80\n", "[allow a]\ntcp = 81\n",
	  true },
	{ "another source", "[allow a]\ntcp = 80\nfrom = 10.0.0.1\n",
	  "[allow a]\ntcp = 80\nfrom = 10.0.0.2\n", true },
	{ "a limit", "[allow a]\ntcp = 80\n",
	  "[allow a]\ntcp = 80\nrate = 6/minute\n", true },
	{ "another default", "[allow a]\ntcp = 80\n",
	  "[policy]\ndefault = reject\n[allow a]\ntcp = 80\n", true },
};

static void compiles_the_same(void **state)
{
	const struct same_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *a = compile(tc->a, 1);
	pw_owned(pw_ruleset_free) struct pw_ruleset *b = compile(tc->b, 1);
	char *what = NULL;

	assert_int_equal(pw_ruleset_diff(a, b, &what), tc->differs);
	free(what);
}

static bool has_chain(const struct pw_ruleset *rs, const char *name)
{
	return pw_ruleset_find_chain(rs, name) != PW_NONE;
}

static void generation_is_in_names_alone(void **state)
{
	const char *text = "[allow a]\ntcp = 22\nfrom = 10.0.0.0/8\n";
	pw_owned(pw_ruleset_free) struct pw_ruleset *a = compile(text, 1);
	pw_owned(pw_ruleset_free) struct pw_ruleset *b = compile(text, 12);

	(void)state;
	assert_int_equal(a->num_chains, b->num_chains);
	assert_int_equal(a->num_sets, b->num_sets);
	assert_int_equal(a->num_maps, b->num_maps);
	assert_true(has_chain(a, "g1.c.0"));
	assert_true(has_chain(b, "g12.c.0"));
	assert_false(has_chain(b, "g1.c.0"));
	for (size_t i = 0; i < a->num_sets; i++)
		assert_string_equal(a->sets[i].name, b->sets[i].name);
}

static size_t sets_of(const struct pw_ruleset *rs, enum pw_set_type type,
		      bool interval)
{
	size_t num = 0;

	for (size_t i = 0; i < rs->num_sets; i++)
		num += rs->sets[i].constant && rs->sets[i].type == type &&
		       rs->sets[i].interval == interval;
	return num;
}

/* Twelve sources, every second address from 10.0.0.1 */
#define TWELVE "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11," \
	"10.0.0.13, 10.0.0.15, 10.0.0.17, 10.0.0.19, 10.0.0.21, 10.0.0.23"

static const struct sets_case {
	const char *name, *text;
	size_t hashes, trees;
} sets_cases[] = {
	{ "few sources are rules",
	  "[allow a]\ntcp = 22\nfrom = 10.0.0.1, 10.0.0.3\n", 0, 0 },
	{ "single addresses are a hash", "[allow a]\ntcp = 22\nfrom = " TWELVE
	  "\n", 1, 0 },
	{ "equal lists share a set",
	  "[allow a]\ntcp = 22\nfrom = " TWELVE "\n[allow b]\nudp = 7\nfrom = "
	  TWELVE "\non = eth1\n", 1, 0 },
	{ "a few prefixes beside a hash stay rules",
	  "[allow a]\ntcp = 22\nfrom = 172.16.0.0/12, " TWELVE "\n", 1, 0 },
	{ "many prefixes are a tree",
	  "[allow a]\ntcp = 22\nfrom = 10.0.0.0/24, 10.0.2.0/24, 10.0.4.0/24,"
	  "10.0.6.0/24, 10.0.8.0/24, 10.0.10.0/24, 10.0.12.0/24, 10.0.14.0/24,"
	  "10.0.16.0/24\n", 0, 1 },
	{ "short ranges are spelled out",
	  "[allow a]\ntcp = 22\nfrom = 10.9.0.0/31, " TWELVE "\n", 1, 0 },
};

static void picks_sets(void **state)
{
	const struct sets_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(tc->text, 1);

	assert_int_equal(sets_of(rs, PW_T_IPV4, false), tc->hashes);
	assert_int_equal(sets_of(rs, PW_T_IPV4, true), tc->trees);
}

/* @num sections from a template with two numbers, behind @head */
static char *many(const char *head, size_t num,
		  void (*line)(FILE *out, size_t i))
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (size_t i = 0; i < num; i++)
		line(out, i);
	fclose(out);
	return text;
}

static void one_port(FILE *out, size_t i)
{
	fprintf(out, "[allow s%zu]\ntcp = 22\nfrom = 10.0.%zu.0/24\n", i,
		2 * i);
}

static void own_port(FILE *out, size_t i)
{
	fprintf(out, "[allow s%zu]\ntcp = %zu\nfrom = 10.%zu.%zu.0/24\n", i,
		1000 + i, i / 250, i % 250);
}

static void merges_sections_of_one_port(void **state)
{
	char *text = many("", 40, one_port);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(text, 1);
	uint32_t chain = pw_ruleset_find_chain(rs, "g1.c.0");
	size_t groups = 0;

	(void)state;
	free(text);
	assert_int_equal(rs->chains[chain].num_rules, 1);
	assert_int_equal(sets_of(rs, PW_T_IPV4, true), 1);
	for (size_t i = 0; i < rs->num_objs; i++)
		if (!strncmp(rs->objs[i].name, "q.", 2)) {
			groups++;
			assert_memory_equal(rs->objs[i].comment, "s0,s1,s10,",
					    10);
		}
	assert_int_equal(groups, 1);
}

static void one_port_of_links(FILE *out, size_t i)
{
	static const char *const links[] = {
		"eth0", "eth0", "eth0", "eth1", "eth2, eth3, eth4, eth5, eth6",
	};

	fprintf(out, "[allow s%zu]\ntcp = 22\nprotocol = gre\non = %s\n"
		"from = 10.0.%zu.0/24\n", i,
		i == 7 ? "eth9" : links[i % PW_ARRAY_SIZE(links)], 2 * i);
}

/*
 * A group for each list of interfaces, whose counter the port and the protocol
 * share; who is alone on an interface is no group
 */
static void merges_sections_of_the_same_links(void **state)
{
	char *text = many("[policy]\ncontainers = ignore\n", 40,
			  one_port_of_links);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(text, 1);
	size_t groups = 0;

	(void)state;
	free(text);
	assert_int_equal(sets_of(rs, PW_T_IFNAME, true), 1);
	for (size_t i = 0; i < rs->num_objs; i++)
		groups += !strncmp(rs->objs[i].name, "q.", 2);
	assert_int_equal(groups, 3);
}

static void many_sections_stay_flat(void **state)
{
	char *text = many("", 2000, own_port);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(text, 1);
	uint32_t map = pw_ruleset_find_map(rs, "m.1.ports");
	uint32_t local = pw_ruleset_find_chain(rs, "g1.local");

	(void)state;
	free(text);
	assert_int_not_equal(map, PW_NONE);
	assert_int_equal(rs->maps[map].num_elems, 2000);
	assert_true(rs->chains[local].num_rules < 16);
	assert_int_equal(sets_of(rs, PW_T_IPV4, true), 0);
}

/* Ports with the same sections share a chain, whatever their protocol */
static void ports_share_classes(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(
		"[allow a]\ntcp = 53, 60-69\nudp = 53\nfrom = 10.0.0.0/8\n"
		"[allow b]\ntcp = 65\nfrom = 172.16.0.0/12\n", 1);
	uint32_t map = pw_ruleset_find_map(rs, "m.1.ports");

	(void)state;
	assert_int_equal(rs->maps[map].num_elems, 12);
	assert_true(has_chain(rs, "g1.c.0"));
	assert_true(has_chain(rs, "g1.c.1"));
	assert_false(has_chain(rs, "g1.c.2"));
}

static void port_zero_is_never_named(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(
		"[allow a]\ntcp = all\n[allow b]\nudp = all\n"
		"from = 10.0.0.0/8\n", 1);

	(void)state;
	for (size_t c = 0; c < rs->num_chains; c++)
		for (size_t r = 0; r < rs->chains[c].num_rules; r++) {
			const struct pw_rule *rule = &rs->chains[c].rules[r];

			for (size_t m = 0; m < rule->num_matches; m++)
				if (rule->matches[m].field == PW_F_DPORT &&
				    rule->matches[m].set == PW_NONE)
					assert_int_not_equal(
						rule->matches[m].range.first.lo,
						0);
		}
}

static void past_until_opens_nothing(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(
		"[allow a]\ntcp = 22\nuntil = 2020-01-01T00:00Z\n", 1);

	(void)state;
	assert_int_equal(pw_ruleset_find_map(rs, "m.1.ports"), PW_NONE);
	assert_false(has_chain(rs, "g1.c.0"));
}

static void ignored_containers_leave_two_hooks_empty(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(
		"[policy]\ncontainers = ignore\n[allow a]\ntcp = 22\n", 1);
	static const char *const empty[] = { "prerouting", "forward" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint32_t base = pw_ruleset_find_chain(rs, empty[i]);

		assert_int_not_equal(base, PW_NONE);
		assert_int_equal(rs->chains[base].num_rules, 0);
		assert_int_equal(rs->chains[base].policy, PW_V_ACCEPT);
	}
	assert_false(has_chain(rs, "g1.pre"));
}

/* Names of nf_tables that nft cannot read back would break other tools */
static void names_are_identifiers(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compile(
		"[policy]\nlog = 5/minute\nping = 3/second\ndefault = reject\n"
		"[allow fwd]\ntcp = 22\nrate = 6/minute per source\n"
		"connections = 3 per source\nlog = 1/second\n"
		"[block input]\nfrom = " TWELVE "\nlog = 1/hour\n", 1);

	(void)state;
	for (size_t i = 0; i < rs->num_chains; i++)
		if (rs->chains[i].hook == PW_HOOK_NONE)
			assert_non_null(strchr(rs->chains[i].name, '.'));
	for (size_t i = 0; i < rs->num_objs; i++)
		assert_int_equal(rs->objs[i].name[1], '.');
	assert_true(has_chain(rs, "g1.s.fwd"));
	assert_true(has_chain(rs, "g1.b.input"));
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(generation_is_in_names_alone),
		cmocka_unit_test(merges_sections_of_one_port),
		cmocka_unit_test(merges_sections_of_the_same_links),
		cmocka_unit_test(many_sections_stay_flat),
		cmocka_unit_test(ports_share_classes),
		cmocka_unit_test(port_zero_is_never_named),
		cmocka_unit_test(past_until_opens_nothing),
		cmocka_unit_test(ignored_containers_leave_two_hooks_empty),
		cmocka_unit_test(names_are_identifiers),
	};
	struct CMUnitTest tests[PW_ARRAY_SIZE(single) +
				PW_ARRAY_SIZE(same_cases) +
				PW_ARRAY_SIZE(sets_cases)];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(single); i++)
		tests[num++] = single[i];
	for (size_t i = 0; i < PW_ARRAY_SIZE(same_cases); i++)
		tests[num++] = (struct CMUnitTest){
			.name = same_cases[i].name,
			.test_func = compiles_the_same,
			.initial_state = (void *)(uintptr_t)&same_cases[i] };
	for (size_t i = 0; i < PW_ARRAY_SIZE(sets_cases); i++)
		tests[num++] = (struct CMUnitTest){
			.name = sets_cases[i].name, .test_func = picks_sets,
			.initial_state = (void *)(uintptr_t)&sets_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
