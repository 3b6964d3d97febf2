// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of a conversation: read what the host sent, write what it gets. */
#include "rehearse/conversation_frame.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define HOP_LIMIT 64
#define WINDOW 65535

static void put_addr(enum pw_family family, struct pw_value addr, void *out)
{
	uint8_t *bytes = out;
	int len = family == PW_IPV4 ? 4 : 16;

	for (int i = 0; i < len; i++) {
		int shift = 8 * (len - 1 - i);

		bytes[i] = (uint8_t)(shift < 64 ? addr.lo >> shift :
						  addr.hi >> (shift - 64));
	}
}

static struct pw_value get_addr(enum pw_family family, const void *in)
{
	const uint8_t *bytes = in;
	struct pw_value addr = { 0 };
	int len = family == PW_IPV4 ? 4 : 16;

	for (int i = 0; i < len; i++) {
		addr.hi = addr.hi << 8 | addr.lo >> 56;
		addr.lo = addr.lo << 8 | bytes[i];
	}
	return addr;
}

/* RFC 1071, not folded yet */
static uint32_t sum(uint32_t start, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		start += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return start;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

/* Over @len bytes of transport; ICMP has no pseudo header, ICMPv6 has */
static uint16_t checksum(const struct pw_segment *s, const uint8_t *transport,
			 size_t len)
{
	uint8_t addrs[32];
	size_t addrs_len = s->family == PW_IPV4 ? 8 : 32;
	uint32_t total = 0;

	if (s->proto != IPPROTO_ICMP) {
		put_addr(s->family, s->src, addrs);
		put_addr(s->family, s->dst, addrs + addrs_len / 2);
		total = sum((uint32_t)len + s->proto, addrs, addrs_len);
	}
	return fold(sum(total, transport, len));
}

static size_t header_len(uint8_t proto)
{
	return proto == IPPROTO_TCP ? sizeof(struct tcphdr) : 8;
}

/* Transport header, body behind it, checksum within. Its length */
static size_t write_transport(const struct pw_segment *s, uint8_t *out)
{
	size_t head = header_len(s->proto), len = head + s->len;
	struct tcphdr tcp = {
		.th_sport = htons(s->sport), .th_dport = htons(s->dport),
		.th_seq = htonl(s->seq), .th_ack = htonl(s->ack),
		.th_off = sizeof(tcp) / 4, .th_flags = s->flags,
		.th_win = htons(WINDOW),
	};
	struct udphdr udp = {
		.uh_sport = htons(s->sport), .uh_dport = htons(s->dport),
		.uh_ulen = htons((uint16_t)len),
	};
	struct icmp6_hdr icmp = {
		.icmp6_type = s->type, .icmp6_code = s->code,
		.icmp6_data32 = { htonl(s->rest) },
	};

	memcpy(out, s->proto == IPPROTO_TCP ? (void *)&tcp :
		    s->proto == IPPROTO_UDP ? (void *)&udp : (void *)&icmp,
	       head);
	if (s->len)
		memcpy(out + head, s->body, s->len);
	tcp.th_sum = udp.uh_sum = icmp.icmp6_cksum =
		htons(checksum(s, out, len));
	if (!udp.uh_sum)
		udp.uh_sum = 0xffff;	/* 0 would mean none, RFC 768 */
	memcpy(out, s->proto == IPPROTO_TCP ? (void *)&tcp :
		    s->proto == IPPROTO_UDP ? (void *)&udp : (void *)&icmp,
	       head);
	return len;
}

static size_t write_ip4(const struct pw_segment *s, size_t len, uint8_t *out)
{
	struct ip ip = {
		.ip_v = 4, .ip_hl = sizeof(ip) / 4,
		.ip_len = htons((uint16_t)(sizeof(ip) + len)),
		.ip_off = htons(IP_DF), .ip_ttl = HOP_LIMIT, .ip_p = s->proto,
	};

	put_addr(PW_IPV4, s->src, &ip.ip_src);
	put_addr(PW_IPV4, s->dst, &ip.ip_dst);
	ip.ip_sum = htons(fold(sum(0, &ip, sizeof(ip))));
	memcpy(out, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t write_ip6(const struct pw_segment *s, size_t len, uint8_t *out)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = s->proto, .ip6_hlim = HOP_LIMIT,
	};

	put_addr(PW_IPV6, s->src, &ip.ip6_src);
	put_addr(PW_IPV6, s->dst, &ip.ip6_dst);
	memcpy(out, &ip, sizeof(ip));
	return sizeof(ip);
}

size_t pw_segment_write(const struct pw_segment *segment, const uint8_t *eth,
		      uint8_t out[static PW_SEGMENT_MAX])
{
	bool v4 = segment->family == PW_IPV4;
	size_t head = v4 ? sizeof(struct ip) : sizeof(struct ip6_hdr);
	size_t at = 0, len;

	if (eth) {
		memcpy(out, eth + ETH_ALEN, ETH_ALEN);
		memcpy(out + ETH_ALEN, eth, ETH_ALEN);
		memcpy(out + 2 * ETH_ALEN, eth + 2 * ETH_ALEN, 2);
		at = ETH_HLEN;
	}
	len = write_transport(segment, out + at + head);
	if (v4)
		write_ip4(segment, len, out + at);
	else
		write_ip6(segment, len, out + at);
	return at + head + len;
}

static bool read_tcp(const uint8_t *data, size_t len, struct pw_segment *out)
{
	struct tcphdr tcp;

	if (len < sizeof(tcp))
		return false;
	memcpy(&tcp, data, sizeof(tcp));
	if (tcp.th_off * 4u < sizeof(tcp) || tcp.th_off * 4u > len)
		return false;
	out->sport = ntohs(tcp.th_sport);
	out->dport = ntohs(tcp.th_dport);
	out->flags = tcp.th_flags;
	out->seq = ntohl(tcp.th_seq);
	out->ack = ntohl(tcp.th_ack);
	out->body = data + tcp.th_off * 4u;
	out->len = len - tcp.th_off * 4u;
	return true;
}

static bool read_transport(const uint8_t *data, size_t len,
			   struct pw_segment *out)
{
	struct udphdr udp;
	struct icmp6_hdr icmp;

	if (out->proto == IPPROTO_TCP)
		return read_tcp(data, len, out);
	if (len < sizeof(udp))
		return false;
	out->body = data + sizeof(udp);
	out->len = len - sizeof(udp);
	if (out->proto == IPPROTO_UDP) {
		memcpy(&udp, data, sizeof(udp));
		out->sport = ntohs(udp.uh_sport);
		out->dport = ntohs(udp.uh_dport);
		return true;
	}
	memcpy(&icmp, data, sizeof(icmp));
	out->type = icmp.icmp6_type;
	out->code = icmp.icmp6_code;
	out->rest = ntohl(icmp.icmp6_data32[0]);
	return out->proto == (out->family == PW_IPV4 ? IPPROTO_ICMP :
						       IPPROTO_ICMPV6);
}

static bool read_ip4(const uint8_t *data, size_t len, struct pw_segment *out)
{
	struct ip ip;
	size_t head, total;

	if (len < sizeof(ip))
		return false;
	memcpy(&ip, data, sizeof(ip));
	head = ip.ip_hl * 4u;
	total = ntohs(ip.ip_len);
	if (head < sizeof(ip) || total < head || total > len ||
	    ntohs(ip.ip_off) & (IP_MF | IP_OFFMASK))
		return false;
	out->family = PW_IPV4;
	out->src = get_addr(PW_IPV4, &ip.ip_src);
	out->dst = get_addr(PW_IPV4, &ip.ip_dst);
	out->proto = ip.ip_p;
	out->packet_len = total;
	return read_transport(data + head, total - head, out);
}

static bool read_ip6(const uint8_t *data, size_t len, struct pw_segment *out)
{
	struct ip6_hdr ip;
	size_t total;

	if (len < sizeof(ip))
		return false;
	memcpy(&ip, data, sizeof(ip));
	total = sizeof(ip) + ntohs(ip.ip6_plen);
	if (total > len)
		return false;
	out->family = PW_IPV6;
	out->src = get_addr(PW_IPV6, &ip.ip6_src);
	out->dst = get_addr(PW_IPV6, &ip.ip6_dst);
	out->proto = ip.ip6_nxt;
	out->packet_len = total;
	return read_transport(data + sizeof(ip), total - sizeof(ip), out);
}

bool pw_segment_read(const void *frame, size_t len, struct pw_segment *out)
{
	const uint8_t *bytes = frame;
	uint16_t type;

	*out = (struct pw_segment){ .eth = bytes };
	if (len < ETH_HLEN)
		return false;
	type = (uint16_t)(bytes[12] << 8 | bytes[13]);
	out->packet = bytes + ETH_HLEN;
	if (type == ETHERTYPE_IP)
		return read_ip4(out->packet, len - ETH_HLEN, out);
	return type == ETHERTYPE_IPV6 &&
	       read_ip6(out->packet, len - ETH_HLEN, out);
}
