// SPDX-License-Identifier: GPL-2.0-or-later
/* Transport headers of probes and their payload: one row a protocol. */
#include <assert.h>
#include <endian.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "probe/frame.h"
#include "probe/frame_icmp.h"

#define PAYLOAD_MAX 256		/* see struct pw_probe */
#define WINDOW 65535
#define SCTP_INIT 1		/* RFC 9260, 3.2 */
#define SCTP_INIT_LEN 20
#define DCCP_WORDS 5		/* RFC 4340, 5.1: with long sequence numbers */
#define DCCP_LONG 1		/* type request is 0 */

enum sum_kind { SUM_NONE, SUM_ALONE, SUM_PSEUDO, SUM_CRC };

typedef uint8_t *(*put_fn)(uint8_t *to, const struct pw_probe *probe,
			   const struct pw_frame_how *how);

/**
 * struct transport - How a protocol is written
 * @cookie_at:	where the cookie lies
 * @head_cookie: within the header, so that any payload leaves it alone
 * @len_at:	where the length lies, 0: nowhere
 * @skip:	see pw_transport_skip()
 * @head:	NULL: none
 * @rest:	what stands for a payload if there is none; NULL: nothing
 */
struct transport {
	uint8_t proto, cookie_at;
	bool head_cookie;
	uint8_t len_at, skip, sum_at;
	enum sum_kind sum;
	put_fn head, rest;
};

static uint8_t *put_ports(uint8_t *to, const struct pw_probe *probe,
			  const struct pw_frame_how *how)
{
	return pw_put16(pw_put16(to, probe->sport ?: how->sport),
			probe->dport);
}

static uint8_t *put_tcp(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how)
{
	uint8_t flags = probe->tcp_flags ?: TH_SYN;

	to = put_ports(to, probe, how);
	to = pw_put32(to, how->cookie);
	to = pw_put32(to, flags & TH_ACK ? how->cookie : 0);
	to = pw_put16(to, 5 << 12 | flags);
	to = pw_put16(to, WINDOW);
	return pw_put32(to, 0);			/* checksum, urgent */
}

/* The length is filled in later; that of UDP-Lite says: all is covered */
static uint8_t *put_udp(uint8_t *to, const struct pw_probe *probe,
			const struct pw_frame_how *how)
{
	return pw_put32(put_ports(to, probe, how), 0);
}

static uint8_t *put_sctp(uint8_t *to, const struct pw_probe *probe,
			 const struct pw_frame_how *how)
{
	to = pw_put32(put_ports(to, probe, how), 0);
	return pw_put32(to, 0);
}

static uint8_t *put_sctp_init(uint8_t *to, const struct pw_probe *probe,
			      const struct pw_frame_how *how)
{
	(void)probe;
	to = pw_put32(to, SCTP_INIT << 24 | SCTP_INIT_LEN);
	to = pw_put32(to, how->cookie);		/* tag */
	to = pw_put32(to, WINDOW);
	to = pw_put32(to, 1u << 16 | 1);	/* streams */
	return pw_put32(to, how->cookie);	/* first TSN */
}

static uint8_t *put_dccp(uint8_t *to, const struct pw_probe *probe,
			 const struct pw_frame_how *how)
{
	to = put_ports(to, probe, how);
	to = pw_put32(to, (uint32_t)DCCP_WORDS << 24);
	to = pw_put32(to, (uint32_t)DCCP_LONG << 24);
	to = pw_put32(to, how->cookie);		/* sequence, lower part */
	return pw_put32(to, 0);			/* service code */
}

static uint8_t *put_icmp(uint8_t *to, const struct pw_probe *probe,
			 const struct pw_frame_how *how)
{
	(void)how;
	return pw_put32(to, (uint32_t)probe->type << 24 |
			    (uint32_t)probe->code << 16);
}

static uint8_t *put_cookie(uint8_t *to, const struct pw_probe *probe,
			   const struct pw_frame_how *how)
{
	(void)probe;
	return pw_put32(to, how->cookie);
}

/*
 * Eight bytes that harm nowhere, and the cookie: to those who take the protocol
 * for an extension header of IPv6 they are one, of eight bytes, with nothing
 * behind. A GRE header begins with flags, which say nothing then.
 */
