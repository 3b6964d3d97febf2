// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces, addresses, neighbours and routes of a private host. */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/rtnl.h"
#include "probe/sandbox_priv.h"

/*
 * Indices are ours, so that nobody has to be asked for them. The two ends of a
 * pair must differ: linkwatch_urgent_event() in net/core/link_watch.c takes
 * devices whose peer bears their own index for ones that may wait.
 */
enum { LO_INDEX = 1, WIRE_INDEX = 0x10, HOST_INDEX = 0x4000,
       PORT_INDEX = 0x8000 };

/* Locally administered, the interface's index at the end */
enum mac_of { MAC_HOST = 1, MAC_WIRE, MAC_DEVICE, MAC_PORT };

static const uint8_t families[PW_NUM_FAMILIES] = {
	[PW_IPV4] = AF_INET, [PW_IPV6] = AF_INET6,
};

static void put_mac(uint8_t mac[static 6], enum mac_of of, uint32_t i)
{
	const uint8_t bytes[6] = {
		0x02, 'p', 'w', (uint8_t)of, (uint8_t)(i >> 8), (uint8_t)i,
	};

	memcpy(mac, bytes, sizeof(bytes));
}

static struct ifinfomsg *put_link(struct nlmsghdr *nlh, uint32_t index,
				  unsigned int up)
{
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)index;
	ifi->ifi_flags = up;
	ifi->ifi_change = up;
	return ifi;
}

/* Name, address, and one queue: more of them only cost time */
static void put_device(struct nlmsghdr *nlh, const char *name,
		       const uint8_t mac[static 6])
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
}

/* What VETH_INFO_PEER holds begins with a header, as a message does */
static void put_peer(struct nlmsghdr *nlh, uint32_t index, const char *name,
		     const uint8_t mac[static 6], int ns)
{
	struct nlattr *peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);

	put_link(nlh, index, 0);
	put_device(nlh, name, mac);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)ns);
	mnl_attr_nest_end(nlh, peer);
}

/* The wire of interface @i, to the host or to a port of its bridge */
static void add_wire(struct pw_rtnl *wire, const struct pw_sandbox *sb,
		     uint32_t i)
{
	const struct pw_scene_iface *iface = &sb->scene->ifaces[i];
	const struct pw_wire_end *end = &sb->ends[i];
	struct nlmsghdr *nlh = pw_rtnl_add(wire, RTM_NEWLINK,
					   NLM_F_CREATE | NLM_F_EXCL,
					   iface->name);
	struct nlattr *info, *data;
	uint8_t mac[6];
	char name[IFNAMSIZ];

	put_link(nlh, end->wire_index, IFF_UP);
	snprintf(name, sizeof(name), "w%u", i);
	put_mac(mac, MAC_DEVICE, i);
	put_device(nlh, name, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (iface->bridge) {
		snprintf(name, sizeof(name), "pw.port.%u", i);
		put_mac(mac, MAC_PORT, i);
		put_peer(nlh, PORT_INDEX + i, name, mac, sb->host_ns);
	} else {
		put_peer(nlh, end->host_index, iface->name, end->host_mac,
			 sb->host_ns);
	}
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* Without snooping: what is sent to groups reaches the container in any case */
static void add_bridge(struct pw_rtnl *host, const struct pw_sandbox *sb,
		       uint32_t i)
{
	const char *name = sb->scene->ifaces[i].name;
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWLINK,
					   NLM_F_CREATE | NLM_F_EXCL, name);
	struct nlattr *info, *data;

	put_link(nlh, sb->ends[i].host_index, IFF_UP);
	put_device(nlh, name, sb->ends[i].host_mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* Without learning: the engine sends frames from no end of addresses */
static void add_port(struct pw_rtnl *host, uint32_t index, const char *about)
{
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWLINK, 0, about);
	struct nlattr *info, *data;

	put_link(nlh, index, 0);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_LEARNING, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* @master: 0: none */
static void add_up(struct pw_rtnl *host, uint32_t index, uint32_t master,
		   const char *about)
{
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWLINK, 0, about);

	put_link(nlh, index, IFF_UP);
	if (master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master);
}

static struct nlmsghdr *add_addr(struct pw_rtnl *host, uint32_t index,
				 enum pw_family family, struct pw_value addr,
				 unsigned int prefix, const char *about)
{
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWADDR,
					   NLM_F_CREATE | NLM_F_EXCL, about);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = families[family];
	ifa->ifa_prefixlen = (unsigned char)prefix;
	ifa->ifa_flags = IFA_F_NODAD;
	ifa->ifa_index = index;
	pw_rtnl_put_addr(nlh, IFA_LOCAL, family, addr);
	pw_rtnl_put_addr(nlh, IFA_ADDRESS, family, addr);
	return nlh;
}

static void add_neighbour(struct pw_rtnl *host, const struct pw_wire_end *end,
			  enum pw_family family, struct pw_value addr,
			  const char *about)
{
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWNEIGH,
					   NLM_F_CREATE | NLM_F_EXCL, about);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = families[family];
	ndm->ndm_ifindex = (int)end->host_index;
	ndm->ndm_state = NUD_PERMANENT;
	pw_rtnl_put_addr(nlh, NDA_DST, family, addr);
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(end->wire_mac), end->wire_mac);
}

