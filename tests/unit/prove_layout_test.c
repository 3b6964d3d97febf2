// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The proof of rules that the compiler never makes: other base chains, sets
 * that nobody knows, what is remembered of packets, jumps without end. And of
 * so many limits and sets that every table of them grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/compile.h>

#include "policy_help.h"

static struct pw_chain *chain_of(struct pw_ruleset *rs, const char *name)
{
	uint32_t chain = pw_ruleset_find_chain(rs, name);

	assert_int_not_equal(chain, PW_NONE);
	return &rs->chains[chain];
}

static void no_input(struct pw_ruleset *rs)
{
	chain_of(rs, "input")->name[0] = 'X';
}

static void at_another_hook(struct pw_ruleset *rs)
{
	chain_of(rs, "input")->hook = PW_HOOK_FORWARD;
}

static void later(struct pw_ruleset *rs)
{
	chain_of(rs, "forward")->priority++;
}

static void drops_forwarded(struct pw_ruleset *rs)
{
	chain_of(rs, "forward")->policy = PW_V_DROP;
}

static void unknown_set(struct pw_ruleset *rs)
{
	const struct pw_set set = { .name = (char[]){ "s.other" },
				    .type = PW_T_PORT_PROTO, .timeout = true };

	assert_true(pw_ruleset_add_set(rs, &set) >= 0);
}

static void constant_openings(struct pw_ruleset *rs)
{
	rs->sets[pw_ruleset_find_set(rs, "s.open4")].constant = true;
}

/* A new first rule of @chain: packets whose @field is @value go to @verdict */
static void put_first(struct pw_ruleset *rs, const char *chain,
		      enum pw_field field, uint32_t value,
		      struct pw_verdict verdict)
{
	struct pw_match match = { .field = field, .set = PW_NONE,
				  .range = { pw_value32(value),
					     pw_value32(value) } };
	const struct pw_rule rule = { .matches = &match, .num_matches = 1,
				      .verdict = verdict, .section = PW_NONE };
	struct pw_chain *c = chain_of(rs, chain);
	struct pw_rule last;

	assert_int_equal(pw_ruleset_add_rule(rs, (uint32_t)(c - rs->chains),
					     &rule), 0);
	last = c->rules[c->num_rules - 1];
	memmove(c->rules + 1, c->rules,
		(c->num_rules - 1) * sizeof(*c->rules));
	c->rules[0] = last;
}

static const struct pw_verdict accept_it = { PW_V_ACCEPT, PW_NONE, PW_NONE };
static const struct pw_verdict drop_it = { PW_V_DROP, PW_NONE, PW_NONE };

static void opens_anycast(struct pw_ruleset *rs)
{
	put_first(rs, "g1.in", PW_F_FIB_DADDR, RTN_ANYCAST, accept_it);
}

static void opens_others(struct pw_ruleset *rs)
{
	put_first(rs, "g1.in", PW_F_FIB_DADDR, RTN_UNICAST, accept_it);
}

static void opens_nameless(struct pw_ruleset *rs)
{
	put_first(rs, "g1.in", PW_F_L4PROTO, 253, accept_it);
}

static void closes_port(struct pw_ruleset *rs)
{
	put_first(rs, "g1.in", PW_F_L4PROTO, IPPROTO_TCP, drop_it);
}

/* Deeper than the kernel's 16 */
static void jumps_too_deep(struct pw_ruleset *rs)
{
	struct pw_verdict jump = { PW_V_JUMP, PW_NONE, PW_NONE };
	char from[8], to[8];

	for (int i = 0; i < 20; i++) {
		snprintf(to, sizeof(to), "j%d", i);
		jump.chain = (uint32_t)pw_ruleset_add_chain(rs, to);
		put_first(rs, i ? from : "g1.in", PW_F_L4PROTO, IPPROTO_TCP,
			  jump);
		memcpy(from, to, sizeof(from));
	}
}

/* The rule that remembers in @set what prerouting has judged */
static struct pw_rule *rule_that_fills(struct pw_ruleset *rs, const char *set)
{
	uint32_t wanted = pw_ruleset_find_set(rs, set);

	assert_int_not_equal(wanted, PW_NONE);
	for (size_t c = 0; c < rs->num_chains; c++)
		for (size_t r = 0; r < rs->chains[c].num_rules; r++) {
			struct pw_rule *rule = &rs->chains[c].rules[r];

			if (rule->num_effects &&
			    rule->effects[0].kind == PW_E_UPDATE &&
			    rule->effects[0].set == wanted)
				return rule;
		}
	fail_msg("no rule fills %s", set);
	return NULL;
}

