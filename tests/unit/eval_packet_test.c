/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fate of one packet: prerouting, then input, with room in every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <string.h>

#include <portwall/compile.h>
#include <portwall/eval.h>

#include "policy_help.h"

/* A ruleset of two base chains, with one rule in each chain */
static struct pw_ruleset *gate(enum pw_field field, uint32_t n)
{
	struct pw_match m = { .field = field, .set = PW_NONE,
			      .range = { pw_value32(n), pw_value32(n) } };
	struct pw_effect e = { .kind = PW_E_LIMIT };
	struct pw_rule drop = { .matches = &m, .num_matches = 1,
				.verdict = { .kind = PW_V_DROP } };
	struct pw_rule pass = { .effects = &e, .num_effects = 1,
				.verdict = { .kind = PW_V_ACCEPT } };
	struct pw_ruleset *rs = pw_ruleset_new();

	assert_non_null(rs);
	pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0, PW_V_DROP);
	pw_ruleset_add_base(rs, "prerouting", PW_HOOK_PREROUTING, -199,
			    PW_V_ACCEPT);
	pw_ruleset_add_obj(rs, "l", PW_O_LIMIT, &(struct pw_rate){ 1, 1, 1 });
	assert_int_equal(pw_ruleset_add_rule(rs, 1, &drop), 0);
	assert_int_equal(pw_ruleset_add_rule(rs, 0, &pass), 0);
	return rs;
}

static const struct fate_case {
	const char *name;
	enum pw_field field;
	uint32_t n;
	struct pw_packet packet;
	enum pw_outcome outcome;
	bool limited;
} fates[] = {
	{ "port", PW_F_DPORT, 22,
	  { .l4proto = IPPROTO_TCP, .dport = 22 }, PW_OUT_DROP, false },
	{ "another port", PW_F_DPORT, 22,
	  { .l4proto = IPPROTO_TCP, .dport = 23 }, PW_OUT_ACCEPT, true },
	{ "no port", PW_F_DPORT, 0, { .l4proto = IPPROTO_GRE },
	  PW_OUT_ACCEPT, true },
	{ "source", PW_F_SADDR4, 9, { .src = { 0, 9 } }, PW_OUT_DROP, false },
	{ "source of the other family", PW_F_SADDR4, 9,
	  { .family = PW_IPV6, .src = { 0, 9 } }, PW_OUT_ACCEPT, true },
	{ "state", PW_F_CT_STATE, PW_CT_NEW, { .state = PW_CT_NEW },
	  PW_OUT_DROP, false },
	{ "local is what is not said", PW_F_FIB_DADDR, RTN_LOCAL,
	  { .l4proto = IPPROTO_TCP }, PW_OUT_DROP, false },
	{ "broadcast", PW_F_FIB_DADDR, RTN_LOCAL,
	  { .dst_type = RTN_BROADCAST }, PW_OUT_ACCEPT, true },
	{ "type of ICMP", PW_F_ICMP_TYPE, 8,
	  { .l4proto = IPPROTO_ICMP, .icmp_type = 8 }, PW_OUT_DROP, false },
	{ "type of ICMPv6", PW_F_ICMP_TYPE, 8,
	  { .l4proto = IPPROTO_ICMPV6, .icmp_type = 8, .family = PW_IPV6 },
	  PW_OUT_ACCEPT, true },
	{ "flags", PW_F_TCP_SYNACK, 2,
	  { .l4proto = IPPROTO_TCP, .tcp_flags = 0xc2 }, PW_OUT_DROP, false },
	{ "no socket", PW_F_SOCKET_WILDCARD, 0, { .socket_wildcard = -1 },
	  PW_OUT_ACCEPT, true },
	{ "a socket", PW_F_SOCKET_WILDCARD, 0, { .socket_wildcard = 0 },
	  PW_OUT_DROP, false },
};

static void packet_meets_its_fate(void **state)
{
	const struct fate_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		gate(tc->field, tc->n);
	struct pw_fate fate;

	assert_int_equal(pw_eval_packet(rs, &tc->packet, &fate), 0);
	assert_int_equal(fate.outcome, tc->outcome);
	assert_int_equal(fate.limited, tc->limited);
	assert_int_equal(fate.chain, tc->outcome == PW_OUT_DROP ? 1 : 0);
}

static struct pw_ruleset *compiled(const char *text)
{
	struct read_policy got = read_text(text);
	struct pw_ruleset *rs = NULL;

	assert_int_equal(got.err, 0);
	assert_int_equal(pw_compile(got.model, 1, &rs, got.diags), 0);
	read_policy_clear(&got);
	return rs;
}

