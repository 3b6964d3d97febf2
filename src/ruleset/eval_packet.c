/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules do with one packet. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
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

/* What input sees of a packet that prerouting saw as its sender wrote it */
static void set_nat(struct pw_eval *ev, const struct pw_packet *p,
		    struct pw_box *box)
{
	set_value(ev, box, p->family == PW_IPV4 ? PW_F_DADDR4 : PW_F_DADDR6,
		  p->nat_dst);
	if (box->f[PW_F_DPORT] != PW_VALUE_ANY)
		set_number(ev, box, PW_F_DPORT, p->nat_dport);
	if (is_known_to_conntrack(p))
		set_number(ev, box, PW_F_CT_DNAT, 1);
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
	if (p->nat && hook == PW_HOOK_INPUT)
		set_nat(ev, p, box);
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

/**
 * struct asked - What the way of a packet asked about
 * @judged:	was it remembered as judged?
 * @unread:	is it in a set whose elements are not known?
 */
struct asked {
	bool limit, judged, unread;
};

static bool is_unread(const struct pw_ruleset *rs, const char *name)
{
	uint32_t set = pw_ruleset_find_set(rs, name);

	return set != PW_NONE && rs->sets[set].constant;
}

static void note_fact(const struct assumed *a, const struct pw_fact *fact,
		      struct asked *asked)
{
	if (fact->kind != PW_FACT_MEMBER)
		asked->limit = true;
	else if (fact->field == PW_F_CT_ORIG_DADDR4 ||
		 fact->field == PW_F_CT_ORIG_DADDR6)
		asked->judged |= a->judged;
	else
		asked->unread |= is_unread(a->ev->rs, fact->name);
}

/* What the way of the packet through @cond asked about */
static struct asked asked_of(const struct assumed *a, uint32_t cond)
{
	struct asked asked = { 0 };

	while (cond > PW_COND_ALWAYS) {
		uint32_t var = pw_cond_top(a->ev->space.conds, cond);

		note_fact(a, &a->ev->facts[var], &asked);
		cond = pw_cond_then(a->ev->space.conds, cond,
				    is_assumed(a, var));
	}
	return asked;
}

/* Cells, or marks, of one hook */
struct span {
	size_t from, to;
};

/**
 * struct pw_evaluator
 * @any_source:	source and source port are left open when rules are asked, so
 *		that the answers are those of other packets, too
 * @asked_for:	the packet that @pre and @in are of; no protocol: none
 * @pre, @in:	cells of @ev
 * @marks:	of prerouting
 * @in_asked:	@in is set
 */
struct pw_evaluator {
	struct pw_eval *ev;
	bool any_source;
	struct pw_packet asked_for;
	bool pre_asked, in_asked;
	struct span pre, in, marks;
};

static bool holds(const struct pw_eval *ev, const struct pw_box *box,
		  enum pw_field field, struct pw_value v)
{
	uint32_t set = box->f[field];

