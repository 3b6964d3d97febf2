// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports of destinations that are not the host's own: broadcast, multicast, and
 * straight to a container. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "rehearse/held.h"

#define MAX_PORTS 40	/* beside those that are always asked */

struct ports {
	uint16_t *list;
	size_t num, cap;
};

static bool holds(const struct ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->num; i++)
		if (ports->list[i] == port)
			return true;
	return false;
}

static int add_port(struct ports *ports, uint16_t port)
{
	if (holds(ports, port))
		return 0;
	return PW_ARRAY_PUSH(ports->list, ports->num, ports->cap, port);
}

static int add_section(const struct pw_section *s, struct ports *ports)
{
	int err = 0;

	for (int t = 0; !err && t < PW_NUM_TRANSPORTS; t++)
		if (s->ports[t]->num && ports->num < MAX_PORTS)
			err = add_port(ports, (uint16_t)
				       s->ports[t]->r32[0].first);
	return err;
}

/* Sections that are meant for such destinations come first */
static int gather(const struct pw_model *model, struct ports *ports)
{
	/* chargen, DHCP, NetBIOS, SNMP, SSDP, mDNS, LLMNR */
	static const uint16_t always[] = {
		1, 19, 68, 137, 161, 1900, 5353, 5355,
	};
	int err = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; !err && i < model->num_sections; i++) {
			const struct pw_section *s = &model->sections[i];
			bool wide = s->to_broadcast || s->to_multicast ||
				    !pw_addrs_empty(&s->to);

			if (wide == !pass)
				err = add_section(s, ports);
		}
	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(always); i++)
		err = add_port(ports, always[i]);
	return err;
}

/* TCP and UDP to each port of @dst */
static int add_all(struct pw_held *held, const struct pw_path *path,
		   struct pw_value dst, const struct ports *ports,
		   const char *what)
{
	struct pw_try try = { .what = what };
	int err = 0;

	for (size_t i = 0; !err && i < ports->num; i++) {
		try.probe = pw_held_probe(path, IPPROTO_UDP);
		try.probe.dst = dst;
		try.probe.dport = ports->list[i];
		err = pw_tries_add(&held->tries, &try);
		try.probe.proto = IPPROTO_TCP;
		if (!err)
			err = pw_tries_add(&held->tries, &try);
	}
	return err;
}

static int add_groups(struct pw_held *held, const struct pw_path *path,
		      const struct ports *ports)
{
	/* 224.0.0.1 and ff02::1, which every host listens to */
	static const struct pw_value all[PW_NUM_FAMILIES] = {
		[PW_IPV4] = { 0, 0xe0000001 },
		[PW_IPV6] = { 0xff02ull << 48, 1 },
	};
	const struct pw_scene *scene = held->stage->plan->scene;
	int err = add_all(held, path, all[path->family], ports, "multicast");

	for (size_t i = 0; !err && i < scene->num_groups; i++)
		if (scene->groups[i].family == path->family &&
		    pw_value_cmp(scene->groups[i].addr, all[path->family]))
			err = add_all(held, path, scene->groups[i].addr, ports,
				      "multicast");
	return err;
}

static int add_casts(struct pw_held *held, const struct pw_path *path,
		     const struct ports *ports)
{
	const struct pw_scene *scene = held->stage->plan->scene;
	int err = add_groups(held, path, ports);

	if (err || path->family != PW_IPV4)
		return err;
	err = add_all(held, path, scene->ifaces[path->iface].broadcast, ports,
		      "broadcast");
	return err ? err : add_all(held, path, pw_value32(INADDR_BROADCAST),
				   ports, "limited broadcast");
}

int pw_held_casts(struct pw_held *held)
{
	struct ports ports = { 0 };
	int err = gather(held->stage->model, &ports);

	for (size_t i = 0; !err && i < held->classes.num; i++) {
		const struct pw_path *path = &held->classes.list[i];

		err = pw_held_case(held, "broadcast and multicast", path);
		if (!err)
			err = add_casts(held, path, &ports);
	}
	free(ports.list);
	return err;
}

static int add_containers(struct pw_held *held, const struct pw_path *path,
			  const struct ports *ports)
{
	const struct pw_scene *scene = held->stage->plan->scene;
	int err = 0;

	for (uint32_t i = 0; !err && i < scene->num_ifaces; i++) {
		const struct pw_scene_iface *bridge = &scene->ifaces[i];

		if (!bridge->bridge || i == path->iface)
			continue;
		err = pw_held_case(held, "straight to containers", path);
		if (!err)
			err = add_all(held, path,
				      bridge->container[path->family], ports,
				      "straight to a container");
	}
	return err;
}

int pw_held_behind(struct pw_held *held)
{
	const struct pw_scene *scene = held->stage->plan->scene;
	struct ports ports = { 0 };
	int err = add_port(&ports, 80);

	for (size_t i = 0; !err && i < scene->num_publish; i++) {
		err = add_port(&ports, scene->publish[i].to);
		if (!err)
			err = add_port(&ports, scene->publish[i].port);
	}
	for (size_t i = 0; !err && i < held->plain.num; i++)
		err = add_containers(held, &held->plain.list[i], &ports);
	free(ports.list);
	return err;
}
