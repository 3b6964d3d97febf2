// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules IR: builders, canonical form, checks, differences. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portwall/ruleset.h"

/* Text that nobody writes to, for members that own theirs elsewhere */
#define TEXT(text) ((char *)(uintptr_t)(text))
#define RANGE(first, last) { { 0, (first) }, { 0, (last) } }
#define ONE(field, value) \
	((struct pw_match){ (field), false, PW_NONE, RANGE(value, value) })
#define SPAN(field, first, last) \
	((struct pw_match){ (field), false, PW_NONE, RANGE(first, last) })
#define NOT(field, first, last) \
	((struct pw_match){ (field), true, PW_NONE, RANGE(first, last) })
#define IN(field, set) ((struct pw_match){ (field), false, (set), RANGE(0, 0) })

/* Indices of what sample() holds, in its own order */
enum { S_ADDR4, S_PORTS, S_IFS, S_LOCAL4, S_RATE4, S_CONN, S_ADOPT,
       S_OPEN, S_OPEN6 };
enum { C_LEAF, C_INPUT };
enum { M_PORTS, M_COUNT };
enum { O_COUNT, O_LIMIT };

static struct pw_rangeset *elems(unsigned int bits, uint64_t first,
				 uint64_t last)
{
	return pw_rangeset_of(bits, pw_value32(first), pw_value32(last));
}

static void add_set(struct pw_ruleset *rs, struct pw_set set)
{
	assert_true(pw_ruleset_add_set(rs, &set) >= 0);
	pw_rangeset_free(set.elems);
}

static void add_sets(struct pw_ruleset *rs)
{
	struct pw_range lo;

	assert_int_equal(pw_ifname_range("br-*", 4, &lo), 0);
	add_set(rs, (struct pw_set){ .name = TEXT("a4"), .type = PW_T_IPV4,
		.constant = true, .interval = true,
		.elems = elems(32, 0x0a000000, 0x0a0000ff) });
	add_set(rs, (struct pw_set){ .name = TEXT("p"), .type = PW_T_PORT,
		.constant = true, .elems = elems(16, 80, 82) });
	add_set(rs, (struct pw_set){ .name = TEXT("i"), .type = PW_T_IFNAME,
		.constant = true, .interval = true,
		.elems = pw_rangeset_of(128, lo.first, lo.last) });
	add_set(rs, (struct pw_set){ .name = TEXT("local4"),
		.type = PW_T_IPV4, .dynamic = true, .timeout = true,
		.timeout_ms = 10000, .size = 65535 });
	add_set(rs, (struct pw_set){ .name = TEXT("rate4"),
		.type = PW_T_MARK_IPV4, .dynamic = true, .timeout = true,
		.size = 65535 });
	add_set(rs, (struct pw_set){ .name = TEXT("conn"),
		.type = PW_T_MARK, .dynamic = true, .size = 64 });
	add_set(rs, (struct pw_set){ .name = TEXT("adopt"),
		.type = PW_T_NFPROTO, .timeout = true });
	add_set(rs, (struct pw_set){ .name = TEXT("s.open"),
		.type = PW_T_PORT_PROTO, .timeout = true, .size = 64 });
	add_set(rs, (struct pw_set){ .name = TEXT("s.open6"),
		.type = PW_T_PORT_PROTO_IPV6, .timeout = true,
		.interval = true, .size = 64 });
}

/* A ruleset with one of everything, one rule and one edge */
static struct pw_ruleset *sample(void)
{
	struct pw_ruleset *rs = pw_ruleset_new();
	struct pw_rate rate = { 6, 60, 6 };
	struct pw_rule rule = { .verdict = { .kind = PW_V_JUMP,
					     .chain = C_LEAF } };
	struct pw_map_elem port = { .key = 22,
				    .verdict = { .kind = PW_V_GOTO } };
	struct pw_map_elem counter = { .key = 80 };

