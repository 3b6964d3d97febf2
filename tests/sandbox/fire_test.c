// SPDX-License-Identifier: GPL-2.0-or-later
/* Real frames into a private host with known rules: what each probe sees. */
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

#include "portwall/sandbox.h"

#define NUM_PORTS 65536
#define SOURCE4 0xcb007109u		/* 203.0.113.9 */

static struct pw_scene *scene;
static struct pw_sandbox *box;
static struct pw_diags *diags;
static uint8_t seen[NUM_PORTS];
static struct pw_probe probes[NUM_PORTS];

static void show_diags(void)
{
	for (size_t i = 0; i < pw_diags_kept(diags); i++)
		print_message("%s\n", pw_diags_get(diags, i)->text);
}

/* Rules of the private host, all that were there gone; NULL: none */
static void rules(const char *text)
{
	char path[] = "/tmp/fire_rules.XXXXXX", cmd[64];
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fprintf(file, "table inet t {}\ndelete table inet t\n%s", text ?: "");
	fclose(file);
	snprintf(cmd, sizeof(cmd), "nft -f %s", path);
	assert_int_equal(system(cmd), 0);
	remove(path);
	assert_int_equal(pw_sandbox_forget(box, diags), 0);
}

static const struct pw_value source6 = { 0x20010db800090000, 9 };

static struct pw_probe probe_to(enum pw_family family, uint8_t proto,
				uint16_t port)
{
	return (struct pw_probe){
		.family = family,
		.proto = proto,
		.src = family == PW_IPV4 ? pw_value32(SOURCE4) : source6,
		.dst = scene->ifaces[0].addr[family],
		.dport = port,
	};
}

static void fire(size_t num)
{
	if (pw_sandbox_fire(box, probes, num, seen, diags)) {
		show_diags();
		fail();
	}
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void sweep(enum pw_family family, uint8_t proto, const char *what)
{
	double start;

	for (uint32_t port = 0; port < NUM_PORTS; port++)
		probes[port] = probe_to(family, proto, (uint16_t)port);
	start = now();
	fire(NUM_PORTS);
	print_message("    %s %s %s: %.3f s\n", what,
		      proto == IPPROTO_TCP ? "TCP" : "UDP",
		      family == PW_IPV4 ? "IPv4" : "IPv6", now() - start);
}

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

#define FOR_FAMILY_PROTO(f, p) \
	for (int f = 0; f < PW_NUM_FAMILIES; f++) \
		for (size_t p = 0; p < PW_ARRAY_SIZE(protos); p++)

static bool is_published(uint8_t proto, size_t port)
{
	for (size_t i = 0; i < scene->num_publish; i++) {
		if (scene->publish[i].proto == proto &&
		    scene->publish[i].port == port)
			return true;
	}
	return false;
}

static void expect(size_t index, enum pw_evidence want)
{
	if (seen[index] == want)
		return;
	print_error("probe %zu: %s, not %s\n", index,
		    pw_evidence_name(seen[index]), pw_evidence_name(want));
	fail();
}

static void reaches_every_port_without_rules(void **state)
{
	(void)state;
	rules(NULL);
	FOR_FAMILY_PROTO(f, p) {
		sweep(f, protos[p], "open");
		for (size_t port = 0; port < NUM_PORTS; port++)
			expect(port, is_published(protos[p], port) ?
				     PW_EV_FORWARDED :
				     protos[p] == IPPROTO_TCP ? PW_EV_ANSWER :
								PW_EV_DELIVERED);
	}
}

static void sees_silence_where_all_is_dropped(void **state)
{
	(void)state;
	rules("table inet t { chain c { type filter hook input priority 0;\n"
	      "policy drop;\n}\n}\n");
	FOR_FAMILY_PROTO(f, p) {
		sweep(f, protos[p], "dropped");
		for (size_t port = 0; port < NUM_PORTS; port++) {
			if (!is_published(protos[p], port))
				expect(port, PW_EV_SILENCE);
		}
	}
}

static int open_box(void **state)
{
	(void)state;
	scene = pw_scene_new();
	diags = pw_diags_new();
	assert_true(scene && diags);
	assert_int_equal(pw_scene_add_iface(scene, "eth0", false), 0);
	assert_int_equal(pw_scene_add_iface(scene, "eth1", false), 1);
	if (pw_sandbox_open(scene, &box, diags) ||
	    pw_sandbox_listen(box, true, diags)) {
		show_diags();
		return -1;
	}
	return 0;
}

static int close_box(void **state)
{
	(void)state;
	pw_sandbox_close(box);
	pw_scene_free(scene);
	pw_diags_free(diags);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaches_every_port_without_rules),
		cmocka_unit_test(sees_silence_where_all_is_dropped),
	};

	return cmocka_run_group_tests(tests, open_box, close_box);
}
