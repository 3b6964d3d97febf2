// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that a section could speak of, in a useful order. */
#include "rehearse/limits_candidates.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define MAX_SOURCES 48
#define MAX_TARGETS 12
#define MAX_RANGES 16

struct target {
	uint8_t proto;
	uint16_t port;
};

/* From here on with the same interface, family and destination */
struct lists {
	struct pw_value sources[MAX_SOURCES];
	size_t num_sources;
	struct pw_value dsts[MAX_TARGETS];
	size_t num_dsts;
	struct target targets[6 * MAX_RANGES];
	size_t num_targets;
};

static void add_source(struct lists *lists, struct pw_value src)
{
	if (lists->num_sources < MAX_SOURCES)
		lists->sources[lists->num_sources++] = src;
}

/* May it stand as a source on a wire, and be nobody of the scene? */
static bool is_usable(const struct pw_scene *scene, enum pw_family family,
		      struct pw_value addr)
{
	if (pw_scene_owns(scene, family, addr))
		return false;
	if (family == PW_IPV4)
		return addr.lo >> 24 != 0 && addr.lo >> 24 != 127 &&
		       addr.lo >> 28 < 0xe;
	return addr.hi && addr.hi >> 56 != 0xff;
}

static void add_usable(struct lists *lists, const struct pw_scene *scene,
		       enum pw_family family, struct pw_value addr)
{
	if (is_usable(scene, family, addr))
		add_source(lists, addr);
}

/* Both ends of each range, and what lies beside them within it */
static void add_sources_of(struct lists *lists, const struct pw_scene *scene,
			   enum pw_family family,
			   const struct pw_rangeset *set)
{
	for (size_t i = 0; i < set->num && i < MAX_RANGES; i++) {
		struct pw_range r = pw_rangeset_get(set, i);
		struct pw_value next = pw_value_next(r.first);

		add_usable(lists, scene, family, r.first);
		if (pw_value_cmp(r.first, r.last) < 0) {
			add_usable(lists, scene, family, next);
			add_usable(lists, scene, family, r.last);
		}
	}
}

/* Addresses for documentation (RFC 5737, RFC 3849), and some of others */
static void add_anyone(struct lists *lists, enum pw_family family)
{
	static const uint32_t v4[] = {
		0xcb007107, 0xcb007108, 0xc6336407, 0xc0000207, 0x08080808,
		0x0a010203, 0xac100203, 0xc0a80107, 0x5db8d822,
	};
	static const uint64_t v6[] = {
		0x20010db800070000, 0x20010db800070001, 0x20010db8ffff0000,
		0x2a00145040010000, 0xfd00000000070000,
	};

	if (family == PW_IPV4) {
		for (size_t i = 0; i < PW_ARRAY_SIZE(v4); i++)
			add_source(lists, pw_value32(v4[i]));
		return;
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(v6); i++)
		for (uint64_t host = 7; host < 9; host++)
			add_source(lists, (struct pw_value){ v6[i], host });
}

static void find_sources(struct lists *lists, const struct pw_stage *stage,
			 const struct pw_section *s, uint32_t at,
			 enum pw_family family)
{
	const struct pw_scene *scene = stage->plan->scene;
	const struct pw_scene_iface *iface = &scene->ifaces[at];

	lists->num_sources = 0;
	add_source(lists, iface->bridge ? iface->container[family] :
					  iface->gateway[family]);
	if (s && !s->any_from)
		add_sources_of(lists, scene, family, s->from.set[family]);
	add_anyone(lists, family);
}

static void add_dst(struct lists *lists, struct pw_value dst)
{
	if (lists->num_dsts < MAX_TARGETS)
		lists->dsts[lists->num_dsts++] = dst;
}

static void add_named(struct lists *lists, const struct pw_section *s,
		      enum pw_family family, const struct pw_scene_addr *list,
		      size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (list[i].family == family &&
		    pw_rangeset_contains(s->to.set[family], list[i].addr))
			add_dst(lists, list[i].addr);
}

static void find_dsts(struct lists *lists, const struct pw_scene *scene,
		      const struct pw_section *s, uint32_t at,
		      enum pw_family family)
{
	const struct pw_scene_iface *iface = &scene->ifaces[at];

