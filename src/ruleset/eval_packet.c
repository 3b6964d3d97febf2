/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules do with one packet. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "ruleset/eval.h"

#define TCP_SYN_ACK 0x12

static void set_number(struct pw_eval *ev, struct pw_box *box,
		       enum pw_field field, uint64_t n)
{
	box->f[field] = pw_space_range(&ev->space, field, n, n);
}

static void set_value(struct pw_eval *ev, struct pw_box *box,
		      enum pw_field field, struct pw_value v)
{
	box->f[field] = pw_values_range(ev->space.values, pw_box_bits(field),
					v, v);
}

static bool is_known_to_conntrack(const struct pw_packet *p)
{
	return p->state <= PW_CT_NEW;
}

static void set_addresses(struct pw_eval *ev, const struct pw_packet *p,
			  struct pw_box *box)
{
	bool v4 = p->family == PW_IPV4;

	set_number(ev, box, PW_F_NFPROTO, v4 ? 2 : 10);
	set_value(ev, box, v4 ? PW_F_SADDR4 : PW_F_SADDR6, p->src);
	set_value(ev, box, v4 ? PW_F_DADDR4 : PW_F_DADDR6, p->dst);
	set_number(ev, box, v4 ? PW_F_TTL : PW_F_HOPLIMIT, p->hop_limit);
	if (!is_known_to_conntrack(p))
		return;
	set_value(ev, box, v4 ? PW_F_CT_ORIG_DADDR4 : PW_F_CT_ORIG_DADDR6,
		  p->dst);
	set_number(ev, box, PW_F_CT_DNAT, 0);
}

static void set_transport(struct pw_eval *ev, const struct pw_packet *p,
			  struct pw_box *box)
{
	set_number(ev, box, PW_F_L4PROTO, p->l4proto);
	switch (p->l4proto) {
	case IPPROTO_TCP:
		set_number(ev, box, PW_F_TCP_SYNACK,
			   p->tcp_flags & TCP_SYN_ACK);
		/* fall through */
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		set_number(ev, box, PW_F_SPORT, p->sport);
		set_number(ev, box, PW_F_DPORT, p->dport);
		break;
	case IPPROTO_ICMP:
		if (p->family == PW_IPV4)
			set_number(ev, box, PW_F_ICMP_TYPE, p->icmp_type);
		break;
	case IPPROTO_ICMPV6:
		if (p->family == PW_IPV6)
			set_number(ev, box, PW_F_ICMPV6_TYPE, p->icmp_type);
		break;
	}
}

static struct pw_value ifname_value(const char name[16])
{
	struct pw_value v = { 0, 0 };

	for (size_t i = 0, len = strnlen(name, 16); i < 16; i++) {
		uint64_t byte = i < len ? (unsigned char)name[i] : 0;

		if (i < 8)
			v.hi |= byte << (56 - 8 * i);
		else
			v.lo |= byte << (56 - 8 * (i - 8));
	}
	return v;
}

static void point(struct pw_eval *ev, enum pw_hook hook,
		  const struct pw_packet *p, struct pw_box *box)
{
	pw_eval_domain(ev, hook, box);
	set_value(ev, box, PW_F_IIFNAME, ifname_value(p->iifname));
	set_addresses(ev, p, box);
	set_transport(ev, p, box);
	set_number(ev, box, PW_F_CT_STATE, p->state);
	set_number(ev, box, PW_F_SOCKET_WILDCARD,
		   p->socket_wildcard < 0 ? PW_SOCKET_NONE
					  : (uint64_t)p->socket_wildcard);
	set_number(ev, box, PW_F_FIB_DADDR, p->dst_type ? p->dst_type
							: RTN_LOCAL);
	set_number(ev, box, PW_F_FIB_SADDR, p->src_type ? p->src_type
							: RTN_UNICAST);
	set_number(ev, box, PW_F_TIME, p->time_ns);
}

/**
 * struct assumed - What is taken for granted of a packet
 * @judged:	prerouting has remembered its destination: input knows that
 */
struct assumed {
	const struct pw_eval *ev;
	const struct pw_packet *packet;
	bool judged;
};