	assert_non_null(rs);
	add_sets(rs);
	assert_int_equal(pw_ruleset_add_chain(rs, "leaf"), C_LEAF);
	assert_int_equal(pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0,
					     PW_V_DROP), C_INPUT);
	assert_int_equal(pw_ruleset_add_obj(rs, "n.x", PW_O_COUNTER, NULL),
			 O_COUNT);
	assert_int_equal(pw_ruleset_add_obj(rs, "l.x", PW_O_LIMIT, &rate),
			 O_LIMIT);
	assert_int_equal(pw_ruleset_add_map(rs, "ports", PW_K_PORT, false),
			 M_PORTS);
	assert_int_equal(pw_ruleset_add_map(rs, "count", PW_K_PORT, true),
			 M_COUNT);
	assert_int_equal(pw_map_add(&rs->maps[M_PORTS], &port), 0);
	assert_int_equal(pw_map_add(&rs->maps[M_COUNT], &counter), 0);
	assert_int_equal(pw_ruleset_add_rule(rs, C_INPUT, &rule), 0);
	return rs;
}

#define MAX_MATCHES 4

/* Rules that pw_ruleset_check() lets through, and rules that it refuses */
static const struct rule_case {
	const char *name;
	int err;
	struct pw_match matches[MAX_MATCHES];
	size_t num_matches;
	struct pw_effect effect;
	bool has_effect;
	struct pw_verdict verdict;
} rule_cases[] = {
#define M(n, ...) { __VA_ARGS__ }, n
#define NO_EFFECT { 0 }, false
#define EFFECT(...) { __VA_ARGS__ }, true
#define ACCEPT { PW_V_ACCEPT, 0, 0 }
#define NONE { PW_V_NONE, 0, 0 }
#define TCP ONE(PW_F_L4PROTO, 6)
	{ "port", 0, M(2, TCP, ONE(PW_F_DPORT, 22)), NO_EFFECT, ACCEPT },
	{ "port without protocol", -EPROTO, M(1, ONE(PW_F_DPORT, 22)),
	  NO_EFFECT, ACCEPT },
	{ "port of ICMP", -EPROTO,
	  M(2, ONE(PW_F_L4PROTO, 1), ONE(PW_F_DPORT, 22)), NO_EFFECT, ACCEPT },
	{ "port beside a negated protocol", -EPROTO,
	  M(2, NOT(PW_F_L4PROTO, 6, 6), ONE(PW_F_DPORT, 22)), NO_EFFECT,
	  ACCEPT },
	{ "port too large", -EPROTO, M(2, TCP, ONE(PW_F_DPORT, 65536)),
	  NO_EFFECT, ACCEPT },
	{ "every port", -EPROTO, M(2, TCP, SPAN(PW_F_DPORT, 0, 65535)),
	  NO_EFFECT, ACCEPT },
	{ "backwards", -EPROTO, M(2, TCP, SPAN(PW_F_DPORT, 9, 8)), NO_EFFECT,
	  ACCEPT },
	{ "openings", 0, M(1, IN(PW_F_DPORT, S_OPEN)), NO_EFFECT, ACCEPT },
	{ "openings of a source", 0, M(1, IN(PW_F_DPORT, S_OPEN6)), NO_EFFECT,
	  ACCEPT },
	{ "openings by another field", -EPROTO, M(1, IN(PW_F_SADDR6, S_OPEN6)),
	  NO_EFFECT, ACCEPT },
	{ "openings by the source port", -EPROTO, M(1, IN(PW_F_SPORT, S_OPEN)),
	  NO_EFFECT, ACCEPT },
	{ "no openings", -EPROTO,
	  M(1, { PW_F_DPORT, true, S_OPEN, RANGE(0, 0) }), NO_EFFECT, ACCEPT },
	{ "openings of a protocol", -EPROTO, M(2, TCP, IN(PW_F_DPORT, S_OPEN)),
	  NO_EFFECT, ACCEPT },
	{ "openings of two families", -EPROTO,
	  M(2, IN(PW_F_DPORT, S_OPEN6), ONE(PW_F_SADDR4, 1)), NO_EFFECT,
	  ACCEPT },
	{ "openings of two families, one named", -EPROTO,
	  M(2, ONE(PW_F_NFPROTO, 2), IN(PW_F_DPORT, S_OPEN6)), NO_EFFECT,
	  ACCEPT },
	{ "openings made by a rule", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_OPEN), NONE },
	{ "neither port", -EPROTO,
	  M(3, TCP, NOT(PW_F_SPORT, 1, 1), NOT(PW_F_DPORT, 2, 2)), NO_EFFECT,
	  ACCEPT },
	{ "address set", 0, M(1, IN(PW_F_SADDR4, S_ADDR4)), NO_EFFECT, ACCEPT },
	{ "set of another type", -EPROTO, M(1, IN(PW_F_SADDR6, S_ADDR4)),
	  NO_EFFECT, ACCEPT },
	{ "set of no type here", -EPROTO, M(1, IN(PW_F_TTL, S_ADDR4)),
	  NO_EFFECT, ACCEPT },
	{ "set out of range", -EPROTO, M(1, IN(PW_F_SADDR4, 99)), NO_EFFECT,
	  ACCEPT },
	{ "two families", -EPROTO,
	  M(2, ONE(PW_F_SADDR4, 1), ONE(PW_F_HOPLIMIT, 255)), NO_EFFECT,
	  ACCEPT },
	{ "family against address", -EPROTO,
	  M(2, ONE(PW_F_NFPROTO, 10), ONE(PW_F_SADDR4, 1)), NO_EFFECT, ACCEPT },
	{ "family set and address", -EPROTO,
	  M(2, IN(PW_F_NFPROTO, S_ADOPT), ONE(PW_F_SADDR4, 1)), NO_EFFECT,
	  ACCEPT },
	{ "no family", -EPROTO, M(1, ONE(PW_F_NFPROTO, 7)), NO_EFFECT, ACCEPT },
	{ "two protocols", -EPROTO, M(2, TCP, ONE(PW_F_ICMP_TYPE, 8)),
	  NO_EFFECT, ACCEPT },
	{ "new or untracked", 0, M(1, SPAN(PW_F_CT_STATE, 2, 3)), NO_EFFECT,
	  ACCEPT },
	{ "any state", -EPROTO, M(1, SPAN(PW_F_CT_STATE, 0, 4)), NO_EFFECT,
	  ACCEPT },
	{ "no such state", -EPROTO, M(1, ONE(PW_F_CT_STATE, 5)), NO_EFFECT,
	  ACCEPT },
	{ "no such flag", -EPROTO, M(1, ONE(PW_F_TCP_SYNACK, 1)), NO_EFFECT,
	  ACCEPT },
	{ "until", 0, M(1, SPAN(PW_F_TIME, 5000000000, 8999999999)), NO_EFFECT,
	  ACCEPT },
	{ "until a broken second", -EPROTO,
	  M(1, SPAN(PW_F_TIME, 5000000000, 9000000000)), NO_EFFECT, ACCEPT },
	{ "interface range", -EPROTO, M(1, SPAN(PW_F_IIFNAME, 5, 9)),
	  NO_EFFECT, ACCEPT },
	{ "count", 0, M(0), EFFECT(.kind = PW_E_COUNTER, .obj = O_COUNT), NONE },
	{ "count with a limit", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_COUNTER, .obj = O_LIMIT), NONE },
	{ "count with nothing", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_COUNTER, .obj = 7), NONE },
	{ "count by port", 0, M(1, TCP),
	  EFFECT(.kind = PW_E_COUNTER_MAP, .map = M_COUNT), NONE },
	{ "count by port of anything", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_COUNTER_MAP, .map = M_COUNT), NONE },
	{ "count by verdicts", -EPROTO, M(1, TCP),
	  EFFECT(.kind = PW_E_COUNTER_MAP, .map = M_PORTS), NONE },
	{ "limit", 0, M(0), EFFECT(.kind = PW_E_LIMIT, .obj = O_LIMIT), ACCEPT },
	{ "inline limit", 0, M(0),
	  EFFECT(.kind = PW_E_LIMIT_INLINE, .rate = { 5, 1, 5 }), ACCEPT },
	{ "odd unit", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_LIMIT_INLINE, .rate = { 5, 7, 5 }), ACCEPT },
	{ "update", 0, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_RATE4, .key = 17,
		 .timeout_ms = 1000, .rate = { 6, 60, 6 }), ACCEPT },
	{ "update of a constant set", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_ADDR4), ACCEPT },
	{ "update of the other family", -EPROTO, M(1, ONE(PW_F_HOPLIMIT, 1)),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_RATE4, .key = 17), ACCEPT },
	{ "constant where there is no room", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_LOCAL4, .key = 17), ACCEPT },
	{ "timeout where there is none", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_CONN, .timeout_ms = 1), ACCEPT },
	{ "rate and connections", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_CONN, .rate = { 6, 60, 6 },
		 .conns = 3), ACCEPT },
	{ "connections where elements expire", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_UPDATE, .set = S_RATE4, .key = 1, .conns = 3),
	  ACCEPT },
	{ "log", 0, M(0), EFFECT(.kind = PW_E_LOG, .text = TEXT("x: ")),
	  NONE },
	{ "log a quote", -EPROTO, M(0),
	  EFFECT(.kind = PW_E_LOG, .text = TEXT("\"x")), NONE },
	{ "log nothing", -EPROTO, M(0), EFFECT(.kind = PW_E_LOG), NONE },
	{ "jump to a base chain", -EPROTO, M(0), NO_EFFECT,
	  { PW_V_JUMP, C_INPUT, 0 } },
	{ "jump to nowhere", -EPROTO, M(0), NO_EFFECT, { PW_V_GOTO, 9, 0 } },
	{ "jump to itself", -EPROTO, M(0), NO_EFFECT,
	  { PW_V_JUMP, C_LEAF, 0 } },
	{ "circle through a map", -EPROTO, M(1, TCP), NO_EFFECT,
	  { PW_V_MAP, 0, M_PORTS } },
	{ "counters as verdicts", -EPROTO, M(1, TCP), NO_EFFECT,
	  { PW_V_MAP, 0, M_COUNT } },
	{ "reset", 0, M(1, TCP), NO_EFFECT, { PW_V_REJECT_RST, 0, 0 } },
	{ "reset of one family", -EPROTO, M(2, ONE(PW_F_NFPROTO, 2), TCP), NO_EFFECT,
	  { PW_V_REJECT_RST, 0, 0 } },
	{ "reset UDP", -EPROTO, M(1, ONE(PW_F_L4PROTO, 17)), NO_EFFECT,
	  { PW_V_REJECT_RST, 0, 0 } },
	{ "protocol unreachable", 0, M(1, ONE(PW_F_NFPROTO, 2)), NO_EFFECT,
	  { PW_V_REJECT_PROTO, 0, 0 } },
	{ "protocol unreachable of any family", -EPROTO, M(0), NO_EFFECT,
	  { PW_V_REJECT_PROTO, 0, 0 } },
	{ "port unreachable", 0, M(0), NO_EFFECT, { PW_V_REJECT_PORT, 0, 0 } },
	{ "port unreachable of one family", -EPROTO, M(1, ONE(PW_F_TTL, 1)),
	  NO_EFFECT, { PW_V_REJECT_PORT, 0, 0 } },
	{ "nothing", -EPROTO, M(0), NO_EFFECT, NONE },
};

