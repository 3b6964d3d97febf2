// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that note probes and keep them. Each chain first notes and drops in
 * one rule; what cannot be noted (a set is full) is dropped by a later one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/inject_frame.h"
#include "probe/swallow_priv.h"

/* Behind everybody else, before conntrack confirms (INT_MAX) */
#define PRIORITY_LAST (INT_MAX - 2)
/* Before everybody else: probes are counted, answers are kept in, unseen */
#define PRIORITY_FIRST INT_MIN

#define WORD(n) (NFT_REG32_00 + (uint32_t)(n))

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)

/* Bytes of an ICMP error: header, then the packet that it answers */
#define ICMP_LEN 8
#define ICMP_TYPE_AT 0

/* Where in an IP header the addresses are, and who quotes it */
static const struct layer {
	uint16_t ether;
	uint8_t len, src_at, dst_at, addr_len, proto_at, icmp;
	enum swallow_set seen, traced, acks, forwarded;
} layers[PW_NUM_FAMILIES] = {
	[PW_IPV4] = { ETH_P_IP, 20, 12, 16, 4, 9, IPPROTO_ICMP, SET_SEEN4,
		      SET_TRACED4, SET_ACKS4, SET_FORWARDED4 },
	[PW_IPV6] = { ETH_P_IPV6, 40, 8, 24, 16, 6, IPPROTO_ICMPV6, SET_SEEN6,
		      SET_TRACED6, SET_ACKS6, SET_FORWARDED6 },
};

#define TCP_ACK_AT 8
#define TCP_FLAGS_AT 13
#define TCP_SYN 0x02
#define TCP_RST 0x04

/*
 * Where a transport keeps what probes are known by. What else they have in
 * common (flags: SYN; length in UDP) spares real traffic the look-up.
 */
static const struct spot {
	uint8_t proto, cookie_at, port_at, form_at, form_len, form[2];
} spots[] = {
	{ IPPROTO_TCP, PW_TCP_COOKIE_AT, PW_TCP_PORT_AT, TCP_FLAGS_AT, 1,
	  { TCP_SYN } },
	{ IPPROTO_UDP, PW_UDP_COOKIE_AT, PW_UDP_PORT_AT, 4, 2,
	  { 0, PW_UDP_LEN } },
};

/**
 * struct writer - Rules on their way into a batch
 * @family:	NFPROTO_*
 * @rule:	under construction
 * @failed:	memory is short: nothing is written any more
 */
struct writer {
	struct pw_batch *batch;
	const char *table, *chain;
	uint8_t family;
	struct nftnl_rule *rule;
	bool failed;
};

static struct nlmsghdr *message(struct writer *w, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = w->failed ? NULL :
			       pw_batch_add(w->batch, type, flags);
	struct nfgenmsg *nfg;

	if (!nlh) {
		w->failed = true;
		return NULL;
	}
	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->nfgen_family = w->family;
	return nlh;
}

static struct nftnl_expr *add(struct writer *w, const char *name)
{
	struct nftnl_expr *expr = w->rule ? nftnl_expr_alloc(name) : NULL;

	if (expr)
		nftnl_rule_add_expr(w->rule, expr);
	else
		w->failed = true;
	return expr;
}

static void begin(struct writer *w)
{
	w->rule = nftnl_rule_alloc();
	if (!w->rule) {
		w->failed = true;
		return;
	}
	nftnl_rule_set_u32(w->rule, NFTNL_RULE_FAMILY, w->family);
	nftnl_rule_set_str(w->rule, NFTNL_RULE_TABLE, w->table);
	nftnl_rule_set_str(w->rule, NFTNL_RULE_CHAIN, w->chain);
}

static void end(struct writer *w)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *rule = PW_TAKE(w->rule);
	struct nlmsghdr *nlh = message(w, NFT_MSG_NEWRULE,
				       NLM_F_CREATE | NLM_F_APPEND);

	if (nlh)
		nftnl_rule_nlmsg_build_payload(nlh, rule);
}

static void compare(struct writer *w, uint32_t op, const void *data,
		    uint32_t len)
{
	struct nftnl_expr *expr = add(w, "cmp");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

static void equals(struct writer *w, const void *data, uint32_t len)
{
	compare(w, NFT_CMP_EQ, data, len);
}

static void meta_is(struct writer *w, uint32_t key, const void *data,
		    uint32_t len)
{
	struct nftnl_expr *expr = add(w, "meta");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, WORD(0));
	equals(w, data, len);
}

