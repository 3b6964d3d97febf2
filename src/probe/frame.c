// SPDX-License-Identifier: GPL-2.0-or-later
/* From a probe to its frames: Ethernet, IP, extension headers, fragments. */
#include "probe/frame.h"

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>

#define IP4_LEN 20
#define CHAIN_MAX 32		/* destination options and a routing header */
#define CUT_MAX (CHAIN_MAX + PW_FRAME_MAX)
#define TTL 64
#define TTL_NEIGHBOURS 255	/* RFC 4861, 7.1: anything else is ignored */
#define TTL_GROUPS 1		/* RFC 2710, 3 */
#define MLDV2_REPORT 143
#define TINY_CUT 8		/* the smallest piece there is */
#define OPT_PADN 1		/* RFC 8200, 4.2 */
#define OPT_ALERT 5		/* RFC 2711 */
#define ROUTING_SEGMENTS 4	/* RFC 8754 */

/* The addresses that have a MAC address by their number */
static bool is_multicast(const struct pw_probe *probe)
{
	if (probe->family == PW_IPV4)
		return probe->dst.lo >> 28 == 0xe;
	return probe->dst.hi >> 56 == 0xff;
}

static bool is_broadcast(const struct pw_probe *probe,
			 const struct pw_frame_how *how)
{
	return probe->family == PW_IPV4 &&
	       (probe->dst.lo == UINT32_MAX ||
		(how->broadcast.lo && probe->dst.lo == how->broadcast.lo));
}

/* RFC 1112, 6.4; RFC 2464, 7 */
static void put_multicast_mac(uint8_t *to, const struct pw_probe *probe)
{
	uint32_t low = probe->dst.lo & UINT32_MAX;

	if (probe->family == PW_IPV4) {
		pw_put16(to, 0x0100);
		pw_put32(to + 2, 0x5e000000u | (low & 0x7fffff));
		return;
	}
	pw_put16(to, 0x3333);
	pw_put32(to + 2, low);
}

static uint8_t *put_ethernet(uint8_t *to, const struct pw_probe *probe,
			     const struct pw_frame_how *how)
{
	if (is_multicast(probe))
		put_multicast_mac(to, probe);
	else if (is_broadcast(probe, how))
		memset(to, 0xff, PW_MAC_LEN);
	else
		memcpy(to, how->dst_mac, PW_MAC_LEN);
	memcpy(to + PW_MAC_LEN, how->src_mac, PW_MAC_LEN);
	return pw_put16(to + 2 * PW_MAC_LEN, probe->family == PW_IPV4 ?
						     ETHERTYPE_IP :
						     ETHERTYPE_IPV6);
}

static uint8_t hop_limit(const struct pw_probe *probe)
{
	if (probe->hop_limit)
		return probe->hop_limit;
	if (probe->proto == IPPROTO_IGMP && probe->family == PW_IPV4)
		return TTL_GROUPS;
	if (probe->proto != IPPROTO_ICMPV6)
		return TTL;
	if (probe->type >= ND_ROUTER_SOLICIT && probe->type <= ND_REDIRECT)
		return TTL_NEIGHBOURS;
	if ((probe->type >= MLD_LISTENER_QUERY &&
	     probe->type <= MLD_LISTENER_REDUCTION) ||
	    probe->type == MLDV2_REPORT)
		return TTL_GROUPS;
	return TTL;
}

/**
 * struct piece - What a frame carries of what may be cut
 * @at, @len:	from where, how much
 * @more:	pieces follow
 * @cut:	it says that it is a piece (an atomic one is all the same)
 */
struct piece {
	size_t at, len;
	bool more, cut;
};

static uint8_t *put_ip4(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how,
			const struct piece *piece)
{
	uint32_t frag = (piece->more ? IP_MF : 0) | (uint32_t)(piece->at / 8);
	uint8_t *start = to;
	uint16_t sum;

	to = pw_put32(to, 0x45000000u | (uint32_t)(IP4_LEN + piece->len));
	to = pw_put32(to, (how->ident & 0xffff) << 16 | frag);
	to = pw_put32(to, (uint32_t)hop_limit(probe) << 24 |
			  (uint32_t)probe->proto << 16);
	to = pw_put_addr(to, PW_IPV4, probe->src);
	to = pw_put_addr(to, PW_IPV4, probe->dst);
	sum = pw_sum_fold(pw_sum(0, start, IP4_LEN));
	memcpy(start + 10, &sum, sizeof(sum));
	return to;
}

static uint8_t *put_options(uint8_t *to, uint8_t next, bool alert)
{
	*to++ = next;
	*to++ = 0;			/* eight bytes in all */
	if (alert) {
		to = pw_put32(to, OPT_ALERT << 24 | 2 << 16);
		return pw_put16(to, OPT_PADN << 8);
	}
	return pw_put16(pw_put32(to, OPT_PADN << 24 | 4 << 16), 0);
}

/* One segment, the destination: left behind already */
static uint8_t *put_routing(uint8_t *to, uint8_t next,
			    const struct pw_probe *probe)
{
	to = pw_put32(to, (uint32_t)next << 24 | 2 << 16 |
			  ROUTING_SEGMENTS << 8);
	return pw_put_addr(pw_put32(to, 0), PW_IPV6, probe->dst);
}

static uint8_t *put_fragment(uint8_t *to, uint8_t next,
			     const struct pw_frame_how *how,
			     const struct piece *piece)
{
	to = pw_put32(to, (uint32_t)next << 24 | (uint32_t)piece->at |
			  piece->more);
	return pw_put32(to, how->ident);
}

