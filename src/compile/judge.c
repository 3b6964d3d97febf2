// SPDX-License-Identifier: GPL-2.0-or-later
/* What every policy does unasked, and what happens to the rest. */
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "compile/parts.h"

#define REFUSE_PER_SECOND 100	/* policy-language: reject */

static const struct pw_value fe80_first = { 0xfe80000000000000, 0 };
static const struct pw_value fe80_last = { 0xfebfffffffffffff, UINT64_MAX };

struct types {
	uint8_t first, last;
};

/* Errors that a live connection needs: RFC 792, RFC 4443, RFC 4890 4.3.1 */
static void emit_related(struct build *b, uint32_t chain)
{
	static const struct types icmp[] = { { 3, 3 }, { 11, 12 } };
	struct draft d6 = pw_draft();

	for (size_t i = 0; i < PW_ARRAY_SIZE(icmp); i++) {
		struct draft d = pw_draft();

		pw_match_span(&d, PW_F_ICMP_TYPE, icmp[i].first, icmp[i].last);
		pw_emit(b, chain, &d, PW_V_ACCEPT);
	}
	pw_match_span(&d6, PW_F_ICMPV6_TYPE, 1, 4);
	pw_emit(b, chain, &d6, PW_V_ACCEPT);
}

/*
 * Neighbour discovery (RFC 4861: hop limit 255; advertisements of routers and
 * redirects from link-local addresses) and MLD (RFC 2710, RFC 3810).
 */
static void emit_nd(struct build *b, uint32_t chain)
{
	static const struct nd {
		struct types types;
		uint8_t hop_limit;	/* 0: any */
		bool link_local, unspecified;
	} rows[] = {
		{ { 133, 133 }, 255, false, false },
		{ { 135, 136 }, 255, false, false },
		{ { 134, 134 }, 255, true, false },
		{ { 137, 137 }, 255, true, false },
		{ { 130, 132 }, 0, true, false },
		{ { 143, 143 }, 0, true, false },
		{ { 131, 132 }, 0, false, true },
		{ { 143, 143 }, 0, false, true },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		struct draft d = pw_draft();

		pw_match_span(&d, PW_F_ICMPV6_TYPE, rows[i].types.first,
			      rows[i].types.last);
		if (rows[i].hop_limit)
			pw_match_is(&d, PW_F_HOPLIMIT, rows[i].hop_limit);
		if (rows[i].link_local)
			pw_match_range(&d, PW_F_SADDR6, fe80_first, fe80_last);
		if (rows[i].unspecified)
			pw_match_is(&d, PW_F_SADDR6, 0);
		pw_emit(b, chain, &d, PW_V_ACCEPT);
	}
}

