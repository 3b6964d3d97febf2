/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random packets from small pools, so that policies and packets meet, and what
 * conntrack and routing make of each.
 */
#include "shots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>

static uint64_t random_state = 88172645463325252u;

void shots_seed(uint64_t seed)
{
	random_state = (seed + 1) * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < 8; i++)
		shots_draw(2);
}

/* xorshift64 */
uint32_t shots_draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

#define PICK(list) ((list)[shots_draw(PW_ARRAY_SIZE(list))])

static struct pw_value address(const char *text)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	return range.range.first;
}

static const char *const locals[PW_NUM_FAMILIES][2] = {
	{ "10.99.0.2", "10.99.0.3" }, { "fd99::2", "fd99::3" },
};
static const char *const groups[PW_NUM_FAMILIES][2] = {
	{ "224.0.0.251", "224.0.0.252" }, { "ff02::fb", "ff02::fc" },
};
static const char *const links[] = { "eth0", "eth1", "wlan0" };
static const char *const bridges[] = { "br-1", "docker0" };
static const struct pw_scene_publish published[] = {
	{ 3, IPPROTO_TCP, 1006, 80 }, { 4, IPPROTO_TCP, 1003, 80 },
	{ 4, IPPROTO_UDP, 1004, 53 },
};

static void add_addresses(struct pw_scene *scene)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		for (size_t i = 0; i < PW_ARRAY_SIZE(locals[f]); i++) {
			const struct pw_scene_addr
				local = { f, address(locals[f][i]) },
				group = { f, address(groups[f][i]) };

			assert_int_equal(PW_ARRAY_PUSH(scene->locals,
						       scene->num_locals,
						       scene->cap_locals,
						       local), 0);
			assert_int_equal(PW_ARRAY_PUSH(scene->groups,
						       scene->num_groups,
						       scene->cap_groups,
						       group), 0);
		}
	}
}

struct pw_scene *shots_scene(void)
{
	struct pw_scene *scene = pw_scene_new();

	assert_non_null(scene);
	for (size_t i = 0; i < PW_ARRAY_SIZE(links); i++)
		assert_true(pw_scene_add_iface(scene, links[i], false) >= 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(bridges); i++)
		assert_true(pw_scene_add_iface(scene, bridges[i], true) >= 0);
	add_addresses(scene);
	for (size_t i = 0; i < PW_ARRAY_SIZE(published); i++)
		assert_int_equal(PW_ARRAY_PUSH(scene->publish,
					       scene->num_publish,
					       scene->cap_publish,
					       published[i]), 0);
	return scene;
}

/* Of the policies' pool, beside it, and what no wire should carry */
static const char *const strangers[PW_NUM_FAMILIES][8] = {
	{ "192.0.1.255", "192.0.2.16", "10.20.30.40", "169.254.7.7",
	  "127.0.0.1", "127.9.9.9", "10.99.0.3", "198.18.0.1" },
	{ "2001:db8:4:ffff:ffff:ffff:ffff:ffff", "2001:db8:5::10", "fc00::5",
	  "fe80::9", "::1", "::ffff:192.0.2.1", "fd99::3", "2001:2::1" },
};

static struct pw_value random_neighbour(enum pw_family family)
{
	if (family == PW_IPV4)
		return pw_value32(0xc0000200 + shots_draw(16));
	return (struct pw_value){ 0x20010db800050000, shots_draw(16) };
}

static struct pw_value random_source(enum pw_family family)
{
	return shots_draw(6) ? random_neighbour(family) :
			       address(PICK(strangers[family]));
}

static bool is_own(const struct pw_scene *scene, enum pw_family family,
		   struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_ifaces; i++)
		if (!pw_value_cmp(scene->ifaces[i].addr[family], addr))
			return true;
	for (size_t i = 0; i < scene->num_locals; i++)
		if (scene->locals[i].family == family &&
		    !pw_value_cmp(scene->locals[i].addr, addr))
			return true;
	return false;
}

