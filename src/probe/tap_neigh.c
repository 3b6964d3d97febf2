// SPDX-License-Identifier: GPL-2.0-or-later
/* Whoever lives on the wire: ARP and neighbour discovery, and the sentinel. */
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "probe/tap.h"

/* RFC 826 over Ethernet and IPv4: where the fields lie in the frame */
#define ARP_OP (ETHER_HDR_LEN + 6)
#define ARP_SENDER_MAC (ETHER_HDR_LEN + 8)
#define ARP_SENDER (ETHER_HDR_LEN + 14)
#define ARP_TARGET_MAC (ETHER_HDR_LEN + 18)
#define ARP_TARGET (ETHER_HDR_LEN + 24)
#define ARP_FRAME_LEN (ETHER_HDR_LEN + 28)
#define ND_TARGET 8
#define ND_LEN 24

static bool same(struct pw_value a, struct pw_value b)
{
	return !pw_value_cmp(a, b);
}

static bool is_hosts(const struct pw_scene *scene, enum pw_family family,
		     struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_ifaces; i++) {
		if (same(scene->ifaces[i].addr[family], addr))
			return true;
	}
	for (size_t i = 0; i < scene->num_locals; i++) {
		if (scene->locals[i].family == family &&
		    same(scene->locals[i].addr, addr))
			return true;
	}
	return false;
}

static bool is_arp(const uint8_t *frame, size_t len, uint16_t op)
{
	return len >= ARP_FRAME_LEN &&
	       pw_get16(frame + 2 * PW_MAC_LEN) == ETHERTYPE_ARP &&
	       pw_get16(frame + ARP_OP) == op;
}

static void put_arp(struct pw_frame *out, const uint8_t *to,
		    const uint8_t *from, uint16_t op)
{
	uint8_t *at = out->data;

	memcpy(at, to, PW_MAC_LEN);
	memcpy(at + PW_MAC_LEN, from, PW_MAC_LEN);
	at = pw_put16(at + 2 * PW_MAC_LEN, ETHERTYPE_ARP);
	at = pw_put16(at, ARPHRD_ETHER);
	at = pw_put16(at, ETHERTYPE_IP);
	at = pw_put16(at, PW_MAC_LEN << 8 | 4);
	pw_put16(at, op);
	memcpy(out->data + ARP_SENDER_MAC, from, PW_MAC_LEN);
	out->len = ARP_FRAME_LEN;
}

static bool answer_arp(const struct pw_scene *scene, const uint8_t *mac,
		       const uint8_t *frame, struct pw_frame *out)
{
	struct pw_value target = pw_get_addr(PW_IPV4, frame + ARP_TARGET);

	if (is_hosts(scene, PW_IPV4, target))
		return false;
	put_arp(out, frame + ARP_SENDER_MAC, mac, ARPOP_REPLY);
	pw_put_addr(out->data + ARP_SENDER, PW_IPV4, target);
	memcpy(out->data + ARP_TARGET_MAC, frame + ARP_SENDER_MAC, PW_MAC_LEN);
	memcpy(out->data + ARP_TARGET, frame + ARP_SENDER, 4);
	return true;
}

static bool is_solicitation(const struct pw_packet *packet)
{
	return packet->family == PW_IPV6 && packet->proto == IPPROTO_ICMPV6 &&
	       packet->len >= ND_LEN &&
	       packet->data[0] == ND_NEIGHBOR_SOLICIT &&
	       (packet->src.hi || packet->src.lo);
}

static bool answer_solicitation(const struct pw_scene *scene,
				const uint8_t *mac, const uint8_t *frame,
				const struct pw_packet *packet,
				struct pw_frame *out)
{
	struct pw_frame whole[PW_FRAME_PIECES];
	struct pw_frame_how how = { 0 };
	struct pw_probe advert = {
		.family = PW_IPV6, .proto = IPPROTO_ICMPV6,
		.type = ND_NEIGHBOR_ADVERT,
		.src = pw_get_addr(PW_IPV6, packet->data + ND_TARGET),
		.dst = packet->src,
	};

	if (is_hosts(scene, PW_IPV6, advert.src))
		return false;
	memcpy(how.src_mac, mac, PW_MAC_LEN);
	memcpy(how.dst_mac, frame + PW_MAC_LEN, PW_MAC_LEN);
	pw_frame_build(&advert, &how, whole);
	*out = whole[0];
	return true;
}

bool pw_neigh_answer(const struct pw_scene *scene,
		     const uint8_t mac[static PW_MAC_LEN],
		     const uint8_t *frame, size_t len, struct pw_frame *out)
{
	struct pw_packet packet;

	if (is_arp(frame, len, ARPOP_REQUEST))
		return answer_arp(scene, mac, frame, out);
	return pw_frame_parse(frame, len, &packet) &&
	       is_solicitation(&packet) &&
	       answer_solicitation(scene, mac, frame, &packet, out);
}

/*
 * From 0.0.0.0, as in address detection (RFC 5227): the host answers without
 * looking for a route, and remembers no neighbour
 */
void pw_neigh_sentinel(const struct pw_scene_iface *iface,
		       const uint8_t tag[static PW_MAC_LEN],
		       struct pw_frame *out)
{
	static const uint8_t all[PW_MAC_LEN] = { 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff };

	put_arp(out, all, tag, ARPOP_REQUEST);
	memset(out->data + ARP_SENDER, 0, ARP_TARGET - ARP_SENDER);
	pw_put_addr(out->data + ARP_TARGET, PW_IPV4, iface->addr[PW_IPV4]);
}

const uint8_t *pw_neigh_sentinel_tag(const uint8_t *frame, size_t len)
{
	return is_arp(frame, len, ARPOP_REPLY) &&
	       !pw_get32(frame + ARP_TARGET) ? frame + ARP_TARGET_MAC : NULL;
}
