// SPDX-License-Identifier: GPL-2.0-or-later
/* What a probe is to the policy, in the scene where it is sent. */
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "rehearse/held_try.h"
#include "verify/run.h"

#define ANY_SPORT 40000	/* stands for whatever the sandbox takes for 0 */

static bool equal(struct pw_value a, struct pw_value b)
{
	return !pw_value_cmp(a, b);
}

/* An address of the host itself */
static bool is_own(const struct pw_scene *scene, enum pw_family family,
		   struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_ifaces; i++)
		if (equal(scene->ifaces[i].addr[family], addr))
			return true;
	for (size_t i = 0; i < scene->num_locals; i++)
		if (scene->locals[i].family == family &&
		    equal(scene->locals[i].addr, addr))
			return true;
	return false;
}

static bool is_broadcast(const struct pw_scene *scene, struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_ifaces; i++)
		if (equal(scene->ifaces[i].broadcast, addr))
			return true;
	return addr.lo == INADDR_BROADCAST;
}

/* 224.0.0.0/4, ff00::/8 */
static bool is_multicast(enum pw_family family, struct pw_value addr)
{
	return family == PW_IPV4 ? addr.lo >> 28 == 0xe : addr.hi >> 56 == 0xff;
}

static bool is_behind(const struct pw_scene *scene, enum pw_family family,
		      struct pw_value addr)
{
	for (size_t i = 0; i < scene->num_ifaces; i++)
		if (scene->ifaces[i].bridge &&
		    equal(scene->ifaces[i].container[family], addr))
			return true;
	return false;
}

static enum pw_dst_kind dst_kind(const struct pw_scene *scene,
				 enum pw_family family, struct pw_value addr)
{
	if (is_multicast(family, addr))
		return PW_DST_MULTICAST;
	if (family == PW_IPV4 && is_broadcast(scene, addr))
		return PW_DST_BROADCAST;
	return is_behind(scene, family, addr) ? PW_DST_BEHIND : PW_DST_LOCAL;
}

static bool is_published(const struct pw_scene *scene,
			 const struct pw_arrival *arrival)
{
	if (arrival->dst_kind != PW_DST_LOCAL)
		return false;
	for (size_t i = 0; i < scene->num_publish; i++)
		if (scene->publish[i].proto == arrival->proto &&
		    scene->publish[i].port == arrival->dport)
			return true;
	return false;
}

bool pw_proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

void pw_try_arrival(const struct pw_stage *stage, const struct pw_probe *probe,
		    enum pw_conn_state state, struct pw_arrival *out)
{
	const struct pw_scene *scene = stage->plan->scene;
	const char *name = scene->ifaces[probe->iface].name;
	struct pw_range range = { 0 };

	pw_ifname_range(name, strlen(name), &range);
	*out = (struct pw_arrival){
		.iface = range.first, .family = probe->family,
		.src = probe->src, .dst = probe->dst,
		.dst_kind = dst_kind(scene, probe->family, probe->dst),
		.own_src = is_own(scene, probe->family, probe->src),
		.state = state, .proto = probe->proto,
		.type = probe->type, .code = probe->code,
		.hop_limit = probe->hop_limit ? probe->hop_limit : 64,
		.now_ns = pw_clock_ns(CLOCK_REALTIME),
	};
	if (pw_proto_has_ports(probe->proto)) {
		out->sport = probe->sport ? probe->sport : ANY_SPORT;
		out->dport = probe->dport;
	}
	out->published = is_published(scene, out);
}