static const char policy[] =
	"[policy]\ndhcp = yes\nbridges = br0\nping = 10/second\n"
	"[allow web]\ntcp = 80, 443\n"
	"[allow ssh]\ntcp = 22\nfrom = 10.0.0.0/31, 10.0.0.3, "
	"10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11, 10.0.0.13, 10.0.0.15, "
	"10.0.0.17, 10.0.0.19, 10.0.0.22, 2001:db8::/125\n"
	"[allow ntp]\nudp = 123\nfrom = 10.0.0.4-10.0.0.9\non = eth0\n"
	"[allow few]\ntcp = 25\nrate = 1/minute per source\n"
	"[block bad]\nfrom = 10.0.0.3, 10.0.0.17, 10.0.0.20, 2001:db8::3\n";

static struct pw_packet some_packet(uint32_t n)
{
	static const uint16_t ports[] = { 22, 25, 68, 80, 123, 9999 };
	struct pw_packet p = {
		.iifname = "eth0", .l4proto = n & 1 ? IPPROTO_TCP : IPPROTO_UDP,
		.family = n & 2 ? PW_IPV6 : PW_IPV4, .tcp_flags = 2,
		.hop_limit = 64, .socket_wildcard = -1, .state = PW_CT_NEW,
		.time_ns = 1800000000ull * 1000000000u,
	};

	p.opened = n >> 2 & 1;
	memcpy(p.iifname, (n >> 3 & 7) == 0 ? "br0" : "eth0", 4);
	p.dport = ports[(n >> 6) % PW_ARRAY_SIZE(ports)];
	p.sport = n >> 10 & 1 ? 67 : 40000;
	p.src = p.family == PW_IPV4 ?
			pw_value32(0x0a000000 + (n >> 11) % 24) :
			(struct pw_value){ 0x20010db800000000u,
					   (n >> 11) % 24 };
	return p;
}

static const struct opened_case {
	const char *name, *iifname;
	struct pw_packet packet;
	enum pw_outcome closed, opened;
} opened_cases[] = {
#define TO(proto, port) .l4proto = (proto), \
	.dport = (port), .tcp_flags = 2, .hop_limit = 64, \
	.socket_wildcard = -1, .state = PW_CT_NEW
	{ "another port", "eth0",
	  { TO(IPPROTO_TCP, 9999), .src = { 0, 0x0b000001 } },
	  PW_OUT_DROP, PW_OUT_ACCEPT },
	{ "over IPv6", "eth0",
	  { TO(IPPROTO_UDP, 9999), .family = PW_IPV6 },
	  PW_OUT_DROP, PW_OUT_ACCEPT },
	{ "a port that is open anyway", "eth0",
	  { TO(IPPROTO_TCP, 80) },
	  PW_OUT_ACCEPT, PW_OUT_ACCEPT },
	{ "from who is blocked", "eth0",
	  { TO(IPPROTO_TCP, 9999), .src = { 0, 0x0a000003 } },
	  PW_OUT_DROP, PW_OUT_DROP },
	{ "to many", "eth0",
	  { TO(IPPROTO_UDP, 9999), .dst_type = RTN_MULTICAST },
	  PW_OUT_DROP, PW_OUT_DROP },
	{ "without ports", "eth0",
	  { TO(IPPROTO_GRE, 0) }, PW_OUT_DROP, PW_OUT_DROP },
	{ "invalid", "eth0",
	  { .l4proto = IPPROTO_TCP, .dport = 9999, .state = PW_CT_INVALID },
	  PW_OUT_DROP, PW_OUT_DROP },
	{ "behind a bridge", "br0",
	  { TO(IPPROTO_TCP, 9999) },
	  PW_OUT_DROP, PW_OUT_ACCEPT },
};

/* A set that was armed for something else opens nothing */
static void openings_are_asked(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compiled(policy);

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(opened_cases); i++) {
		const struct opened_case *tc = &opened_cases[i];
		struct pw_packet packet = tc->packet;
		struct pw_fate fate;

		print_message("%s\n", tc->name);
		memcpy(packet.iifname, tc->iifname, strlen(tc->iifname));
		packet.adopt = true;
		assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
		assert_int_equal(fate.outcome, tc->closed);
		packet.adopt = false;
		packet.opened = true;
		assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
		assert_int_equal(fate.outcome, tc->opened);
		assert_false(fate.limited);
		if (tc->closed != tc->opened)
			assert_string_equal(rs->chains[fate.chain].name,
					    "g1.open");
	}
}

/* Input meets what NAT made of a packet: the rule accepts it, else the policy */
static const struct nat_case {
	const char *name;
	struct pw_packet packet;
	enum pw_outcome outcome;
} nat_cases[] = {
	{ "as it was sent", { TO(IPPROTO_TCP, 80) }, PW_OUT_DROP },
	{ "to the port", { TO(IPPROTO_TCP, 80), .nat = true,
	  .nat_dport = 8080, .nat_dst = { 0, 7 } }, PW_OUT_ACCEPT },
	{ "to another address", { TO(IPPROTO_TCP, 80), .nat = true,
	  .nat_dport = 8080, .nat_dst = { 0, 8 } }, PW_OUT_DROP },
	{ "to another port", { TO(IPPROTO_TCP, 8080), .nat = true,
	  .nat_dport = 80, .nat_dst = { 0, 7 } }, PW_OUT_DROP },
	{ "no port to change", { TO(IPPROTO_GRE, 0), .nat = true,
	  .nat_dst = { 0, 7 } }, PW_OUT_DROP },
	{ "led on", { TO(IPPROTO_TCP, 80), .nat = true, .forwarded = true,
	  .nat_dport = 80, .nat_dst = { 0, 8 } }, PW_OUT_ACCEPT },
};

