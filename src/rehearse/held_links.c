// SPDX-License-Identifier: GPL-2.0-or-later
/* What keeps a link alive: neighbour discovery, MLD, IGMP, answers of DHCP. */
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "rehearse/held.h"

#define MLD2_REPORT 143	/* RFC 3810, 5.2 */

static const struct pw_value all_hosts4 = { 0, 0xe0000001 };
static const struct pw_value limited4 = { 0, 0xffffffff };
static const struct pw_value all_nodes6 = { 0xff02ull << 48, 1 };
/* On no interface of the scene, whatever its MAC addresses are */
static const struct pw_value link_local6 = { 0xfe80ull << 48, 0x5e11 };
static const struct pw_value unset6;

enum source { GLOBAL, LINK, UNSET };

static struct pw_value source_of(const struct pw_path *path, enum source from)
{
	return from == LINK ? link_local6 : from == UNSET ? unset6 : path->src;
}

/*
 * Too short to change anything in the host that gets it. Redirects are the one
 * kind that connection tracking calls invalid (nf_conntrack_proto_icmpv6.c).
 */
struct message {
	uint8_t type, hop_limit;
	enum source from;
	enum pw_conn_state state;
	enum pw_ext ext;
	const char *what;
};

static const struct message discovery[] = {
	{ ND_NEIGHBOR_SOLICIT, 255, GLOBAL, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour solicitation" },
	{ ND_NEIGHBOR_SOLICIT, 255, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour solicitation from the link" },
	{ ND_NEIGHBOR_SOLICIT, 255, UNSET, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour solicitation without source" },
	{ ND_NEIGHBOR_SOLICIT, 64, GLOBAL, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour solicitation from afar" },
	{ ND_NEIGHBOR_ADVERT, 255, GLOBAL, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour advertisement" },
	{ ND_NEIGHBOR_ADVERT, 64, GLOBAL, PW_CONN_NEW, PW_EXT_NONE,
	  "neighbour advertisement from afar" },
	{ ND_ROUTER_SOLICIT, 255, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "router solicitation" },
	{ ND_ROUTER_SOLICIT, 64, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "router solicitation from afar" },
	{ ND_ROUTER_ADVERT, 255, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "router advertisement" },
	{ ND_ROUTER_ADVERT, 255, GLOBAL, PW_CONN_NEW, PW_EXT_NONE,
	  "router advertisement from a global address" },
	{ ND_ROUTER_ADVERT, 64, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "router advertisement from afar" },
	{ ND_REDIRECT, 255, LINK, PW_CONN_INVALID, PW_EXT_NONE,
	  "ICMPv6 redirect" },
	{ ND_REDIRECT, 255, GLOBAL, PW_CONN_INVALID, PW_EXT_NONE,
	  "ICMPv6 redirect from a global address" },
	{ ND_REDIRECT, 64, LINK, PW_CONN_INVALID, PW_EXT_NONE,
	  "ICMPv6 redirect from afar" },
};

static const struct message listeners[] = {
	{ MLD_LISTENER_QUERY, 1, LINK, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD query" },
	{ MLD_LISTENER_QUERY, 1, LINK, PW_CONN_NEW, PW_EXT_NONE,
	  "MLD query without router alert" },
	{ MLD_LISTENER_QUERY, 1, GLOBAL, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD query from a global address" },
	{ MLD_LISTENER_QUERY, 1, UNSET, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD query without source" },
	{ MLD_LISTENER_REPORT, 1, LINK, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD report" },
	{ MLD_LISTENER_REPORT, 1, UNSET, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD report without source" },
	{ MLD_LISTENER_REPORT, 1, GLOBAL, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD report from a global address" },
	{ MLD_LISTENER_REDUCTION, 1, LINK, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD done" },
	{ MLD2_REPORT, 1, LINK, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD version 2 report" },
	{ MLD2_REPORT, 1, UNSET, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD version 2 report without source" },
	{ MLD2_REPORT, 1, GLOBAL, PW_CONN_NEW, PW_EXT_ALERT,
	  "MLD version 2 report from a global address" },
};

/* To the host alone, and to all nodes of the link */
static int add_message(struct pw_held *held, const struct pw_path *path,
		       const struct message *m)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, IPPROTO_ICMPV6),
		.state = m->state, .what = m->what,
	};
	int err;

	try.probe.src = source_of(path, m->from);
	try.probe.type = m->type;
	try.probe.hop_limit = m->hop_limit;
	try.probe.ext = m->ext;
	err = pw_tries_add(&held->tries, &try);
	try.probe.dst = all_nodes6;
	return err ? err : pw_tries_add(&held->tries, &try);
}

static int add_messages(struct pw_held *held, const char *name,
			const struct message *list, size_t num)
{
	int err = 0;

	for (size_t i = 0; !err && i < held->plain.num * num; i++) {
		const struct pw_path *path = &held->plain.list[i / num];

		if (path->family != PW_IPV6)
			continue;
		err = pw_held_case(held, name, path);
		if (!err)
			err = add_message(held, path, &list[i % num]);
	}
	return err;
}

int pw_held_discovery(struct pw_held *held)
{
	return add_messages(held, "neighbour discovery", discovery,
			    PW_ARRAY_SIZE(discovery));
}

static int add_igmp(struct pw_held *held, const struct pw_path *path)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, IPPROTO_IGMP),
		.what = "IGMP to a single host",
	};
	int err;

	try.probe.hop_limit = 1;
	err = pw_tries_add(&held->tries, &try);
	try.probe.dst = all_hosts4;
	try.what = "IGMP";
	if (!err)
		err = pw_tries_add(&held->tries, &try);
	try.probe.hop_limit = 64;
	try.what = "IGMP from afar";
	return err ? err : pw_tries_add(&held->tries, &try);
}

int pw_held_groups(struct pw_held *held)
{
	int err = add_messages(held, "MLD", listeners,
			       PW_ARRAY_SIZE(listeners));

	held->of_path = NULL;
	for (size_t i = 0; !err && i < held->plain.num; i++) {
		const struct pw_path *path = &held->plain.list[i];

		if (path->family != PW_IPV4)
			continue;
		err = pw_held_case(held, "IGMP", path);
		if (!err)
			err = add_igmp(held, path);
	}
	return err;
}

/* Ports of RFC 2131, 4.1 and RFC 8415, 7.2: the first row is the answer */
struct reply {
	enum pw_family family;
	uint16_t sport, dport;
	enum source from;
	const char *what;
};

static const struct reply replies[] = {
	{ PW_IPV4, 67, 68, GLOBAL, "DHCP answer" },
	{ PW_IPV4, 68, 68, GLOBAL, "DHCP answer from port 68" },
	{ PW_IPV4, 1067, 68, GLOBAL, "DHCP answer from port 1067" },
	{ PW_IPV4, 67, 67, GLOBAL, "DHCP relayed to port 67" },
	{ PW_IPV4, 68, 67, GLOBAL, "DHCP request" },
	{ PW_IPV4, 547, 546, GLOBAL, "DHCPv6 answer over IPv4" },
	{ PW_IPV6, 547, 546, LINK, "DHCPv6 answer" },
	{ PW_IPV6, 547, 546, GLOBAL, "DHCPv6 answer from a global address" },
	{ PW_IPV6, 546, 546, LINK, "DHCPv6 answer from port 546" },
	{ PW_IPV6, 1547, 546, LINK, "DHCPv6 answer from port 1547" },
	{ PW_IPV6, 546, 547, LINK, "DHCPv6 request" },
	{ PW_IPV6, 67, 68, LINK, "DHCP answer over IPv6" },
};

static int add_reply(struct pw_held *held, const struct pw_path *path,
		     const struct reply *reply)
{
	const struct pw_scene *scene = held->stage->plan->scene;
	struct pw_try try = {
		.probe = pw_held_probe(path, IPPROTO_UDP),
		.what = reply->what,
	};
	int err;

	try.probe.src = source_of(path, reply->from);
	try.probe.sport = reply->sport;
	try.probe.dport = reply->dport;
	err = pw_tries_add(&held->tries, &try);
	if (err || path->family != PW_IPV4)
		return err;
	try.probe.dst = limited4;
	err = pw_tries_add(&held->tries, &try);
	try.probe.dst = scene->ifaces[path->iface].broadcast;
	return err ? err : pw_tries_add(&held->tries, &try);
}

int pw_held_dhcp(struct pw_held *held)
{
	size_t num = PW_ARRAY_SIZE(replies);
	int err = 0;

	for (size_t i = 0; !err && i < held->plain.num * num; i++) {
		const struct pw_path *path = &held->plain.list[i / num];
		const struct reply *reply = &replies[i % num];

		if (reply->family != path->family)
			continue;
		err = pw_held_case(held, "DHCP", path);
		if (!err)
			err = add_reply(held, path, reply);
	}
	return err;
}