/* The same in both families of tables; no `nfproto`, which is netdev there */
static void is(struct writer *w, const struct layer *layer, uint8_t proto)
{
	uint16_t ether_be = htons(layer->ether);

	meta_is(w, NFT_META_PROTOCOL, &ether_be, sizeof(ether_be));
	meta_is(w, NFT_META_L4PROTO, &proto, sizeof(proto));
}

static void payload(struct writer *w, uint32_t base, uint32_t at, uint32_t len,
		    uint32_t reg)
{
	struct nftnl_expr *expr = add(w, "payload");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, at);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void transport(struct writer *w, uint32_t at, uint32_t len, uint32_t reg)
{
	payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, at, len, reg);
}

static void network(struct writer *w, uint32_t at, uint32_t len, uint32_t reg)
{
	payload(w, NFT_PAYLOAD_NETWORK_HEADER, at, len, reg);
}

static void in(struct writer *w, enum swallow_set set)
{
	struct nftnl_expr *expr = add(w, "lookup");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, WORD(0));
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, swallow_sets[set].name);
}

static void note(struct writer *w, enum swallow_set set)
{
	struct nftnl_expr *expr = add(w, "dynset");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME,
			   swallow_sets[set].name);
}

static void drop(struct writer *w)
{
	struct nftnl_expr *expr = add(w, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
}

/* Cookie into the first word */
static void load_cookie(struct writer *w, const struct layer *layer,
			const struct spot *spot)
{
	is(w, layer, spot->proto);
	transport(w, spot->form_at, spot->form_len, WORD(0));
	equals(w, spot->form, spot->form_len);
	transport(w, spot->cookie_at, 4, WORD(0));
}

static void is_probe(struct writer *w, const struct layer *layer,
		     const struct spot *spot, enum swallow_set set)
{
	load_cookie(w, layer, spot);
	in(w, set);
}

static void count_probe(struct writer *w, const struct layer *layer,
			const struct spot *spot, enum swallow_set set)
{
	load_cookie(w, layer, spot);
	network(w, layer->dst_at, layer->addr_len, WORD(1));
	in(w, set);
}

static void arrival(struct writer *w, const struct layer *layer,
		    const struct spot *spot)
{
	begin(w);
	count_probe(w, layer, spot, layer->seen);
	end(w);
	begin(w);
	count_probe(w, layer, spot, layer->traced);
	transport(w, spot->port_at, 2, WORD(1));
	note(w, SET_ARRIVED);
	end(w);
}

static void delivery(struct writer *w, const struct layer *layer,
		     const struct spot *spot)
{
	begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	transport(w, spot->port_at, 2, WORD(1));
	note(w, SET_REACHED);
	drop(w);
	end(w);
}

static void departure(struct writer *w, const struct layer *layer,
		      const struct spot *spot)
{
	begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	transport(w, spot->port_at, 2, WORD(1));
	network(w, layer->dst_at, layer->addr_len, WORD(2));
	transport(w, 2, 2, WORD(2 + layer->addr_len / 4));
	note(w, layer->forwarded);
	drop(w);
	end(w);
}

/* Counts those that the rules before should have noted and dropped */
static void keep(struct writer *w, const struct layer *layer,
		 const struct spot *spot)
{
	begin(w);
	is_probe(w, layer, spot, SET_KEPT);
	drop(w);
	end(w);
}

static void keep_unnoted(struct writer *w, const struct layer *layer,
			 const struct spot *spot)
{
	begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	drop(w);
	end(w);
}

/* RST, or SYN with ACK: no other segment ever answers a probe */
static void is_tcp_answer(struct writer *w, const struct layer *layer)
{
	static const uint8_t mask = TCP_SYN | TCP_RST, none;
	struct nftnl_expr *expr;

	is(w, layer, IPPROTO_TCP);
	transport(w, TCP_FLAGS_AT, 1, WORD(0));
	expr = add(w, "bitwise");
	if (expr) {
		nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, WORD(0));
		nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, WORD(0));
		nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
		nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask,
			       sizeof(mask));
		nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &none,
			       sizeof(none));
	}
	compare(w, NFT_CMP_NEQ, &none, sizeof(none));
	transport(w, TCP_ACK_AT, 4, WORD(0));
}