static struct pw_match is(enum pw_field field, uint32_t n)
{
	return (struct pw_match){ .field = field, .set = PW_NONE,
				  .range = { pw_value32(n), pw_value32(n) } };
}

static void nat_is_met_by_input(void **state)
{
	struct pw_match matches[] = {
		is(PW_F_L4PROTO, IPPROTO_TCP), is(PW_F_CT_DNAT, 1),
		is(PW_F_DPORT, 8080), is(PW_F_DADDR4, 7),
	};
	const struct pw_rule rule = {
		.matches = matches, .num_matches = PW_ARRAY_SIZE(matches),
		.verdict = { .kind = PW_V_ACCEPT },
	};
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	struct pw_fate fate;

	(void)state;
	assert_non_null(rs);
	assert_int_equal(pw_eval_packet(rs, &nat_cases[0].packet, &fate),
			 -ENOENT);
	pw_ruleset_add_base(rs, "prerouting", PW_HOOK_PREROUTING, -199,
			    PW_V_ACCEPT);
	assert_int_equal(pw_eval_packet(rs, &nat_cases[0].packet, &fate),
			 -ENOENT);
	pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0, PW_V_DROP);
	assert_int_equal(pw_ruleset_add_rule(rs, 1, &rule), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(nat_cases); i++) {
		print_message("%s\n", nat_cases[i].name);
		assert_int_equal(pw_eval_packet(rs, &nat_cases[i].packet,
						&fate), 0);
		assert_int_equal(fate.outcome, nat_cases[i].outcome);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Whatever was asked before it, a packet's fate is the same */
static void many_as_one(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compiled(policy);
	pw_owned(pw_evaluator_free) struct pw_evaluator *e = NULL;
	struct pw_packet packet = { 0 };
	size_t outcomes[2] = { 0 };
	uint32_t seed = 1;

	(void)state;
	assert_int_equal(pw_evaluator_new(rs, &e), 0);
	for (int i = 0; i < 5000; i++) {
		const struct pw_packet other = some_packet(next_random(&seed));
		struct pw_fate one, many;

		if (i % 4 == 0)		/* then three that differ in source */
			packet = other;
		packet.opened = other.opened;
		packet.sport = other.sport;
		if (packet.family == other.family)
			packet.src = other.src;
		assert_int_equal(pw_eval_packet(rs, &packet, &one), 0);
		assert_int_equal(pw_evaluator_ask(e, &packet, &many), 0);
		assert_int_equal(one.outcome, many.outcome);
		assert_int_equal(one.limited, many.limited);
		assert_int_equal(one.unread, many.unread);
		assert_int_equal(one.chain, many.chain);
		assert_int_equal(one.rule, many.rule);
		outcomes[one.outcome == PW_OUT_ACCEPT]++;
	}
	assert_true(outcomes[0] > 500 && outcomes[1] > 500);
}

/* A set that was too large to be read: its packets may meet another fate */
static void unread_sets_are_told(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = compiled(policy);
	struct pw_packet packet = {
		.iifname = "eth0", .l4proto = IPPROTO_TCP, .tcp_flags = 2,
		.hop_limit = 64, .socket_wildcard = -1, .state = PW_CT_NEW,
		.src = pw_value32(0x0a000001), .dport = 22,
	};
	struct pw_fate fate;

	(void)state;
	assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
	assert_int_equal(fate.outcome, PW_OUT_ACCEPT);
	assert_false(fate.unread);
	for (size_t i = 0; i < rs->num_sets; i++) {
		if (rs->sets[i].name[0] != 'a' || !rs->sets[i].constant)
			continue;
		pw_rangeset_free(rs->sets[i].elems);
		rs->sets[i].elems = NULL;
	}
	assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
	assert_true(fate.unread);
	packet.opened = true;		/* then the set is not asked */
	assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
	assert_false(fate.unread);
}

int main(void)
{
	static struct CMUnitTest rows[PW_ARRAY_SIZE(fates) + 4] = {
		[PW_ARRAY_SIZE(fates)] = cmocka_unit_test(many_as_one),
		cmocka_unit_test(nat_is_met_by_input),
		cmocka_unit_test(openings_are_asked),
		cmocka_unit_test(unread_sets_are_told),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(fates); i++) {
		rows[i].name = fates[i].name;
		rows[i].test_func = packet_meets_its_fate;
		rows[i].initial_state = (void *)(uintptr_t)&fates[i];
	}
	return cmocka_run_group_tests_name("fate of a packet", rows, NULL,
					   NULL);
}