static void add_default_route(struct pw_rtnl *host, uint32_t index,
			      enum pw_family family, struct pw_value gateway,
			      const char *about)
{
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWROUTE,
					   NLM_F_CREATE | NLM_F_EXCL, about);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = families[family];
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	pw_rtnl_put_addr(nlh, RTA_GATEWAY, family, gateway);
	mnl_attr_put_u32(nlh, RTA_OIF, index);
}

/*
 * Of link-local addresses the kernel takes fe80::/64 to be on the link, a
 * policy the whole fe80::/10: an answer to the rest would find no way
 */
static void add_link_route(struct pw_rtnl *host, uint32_t index,
			   const char *about)
{
	static const struct pw_value link_local = { 0xfe80ull << 48, 0 };
	struct nlmsghdr *nlh = pw_rtnl_add(host, RTM_NEWROUTE,
					   NLM_F_CREATE | NLM_F_APPEND, about);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = AF_INET6;
	rtm->rtm_dst_len = 10;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	pw_rtnl_put_addr(nlh, RTA_DST, PW_IPV6, link_local);
	mnl_attr_put_u32(nlh, RTA_OIF, index);
}

static void add_addresses(struct pw_rtnl *host, const struct pw_sandbox *sb,
			  uint32_t i)
{
	const struct pw_scene_iface *iface = &sb->scene->ifaces[i];
	const struct pw_wire_end *end = &sb->ends[i];
	const char *name = iface->name;
	struct nlmsghdr *nlh;

	nlh = add_addr(host, end->host_index, PW_IPV4, iface->addr[PW_IPV4],
		       PW_SCENE_PREFIX4, name);
	pw_rtnl_put_addr(nlh, IFA_BROADCAST, PW_IPV4, iface->broadcast);
	add_addr(host, end->host_index, PW_IPV6, iface->addr[PW_IPV6],
		 PW_SCENE_PREFIX6, name);
	add_link_route(host, end->host_index, name);
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		add_neighbour(host, end, f, iface->gateway[f], name);
		if (iface->bridge)
			add_neighbour(host, end, f, iface->container[f], name);
	}
}

/* What the first interface has beyond the others */
static void add_first(struct pw_rtnl *host, const struct pw_sandbox *sb)
{
	const struct pw_scene *scene = sb->scene;
	const struct pw_scene_iface *first = scene->ifaces;
	uint32_t index = sb->ends[0].host_index;

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		add_default_route(host, index, f, first->gateway[f],
				  first->name);
	for (size_t i = 0; i < scene->num_locals; i++) {
		const struct pw_scene_addr *local = &scene->locals[i];

		add_addr(host, index, local->family, local->addr,
			 pw_family_bits(local->family), first->name);
	}
}

static void name_ends(struct pw_sandbox *sb)
{
	for (uint32_t i = 0; i < sb->scene->num_ifaces; i++) {
		struct pw_wire_end *end = &sb->ends[i];

		end->host_index = HOST_INDEX + i;
		end->wire_index = WIRE_INDEX + i;
		put_mac(end->host_mac, MAC_HOST, i);
		put_mac(end->wire_mac, MAC_WIRE, i);
	}
}

/* Pairs first: a bridge's port must be there before it can be put into it */
static int make_links(const struct pw_sandbox *sb, struct pw_rtnl *host,
		      struct pw_rtnl *wire, struct pw_diags *diags)
{
	const struct pw_scene *scene = sb->scene;

	for (uint32_t i = 0; i < scene->num_ifaces; i++)
		add_wire(wire, sb, i);
	if (pw_rtnl_flush(wire))
		return pw_rtnl_failed(wire, diags);
	for (uint32_t i = 0; i < scene->num_ifaces; i++) {
		const struct pw_scene_iface *iface = &scene->ifaces[i];
		uint32_t index = sb->ends[i].host_index;

		if (iface->bridge) {
			add_bridge(host, sb, i);
			add_up(host, PORT_INDEX + i, index, iface->name);
			add_port(host, PORT_INDEX + i, iface->name);
		} else {
			add_up(host, index, 0, iface->name);
		}
		add_addresses(host, sb, i);
	}
	if (scene->num_ifaces)
		add_first(host, sb);
	return pw_rtnl_flush(host) ? pw_rtnl_failed(host, diags) : 0;
}

int pw_links_begin(struct pw_diags *diags)
{
	pw_owned(pw_rtnl_close) struct pw_rtnl *host = NULL;
	int err = pw_rtnl_open(&host);

	if (err)
		return pw_diag_system(diags, -err, "rtnetlink");
	add_up(host, LO_INDEX, 0, "lo");
	err = pw_rtnl_flush(host);
	if (err == -EPERM || err == -EACCES)
		return pw_spaces_powerless(-err, diags);
	return err ? pw_rtnl_failed(host, diags) : 0;
}

int pw_links_make(struct pw_sandbox *sb, struct pw_diags *diags)
{
	pw_owned(pw_rtnl_close) struct pw_rtnl *host = NULL;
	pw_owned(pw_rtnl_close) struct pw_rtnl *wire = NULL;
	int err = pw_sandbox_side(sb, PW_SIDE_WIRE);

	name_ends(sb);
	if (!err)
		err = pw_rtnl_open(&wire);
	if (!err)
		err = pw_sandbox_side(sb, PW_SIDE_HOST);
	if (!err)
		err = pw_rtnl_open(&host);
	if (err)
		return pw_diag_system(diags, -err, "rtnetlink");
	err = make_links(sb, host, wire, diags);
	return err ? err : pw_links_settle(sb->scene, host, wire, diags);
}