static void aim(struct shot *shot, struct pw_value dst, enum pw_dst_kind kind,
		uint32_t type)
{
	shot->probe.dst = dst;
	shot->arrival.dst_kind = kind;
	shot->packet.dst_type = type;
}

/* Broadcast, or the anycast address of the subnet's routers (RFC 4291, 2.6.1) */
static void aim_at_subnet(const struct pw_scene_iface *iface,
			  struct shot *shot)
{
	struct pw_value addr = iface->addr[PW_IPV6];

	if (shot->probe.family == PW_IPV6)
		aim(shot, (struct pw_value){ addr.hi, 0 }, PW_DST_ANYCAST,
		    RTN_ANYCAST);
	else
		aim(shot, shots_draw(4) ? iface->broadcast :
					  pw_value32(UINT32_MAX),
		    PW_DST_BROADCAST, RTN_BROADCAST);
}

static void aim_behind(const struct pw_scene *scene,
		       const struct pw_model *model, struct shot *shot)
{
	size_t at = PW_ARRAY_SIZE(links) + shots_draw(PW_ARRAY_SIZE(bridges));
	const struct pw_scene_iface *bridge = &scene->ifaces[at];
	struct pw_range name;

	assert_int_equal(pw_ifname_range(bridge->name, strlen(bridge->name),
					 &name), 0);
	aim(shot, bridge->container[shot->probe.family], PW_DST_BEHIND,
	    RTN_UNICAST);
	shot->passes = true;
	shot->elsewhere = model->containers == PW_CONTAINERS_FOLLOW &&
			  !pw_rangeset_contains(model->bridges, name.first);
}

static void random_aim(const struct pw_scene *scene,
		       const struct pw_model *model, struct shot *shot)
{
	const struct pw_scene_iface *iface =
		&scene->ifaces[shot->probe.iface];
	enum pw_family family = shot->probe.family;

	switch (shots_draw(12)) {
	case 0:
		aim_behind(scene, model, shot);
		return;
	case 1:
		aim_at_subnet(iface, shot);
		return;
	case 2:
	case 3:
		aim(shot, address(PICK(groups[family])), PW_DST_MULTICAST,
		    RTN_MULTICAST);
		return;
	case 4:
	case 5:
		aim(shot, address(PICK(locals[family])), PW_DST_LOCAL,
		    RTN_LOCAL);
		return;
	case 6:				/* of another interface */
		iface = &scene->ifaces[shots_draw((uint32_t)
						  scene->num_ifaces)];
		break;
	}
	aim(shot, iface->addr[family], PW_DST_LOCAL, RTN_LOCAL);
}

static const uint16_t ports[] = {
	0, 1, 53, 54, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007,
	1008, 1009, 1010, 1011, 1012, 65535, 1003, 1004, 1005, 1006, 1007,
};

/*
 * What a TCP packet of no connection is to conntrack: nf_conntrack_proto_tcp.c,
 * table tcp_conntracks from state sNO, and tcp_valid_flags. An ACK may continue
 * a connection from before (nf_conntrack_tcp_loose).
 */
static const struct {
	uint8_t flags;
	enum pw_conn_state state;
} tcp_kinds[] = {
	{ 0, PW_CONN_NEW }, { 0, PW_CONN_NEW }, { 0, PW_CONN_NEW },
	{ 0, PW_CONN_NEW }, { 0, PW_CONN_NEW }, { 0, PW_CONN_NEW },
	{ TH_SYN, PW_CONN_NEW }, { TH_SYN | 0x40 | 0x80, PW_CONN_NEW },
	{ TH_ACK, PW_CONN_NEW }, { TH_ACK | TH_PUSH, PW_CONN_NEW },
	{ TH_SYN | TH_ACK, PW_CONN_INVALID }, { TH_RST, PW_CONN_INVALID },
	{ TH_FIN | TH_ACK, PW_CONN_INVALID },
	{ TH_SYN | TH_FIN, PW_CONN_INVALID },
	{ TH_FIN | TH_PUSH | TH_URG, PW_CONN_INVALID },
};