/* Only what comes from the probed address bears the port that was probed */
static void tcp_answer(struct writer *w, const struct layer *layer)
{
	begin(w);
	is_tcp_answer(w, layer);
	network(w, layer->src_at, layer->addr_len, WORD(1));
	in(w, layer->acks);
	transport(w, 0, 2, WORD(1));
	transport(w, TCP_FLAGS_AT, 1, WORD(2));
	note(w, SET_TCP);
	drop(w);
	end(w);
}

static void keep_tcp_answer(struct writer *w, const struct layer *layer)
{
	begin(w);
	is_tcp_answer(w, layer);
	in(w, SET_ACKS);
	drop(w);
	end(w);
}

/* An ICMP error that quotes a probe; noted too if @noting */
static void icmp_error(struct writer *w, const struct layer *layer,
		       const struct spot *spot, bool noting)
{
	const uint32_t l4_at = ICMP_LEN + layer->len;

	begin(w);
	is(w, layer, layer->icmp);
	transport(w, ICMP_LEN + layer->proto_at, 1, WORD(0));
	equals(w, &spot->proto, sizeof(spot->proto));
	transport(w, l4_at + spot->cookie_at, 4, WORD(0));
	in(w, SET_COOKIES);
	if (noting) {
		transport(w, l4_at + spot->port_at, 2, WORD(1));
		transport(w, ICMP_TYPE_AT, 2, WORD(2));
		note(w, SET_ERRORS);
	}
	drop(w);
	end(w);
}

typedef void (*write_spot)(struct writer *w, const struct layer *layer,
			   const struct spot *spot);

static void each(struct writer *w, write_spot write)
{
	for (size_t f = 0; f < PW_ARRAY_SIZE(layers); f++)
		for (size_t i = 0; i < PW_ARRAY_SIZE(spots); i++)
			write(w, &layers[f], &spots[i]);
}

static void answers(struct writer *w, bool noting)
{
	for (size_t f = 0; f < PW_ARRAY_SIZE(layers); f++) {
		if (noting)
			tcp_answer(w, &layers[f]);
		keep_tcp_answer(w, &layers[f]);
		for (size_t i = 0; i < PW_ARRAY_SIZE(spots); i++) {
			if (noting)
				icmp_error(w, &layers[f], &spots[i], true);
			icmp_error(w, &layers[f], &spots[i], false);
		}
	}
}

static void chain(struct writer *w, const char *name, uint32_t hook,
		  int32_t priority, const char *ifname)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct nlmsghdr *nlh;

	w->chain = name;
	if (!nlc) {
		w->failed = true;
		return;
	}
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TABLE, w->table);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(nlc, NFTNL_CHAIN_PRIO, priority);
	if (ifname)
		nftnl_chain_set_str(nlc, NFTNL_CHAIN_DEV, ifname);
	nlh = message(w, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	if (nlh)
		nftnl_chain_nlmsg_build_payload(nlh, nlc);
}

int swallow_put_rules(struct pw_batch *batch, const char *table)
{
	struct writer w = {
		.batch = batch, .table = table, .family = NFPROTO_INET,
	};

	chain(&w, "arrive", NF_INET_PRE_ROUTING, PRIORITY_FIRST, NULL);
	each(&w, arrival);
	chain(&w, "deliver", NF_INET_LOCAL_IN, PRIORITY_LAST, NULL);
	each(&w, delivery);
	each(&w, keep);
	chain(&w, "forward", NF_INET_FORWARD, PRIORITY_LAST, NULL);
	each(&w, departure);
	each(&w, keep);
	/* load balancers and duplicates of probes start here, too */
	chain(&w, "answer", NF_INET_LOCAL_OUT, PRIORITY_FIRST, NULL);
	answers(&w, true);
	each(&w, departure);
	each(&w, keep);
	return w.failed ? -ENOMEM : 0;
}

int swallow_put_egress(struct pw_batch *batch, const char *table,
		       uint32_t ifindex, const char *ifname)
{
	char name[32];
	struct writer w = {
		.batch = batch, .table = table, .family = NFPROTO_NETDEV,
	};

	snprintf(name, sizeof(name), "leave-%u", ifindex);
	chain(&w, name, NF_NETDEV_EGRESS, PRIORITY_FIRST, ifname);
	answers(&w, false);
	each(&w, keep_unnoted);
	return w.failed ? -ENOMEM : 0;
}