static void checks_rule(void **state)
{
	const struct rule_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_match matches[MAX_MATCHES];
	struct pw_effect effect = tc->effect;
	struct pw_rule rule = {
		.matches = matches, .num_matches = tc->num_matches,
		.effects = &effect, .num_effects = tc->has_effect,
		.verdict = tc->verdict,
	};

	memcpy(matches, tc->matches, sizeof(matches));
	assert_int_equal(pw_ruleset_check(rs, diags), 0);
	assert_int_equal(pw_ruleset_add_rule(rs, C_LEAF, &rule), 0);
	assert_int_equal(pw_ruleset_check(rs, diags), tc->err);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), tc->err ? 1 : 0);
}

/* One form for rules that mean the same */
static const struct form_case {
	const char *name;
	struct pw_match in[MAX_MATCHES];
	size_t num_in;
	struct pw_match out[MAX_MATCHES];
	size_t num_out;
} form_cases[] = {
	{ "sorted", M(2, ONE(PW_F_DPORT, 1), TCP),
	  M(2, TCP, ONE(PW_F_DPORT, 1)) },
	{ "family implied", M(2, ONE(PW_F_SADDR4, 1), ONE(PW_F_NFPROTO, 2)),
	  M(1, ONE(PW_F_SADDR4, 1)) },
	{ "family implied by a set",
	  M(2, ONE(PW_F_NFPROTO, 10), IN(PW_F_DPORT, S_OPEN6)),
	  M(1, IN(PW_F_DPORT, S_OPEN6)) },
	{ "another family stays",
	  M(2, ONE(PW_F_SADDR4, 1), ONE(PW_F_NFPROTO, 10)),
	  M(2, ONE(PW_F_NFPROTO, 10), ONE(PW_F_SADDR4, 1)) },
	{ "protocol implied", M(2, ONE(PW_F_L4PROTO, 1), ONE(PW_F_ICMP_TYPE, 8)),
	  M(1, ONE(PW_F_ICMP_TYPE, 8)) },
	{ "flags of TCP", M(1, ONE(PW_F_TCP_SYNACK, 16)),
	  M(2, TCP, ONE(PW_F_TCP_SYNACK, 16)) },
	{ "not established", M(1, NOT(PW_F_CT_STATE, 0, 0)),
	  M(1, SPAN(PW_F_CT_STATE, 1, 4)) },
	{ "not invalid", M(1, NOT(PW_F_CT_STATE, 4, 4)),
	  M(1, SPAN(PW_F_CT_STATE, 0, 3)) },
	{ "not new", M(1, NOT(PW_F_CT_STATE, 2, 2)),
	  M(1, NOT(PW_F_CT_STATE, 2, 2)) },
	{ "not DNAT", M(1, NOT(PW_F_CT_DNAT, 1, 1)),
	  M(1, ONE(PW_F_CT_DNAT, 0)) },
};