static void make_tcp(struct shot *shot)
{
	size_t kind = shots_draw(PW_ARRAY_SIZE(tcp_kinds));

	shot->probe.proto = IPPROTO_TCP;
	shot->probe.dport = PICK(ports);
	shot->probe.tcp_flags = tcp_kinds[kind].flags;
	shot->arrival.state = tcp_kinds[kind].state;
}

static void make_udp(struct shot *shot)
{
	static const struct {
		uint16_t sport, dport;
	} dhcp[] = {
		{ 67, 68 }, { 68, 67 }, { 547, 546 }, { 67, 69 }, { 547, 68 },
	};

	shot->probe.proto = IPPROTO_UDP;
	shot->probe.dport = PICK(ports);
	if (!shots_draw(6)) {
		size_t i = shots_draw(PW_ARRAY_SIZE(dhcp));

		shot->probe.sport = dhcp[i].sport;
		shot->probe.dport = dhcp[i].dport;
	}
}

static void make_sctp(struct shot *shot)
{
	shot->probe.proto = IPPROTO_SCTP;
	shot->probe.dport = PICK(ports);
}

static void make_other(struct shot *shot)
{
	static const uint8_t protos[] = {
		2, 2, 47, 50, 89, 112, 253, 254, IPPROTO_UDPLITE,
	};

	shot->probe.proto = PICK(protos);
	if (shot->probe.proto == IPPROTO_UDPLITE)
		shot->probe.dport = PICK(ports);
}

/*
 * Errors of no connection are invalid; so is what asks for nothing. Neighbour
 * discovery and MLD are not tracked, redirects are invalid
 * (nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c).
 */
static const struct icmp_kind {
	uint8_t type;
	enum pw_conn_state state;
	enum pw_ct_state tracked;
} icmp_kinds[PW_NUM_FAMILIES][16] = {
	{ { 8, PW_CONN_NEW, PW_CT_NEW }, { 8, PW_CONN_NEW, PW_CT_NEW },
	  { 8, PW_CONN_NEW, PW_CT_NEW }, { 8, PW_CONN_NEW, PW_CT_NEW },
	  { 8, PW_CONN_NEW, PW_CT_NEW }, { 8, PW_CONN_NEW, PW_CT_NEW },
	  { 8, PW_CONN_NEW, PW_CT_NEW }, { 8, PW_CONN_NEW, PW_CT_NEW },
	  { 13, PW_CONN_NEW, PW_CT_NEW }, { 17, PW_CONN_NEW, PW_CT_NEW },
	  { 0, PW_CONN_INVALID, PW_CT_INVALID },
	  { 3, PW_CONN_INVALID, PW_CT_INVALID },
	  { 5, PW_CONN_INVALID, PW_CT_INVALID },
	  { 11, PW_CONN_INVALID, PW_CT_INVALID },
	  { 12, PW_CONN_INVALID, PW_CT_INVALID },
	  { 40, PW_CONN_INVALID, PW_CT_INVALID } },
	{ { 128, PW_CONN_NEW, PW_CT_NEW }, { 128, PW_CONN_NEW, PW_CT_NEW },
	  { 139, PW_CONN_NEW, PW_CT_NEW },
	  { 129, PW_CONN_INVALID, PW_CT_INVALID },
	  { 1, PW_CONN_INVALID, PW_CT_INVALID },
	  { 2, PW_CONN_INVALID, PW_CT_INVALID },
	  { 4, PW_CONN_INVALID, PW_CT_INVALID },
	  { 130, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 131, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 132, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 133, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 134, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 135, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 136, PW_CONN_NEW, PW_CT_UNTRACKED },
	  { 137, PW_CONN_INVALID, PW_CT_INVALID },
	  { 143, PW_CONN_NEW, PW_CT_UNTRACKED } },
};