static void forgets_judged(struct pw_ruleset *rs)
{
	rule_that_fills(rs, "s.judged4")->effects[0].set =
		pw_ruleset_find_set(rs, "s.own4");
}

static void remembers_for_a_while(struct pw_ruleset *rs)
{
	rule_that_fills(rs, "s.judged6")->effects[0].timeout_ms = 1000;
}

static const struct spoilt {
	const char *name;
	void (*spoil)(struct pw_ruleset *rs);
	const char *words;
} spoilts[] = {
	{ "no base chain", no_input, "there is no base chain input" },
	{ "another hook", at_another_hook,
	  "base chain input is not at its hook and priority 0" },
	{ "another priority", later,
	  "base chain forward is not at its hook and priority -1" },
	{ "another policy", drops_forwarded,
	  "base chain forward has the wrong policy" },
	{ "an unknown set", unknown_set, "what set s.other holds is not known" },
	{ "openings that are constant", constant_openings,
	  "set s.open4 is constant and changes" },
	{ "anycast", opens_anycast, "to an anycast address" },
	{ "addresses of others", opens_others,
	  "to an address that is not the host's" },
	{ "a protocol without a name", opens_nameless, "protocol 253" },
	{ "a closed protocol", closes_port, "the rules drop" },
	{ "jumps without end", jumps_too_deep, "jumps deep" },
	{ "what is judged is kept elsewhere", forgets_judged, "the rules" },
	{ "what is judged is forgotten", remembers_for_a_while,
	  "forget that prerouting has judged a packet" },
};

static void is_refused(void **state)
{
	const struct spoilt *tc = *state;
	struct read_policy got = read_text("[policy]\ncontainers = follow\n"
					   "[allow a]\ntcp = 80\n");
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	const struct pw_diag *diag;

	assert_int_equal(got.err, 0);
	assert_int_equal(pw_compile(got.model, 1, &rs, got.diags), 0);
	assert_int_equal(pw_prove(got.model, rs, got.diags), 0);
	tc->spoil(rs);
	assert_int_equal(pw_prove(got.model, rs, got.diags), -EPROTO);
	diag = pw_diags_get(got.diags, pw_diags_kept(got.diags) - 1);
	if (!strstr(diag->text, tc->words))
		fail_msg("%s", diag->text);
	read_policy_clear(&got);
}

/* Each section with a limit and a list of its own, as text to be freed */
static char *many_limits(unsigned int num)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (unsigned int i = 0; i < num; i++) {
		fprintf(out, "[allow s%u]\ntcp = %u\nrate = 6/minute\n"
			"from = 10.%u.0.0/24", i, 1000 + i, i);
		for (unsigned int j = 2; j < 20; j += 2)
			fprintf(out, ", 10.%u.%u.0/24", i, j);
		fputc('\n', out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void many_limits_are_proved(void **state)
{
	char *text = many_limits(200);
	struct read_policy got = read_text(text);
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	uint32_t limit;

	(void)state;
	free(text);
	assert_int_equal(got.err, 0);
	assert_int_equal(pw_compile(got.model, 1, &rs, got.diags), 0);
	assert_true(rs->num_sets > 200);
	assert_int_equal(pw_prove(got.model, rs, got.diags), 0);
	for (limit = 0; rs->objs[limit].kind != PW_O_LIMIT; limit++)
		;
	rs->objs[limit].rate.count++;
	assert_int_equal(pw_prove(got.model, rs, got.diags), -EPROTO);
	read_policy_clear(&got);
}

int main(void)
{
	static const struct CMUnitTest many[] = {
		cmocka_unit_test(many_limits_are_proved),
	};
	struct CMUnitTest tests[PW_ARRAY_SIZE(spoilts)] = { 0 };

	for (size_t i = 0; i < PW_ARRAY_SIZE(spoilts); i++) {
		tests[i].name = spoilts[i].name;
		tests[i].test_func = is_refused;
		tests[i].initial_state = (void *)(uintptr_t)&spoilts[i];
	}
	return cmocka_run_group_tests_name("proof of another layout", tests,
					   NULL, NULL) +
	       cmocka_run_group_tests_name("proof of many limits", many, NULL,
					   NULL);
}
