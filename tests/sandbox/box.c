// SPDX-License-Identifier: GPL-2.0-or-later
/* A private host to fire at, with rules in the words of nft. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "box.h"
#include "portwall/array.h"

#define SOURCE4 0xcb007109u /* 203.0.113.9 */

const struct pw_value box_link_source6 = { 0xfe80000000000000, 9 },
		      box_group4 = { 0, 0xe00000fb },
		      box_group6 = { 0xff02000000000000, 0xfb };
static const struct pw_value source6 = { 0x20010db800090000, 9 };

struct pw_scene *box_scene;
struct pw_sandbox *box;
struct pw_diags *box_diags;
struct pw_probe probes[NUM_PORTS];
uint8_t seen[NUM_PORTS];
size_t num_probes;

static void show_diags(void)
{
	for (size_t i = 0; i < pw_diags_kept(box_diags); i++)
		print_message("%s\n", pw_diags_get(box_diags, i)->text);
}

void box_nft(const char *text)
{
	char path[] = "/tmp/fire_rules.XXXXXX", cmd[64];
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	snprintf(cmd, sizeof(cmd), "nft -f %s", path);
	assert_int_equal(system(cmd), 0);
	remove(path);
}

/* The rules under test, in place of those before; NULL: none */
void box_rules(const char *text)
{
	box_nft("table inet t\ndelete table inet t\n");
	if (text)
		box_nft(text);
	assert_int_equal(pw_sandbox_forget(box, box_diags), 0);
}

/* How many of 100 frames get lost that @side sends */
void box_lose(enum pw_side side, unsigned int percent)
{
	char text[256], chance[64] = "";

	assert_int_equal(pw_sandbox_side(box, side), 0);
	if (percent < 100)
		snprintf(chance, sizeof(chance), "numgen random mod 100 < %u",
			 percent);
	snprintf(text, sizeof(text),
		 "table netdev loss {\nchain c {\ntype filter hook egress "
		 "device %s priority 0\n%s drop\n}\n}\n",
		 side == PW_SIDE_WIRE ? "w0" : "eth0", chance);
	box_nft(text);
	assert_int_equal(pw_sandbox_side(box, PW_SIDE_HOST), 0);
}

void box_lose_no_more(enum pw_side side)
{
	assert_int_equal(pw_sandbox_side(box, side), 0);
	box_nft("delete table netdev loss\n");
	assert_int_equal(pw_sandbox_side(box, PW_SIDE_HOST), 0);
}

struct pw_probe box_probe(enum pw_family family, uint8_t proto, uint16_t port)
{
	return (struct pw_probe){
		.family = family,
		.proto = proto,
		.src = family == PW_IPV4 ? pw_value32(SOURCE4) : source6,
		.dst = box_scene->ifaces[0].addr[family],
		.dport = port,
	};
}

struct pw_probe box_icmp(enum pw_family family, uint8_t type)
{
	struct pw_probe probe =
		box_probe(family,
			  family == PW_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0);

	probe.type = type;
	return probe;
}

void box_add(struct pw_probe probe)
{
	probes[num_probes++] = probe;
}

void box_begin(void)
{
	num_probes = 0;
}

void box_fire(void)
{
	memset(seen, 0xff, num_probes);
	if (pw_sandbox_fire(box, probes, num_probes, seen, box_diags)) {
		show_diags();
		fail();
	}
}

void box_expect(size_t index, enum pw_evidence want)
{
	const struct pw_probe *probe = &probes[index];

	if (seen[index] == want)
		return;
	print_error("probe %zu (IPv%d, protocol %u, port %u, type %u, pieces "
		    "%u, extension %u): %s, not %s\n",
		    index, probe->family == PW_IPV4 ? 4 : 6, probe->proto,
		    probe->dport, probe->type, probe->pieces, probe->ext,
		    pw_evidence_name(seen[index]), pw_evidence_name(want));
	fail();
}

void box_expect_all(enum pw_evidence want)
{
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, want);
}

double box_now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void box_sweep(enum pw_family family, uint8_t proto, const char *what)
{
	double start;

	box_begin();
	for (uint32_t port = 0; port < NUM_PORTS; port++)
		box_add(box_probe(family, proto, (uint16_t)port));
	start = box_now();
	box_fire();
	print_message("    %s %s IPv%d: %.3f s\n", what,
		      proto == IPPROTO_TCP ? "TCP" : "UDP",
		      family == PW_IPV4 ? 4 : 6, box_now() - start);
}

enum pw_evidence box_reached(uint8_t proto)
{
	return proto == IPPROTO_TCP ? PW_EV_ANSWER : PW_EV_DELIVERED;
}

bool box_is_published(uint8_t proto, size_t port)
{
	for (size_t i = 0; i < box_scene->num_publish; i++) {
		if (box_scene->publish[i].proto == proto &&
		    box_scene->publish[i].port == port)
			return true;
	}
	return false;
}

static void publish(uint8_t proto, uint16_t port, uint16_t to)
{
	struct pw_scene_publish new = { BRIDGE, proto, port, to };

	assert_int_equal(PW_ARRAY_PUSH(box_scene->publish,
				       box_scene->num_publish,
				       box_scene->cap_publish, new),
			 0);
}

static void listen_to(enum pw_family family, struct pw_value group)
{
	struct pw_scene_addr new = { family, group };

	assert_int_equal(PW_ARRAY_PUSH(box_scene->groups, box_scene->num_groups,
				       box_scene->cap_groups, new),
			 0);
}

int box_open(void **state)
{
	(void)state;
	box_scene = pw_scene_new();
	box_diags = pw_diags_new();
	assert_true(box_scene && box_diags);
	assert_int_equal(pw_scene_add_iface(box_scene, "eth0", false), 0);
	assert_int_equal(pw_scene_add_iface(box_scene, "eth1", false), 1);
	assert_int_equal(pw_scene_add_iface(box_scene, "docker0", true),
			 BRIDGE);
	publish(IPPROTO_TCP, 8080, 80);
	publish(IPPROTO_UDP, 5300, 53);
	listen_to(PW_IPV4, box_group4);
	listen_to(PW_IPV6, box_group6);
	if (!pw_sandbox_open(box_scene, &box, box_diags) &&
	    !pw_sandbox_listen(box, true, box_diags))
		return 0;
	show_diags();
	return -1;
}

int box_close(void **state)
{
	(void)state;
	pw_sandbox_close(box);
	pw_scene_free(box_scene);
	pw_diags_free(box_diags);
	return 0;
}