static void has_one_form(void **state)
{
	const struct form_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();
	struct pw_match in[MAX_MATCHES];
	struct pw_rule rule = { .matches = in, .num_matches = tc->num_in };
	const struct pw_rule *got;

	memcpy(in, tc->in, sizeof(in));
	assert_int_equal(pw_ruleset_add_rule(rs, C_LEAF, &rule), 0);
	got = &rs->chains[C_LEAF].rules[0];
	assert_int_equal(got->num_matches, tc->num_out);
	for (size_t i = 0; i < tc->num_out; i++) {
		const struct pw_match *a = &got->matches[i], *b = &tc->out[i];

		assert_int_equal(a->field, b->field);
		assert_int_equal(a->negated, b->negated);
		assert_int_equal(a->range.first.lo, b->range.first.lo);
		assert_int_equal(a->range.last.lo, b->range.last.lo);
	}
}

static void refuses_field_twice(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();
	struct pw_match matches[] = { TCP, TCP };
	struct pw_rule rule = { .matches = matches, .num_matches = 2 };

	(void)state;
	assert_int_equal(pw_ruleset_add_rule(rs, C_LEAF, &rule), -EEXIST);
	assert_int_equal(rs->chains[C_LEAF].num_rules, 0);
}

static void change_nothing(struct pw_ruleset *rs)
{
	rs->chains[C_INPUT].rules[0].handle = 9;
	rs->objs[O_COUNT].packets = 9;
}

