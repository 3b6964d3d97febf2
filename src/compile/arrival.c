// SPDX-License-Identifier: GPL-2.0-or-later
/* Which packets are judged, and at which hook: gN.pre, gN.in, gN.fwd. */
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "compile/parts.h"

#define ICMP_ECHO_REQUEST 8	/* RFC 792 */
#define ICMPV6_ECHO_REQUEST 128	/* RFC 4443 */

static void match_lo(struct draft *d, enum pw_field field)
{
	/* "lo" as the number that names.h describes */
	struct pw_value lo = { .hi = 0x6c6f000000000000, .lo = 0 };

	pw_match_range(d, field, lo, lo);
}

static void emit_lo(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	match_lo(&d, PW_F_IIFNAME);
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

static void emit_echo(struct build *b, uint32_t chain, uint32_t target)
{
	struct draft d4 = pw_draft(), d6 = pw_draft();

	pw_match_is(&d4, PW_F_ICMP_TYPE, ICMP_ECHO_REQUEST);
	pw_emit_to(b, chain, &d4, PW_V_GOTO, target);
	pw_match_is(&d6, PW_F_ICMPV6_TYPE, ICMPV6_ECHO_REQUEST);
	pw_emit_to(b, chain, &d6, PW_V_GOTO, target);
}

/* Loopback and mapped addresses never travel: RFC 1122 3.2.1.3, RFC 4291 2.5 */
static void emit_martians(struct build *b, uint32_t chain)
{
	static const struct {
		enum pw_field field;
		struct pw_range range;
	} martians[] = {
		{ PW_F_SADDR4, { { 0, 0x7f000000 }, { 0, 0x7fffffff } } },
		{ PW_F_DADDR4, { { 0, 0x7f000000 }, { 0, 0x7fffffff } } },
		{ PW_F_SADDR6, { { 0, 1 }, { 0, 1 } } },
		{ PW_F_DADDR6, { { 0, 1 }, { 0, 1 } } },
		{ PW_F_SADDR6, { { 0, 0xffff00000000 }, { 0, 0xffffffffffff } } },
		{ PW_F_DADDR6, { { 0, 0xffff00000000 }, { 0, 0xffffffffffff } } },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(martians); i++) {
		struct draft d = pw_draft();

		pw_match_range(&d, martians[i].field, martians[i].range.first,
			       martians[i].range.last);
		pw_emit(b, chain, &d, PW_V_DROP);
	}
}

static void emit_established(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	pw_match_is(&d, PW_F_CT_STATE, PW_CT_ESTABLISHED);
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

static void match_bridges(struct build *b, struct draft *d,
			  enum pw_field field)
{
	if (b->bridges != PW_NONE)
		pw_match_set(d, field, b->bridges);
}

static void emit_from_bridges(struct build *b, uint32_t chain,
			      enum pw_verdict_kind kind, uint32_t target)
{
	struct draft d = pw_draft();

	if (!b->follow || pw_rangeset_empty(b->model->bridges))
		return;
	match_bridges(b, &d, PW_F_IIFNAME);
	if (target == PW_NONE)
		pw_emit(b, chain, &d, kind);
	else
		pw_emit_to(b, chain, &d, kind, target);
}

/* Kinds of destination that are for this host but no unicast address of it */
static const uint32_t other_kinds[] = {
	RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST,
};

/* fib daddr type vmap: for this host -> judged, the rest passes */
static void emit_by_destination(struct build *b, uint32_t chain,
				const char *map_name, uint32_t local,
				uint32_t other, uint32_t pass)
{
	uint32_t map = pw_gen_map(b, map_name, PW_K_FIB_DADDR);
	struct draft d = pw_draft();

	pw_map_put(b, map, RTN_LOCAL, PW_V_GOTO, local);
	for (size_t i = 0; i < PW_ARRAY_SIZE(other_kinds); i++)
		pw_map_put(b, map, other_kinds[i], PW_V_GOTO, other);
	pw_emit_map(b, chain, &d, map);
	pw_emit_to(b, chain, &d, PW_V_GOTO, pass);
}

/*
 * Remember that packets from this interface to this address are judged here:
 * for the next ones, and for gN.in to see behind NAT. The latter lives longer.
 */
static void emit_learn(struct build *b, uint32_t chain, uint32_t target)
{
	static const char *const sets[] = {
		"s.judged4", "s.judged6", "s.own4", "s.own6",
	};
	struct draft go = pw_draft();

	for (size_t i = 0; i < PW_ARRAY_SIZE(sets); i++) {
		struct draft d = pw_draft();

		pw_do_effect(&d, &(struct pw_effect){
			   .kind = PW_E_UPDATE, .obj = PW_NONE, .map = PW_NONE,
			   .set = pw_dynamic_set(b, sets[i]) });
		pw_emit(b, chain, &d, PW_V_NONE);
	}
	pw_emit_to(b, chain, &go, PW_V_GOTO, target);
}

static void emit_known(struct build *b, uint32_t chain, enum pw_field field,
		       const char *set, enum pw_verdict_kind kind,
		       uint32_t target)
{
	struct draft d = pw_draft();

	pw_match_set(&d, field, pw_dynamic_set(b, set));
	if (target == PW_NONE)
		pw_emit(b, chain, &d, kind);
	else
		pw_emit_to(b, chain, &d, kind, target);
}

/*
 * Not judged here, unless gN.in takes it for judged: names of interfaces,
 * bridges of the policy and addresses of the host change in these seconds.
 */
static void emit_pass(struct build *b, uint32_t chain, uint32_t judge)
{
	struct draft d = pw_draft();

	emit_known(b, chain, PW_F_DADDR4, "s.judged4", PW_V_GOTO, judge);
	emit_known(b, chain, PW_F_DADDR6, "s.judged6", PW_V_GOTO, judge);
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

static void emit_pre(struct build *b)
{
	uint32_t pre = pw_gen_chain(b, "pre");
	uint32_t ping = pw_gen_chain(b, "pre.ping");
	uint32_t pass = pw_gen_chain(b, "pass");
	uint32_t pass_ping = pw_gen_chain(b, "pass.ping");
	uint32_t learn = pw_gen_chain(b, "learn");
	uint32_t learn_ping = pw_gen_chain(b, "learn.ping");

	emit_lo(b, pre);
	emit_echo(b, pre, ping);
	emit_martians(b, pre);
	emit_established(b, pre);
	emit_known(b, pre, PW_F_DADDR4, "s.own4", PW_V_GOTO,
		   pw_gen_chain(b, "local"));
	emit_known(b, pre, PW_F_DADDR6, "s.own6", PW_V_GOTO,
		   pw_gen_chain(b, "local"));
	emit_from_bridges(b, pre, PW_V_GOTO, pass);
	emit_by_destination(b, pre, "dst", learn, pw_gen_chain(b, "other"),
			    pass);
	emit_pass(b, pass, pw_gen_chain(b, "local"));
	emit_learn(b, learn, pw_gen_chain(b, "local"));

	emit_martians(b, ping);
	emit_from_bridges(b, ping, PW_V_GOTO, pass_ping);
	emit_by_destination(b, ping, "pdst", learn_ping,
			    pw_gen_chain(b, "ping.other"), pass_ping);
	emit_pass(b, pass_ping, pw_gen_chain(b, "ping"));
	emit_learn(b, learn_ping, pw_gen_chain(b, "ping"));
}

/* What prerouting judged, whatever NAT has made of it since */
static void emit_judged_before(struct build *b, uint32_t chain)
{
	emit_known(b, chain, PW_F_CT_ORIG_DADDR4, "s.judged4", PW_V_ACCEPT,
		   PW_NONE);
	emit_known(b, chain, PW_F_CT_ORIG_DADDR6, "s.judged6", PW_V_ACCEPT,
		   PW_NONE);
}

static void emit_other_kinds(struct build *b, uint32_t chain)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(other_kinds); i++) {
		struct draft d = pw_draft();

		pw_match_is(&d, PW_F_FIB_DADDR, other_kinds[i]);
		pw_emit(b, chain, &d, PW_V_ACCEPT);
	}
}

static void emit_in_gate(struct build *b, uint32_t chain, uint32_t judge)
{
	struct draft d = pw_draft();

	if (b->follow) {
		emit_from_bridges(b, chain, PW_V_GOTO, judge);
		emit_other_kinds(b, chain);
	}
	pw_emit_to(b, chain, &d, PW_V_GOTO, judge);
}

static void emit_in_judge(struct build *b, uint32_t chain, const char *local,
			  const char *other)
{
	struct draft rest = pw_draft();

	for (size_t i = 0; i < PW_ARRAY_SIZE(other_kinds); i++) {
		struct draft d = pw_draft();

		pw_match_is(&d, PW_F_FIB_DADDR, other_kinds[i]);
		pw_emit_to(b, chain, &d, PW_V_GOTO,
			   pw_gen_chain(b, "%s", other));
	}
	pw_emit_to(b, chain, &rest, PW_V_GOTO, pw_gen_chain(b, "%s", local));
}

static void emit_in(struct build *b)
{
	uint32_t in = pw_gen_chain(b, "in"), ping = pw_gen_chain(b, "in.ping");
	uint32_t judge = pw_gen_chain(b, "in.judge");
	uint32_t judge_ping = pw_gen_chain(b, "in.judge.ping");

	emit_lo(b, in);
	emit_echo(b, in, ping);
	if (b->follow)
		emit_judged_before(b, in);
	emit_martians(b, in);
	emit_established(b, in);
	emit_in_gate(b, in, judge);
	emit_in_judge(b, judge, "local", "other");

	if (b->follow)
		emit_judged_before(b, ping);
	emit_martians(b, ping);
	emit_in_gate(b, ping, judge_ping);
	emit_in_judge(b, judge_ping, "ping", "ping.other");
}

/* Routed straight to what lives behind a bridge, without a published port */
static void emit_fwd(struct build *b)
{
	uint32_t fwd = pw_gen_chain(b, "fwd"), into = PW_NONE;
	struct draft all = pw_draft(), to_bridge = pw_draft();
	struct draft dnat = pw_draft(), related = pw_draft();

	if (!pw_rangeset_empty(b->model->bridges)) {
		into = pw_gen_chain(b, "fwd.in");
		match_bridges(b, &to_bridge, PW_F_OIFNAME);
		pw_emit_to(b, fwd, &to_bridge, PW_V_GOTO, into);
	}
	pw_emit(b, fwd, &all, PW_V_ACCEPT);
	if (into == PW_NONE)
		return;
	emit_from_bridges(b, into, PW_V_ACCEPT, PW_NONE);
	emit_established(b, into);
	pw_match_is(&related, PW_F_CT_STATE, PW_CT_RELATED);
	pw_emit(b, into, &related, PW_V_ACCEPT);
	pw_match_is(&dnat, PW_F_CT_DNAT, 1);
	pw_emit(b, into, &dnat, PW_V_ACCEPT);
	pw_do_count(&all, pw_counter_obj(b, "e.dropped"));
	pw_emit(b, into, &all, PW_V_DROP);
}

/* The base chains stay for ever; only what they go to changes */
static void emit_base(struct build *b, const char *name, enum pw_hook hook,
		      int32_t priority, enum pw_verdict_kind policy,
		      uint32_t target)
{
	struct draft d = pw_draft();
	int64_t base;

	if (b->err)
		return;
	base = pw_ruleset_add_base(b->rs, name, hook, priority, policy);
	if (base < 0)
		pw_fail(b, (int)base);
	else if (target != PW_NONE)
		pw_emit_to(b, (uint32_t)base, &d, PW_V_GOTO, target);
}

void pw_emit_arrival(struct build *b)
{
	if (b->follow) {
		emit_pre(b);
		emit_fwd(b);
	}
	emit_in(b);
	/* -199: behind conntrack (-200), before every NAT chain (above -200) */
	emit_base(b, "prerouting", PW_HOOK_PREROUTING, -199, PW_V_ACCEPT,
		  b->follow ? pw_gen_chain(b, "pre") : PW_NONE);
	emit_base(b, "input", PW_HOOK_INPUT, 0, PW_V_DROP,
		  pw_gen_chain(b, "in"));
	emit_base(b, "forward", PW_HOOK_FORWARD, -1, PW_V_ACCEPT,
		  b->follow ? pw_gen_chain(b, "fwd") : PW_NONE);
}
