// SPDX-License-Identifier: GPL-2.0-or-later
/* Bodies of ICMP messages: echoes, errors with a quote, neighbours, groups. */
#include "probe/frame_icmp.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define QUOTED_TTL 63
#define MLDV2_REPORT 143		/* RFC 3810, 5.2 */
#define MLDV2_TO_EXCLUDE 4		/* RFC 3810, 5.2.12: a join */
#define NA_SOLICITED 0x40000000u	/* RFC 4861, 4.4 */
#define MIN_MTU6 1280

static uint8_t *put_zeros(uint8_t *to, size_t len)
{
	memset(to, 0, len);
	return to + len;
}

static uint8_t *put_echo(uint8_t *to, const struct pw_probe *probe,
			 const struct pw_frame_how *how)
{
	to = pw_put16(to, probe->sport ?: how->sport);
	to = pw_put16(to, 1);
	return pw_put32(to, how->cookie);
}

/* As if the host had sent a datagram to the source: of no connection */
static uint8_t *put_quote(uint8_t *to, const struct pw_probe *probe,
			  const struct pw_frame_how *how)
{
	const uint16_t len = 8;
	uint8_t *start = to;
	uint16_t sum;

	if (probe->family == PW_IPV4) {
		to = pw_put32(to, 0x45000000u | (20u + len));
		to = pw_put32(to, 0);
		to = pw_put32(to, QUOTED_TTL << 24 | IPPROTO_UDP << 16);
		to = pw_put_addr(to, PW_IPV4, probe->dst);
		to = pw_put_addr(to, PW_IPV4, probe->src);
		sum = pw_sum_fold(pw_sum(0, start, 20));
		memcpy(start + 10, &sum, sizeof(sum));
	} else {
		to = pw_put32(to, 6u << 28);
		to = pw_put32(to, (uint32_t)len << 16 | IPPROTO_UDP << 8 |
			      QUOTED_TTL);
		to = pw_put_addr(to, PW_IPV6, probe->dst);
		to = pw_put_addr(to, PW_IPV6, probe->src);
	}
	to = pw_put16(to, probe->dport);
	to = pw_put16(to, probe->sport ?: how->sport);
	return pw_put32(to, (uint32_t)len << 16);
}

static uint8_t *put_error(uint8_t *to, const struct pw_probe *probe,
			  const struct pw_frame_how *how)
{
	bool too_big = probe->family == PW_IPV6 &&
		       probe->type == ICMP6_PACKET_TOO_BIG;

	if (probe->family == PW_IPV4 && probe->type == ICMP_REDIRECT)
		to = pw_put_addr(to, PW_IPV4, probe->src);
	else
		to = pw_put32(to, too_big ? MIN_MTU6 : 0);
	return put_quote(to, probe, how);
}

static uint8_t *put_link_option(uint8_t *to, uint8_t option,
				const struct pw_frame_how *how)
{
	*to++ = option;
	*to++ = 1;			/* in units of 8 bytes */
	memcpy(to, how->src_mac, PW_MAC_LEN);
	return to + PW_MAC_LEN;
}

static uint8_t *put_solicit(uint8_t *to, const struct pw_probe *probe,
			    const struct pw_frame_how *how)
{
	to = pw_put_addr(put_zeros(to, 4), PW_IPV6, probe->dst);
	if (!probe->src.hi && !probe->src.lo)	/* RFC 4861, 4.3 */
		return to;
	return put_link_option(to, ND_OPT_SOURCE_LINKADDR, how);
}

static uint8_t *put_advert(uint8_t *to, const struct pw_probe *probe,
			   const struct pw_frame_how *how)
{
	to = pw_put_addr(pw_put32(to, NA_SOLICITED), PW_IPV6, probe->src);
	return put_link_option(to, ND_OPT_TARGET_LINKADDR, how);
}

static uint8_t *put_router_solicit(uint8_t *to, const struct pw_probe *probe,
				   const struct pw_frame_how *how)
{
	to = put_zeros(to, 4);
	if (!probe->src.hi && !probe->src.lo)
		return to;
	return put_link_option(to, ND_OPT_SOURCE_LINKADDR, how);
}

/* Lifetime 0: no default router; nothing else is said */
static uint8_t *put_router_advert(uint8_t *to, const struct pw_probe *probe,
				  const struct pw_frame_how *how)
{
	(void)probe;
	return put_link_option(put_zeros(to, 12), ND_OPT_SOURCE_LINKADDR, how);
}

static uint8_t *put_nd_redirect(uint8_t *to, const struct pw_probe *probe,
				const struct pw_frame_how *how)
{
	(void)how;
	to = pw_put_addr(put_zeros(to, 4), PW_IPV6, probe->src);
	return pw_put_addr(to, PW_IPV6, probe->dst);
}

/* Group ::, which asks for all, and is what a report to nobody names */
static uint8_t *put_mld(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how)
{
	bool general = probe->type == MLD_LISTENER_QUERY ||
		       probe->dst.hi >> 56 != 0xff;

	(void)how;
	to = put_zeros(to, 4);
	return pw_put_addr(to, PW_IPV6,
			   general ? (struct pw_value){ 0, 0 } : probe->dst);
}

static uint8_t *put_mld2_report(uint8_t *to, const struct pw_probe *probe,
				const struct pw_frame_how *how)
{
	(void)how;
	to = pw_put32(to, 1);		/* records */
	to = pw_put32(to, MLDV2_TO_EXCLUDE << 24);
	return pw_put_addr(to, PW_IPV6, probe->dst);
}

static const struct icmp_body {
	enum pw_family family;
	uint8_t first, last;		/* types */
	uint8_t *(*put)(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how);
} bodies[] = {
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_DEST_UNREACH, put_error },
	{ PW_IPV4, ICMP_SOURCE_QUENCH, ICMP_REDIRECT, put_error },
	{ PW_IPV4, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB, put_error },
	{ PW_IPV6, ICMP6_DST_UNREACH, ICMP6_PARAM_PROB, put_error },
	{ PW_IPV6, MLD_LISTENER_QUERY, MLD_LISTENER_REDUCTION, put_mld },
	{ PW_IPV6, ND_ROUTER_SOLICIT, ND_ROUTER_SOLICIT, put_router_solicit },
	{ PW_IPV6, ND_ROUTER_ADVERT, ND_ROUTER_ADVERT, put_router_advert },
	{ PW_IPV6, ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_SOLICIT, put_solicit },
	{ PW_IPV6, ND_NEIGHBOR_ADVERT, ND_NEIGHBOR_ADVERT, put_advert },
	{ PW_IPV6, ND_REDIRECT, ND_REDIRECT, put_nd_redirect },
	{ PW_IPV6, MLDV2_REPORT, MLDV2_REPORT, put_mld2_report },
};

static const struct icmp_body *body_of(const struct pw_probe *probe)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(bodies); i++) {
		if (bodies[i].family == probe->family &&
		    bodies[i].first <= probe->type &&
		    probe->type <= bodies[i].last)
			return &bodies[i];
	}
	return NULL;
}

uint8_t *pw_icmp_put_rest(uint8_t *to, const struct pw_probe *probe,
			  const struct pw_frame_how *how)
{
	const struct icmp_body *body = body_of(probe);

	return (body ? body->put : put_echo)(to, probe, how);
}

bool pw_icmp_is_echo_like(const struct pw_probe *probe)
{
	return !body_of(probe);
}
