// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sources and destinations that belong on no wire: loopback, the host's own,
 * mapped ones. The kernel stops most of them by itself; the sandbox's host has
 * these guards down (accept_local, route_localnet), so that rules are seen.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "rehearse/held.h"
#include "rehearse/held_echo.h"

/* net/ipv6/ip6_input.c: neither ::1 nor mapped addresses come over a wire */
#define FORGED "the kernel itself drops it"

/* Addresses that are wrong wherever they stand; own ones only as source */
static const struct pw_value loopbacks[PW_NUM_FAMILIES][3] = {
	[PW_IPV4] = { { 0, 0x7f000001 }, { 0, 0x7f00000a }, { 0, 0x7ffffffe } },
	/* ::1, ::ffff:127.0.0.1, ::ffff:203.0.113.7 */
	[PW_IPV6] = { { 0, 1 }, { 0, 0xffff7f000001 }, { 0, 0xffffcb007107 } },
};

static int add_ports(struct pw_held *held, const struct pw_path *path,
		     struct pw_try *try, uint8_t proto)
{
	uint16_t ports[2];
	int err = pw_held_ports(held, path, proto, true, &ports[0],
				&ports[1]);

	try->probe.proto = proto;
	for (size_t i = 0; !err && i < 2; i++) {
		try->probe.dport = ports[i];
		if (ports[i])
			err = pw_tries_add(&held->tries, try);
	}
	return err;
}

static int add_echo(struct pw_held *held, struct pw_try *try)
{
	bool v4 = try->probe.family == PW_IPV4;

	try->probe.proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	try->probe.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	return pw_tries_add(&held->tries, try);
}

static int add(struct pw_held *held, const struct pw_path *path,
	       struct pw_value src, struct pw_value dst, const char *what,
	       const char *kernel)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, 0), .what = what,
		.kernel = kernel,
	};
	int err;

	try.probe.src = src;
	try.probe.dst = dst;
	err = add_ports(held, path, &try, IPPROTO_UDP);
	if (!err)
		err = add_ports(held, path, &try, IPPROTO_TCP);
	if (!err)
		err = add_echo(held, &try);
	return err;
}

static int add_loopbacks(struct pw_held *held, const struct pw_path *path)
{
	const struct pw_value *list = loopbacks[path->family];
	const char *kernel = path->family == PW_IPV6 ? FORGED : NULL;
	int err = 0;

	for (size_t i = 0; !err && i < 3; i++) {
		err = add(held, path, list[i], path->dst,
			  "loopback or mapped source", kernel);
		if (!err)
			err = add(held, path, path->src, list[i],
				  "loopback or mapped destination", kernel);
	}
	return err;
}

/* The one that it is sent to, one of another interface, and a further one */
static int add_own(struct pw_held *held, const struct pw_path *path)
{
	const struct pw_scene *scene = held->stage->plan->scene;
	size_t other = (path->iface + 1) % scene->num_ifaces;
	int err = add(held, path, path->dst, path->dst, "own source", NULL);

	if (!err && other != path->iface)
		err = add(held, path, scene->ifaces[other].addr[path->family],
			  path->dst, "own source", NULL);
	for (size_t i = 0; !err && i < scene->num_locals; i++) {
		if (scene->locals[i].family != path->family)
			continue;
		err = add(held, path, scene->locals[i].addr, path->dst,
			  "own source", NULL);
		break;
	}
	return err;
}

static int add_paths(struct pw_held *held)
{
	int err = 0;

	for (size_t i = 0; !err && i < held->telling.num; i++) {
		const struct pw_path *path = &held->telling.list[i];

		err = pw_held_case(held, "spoofed addresses", path);
		if (!err)
			err = add_loopbacks(held, path);
		if (!err)
			err = add_own(held, path);
	}
	return err;
}

int pw_held_spoofed(struct pw_held *held)
{
	struct pw_echo echo;
	int err = pw_echo_open(held->stage, &echo);

	if (!err)
		err = add_paths(held);
	if (!err)
		err = pw_tries_fire(&held->tries);
	if (!err)
		err = pw_echo_judge(&echo);
	pw_echo_close(&echo);
	return err;
}