static void make_icmp(struct shot *shot)
{
	const struct icmp_kind *kind =
		&icmp_kinds[shot->probe.family][shots_draw(16)];

	shot->probe.proto = shot->probe.family == PW_IPV4 ? IPPROTO_ICMP :
							    IPPROTO_ICMPV6;
	shot->probe.type = kind->type;
	shot->arrival.state = kind->state;
	shot->packet.state = kind->tracked;
	if (shot->probe.family == PW_IPV6 && kind->type >= 130 &&
	    !shots_draw(3))
		shot->probe.src = shots_draw(2) ? address("fe80::9") :
						  address("::");
}

static void (*const makers[])(struct shot *shot) = {
	make_tcp, make_tcp, make_tcp, make_tcp, make_tcp, make_udp, make_udp,
	make_udp, make_sctp, make_other, make_other, make_icmp,
};

/*
 * The kernel keeps what waits for the rest, a minute long and up to 4 MB
 * (net.netfilter.nf_conntrack_frag6_high_thresh), so there may not be many. It
 * waits in vain for a first piece without all of a TCP header
 * (ipv6frag_thdr_truncated()).
 */
static bool is_incomplete(const struct pw_probe *p)
{
	return p->pieces == PW_FRAGMENT_FIRST ||
	       (p->pieces == PW_FRAGMENTS_TINY && p->family == PW_IPV6 &&
		p->proto == IPPROTO_TCP);
}

static void make_wrapping(struct shot *shot)
{
	static const uint8_t hops[] = { 1, 2, 63, 254, 255 };
	struct pw_probe *p = &shot->probe;
	bool whole = p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP;

	p->hop_limit = 64;
	if (p->proto == IPPROTO_ICMPV6 && p->type >= 133 && p->type <= 137 &&
	    shots_draw(3))
		p->hop_limit = 255;
	else if (!shots_draw(3))
		p->hop_limit = PICK(hops);
	if (p->family == PW_IPV6 && !shots_draw(5))
		p->ext = (enum pw_ext)(1 + shots_draw(PW_EXT_ALL));
	if (whole && !shots_draw(6))
		p->pieces = (enum pw_pieces)(1 + shots_draw(
						PW_FRAGMENT_ATOMIC));
	if (p->family == PW_IPV4 && p->pieces == PW_FRAGMENT_ATOMIC)
		p->pieces = PW_WHOLE;
	shot->incomplete = is_incomplete(p);
	if (shot->incomplete && shots_draw(12)) {
		p->pieces = PW_FRAGMENTS;
		shot->incomplete = false;
	}
}

/*
 * What the kernel does of its own accord behind the rules, or before: a router
 * counts hops down, cuts packets again, forwards nothing that belongs to one
 * link or to loopback, and routing headers lead to no group.
 */
static void make_simple(struct shot *shot)
{
	struct pw_probe *p = &shot->probe;

	if (shot->arrival.dst_kind == PW_DST_MULTICAST &&
	    p->ext >= PW_EXT_ROUTING)
		p->ext = PW_EXT_HOPOPTS;
	if (!shot->passes && !shot->arrival.published)
		return;
	p->pieces = PW_WHOLE;
	shot->incomplete = false;
	if (p->hop_limit == 1)
		p->hop_limit = 2;
	if (shot->passes || p->src.hi == UINT64_C(0xfe80) << 48)
		p->src = random_neighbour(p->family);
	if (shot->passes && p->proto == IPPROTO_ICMPV6 && p->type >= 130) {
		p->type = 128;
		shot->arrival.state = PW_CONN_NEW;
	}
}

