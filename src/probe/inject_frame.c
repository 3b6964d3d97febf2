// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of probes: a SYN as Linux sends it, or a small datagram. */
#include "probe/inject_frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define IPV4_LEN 20
#define IPV6_LEN 40
#define TCP_LEN 40		/* with options */
#define HOP_LIMIT 64
#define DONT_FRAGMENT 0x4000
#define TCP_SYN 0x02
#define TCP_WINDOW 64240	/* of Linux, at an MSS of 1460 */

static void put16(uint8_t *at, uint16_t host)
{
	uint16_t be = htons(host);

	memcpy(at, &be, sizeof(be));
}

static void put32(uint8_t *at, uint32_t host)
{
	uint32_t be = htonl(host);

	memcpy(at, &be, sizeof(be));
}

static void put_addr(uint8_t *at, enum pw_family family, struct pw_value addr)
{
	if (family == PW_IPV4) {
		put32(at, (uint32_t)addr.lo);
		return;
	}
	put32(at, (uint32_t)(addr.hi >> 32));
	put32(at + 4, (uint32_t)addr.hi);
	put32(at + 8, (uint32_t)(addr.lo >> 32));
	put32(at + 12, (uint32_t)addr.lo);
}

static uint32_t add_words(uint32_t sum, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint16_t word;

		memcpy(&word, at + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void put_ipv4(uint8_t *ip, const struct pw_inject_head *head, size_t len)
{
	uint16_t check;

	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(IPV4_LEN + len));
	put16(ip + 6, DONT_FRAGMENT);
	ip[8] = HOP_LIMIT;
	ip[9] = head->proto;
	put_addr(ip + 12, PW_IPV4, head->src);
	put_addr(ip + 16, PW_IPV4, head->dst);
	check = (uint16_t)~fold(add_words(0, ip, IPV4_LEN));
	memcpy(ip + 10, &check, sizeof(check));
}

static void put_ipv6(uint8_t *ip, const struct pw_inject_head *head, size_t len)
{
	ip[0] = 0x60;
	put16(ip + 4, (uint16_t)len);
	ip[6] = head->proto;
	ip[7] = HOP_LIMIT;
	put_addr(ip + 8, PW_IPV6, head->src);
	put_addr(ip + 24, PW_IPV6, head->dst);
}

/* MSS, SACK permitted, timestamp, window scale: in the order of Linux */
static const uint8_t syn_options[] = {
	2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7,
};

static void put_tcp(uint8_t *tcp, const struct pw_inject_head *head)
{
	put32(tcp + PW_TCP_COOKIE_AT, head->cookie);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = TCP_SYN;
	put16(tcp + 14, TCP_WINDOW);
	memcpy(tcp + 20, syn_options, sizeof(syn_options));
	/* the upper half of the timestamp: no clock begins at nothing */
	put16(tcp + PW_TCP_PORT_AT - 2, (uint16_t)(head->cookie >> 16 | 1));
}

static void put_udp(uint8_t *udp, const struct pw_inject_head *head)
{
	put16(udp + 4, PW_UDP_LEN);
	put32(udp + PW_UDP_COOKIE_AT, head->cookie);
}

/* All that the checksum covers: addresses, protocol, length, what is there */
static uint16_t base_sum(const struct pw_inject_head *head, const uint8_t *l4,
			 size_t len)
{
	uint8_t pseudo[16 + 16 + 4] = { 0 };

	put_addr(pseudo, head->family, head->src);
	put_addr(pseudo + 16, head->family, head->dst);
	put16(pseudo + 32, head->proto);
	put16(pseudo + 34, (uint16_t)len);
	return fold(add_words(add_words(0, pseudo, sizeof(pseudo)), l4, len));
}

void pw_inject_frame_build(const struct pw_inject_head *head,
			   struct pw_inject_frame *out)
{
	const bool v4 = head->family == PW_IPV4;
	const size_t ip_at = ETH_HLEN, l4_at = ip_at + (v4 ? IPV4_LEN : IPV6_LEN);
	uint8_t *b = out->bytes;
	size_t len;

	*out = (struct pw_inject_frame){ .udp = head->proto == IPPROTO_UDP };
	len = out->udp ? PW_UDP_LEN : TCP_LEN;
	memcpy(b, head->dmac, PW_ETH_LEN);
	memcpy(b + PW_ETH_LEN, head->smac, PW_ETH_LEN);
	put16(b + 2 * PW_ETH_LEN, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4)
		put_ipv4(b + ip_at, head, len);
	else
		put_ipv6(b + ip_at, head, len);
	put16(b + l4_at, head->sport);
	if (out->udp)
		put_udp(b + l4_at, head);
	else
		put_tcp(b + l4_at, head);
	out->port_at = l4_at + 2;
	out->copy_at = l4_at + (out->udp ? PW_UDP_PORT_AT : PW_TCP_PORT_AT);
	out->check_at = l4_at + (out->udp ? 6 : 16);
	out->sum = base_sum(head, b + l4_at, len);
}

void pw_inject_frame_aim(struct pw_inject_frame *frame, uint16_t port)
{
	uint16_t port_be = htons(port), check;

	memcpy(frame->bytes + frame->port_at, &port_be, sizeof(port_be));
	memcpy(frame->bytes + frame->copy_at, &port_be, sizeof(port_be));
	check = (uint16_t)~fold((uint32_t)frame->sum + port_be + port_be);
	if (frame->udp && !check)
		check = 0xffff;		/* 0 would say: none (RFC 768) */
	memcpy(frame->bytes + frame->check_at, &check, sizeof(check));
}