/*
 * Hop-by-hop options come first and are part of every fragment. What follows is
 * cut with the transport: the kernel's reassembly before the rules loses its
 * way behind other headers that precede the fragment's.
 */
static const struct chain {
	bool hop;
	uint8_t num, headers[2];
} chains[] = {
	[PW_EXT_NONE] = { false, 0, { 0 } },
	[PW_EXT_HOPOPTS] = { true, 0, { 0 } },
	[PW_EXT_ALERT] = { true, 0, { 0 } },
	[PW_EXT_DSTOPTS] = { false, 1, { IPPROTO_DSTOPTS } },
	[PW_EXT_ROUTING] = { false, 1, { IPPROTO_ROUTING } },
	[PW_EXT_ALL] = { true, 2, { IPPROTO_DSTOPTS, IPPROTO_ROUTING } },
};

static const struct chain *chain_of(const struct pw_probe *probe)
{
	return &chains[probe->family == PW_IPV6 ? probe->ext : PW_EXT_NONE];
}

/* What the headers before the chain's own name as next */
static uint8_t behind(const struct pw_probe *probe, uint8_t header)
{
	const struct chain *chain = chain_of(probe);

	return header < chain->num ? chain->headers[header] : probe->proto;
}

/* All headers but those that precede a fragment's; each names the next */
static uint8_t *put_chain(uint8_t *to, const struct pw_probe *probe)
{
	const struct chain *chain = chain_of(probe);

	for (uint8_t i = 0; i < chain->num; i++) {
		uint8_t next = behind(probe, i + 1);

		to = chain->headers[i] == IPPROTO_ROUTING ?
			     put_routing(to, next, probe) :
			     put_options(to, next, false);
	}
	return to;
}

static uint8_t *put_ip6(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how,
			const struct piece *piece)
{
	uint8_t rest = piece->cut ? IPPROTO_FRAGMENT : behind(probe, 0);
	bool hop = chain_of(probe)->hop;
	uint8_t *start = to, *end;

	to = pw_put32(to, 6u << 28);
	to += 4;			/* when the length is known */
	to = pw_put_addr(to, PW_IPV6, probe->src);
	to = pw_put_addr(to, PW_IPV6, probe->dst);
	end = to;
	if (hop)
		end = put_options(end, rest, probe->ext == PW_EXT_ALERT);
	if (piece->cut)
		end = put_fragment(end, behind(probe, 0), how, piece);
	pw_put32(start + 4, (uint32_t)((size_t)(end - to) + piece->len) << 16 |
			    (uint32_t)(hop ? IPPROTO_HOPOPTS : rest) << 8 |
			    hop_limit(probe));
	return end;
}

static void put_frame(const struct pw_probe *probe,
		      const struct pw_frame_how *how, const uint8_t *data,
		      const struct piece *piece, struct pw_frame *out)
{
	uint8_t *to = put_ethernet(out->data, probe, how);

	to = probe->family == PW_IPV4 ? put_ip4(to, probe, how, piece) :
					put_ip6(to, probe, how, piece);
	memcpy(to, data + piece->at, piece->len);
	out->len = (uint16_t)((size_t)(to - out->data) + piece->len);
}

/* Behind the header and the cookie; within the header if it is to be tiny */
static size_t cut_at(const struct pw_probe *probe)
{
	size_t head = probe->proto == IPPROTO_TCP ||
				      probe->proto == IPPROTO_DCCP ? 20 : 12;

	if (probe->pieces == PW_FRAGMENTS_TINY)
		return TINY_CUT;
	return (head + 7) & ~(size_t)7;
}

/* All that may be cut: its length; @head: bytes before the transport */
static size_t put_all(const struct pw_probe *probe,
		      const struct pw_frame_how *how, size_t min,
		      uint8_t out[static CUT_MAX], size_t *head)
{
	*head = (size_t)(put_chain(out, probe) - out);
	return *head + pw_transport_build(probe, how, min, out + *head);
}

static unsigned int cut(const struct pw_probe *probe,
			const struct pw_frame_how *how,
			struct pw_frame out[static PW_FRAME_PIECES])
{
	bool backwards = probe->pieces == PW_FRAGMENTS_BACKWARDS;
	uint8_t data[CUT_MAX];
	size_t head, at = cut_at(probe);
	size_t len = put_all(probe, how, at + 1, data, &head);
	struct piece first = { 0, head + at, true, true };
	struct piece second = { head + at, len - head - at, false, true };

	put_frame(probe, how, data, &first, &out[backwards]);
	if (probe->pieces == PW_FRAGMENT_FIRST)
		return 1;
	put_frame(probe, how, data, &second, &out[!backwards]);
	return 2;
}

static unsigned int build_whole(const struct pw_probe *probe,
				const struct pw_frame_how *how,
				struct pw_frame *out)
{
	struct piece whole = {
		.cut = probe->pieces == PW_FRAGMENT_ATOMIC &&
		       probe->family == PW_IPV6,
	};
	uint8_t data[CUT_MAX];
	size_t head;

	whole.len = put_all(probe, how, 0, data, &head);
	put_frame(probe, how, data, &whole, out);
	return 1;
}

unsigned int pw_frame_build(const struct pw_probe *probe,
			    const struct pw_frame_how *how,
			    struct pw_frame out[static PW_FRAME_PIECES])
{
	return probe->pieces == PW_WHOLE ||
			       probe->pieces == PW_FRAGMENT_ATOMIC ?
		       build_whole(probe, how, out) :
		       cut(probe, how, out);
}