static void change_policy(struct pw_ruleset *rs)
{
	rs->chains[C_INPUT].policy = PW_V_ACCEPT;
}

static void change_verdict(struct pw_ruleset *rs)
{
	rs->chains[C_INPUT].rules[0].verdict.kind = PW_V_GOTO;
}

static void change_rate(struct pw_ruleset *rs)
{
	rs->objs[O_LIMIT].rate.burst++;
}

static void change_key(struct pw_ruleset *rs)
{
	rs->maps[M_PORTS].elems[0].key++;
}

static void change_timeout(struct pw_ruleset *rs)
{
	rs->sets[S_LOCAL4].timeout_ms++;
}

static void change_elems(struct pw_ruleset *rs)
{
	pw_rangeset_free(rs->sets[S_PORTS].elems);
	rs->sets[S_PORTS].elems = elems(16, 80, 83);
}

static void lose_elems(struct pw_ruleset *rs)
{
	pw_rangeset_free(rs->sets[S_PORTS].elems);
	rs->sets[S_PORTS].elems = NULL;
}

static void add_match(struct pw_ruleset *rs)
{
	struct pw_match match = ONE(PW_F_TTL, 1);
	struct pw_rule rule = { .matches = &match, .num_matches = 1 };

	assert_int_equal(pw_ruleset_add_rule(rs, C_LEAF, &rule), 0);
}

