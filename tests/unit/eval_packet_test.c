/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fate of one packet: prerouting, then input, with room in every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <portwall/eval.h>

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

int main(void)
{
	static struct CMUnitTest rows[PW_ARRAY_SIZE(fates)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(fates); i++) {
		rows[i].name = fates[i].name;
		rows[i].test_func = packet_meets_its_fate;
		rows[i].initial_state = (void *)(uintptr_t)&fates[i];
	}
	return cmocka_run_group_tests_name("fate of a packet", rows, NULL,
					   NULL);
}