	return set == PW_VALUE_ANY ||
	       pw_values_contains(ev->space.values, set, v);
}

/* Of the packets that differ in their source alone: is it this one's? */
static bool is_within(const struct assumed *a, const struct pw_box *box)
{
	const struct pw_packet *p = a->packet;

	return holds(a->ev, box, p->family == PW_IPV4 ? PW_F_SADDR4 :
		     PW_F_SADDR6, p->src) &&
	       holds(a->ev, box, PW_F_SPORT, pw_value32(p->sport)) &&
	       pw_cond_holds(a->ev->space.conds, box->cond, assume,
			     (void *)(uintptr_t)a);
}

/* Does a rule on the way remember the packet's destination? */
static bool is_remembered(const struct pw_evaluator *e,
			  const struct assumed *assumed)
{
	for (size_t i = e->marks.from; i < e->marks.to; i++)
		if (is_within(assumed, &e->ev->marks[i].box))
			return true;
	return false;
}

static int ask_hook(struct pw_evaluator *e, enum pw_hook hook,
		    const struct pw_packet *packet, struct span *cells)
{
	struct pw_eval *ev = e->ev;
	uint32_t base = pw_eval_find_base(ev->rs, hook);
	struct pw_box box;
	int err;

	if (base == PW_NONE)
		return -ENOENT;
	point(ev, hook, packet, &box);
	if (e->any_source)
		box.f[PW_F_SADDR4] = box.f[PW_F_SADDR6] = box.f[PW_F_SPORT] =
			PW_VALUE_ANY;
	cells->from = ev->num_cells;
	err = pw_eval_base(ev, base, &box);
	cells->to = ev->num_cells;
	return err;
}

/* What the cells of a hook say of the packet; they are disjoint */
static void look_up(const struct assumed *assumed, const struct span *cells,
		    struct pw_fate *out, struct asked *asked)
{
	for (size_t i = cells->from; i < cells->to; i++) {
		const struct pw_cell *cell = &assumed->ev->cells[i];

		if (!is_within(assumed, &cell->box))
			continue;
		*asked = asked_of(assumed, cell->box.cond);
		*out = (struct pw_fate){
			.outcome = cell->outcome, .limited = asked->limit,
			.unread = asked->unread,
			.chain = cell->chain, .rule = cell->rule,
		};
		return;
	}
}

static bool same_but_source(const struct pw_packet *a,
			    const struct pw_packet *b)
{
	return !memcmp(a->iifname, b->iifname, sizeof(a->iifname)) &&
	       a->family == b->family && !pw_value_cmp(a->dst, b->dst) &&
	       a->dst_type == b->dst_type && a->src_type == b->src_type &&
	       a->l4proto == b->l4proto && a->dport == b->dport &&
	       a->icmp_type == b->icmp_type &&
	       a->tcp_flags == b->tcp_flags &&
	       a->hop_limit == b->hop_limit &&
	       a->socket_wildcard == b->socket_wildcard &&
	       a->state == b->state && a->time_ns == b->time_ns &&
	       a->nat == b->nat && a->nat_dport == b->nat_dport &&
	       !pw_value_cmp(a->nat_dst, b->nat_dst);
}

static int ask_prerouting(struct pw_evaluator *e,
			  const struct pw_packet *packet)
{
	int err;

	if (e->pre_asked && same_but_source(&e->asked_for, packet))
		return 0;
	e->ev->num_cells = e->ev->num_marks = 0;
	err = ask_hook(e, PW_HOOK_PREROUTING, packet, &e->pre);
	e->marks = (struct span){ 0, e->ev->num_marks };
	e->asked_for = *packet;
	e->pre_asked = !err;
	e->in_asked = false;
	return err;
}

static int ask_input(struct pw_evaluator *e, const struct pw_packet *packet)
{
	int err = e->in_asked ? 0 : ask_hook(e, PW_HOOK_INPUT, packet, &e->in);

	e->in_asked = !err;
	return err;
}

int pw_evaluator_ask(struct pw_evaluator *e, const struct pw_packet *packet,
		     struct pw_fate *out)
{
	struct assumed assumed = { .ev = e->ev, .packet = packet };
	struct pw_fate pre = { 0 }, in = { 0 };
	struct asked asked = { 0 };
	int err = ask_prerouting(e, packet);

	if (err)
		return err;
	look_up(&assumed, &e->pre, &pre, &asked);
	if (pre.outcome == PW_OUT_ACCEPT && !packet->forwarded) {
		assumed.judged = is_remembered(e, &assumed);
		err = ask_input(e, packet);
		if (err)
			return err;
		look_up(&assumed, &e->in, &in, &asked);
		in.limited |= pre.limited;
		in.unread |= pre.unread;
		/* Input lets pass what prerouting has judged: that is why */
		if (in.outcome == PW_OUT_ACCEPT && asked.judged) {
			in.chain = pre.chain;
			in.rule = pre.rule;
		}
		pre = in;
	}
	*out = pre;
	return 0;
}

int pw_evaluator_new(const struct pw_ruleset *rs, struct pw_evaluator **out)
{
	pw_owned(pw_evaluator_free) struct pw_evaluator *e =
		calloc(1, sizeof(*e));
	int err = e ? pw_eval_new(rs, &e->ev) : -ENOMEM;

	if (err)
		return err;
	e->any_source = true;
	*out = PW_TAKE(e);
	return 0;
}

void pw_evaluator_free(struct pw_evaluator *e)
{
	if (!e)
		return;
	pw_eval_free(e->ev);
	free(e);
}

int pw_eval_packet(const struct pw_ruleset *rs, const struct pw_packet *packet,
		   struct pw_fate *out)
{
	pw_owned(pw_evaluator_free) struct pw_evaluator *e = NULL;
	int err = pw_evaluator_new(rs, &e);

	if (err)
		return err;
	e->any_source = false;		/* one is all there is */
	return pw_evaluator_ask(e, packet, out);
}