static void add_chain(struct pw_ruleset *rs)
{
	assert_true(pw_ruleset_add_chain(rs, "more") >= 0);
}

static const struct diff_case {
	const char *name;
	void (*change)(struct pw_ruleset *rs);
	const char *what;	/* part of the sentence, NULL: equal */
} diff_cases[] = {
	{ "handles and counts", change_nothing, NULL },
	{ "policy", change_policy, "input" },
	{ "verdict", change_verdict, "chain input, rule 1: the verdict" },
	{ "rate", change_rate, "l.x" },
	{ "map key", change_key, "ports" },
	{ "timeout", change_timeout, "local4" },
	{ "elements", change_elems, "set p " },
	{ "elements of a small set missing", lose_elems, "set p " },
	{ "one more rule", add_match, "leaf has 1 rules, not 0" },
	{ "one more chain", add_chain, "chain more" },
};

static void names_difference(void **state)
{
	const struct diff_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = sample();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = sample();
	char *what = NULL;

	tc->change(got);
	assert_int_equal(pw_ruleset_sort(want), 0);
	assert_int_equal(pw_ruleset_sort(got), 0);
	assert_int_equal(pw_ruleset_diff(want, got, &what), !!tc->what);
	if (tc->what)
		assert_non_null(strstr(what, tc->what));
	free(what);
	assert_int_equal(pw_ruleset_diff(got, want, &what), !!tc->what);
	free(what);
}

static void forgives_large_sets(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = pw_ruleset_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	struct pw_set set = { .name = TEXT("big"), .type = PW_T_IPV4,
			      .constant = true, .elems = elems(32, 1, 5000) };
	char *what = NULL;

	(void)state;
	assert_int_equal(pw_ruleset_add_set(want, &set), 0);
	pw_rangeset_free(set.elems);
	set.elems = NULL;
	set.size = 5000;
	assert_int_equal(pw_ruleset_add_set(got, &set), 0);
	assert_int_equal(pw_ruleset_diff(want, got, &what), 0);
	got->sets[0].size++;
	assert_int_equal(pw_ruleset_diff(want, got, &what), 1);
	free(what);
}