/* Limits have room; nothing was remembered before this packet */
static bool is_assumed(const struct assumed *a, uint32_t var)
{
	const struct pw_fact *fact = &a->ev->facts[var];

	if (fact->kind != PW_FACT_MEMBER)
		return true;
	if (!strcmp(fact->name, "adopt"))
		return a->packet->adopt;
	if (fact->field == PW_F_NFPROTO || fact->field == PW_F_DPORT)
		return a->packet->opened;
	return a->judged && (fact->field == PW_F_CT_ORIG_DADDR4 ||
			     fact->field == PW_F_CT_ORIG_DADDR6);
}

static bool assume(void *arg, uint32_t var)
{
	return is_assumed(arg, var);
}

/* @judged: was it remembered as judged? */
struct asked {
	bool limit, judged;
};

/* What the way of the packet through @cond asked about */
static struct asked asked_of(const struct assumed *a, uint32_t cond)
{
	struct asked asked = { false, false };

	while (cond > PW_COND_ALWAYS) {
		uint32_t var = pw_cond_top(a->ev->space.conds, cond);
		const struct pw_fact *fact = &a->ev->facts[var];

		if (fact->kind != PW_FACT_MEMBER)
			asked.limit = true;
		else if (fact->field == PW_F_CT_ORIG_DADDR4 ||
			 fact->field == PW_F_CT_ORIG_DADDR6)
			asked.judged |= a->judged;
		cond = pw_cond_then(a->ev->space.conds, cond,
				    is_assumed(a, var));
	}
	return asked;
}

/* Does a rule on the way remember the packet's destination? */
static bool is_remembered(struct pw_eval *ev, struct assumed *assumed)
{
	for (size_t i = 0; i < ev->num_marks; i++)
		if (pw_cond_holds(ev->space.conds, ev->marks[i].box.cond,
				  assume, assumed))
			return true;
	return false;
}

/* @judged: whether prerouting has remembered it; set by that hook */
static int eval_hook(const struct pw_ruleset *rs, enum pw_hook hook,
		     const struct pw_packet *packet, bool *judged,
		     struct pw_fate *out, struct asked *asked)
{
	pw_owned(pw_eval_free) struct pw_eval *ev = NULL;
	uint32_t base = pw_eval_find_base(rs, hook);
	struct assumed assumed = { .packet = packet, .judged = *judged };
	struct pw_box box;
	int err = base == PW_NONE ? -ENOENT : pw_eval_new(rs, &ev);

	if (err)
		return err;
	point(ev, hook, packet, &box);
	err = pw_eval_base(ev, base, &box);
	assumed.ev = ev;
	for (size_t i = 0; i < ev->num_cells && !err; i++) {
		const struct pw_cell *cell = &ev->cells[i];

		if (!pw_cond_holds(ev->space.conds, cell->box.cond, assume,
				   &assumed))
			continue;
		*asked = asked_of(&assumed, cell->box.cond);
		*out = (struct pw_fate){
			.outcome = cell->outcome, .limited = asked->limit,
			.chain = cell->chain, .rule = cell->rule,
		};
	}
	if (!err)
		*judged = is_remembered(ev, &assumed);
	return err;
}

int pw_eval_packet(const struct pw_ruleset *rs, const struct pw_packet *packet,
		   struct pw_fate *out)
{
	struct pw_fate pre, in;
	struct asked asked;
	bool judged = false;
	int err = eval_hook(rs, PW_HOOK_PREROUTING, packet, &judged, &pre,
			    &asked);

	if (!err && pre.outcome == PW_OUT_ACCEPT) {
		err = eval_hook(rs, PW_HOOK_INPUT, packet, &judged, &in,
				&asked);
		if (err)
			return err;
		in.limited |= pre.limited;
		/* Input lets pass what prerouting has judged: that is why */
		if (in.outcome == PW_OUT_ACCEPT && asked.judged) {
			in.chain = pre.chain;
			in.rule = pre.rule;
		}
		pre = in;
	}
	if (!err)
		*out = pre;
	return err;
}