	lists->num_dsts = 0;
	if (s->to_local || s->any_to ||
	    pw_rangeset_contains(s->to.set[family], iface->addr[family]))
		add_dst(lists, iface->addr[family]);
	add_named(lists, s, family, scene->locals, scene->num_locals);
	add_named(lists, s, family, scene->groups, scene->num_groups);
	if (s->to_broadcast && family == PW_IPV4)
		add_dst(lists, iface->broadcast);
	/* 224.0.0.1, ff02::1: every host listens to them */
	if (s->to_multicast)
		add_dst(lists, family == PW_IPV4 ? pw_value32(0xe0000001) :
			(struct pw_value){ 0xff02ull << 48, 1 });
}

static void add_target(struct lists *lists, uint8_t proto, uint32_t port)
{
	if (lists->num_targets < PW_ARRAY_SIZE(lists->targets))
		lists->targets[lists->num_targets++] =
			(struct target){ proto, (uint16_t)port };
}

static void find_targets(struct lists *lists, const struct pw_section *s,
			 enum pw_family family)
{
	uint8_t icmp = family == PW_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	lists->num_targets = 0;
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		const struct pw_rangeset *ports = s->ports[t];

		for (size_t i = 0; i < ports->num && i < MAX_RANGES; i++) {
			const struct pw_range32 *r = &ports->r32[i];

			add_target(lists, pw_transport_proto(t), r->first);
			if (r->first != r->last)
				add_target(lists, pw_transport_proto(t),
					   r->last);
		}
	}
	for (size_t i = 0; i < s->protocols->num && i < MAX_RANGES; i++)
		add_target(lists, (uint8_t)s->protocols->r32[i].first, 0);
	if (s->ping || s->everything)
		add_target(lists, icmp, 0);
	/* of a block without ports: what some section is likely to open */
	if (s->everything) {
		add_target(lists, IPPROTO_TCP, 22);
		add_target(lists, IPPROTO_TCP, 80);
		add_target(lists, IPPROTO_TCP, 443);
	}
}

static bool is_echo(const struct pw_probe *probe)
{
	return probe->proto == IPPROTO_ICMP || probe->proto == IPPROTO_ICMPV6;
}

static bool each_source(const struct lists *lists, struct pw_probe *probe,
			pw_candidate_fn fn, void *arg)
{
	if (is_echo(probe))
		probe->type = probe->family == PW_IPV4 ? ICMP_ECHO :
							 ICMP6_ECHO_REQUEST;
	for (size_t i = 0; i < lists->num_sources; i++) {
		probe->src = lists->sources[i];
		if (fn(arg, probe))
			return true;
	}
	return false;
}

static bool each_target(const struct lists *lists, uint32_t iface,
			enum pw_family family, pw_candidate_fn fn, void *arg)
{
	for (size_t i = 0; i < lists->num_targets * lists->num_dsts; i++) {
		const struct target *target =
			&lists->targets[i % lists->num_targets];
		struct pw_probe probe = {
			.iface = iface, .family = family,
			.dst = lists->dsts[i / lists->num_targets],
			.proto = target->proto, .dport = target->port,
		};

		if (each_source(lists, &probe, fn, arg))
			return true;
	}
	return false;
}

static bool comes_in_on(const struct pw_section *s, const char *name)
{
	struct pw_range range;

	return s->any_on ||
	       (!pw_ifname_range(name, strlen(name), &range) &&
		pw_rangeset_contains(s->on, range.first));
}

void pw_candidates_each(const struct pw_stage *stage, uint32_t section,
			pw_candidate_fn fn, void *arg)
{
	const struct pw_section *s = &stage->model->sections[section];
	const struct pw_scene *scene = stage->plan->scene;
	struct lists lists;

	for (uint32_t i = 0; i < scene->num_ifaces; i++) {
		if (!comes_in_on(s, scene->ifaces[i].name))
			continue;
		for (int f = 0; f < PW_NUM_FAMILIES; f++) {
			find_sources(&lists, stage, s, i, f);
			find_dsts(&lists, scene, s, i, f);
			find_targets(&lists, s, f);
			if (each_target(&lists, i, f, fn, arg))
				return;
		}
	}
}

void pw_candidates_ping(const struct pw_stage *stage, pw_candidate_fn fn,
			void *arg)
{
	const struct pw_scene *scene = stage->plan->scene;
	struct lists lists = { .num_dsts = 1, .num_targets = 1 };

	for (uint32_t i = 0; i < scene->num_ifaces; i++)
		for (int f = 0; f < PW_NUM_FAMILIES; f++) {
			find_sources(&lists, stage, NULL, i, f);
			lists.dsts[0] = scene->ifaces[i].addr[f];
			lists.targets[0].proto = f == PW_IPV4 ?
				IPPROTO_ICMP : IPPROTO_ICMPV6;
			if (each_target(&lists, i, f, fn, arg))
				return;
		}
}