static void sorts_and_rewrites(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct pw_rule *rule;

	(void)state;
	assert_int_equal(pw_ruleset_sort(rs), 0);
	assert_string_equal(rs->chains[0].name, "input");
	assert_string_equal(rs->chains[1].name, "leaf");
	assert_string_equal(rs->sets[0].name, "a4");
	assert_string_equal(rs->sets[1].name, "adopt");
	assert_string_equal(rs->objs[0].name, "l.x");
	assert_string_equal(rs->maps[0].name, "count");
	assert_int_equal(rs->maps[0].elems[0].obj, 1);
	assert_int_equal(rs->maps[1].elems[0].verdict.chain, 1);
	rule = &rs->chains[0].rules[0];
	assert_int_equal(rule->verdict.chain, 1);
	assert_int_equal(pw_ruleset_find_chain(rs, "leaf"), 1);
	assert_int_equal(pw_ruleset_find_set(rs, "a4"), 0);
	assert_int_equal(pw_ruleset_find_obj(rs, "n.x"), 1);
	assert_int_equal(pw_ruleset_find_map(rs, "nowhere"), PW_NONE);
	assert_int_equal(pw_ruleset_check(rs, diags), 0);
}

static void refuses_name_twice(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();

	(void)state;
	assert_true(pw_ruleset_add_base(rs, "leaf", PW_HOOK_FORWARD, 0,
					PW_V_ACCEPT) > 0);
	assert_int_equal(pw_ruleset_sort(rs), -EEXIST);
}

static void refuses_key_twice(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = sample();
	struct pw_map_elem again = { .key = 22,
				     .verdict = { .kind = PW_V_DROP } };

	(void)state;
	assert_int_equal(pw_map_add(&rs->maps[M_PORTS], &again), 0);
	assert_int_equal(pw_ruleset_sort(rs), -EEXIST);
}

/* Chains that jump one to the next: the kernel takes 15 jumps, not 16 */
static int check_depth(unsigned int num)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char name[16];

	for (unsigned int i = 0; i <= num; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(pw_ruleset_add_chain(rs, name), i);
	}
	for (unsigned int i = 0; i < num; i++) {
		struct pw_rule rule = { .verdict = { PW_V_JUMP, i + 1, 0 } };

		assert_int_equal(pw_ruleset_add_rule(rs, i, &rule), 0);
	}
	return pw_ruleset_check(rs, diags);
}

static void bounds_depth(void **state)
{
	(void)state;
	assert_int_equal(check_depth(15), 0);
	assert_int_equal(check_depth(16), -EPROTO);
}

static void finds_among_many(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	char name[16];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(pw_ruleset_find_chain(rs, name), PW_NONE);
		assert_int_equal(pw_ruleset_add_chain(rs, name), i);
		assert_int_equal(pw_ruleset_find_chain(rs, name), i);
	}
}

#define ROWS(cases, fn)							\
	for (size_t row_ = 0; row_ < PW_ARRAY_SIZE(cases); row_++)	\
		tests[num++] = (struct CMUnitTest){			\
			(cases)[row_].name, fn, NULL, NULL,		\
			(void *)(uintptr_t)&(cases)[row_] }

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(refuses_field_twice),
		cmocka_unit_test(forgives_large_sets),
		cmocka_unit_test(sorts_and_rewrites),
		cmocka_unit_test(refuses_name_twice),
		cmocka_unit_test(refuses_key_twice),
		cmocka_unit_test(bounds_depth),
		cmocka_unit_test(finds_among_many),
	};
	static struct CMUnitTest tests[128];
	size_t num = 0;

	ROWS(rule_cases, checks_rule);
	ROWS(form_cases, has_one_form);
	ROWS(diff_cases, names_difference);
	memcpy(&tests[num], fixed, sizeof(fixed));
	num += PW_ARRAY_SIZE(fixed);
	return _cmocka_run_group_tests("ruleset", tests, num, NULL, NULL);
}