static void emit_igmp(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	pw_match_is(&d, PW_F_L4PROTO, IPPROTO_IGMP);
	pw_match_span(&d, PW_F_DADDR4, 0xe0000000, 0xefffffff);
	pw_match_is(&d, PW_F_TTL, 1);
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

/* While armed: connections that conntrack has never seen (hazards) */
static void emit_adopt(struct build *b, uint32_t chain)
{
	uint32_t adopt = pw_gen_chain(b, "adopt");
	struct draft d = pw_draft();

	pw_match_is(&d, PW_F_L4PROTO, IPPROTO_TCP);
	pw_match_is(&d, PW_F_TCP_SYNACK, 0x10);
	pw_emit_to(b, chain, &d, PW_V_JUMP, adopt);
}

static void emit_adopt_chain(struct build *b)
{
	struct draft d = pw_draft();

	pw_match_set(&d, PW_F_NFPROTO, pw_dynamic_set(b, "adopt"));
	pw_match_is(&d, PW_F_SOCKET_WILDCARD, 0);
	pw_emit(b, pw_gen_chain(b, "adopt"), &d, PW_V_ACCEPT);
}

/* Replies of DHCPv4 (RFC 2131) and DHCPv6 (RFC 8415) servers */
static void emit_dhcp(struct build *b, uint32_t chain)
{
	struct draft d4 = pw_draft(), d6 = pw_draft();

	pw_match_is(&d4, PW_F_NFPROTO, NFPROTO_IPV4);
	pw_match_is(&d4, PW_F_L4PROTO, IPPROTO_UDP);
	pw_match_is(&d4, PW_F_SPORT, 67);
	pw_match_is(&d4, PW_F_DPORT, 68);
	pw_emit(b, chain, &d4, PW_V_ACCEPT);

	pw_match_is(&d6, PW_F_L4PROTO, IPPROTO_UDP);
	pw_match_is(&d6, PW_F_SPORT, 547);
	pw_match_is(&d6, PW_F_DPORT, 546);
	pw_match_range(&d6, PW_F_SADDR6, fe80_first, fe80_last);
	pw_emit(b, chain, &d6, PW_V_ACCEPT);
}

static void emit_drop_if(struct build *b, uint32_t chain, enum pw_field field,
			 uint32_t value)
{
	struct draft d = pw_draft();

	pw_match_is(&d, field, value);
	pw_emit_to(b, chain, &d, PW_V_GOTO, pw_gen_chain(b, "drop"));
}

static void emit_jump(struct build *b, uint32_t chain, uint32_t target)
{
	struct draft d = pw_draft();

	if (target != PW_NONE)
		pw_emit_to(b, chain, &d, PW_V_JUMP, target);
}

static void emit_goto(struct build *b, uint32_t chain, const char *target)
{
	struct draft d = pw_draft();

	pw_emit_to(b, chain, &d, PW_V_GOTO, pw_gen_chain(b, "%s", target));
}

/* While nothing is open, packets pay for one small look-up */
static void emit_openings(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	pw_match_set(&d, PW_F_NFPROTO, pw_dynamic_set(b, "s.opened"));
	pw_emit_to(b, chain, &d, PW_V_JUMP, pw_gen_chain(b, "open"));
}

static void emit_openings_chain(struct build *b)
{
	static const char *const sets[] = {
		"s.open", "s.open.if", "s.open4", "s.open6", "s.open4.if",
		"s.open6.if",
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(sets); i++) {
		struct draft d = pw_draft();

		pw_match_set(&d, PW_F_DPORT, pw_dynamic_set(b, sets[i]));
		pw_do_count(&d, pw_counter_obj(b, "e.opened"));
		pw_emit(b, pw_gen_chain(b, "open"), &d, PW_V_ACCEPT);
	}
}

/* Steps 5 to 13 of policy-language, for one kind of destination */
static void emit_judgement(struct build *b, uint32_t chain, enum scope scope)
{
	struct draft related = pw_draft(), icmpv6 = pw_draft();

	pw_match_is(&related, PW_F_CT_STATE, PW_CT_RELATED);
	pw_emit_to(b, chain, &related, PW_V_JUMP, pw_gen_chain(b, "related"));
	pw_match_is(&icmpv6, PW_F_L4PROTO, IPPROTO_ICMPV6);
	pw_emit_to(b, chain, &icmpv6, PW_V_JUMP, pw_gen_chain(b, "nd"));
	if (scope == SCOPE_OTHER)
		emit_igmp(b, chain);
	emit_adopt(b, chain);
	emit_drop_if(b, chain, PW_F_CT_STATE, PW_CT_INVALID);
	emit_drop_if(b, chain, PW_F_FIB_SADDR, RTN_LOCAL);
	if (b->model->dhcp)
		emit_dhcp(b, chain);
	emit_jump(b, chain, pw_block_chain(b));
	emit_jump(b, chain, pw_block_ports_chain(b));
	if (scope == SCOPE_LOCAL)
		emit_openings(b, chain);
	pw_emit_tree(b, chain, scope, false);
}

static void emit_ping_sections(struct build *b, uint32_t chain,
			       enum scope scope)
{
	struct list list = { 0 };

	for (size_t i = 0; i < b->model->num_sections; i++) {
		const struct pw_section *s = &b->model->sections[i];

		if (!s->block && s->ping && pw_section_alive(b->model, s) &&
		    pw_section_in_scope(s, scope))
			pw_list_push(b, &list, i);
	}
	pw_emit_class(b, chain, &list, scope);
	pw_list_clear(&list);
}

/* [policy] ping, for whoever no section lets in */
static void emit_ping_policy(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	if (b->model->ping == PW_PING_NO)
		return;
	if (b->model->ping == PW_PING_RATE)
		pw_do_limit(&d,
			    pw_limit_obj(b, ".ping", &b->model->ping_rate, ""));
	pw_do_count(&d, pw_counter_obj(b, "e.ping"));
	pw_emit(b, chain, &d, PW_V_ACCEPT);
}

static void emit_ping(struct build *b, uint32_t chain, enum scope scope)
{
	emit_drop_if(b, chain, PW_F_FIB_SADDR, RTN_LOCAL);
	emit_jump(b, chain, pw_block_chain(b));
	emit_ping_sections(b, chain, scope);
	if (scope == SCOPE_LOCAL)
		emit_ping_policy(b, chain);
}

void pw_emit_log(struct build *b, uint32_t chain, const char *limit_owner,
		 const struct pw_rate *rate, const char *prefix)
{
	char text[64];
	struct draft d = pw_draft();

	snprintf(text, sizeof(text), "%s", prefix);
	pw_do_limit(&d, pw_limit_obj(b, limit_owner, rate, ""));
	pw_do_effect(&d, &(struct pw_effect){
		   .kind = PW_E_LOG, .obj = PW_NONE, .map = PW_NONE,
		   .set = PW_NONE, .text = text });
	pw_emit(b, chain, &d, PW_V_NONE);
}

static void emit_policy_log(struct build *b, uint32_t chain)
{
	if (b->model->log_set)
		pw_emit_log(b, chain, ".log", &b->model->log, "portwall: ");
}

static void emit_drop(struct build *b, uint32_t chain)
{
	struct draft d = pw_draft();

	pw_do_count(&d, pw_counter_obj(b, "e.dropped"));
	pw_emit(b, chain, &d, PW_V_DROP);
}

/* As a closed port would answer: RFC 9293 3.10.7.1, RFC 1122 3.2.2.1 */
static void emit_refuse(struct build *b)
{
	static const uint8_t with_ports[] = {
		IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_UDPLITE,
	};
	uint32_t chain = pw_gen_chain(b, "refuse");
	uint32_t counter = pw_counter_obj(b, "e.refused");
	struct draft tcp = pw_draft(), rest4 = pw_draft(), rest = pw_draft();

	pw_match_is(&tcp, PW_F_L4PROTO, IPPROTO_TCP);
	pw_do_count(&tcp, counter);
	pw_emit(b, chain, &tcp, PW_V_REJECT_RST);
	for (size_t i = 0; i < PW_ARRAY_SIZE(with_ports); i++) {
		struct draft d = pw_draft();

		pw_match_is(&d, PW_F_L4PROTO, with_ports[i]);
		pw_do_count(&d, counter);
		pw_emit(b, chain, &d, PW_V_REJECT_PORT);
	}
	pw_match_is(&rest4, PW_F_NFPROTO, NFPROTO_IPV4);
	pw_do_count(&rest4, counter);
	pw_emit(b, chain, &rest4, PW_V_REJECT_PROTO);
	pw_do_count(&rest, counter);
	pw_emit(b, chain, &rest, PW_V_REJECT_PORT);
}

static void emit_end(struct build *b)
{
	static const struct pw_rate refuse_rate = {
		REFUSE_PER_SECOND, 1, REFUSE_PER_SECOND };
	uint32_t end = pw_gen_chain(b, "end"), drop = pw_gen_chain(b, "drop");
	struct draft d = pw_draft();

	emit_policy_log(b, end);
	emit_policy_log(b, drop);
	emit_drop(b, drop);
	if (b->model->on_default == PW_DEFAULT_REJECT) {
		pw_do_limit(&d, pw_limit_obj(b, ".reject", &refuse_rate, ""));
		pw_emit_to(b, end, &d, PW_V_GOTO, pw_gen_chain(b, "refuse"));
		emit_refuse(b);
	}
	emit_drop(b, end);
}

void pw_emit_judge(struct build *b)
{
	uint32_t local = pw_gen_chain(b, "local");
	uint32_t other = pw_gen_chain(b, "other");
	uint32_t ping = pw_gen_chain(b, "ping");
	uint32_t ping_other = pw_gen_chain(b, "ping.other");

	emit_related(b, pw_gen_chain(b, "related"));
	emit_nd(b, pw_gen_chain(b, "nd"));
	emit_adopt_chain(b);
	emit_openings_chain(b);
	emit_judgement(b, local, SCOPE_LOCAL);
	emit_goto(b, local, "end");
	emit_judgement(b, other, SCOPE_OTHER);
	emit_goto(b, other, "drop");
	emit_ping(b, ping, SCOPE_LOCAL);
	emit_goto(b, ping, "end");
	emit_ping(b, ping_other, SCOPE_OTHER);
	emit_goto(b, ping_other, "drop");
	emit_end(b);
}
