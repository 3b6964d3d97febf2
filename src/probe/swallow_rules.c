// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that note probes and keep them. Each chain first notes and drops in
 * one rule; what cannot be noted (a set is full) is dropped by a later one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdio.h>

#include "probe/inject_frame.h"
#include "probe/swallow_priv.h"
#include "probe/swallow_write.h"

/* Behind everybody else, before conntrack confirms (INT_MAX) */
#define PRIORITY_LAST (INT_MAX - 2)
/* Before everybody else: probes are counted, answers are kept in, unseen */
#define PRIORITY_FIRST INT_MIN

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

/* The same in both families of tables; no `nfproto`, which is netdev there */
static void is(struct rule_writer *w, const struct layer *layer, uint8_t proto)
{
	uint16_t ether_be = htons(layer->ether);

	rule_meta(w, NFT_META_PROTOCOL, &ether_be, sizeof(ether_be));
	rule_meta(w, NFT_META_L4PROTO, &proto, sizeof(proto));
}

/* Cookie into the first word */
static void load_cookie(struct rule_writer *w, const struct layer *layer,
			const struct spot *spot)
{
	is(w, layer, spot->proto);
	rule_transport(w, spot->form_at, spot->form_len, WORD(0));
	rule_equals(w, spot->form, spot->form_len);
	rule_transport(w, spot->cookie_at, 4, WORD(0));
}

static void is_probe(struct rule_writer *w, const struct layer *layer,
		     const struct spot *spot, enum swallow_set set)
{
	load_cookie(w, layer, spot);
	rule_in(w, set);
}

static void count_probe(struct rule_writer *w, const struct layer *layer,
			const struct spot *spot, enum swallow_set set)
{
	load_cookie(w, layer, spot);
	rule_network(w, layer->dst_at, layer->addr_len, WORD(1));
	rule_in(w, set);
}

static void arrival(struct rule_writer *w, const struct layer *layer,
		    const struct spot *spot)
{
	rule_begin(w);
	count_probe(w, layer, spot, layer->seen);
	rule_end(w);
	rule_begin(w);
	count_probe(w, layer, spot, layer->traced);
	rule_transport(w, spot->port_at, 2, WORD(1));
	rule_note(w, SET_ARRIVED);
	rule_end(w);
}

static void delivery(struct rule_writer *w, const struct layer *layer,
		     const struct spot *spot)
{
	rule_begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	rule_transport(w, spot->port_at, 2, WORD(1));
	rule_note(w, SET_REACHED);
	rule_drop(w);
	rule_end(w);
}

static void departure(struct rule_writer *w, const struct layer *layer,
		      const struct spot *spot)
{
	rule_begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	rule_transport(w, spot->port_at, 2, WORD(1));
	rule_network(w, layer->dst_at, layer->addr_len, WORD(2));
	rule_transport(w, 2, 2, WORD(2 + layer->addr_len / 4));
	rule_note(w, layer->forwarded);
	rule_drop(w);
	rule_end(w);
}

/* Counts those that the rules before should have noted and dropped */
static void keep(struct rule_writer *w, const struct layer *layer,
		 const struct spot *spot)
{
	rule_begin(w);
	is_probe(w, layer, spot, SET_KEPT);
	rule_drop(w);
	rule_end(w);
}

static void keep_unnoted(struct rule_writer *w, const struct layer *layer,
			 const struct spot *spot)
{
	rule_begin(w);
	is_probe(w, layer, spot, SET_COOKIES);
	rule_drop(w);
	rule_end(w);
}

/* RST, or SYN with ACK: no other segment ever answers a probe */
static void is_tcp_answer(struct rule_writer *w, const struct layer *layer)
{
	is(w, layer, IPPROTO_TCP);
	rule_transport(w, TCP_FLAGS_AT, 1, WORD(0));
	rule_any_bit(w, TCP_SYN | TCP_RST);
	rule_transport(w, TCP_ACK_AT, 4, WORD(0));
}

/* Only what comes from the probed address bears the port that was probed */
static void tcp_answer(struct rule_writer *w, const struct layer *layer)
{
	rule_begin(w);
	is_tcp_answer(w, layer);
	rule_network(w, layer->src_at, layer->addr_len, WORD(1));
	rule_in(w, layer->acks);
	rule_transport(w, 0, 2, WORD(1));
	rule_transport(w, TCP_FLAGS_AT, 1, WORD(2));
	rule_note(w, SET_TCP);
	rule_drop(w);
	rule_end(w);
}

static void keep_tcp_answer(struct rule_writer *w, const struct layer *layer)
{
	rule_begin(w);
	is_tcp_answer(w, layer);
	rule_in(w, SET_ACKS);
	rule_drop(w);
	rule_end(w);
}

/* An ICMP error that quotes a probe; noted too if @noting */
static void icmp_error(struct rule_writer *w, const struct layer *layer,
		       const struct spot *spot, bool noting)
{
	const uint32_t l4_at = ICMP_LEN + layer->len;

	rule_begin(w);
	is(w, layer, layer->icmp);
	rule_transport(w, ICMP_LEN + layer->proto_at, 1, WORD(0));
	rule_equals(w, &spot->proto, sizeof(spot->proto));
	rule_transport(w, l4_at + spot->cookie_at, 4, WORD(0));
	rule_in(w, SET_COOKIES);
	if (noting) {
		rule_transport(w, l4_at + spot->port_at, 2, WORD(1));
		rule_transport(w, ICMP_TYPE_AT, 2, WORD(2));
		rule_note(w, SET_ERRORS);
	}
	rule_drop(w);
	rule_end(w);
}

typedef void (*write_spot)(struct rule_writer *w, const struct layer *layer,
			   const struct spot *spot);

static void each(struct rule_writer *w, write_spot write)
{
	for (size_t f = 0; f < PW_ARRAY_SIZE(layers); f++)
		for (size_t i = 0; i < PW_ARRAY_SIZE(spots); i++)
			write(w, &layers[f], &spots[i]);
}

static void answers(struct rule_writer *w, bool noting)
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

int swallow_put_rules(struct pw_batch *batch, const char *table)
{
	struct rule_writer w = {
		.batch = batch, .table = table, .family = NFPROTO_INET,
	};

	rule_chain(&w, "arrive", NF_INET_PRE_ROUTING, PRIORITY_FIRST, NULL);
	each(&w, arrival);
	rule_chain(&w, "deliver", NF_INET_LOCAL_IN, PRIORITY_LAST, NULL);
	each(&w, delivery);
	each(&w, keep);
	rule_chain(&w, "forward", NF_INET_FORWARD, PRIORITY_LAST, NULL);
	each(&w, departure);
	each(&w, keep);
	/* load balancers and duplicates of probes start here, too */
	rule_chain(&w, "answer", NF_INET_LOCAL_OUT, PRIORITY_FIRST, NULL);
	answers(&w, true);
	each(&w, departure);
	each(&w, keep);
	return w.failed ? -ENOMEM : 0;
}

int swallow_put_egress(struct pw_batch *batch, const char *table,
		       uint32_t ifindex, const char *ifname)
{
	char name[32];
	struct rule_writer w = {
		.batch = batch, .table = table, .family = NFPROTO_NETDEV,
	};

	snprintf(name, sizeof(name), "leave-%u", ifindex);
	rule_chain(&w, name, NF_NETDEV_EGRESS, PRIORITY_FIRST, ifname);
	answers(&w, false);
	each(&w, keep_unnoted);
	return w.failed ? -ENOMEM : 0;
}