static bool is_published(const struct pw_scene *scene, const struct shot *shot)
{
	for (size_t i = 0; i < scene->num_publish; i++)
		if (scene->publish[i].proto == shot->probe.proto &&
		    scene->publish[i].port == shot->probe.dport)
			return shot->arrival.dst_kind == PW_DST_LOCAL;
	return false;
}

/* No two packets of a policy are of one connection, nor of one with the next */
static uint16_t next_sport(void)
{
	static uint16_t last;

	last = last < 60000 ? last + 1 : 2000;
	return last < 2000 ? last = 2000 : last;
}

/* What both witnesses are told of the same packet */
static void describe(const struct pw_scene *scene,
		     const struct pw_model *model, struct shot *shot)
{
	const struct pw_probe *p = &shot->probe;
	const char *name = scene->ifaces[p->iface].name;
	struct pw_arrival *a = &shot->arrival;
	struct pw_packet *k = &shot->packet;
	struct pw_range iface;

	assert_int_equal(pw_ifname_range(name, strlen(name), &iface), 0);
	a->iface = iface.first;
	a->family = k->family = p->family;
	a->src = k->src = p->src;
	a->dst = k->dst = p->dst;
	a->proto = k->l4proto = p->proto;
	a->sport = k->sport = p->sport;
	a->dport = k->dport = p->dport;
	a->type = k->icmp_type = p->type;
	a->hop_limit = k->hop_limit = p->hop_limit;
	a->own_src = is_own(scene, p->family, p->src);
	a->published = is_published(scene, shot);
	k->src_type = a->own_src ? RTN_LOCAL : RTN_UNICAST;
	k->tcp_flags = p->tcp_flags ? p->tcp_flags : TH_SYN;
	k->socket_wildcard = -1;
	k->time_ns = model->now_ns;
	strcpy(k->iifname, name);
	if (p->proto == IPPROTO_TCP)
		k->state = a->state == PW_CONN_NEW ? PW_CT_NEW : PW_CT_INVALID;
	else if (p->proto != IPPROTO_ICMP && p->proto != IPPROTO_ICMPV6)
		k->state = PW_CT_NEW;
}

/* From a bridge to a published port: forwarded before anybody judges it */
static bool is_handed_on(const struct pw_model *model, const struct shot *shot)
{
	return shot->arrival.published &&
	       shot->arrival.state == PW_CONN_NEW &&
	       (model->containers == PW_CONTAINERS_IGNORE ||
		pw_rangeset_contains(model->bridges, shot->arrival.iface));
}

void shots_make(const struct pw_scene *scene, const struct pw_model *model,
		struct shot *out)
{
	struct shot shot = { 0 };

	shot.probe.iface = shots_draw((uint32_t)scene->num_ifaces);
	shot.probe.family = shots_draw(2) ? PW_IPV6 : PW_IPV4;
	shot.probe.src = random_source(shot.probe.family);
	random_aim(scene, model, &shot);
	PICK(makers)(&shot);
	make_wrapping(&shot);
	describe(scene, model, &shot);
	shot.passes |= is_handed_on(model, &shot);
	make_simple(&shot);
	if (!shot.probe.sport)
		shot.probe.sport = next_sport();
	describe(scene, model, &shot);
	*out = shot;
}

char *shots_text(const struct pw_scene *scene, const struct shot *shot)
{
	const struct pw_probe *p = &shot->probe;
	char src[PW_ADDR_STRLEN], dst[PW_ADDR_STRLEN], *text;

	assert_true(asprintf(&text,
			     "%s %s %u > %s %u proto %u flags %02x type %u "
			     "hops %u ext %u pieces %u%s",
			     scene->ifaces[p->iface].name,
			     pw_addr_format(p->family, p->src, src), p->sport,
			     pw_addr_format(p->family, p->dst, dst), p->dport,
			     p->proto, p->tcp_flags, p->type, p->hop_limit,
			     p->ext, p->pieces,
			     shot->arrival.published ? " published" : "") > 0);
	return text;
}
