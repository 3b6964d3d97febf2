// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading packets: to the transport header, and into what errors quote. */
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "probe/frame.h"

#define IP4_MIN 20
#define IP6_LEN 40
#define ICMP_HEAD 8
#define FRAGMENT_LEN 8

static bool parse4(const uint8_t *ip, size_t len, struct pw_packet *out)
{
	size_t head = (size_t)(ip[0] & 0xf) * 4, total;

	if (len < IP4_MIN || head < IP4_MIN || len < head)
		return false;
	total = pw_get16(ip + 2);
	if (total < head)
		return false;
	*out = (struct pw_packet){
		.family = PW_IPV4,
		.src = pw_get_addr(PW_IPV4, ip + 12),
		.dst = pw_get_addr(PW_IPV4, ip + 16),
		.proto = ip[9],
		.piece = pw_get16(ip + 6) & IP_OFFMASK,
		.data = ip + head,
		.len = (total < len ? total : len) - head,
	};
	return true;
}

/* Steps over one extension header; false: @out is at the transport */
static bool step(struct pw_packet *out)
{
	size_t len;

	switch (out->proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
		break;
	default:
		return false;
	}
	if (out->piece || out->len < 8)
		return false;
	len = ((size_t)out->data[1] + 1) * 8;
	if (out->proto == IPPROTO_FRAGMENT) {
		len = FRAGMENT_LEN;
		out->piece = pw_get16(out->data + 2) & ~7u;
	}
	if (out->len < len)
		return false;
	out->proto = out->data[0];
	out->data += len;
	out->len -= len;
	return true;
}

static bool parse6(const uint8_t *ip, size_t len, struct pw_packet *out)
{
	size_t rest;

	if (len < IP6_LEN)
		return false;
	rest = pw_get16(ip + 4);
	*out = (struct pw_packet){
		.family = PW_IPV6,
		.src = pw_get_addr(PW_IPV6, ip + 8),
		.dst = pw_get_addr(PW_IPV6, ip + 24),
		.proto = ip[6],
		.data = ip + IP6_LEN,
		.len = rest < len - IP6_LEN ? rest : len - IP6_LEN,
	};
	while (step(out))
		;
	return true;
}

bool pw_packet_parse(const uint8_t *ip, size_t len, struct pw_packet *out)
{
	if (!len)
		return false;
	switch (ip[0] >> 4) {
	case 4:
		return parse4(ip, len, out);
	case 6:
		return parse6(ip, len, out);
	}
	return false;
}

bool pw_frame_parse(const uint8_t *frame, size_t len, struct pw_packet *out)
{
	uint16_t type;

	if (len < ETHER_HDR_LEN)
		return false;
	type = pw_get16(frame + 2 * PW_MAC_LEN);
	if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6)
		return false;
	return pw_packet_parse(frame + ETHER_HDR_LEN, len - ETHER_HDR_LEN, out);
}

static bool is_error(const struct pw_packet *packet)
{
	uint8_t type = packet->data[0];

	if (packet->proto == IPPROTO_ICMPV6)
		return !(type & ICMP6_INFOMSG_MASK);
	return packet->proto == IPPROTO_ICMP &&
	       (type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED ||
		type == ICMP_PARAMETERPROB);
}

bool pw_packet_quoted(const struct pw_packet *packet, struct pw_packet *out)
{
	if (packet->piece || packet->len < ICMP_HEAD || !is_error(packet))
		return false;
	return pw_packet_parse(packet->data + ICMP_HEAD,
			       packet->len - ICMP_HEAD, out);
}