static uint8_t *put_filler(uint8_t *to, const struct pw_probe *probe,
			   const struct pw_frame_how *how)
{
	bool options = probe->proto == IPPROTO_HOPOPTS ||
		       probe->proto == IPPROTO_DSTOPTS;
	bool gre = probe->proto == IPPROTO_GRE;

	to = pw_put32(to, gre ? 0x0800 : (uint32_t)IPPROTO_NONE << 24 |
					 (options ? 0x0104 : 0));
	return pw_put32(pw_put32(to, 0), how->cookie);
}

static const struct transport transports[] = {
	{ IPPROTO_TCP, 4, true, 0, 18, 16, SUM_PSEUDO, put_tcp, NULL },
	{ IPPROTO_UDP, 8, false, 4, 8, 6, SUM_PSEUDO, put_udp, put_cookie },
	{ IPPROTO_UDPLITE, 8, false, 4, 8, 6, SUM_PSEUDO, put_udp,
	  put_cookie },
	{ IPPROTO_SCTP, 16, false, 0, 12, 8, SUM_CRC, put_sctp,
	  put_sctp_init },
	{ IPPROTO_DCCP, 12, true, 0, 12, 6, SUM_PSEUDO, put_dccp, NULL },
	{ IPPROTO_ICMP, 8, false, 0, 4, 2, SUM_ALONE, put_icmp,
	  pw_icmp_put_rest },
	{ IPPROTO_ICMPV6, 8, false, 0, 4, 2, SUM_PSEUDO, put_icmp,
	  pw_icmp_put_rest },
};

static const struct transport other = { .cookie_at = 8, .rest = put_filler };

static const struct transport *transport_of(uint8_t proto)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(transports); i++) {
		if (transports[i].proto == proto)
			return &transports[i];
	}
	return &other;
}

static void put_sum(const struct transport *kind, const struct pw_probe *probe,
		    uint8_t *data, size_t len)
{
	uint32_t crc_le;
	uint16_t sum;

	switch (kind->sum) {
	case SUM_CRC:
		crc_le = htole32(pw_crc32c(data, len));
		memcpy(data + kind->sum_at, &crc_le, sizeof(crc_le));
		return;
	case SUM_ALONE:
		sum = pw_sum_fold(pw_sum(0, data, len));
		break;
	case SUM_PSEUDO:
		sum = pw_sum_transport(probe, kind->proto, data, len);
		break;
	default:
		return;
	}
	if (!sum && kind->len_at)
		sum = UINT16_MAX;		/* RFC 768: 0 says: none */
	memcpy(data + kind->sum_at, &sum, sizeof(sum));
}

static uint8_t *put_payload(uint8_t *to, const struct transport *kind,
			    const struct pw_probe *probe,
			    const struct pw_frame_how *how)
{
	if (probe->payload) {
		assert(probe->payload_len <= PAYLOAD_MAX);
		memcpy(to, probe->payload, probe->payload_len);
		return to + probe->payload_len;
	}
	return kind->rest ? kind->rest(to, probe, how) : to;
}

size_t pw_transport_build(const struct pw_probe *probe,
			  const struct pw_frame_how *how, size_t min,
			  uint8_t out[static PW_FRAME_MAX])
{
	const struct transport *kind = transport_of(probe->proto);
	uint8_t *to = kind->head ? kind->head(out, probe, how) : out;
	size_t len;

	to = put_payload(to, kind, probe, how);
	len = (size_t)(to - out);
	if (len < min) {
		memset(to, 0, min - len);
		len = min;
	}
	if (kind->len_at)
		pw_put16(out + kind->len_at, (uint16_t)len);
	put_sum(kind, probe, out, len);
	return len;
}

bool pw_probe_has_cookie(const struct pw_probe *probe)
{
	const struct transport *kind = transport_of(probe->proto);

	if (kind->head_cookie)
		return true;
	if (kind->rest == pw_icmp_put_rest && !pw_icmp_is_echo_like(probe))
		return false;
	return !probe->payload;
}

size_t pw_transport_skip(uint8_t proto)
{
	return transport_of(proto)->skip;
}

bool pw_packet_cookie(uint8_t proto, const uint8_t *data, size_t len,
		      uint32_t *cookie)
{
	size_t at = transport_of(proto)->cookie_at;

	if (len < at + sizeof(*cookie))
		return false;
	*cookie = pw_get32(data + at);
	return true;
}
