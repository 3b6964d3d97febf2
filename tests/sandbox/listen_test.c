// SPDX-License-Identifier: GPL-2.0-or-later
/* What reaches a private host arrives at the socket that waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apart.h"
#include "portwall/array.h"
#include "probe/frame.h"

#define ECHO_REQUEST 8
#define TIMESTAMP_REQUEST 13
#define ECHO_REQUEST6 128
#define COOKIE 0x70770000u
#define WAIT_MS 5000
#define MANY 40

/* Where a packet must come out */
enum way { WAY_TCP, WAY_UDP, WAY_RAW, WAY_CONTAINER };

static const struct listen_case {
	const char *name, *src, *dst;
	enum way way;
	uint8_t proto, flags, type;
	uint16_t port;
} cases[] = {
	{ "TCP", "192.0.2.1", "198.18.0.1", WAY_TCP, IPPROTO_TCP, .port = 22 },
	{ "TCP, port 0", "192.0.2.1", "198.18.0.1", WAY_TCP,
	  .proto = IPPROTO_TCP },
	{ "TCP, IPv6", "2001:db8:1::1", "2001:2::1", WAY_TCP, IPPROTO_TCP,
	  .port = 65535 },
	{ "TCP, a further address", "192.0.2.1", "203.0.113.7", WAY_TCP,
	  IPPROTO_TCP, .port = 22 },
	{ "TCP without SYN", "192.0.2.1", "198.18.0.1", WAY_RAW, IPPROTO_TCP,
	  .flags = TH_ACK, .port = 22 },
	{ "TCP without SYN, IPv6", "2001:db8:1::1", "2001:2::1", WAY_RAW,
	  IPPROTO_TCP, .flags = TH_FIN, .port = 22 },
	{ "TCP without flags that matter", "192.0.2.1", "198.18.0.1", WAY_RAW,
	  IPPROTO_TCP, .flags = TH_PUSH, .port = 22 },
	{ "SYN and FIN", "192.0.2.1", "198.18.0.1", WAY_RAW, IPPROTO_TCP,
	  .flags = TH_SYN | TH_FIN, .port = 22 },
	{ "TCP, anycast", "2001:db8:1::1", "2001:2::", WAY_RAW, IPPROTO_TCP,
	  .port = 22 },
	{ "UDP", "192.0.2.1", "198.18.0.1", WAY_UDP, IPPROTO_UDP, .port = 53 },
	{ "UDP, port 0", "192.0.2.1", "198.18.0.1", WAY_UDP,
	  .proto = IPPROTO_UDP },
	{ "UDP, IPv6", "2001:db8:1::1", "2001:2::1", WAY_UDP, IPPROTO_UDP,
	  .port = 9 },
	{ "UDP, a further address", "2001:db8:1::1", "2001:db8::7", WAY_UDP,
	  IPPROTO_UDP, .port = 53 },
	{ "UDP, link-local", "fe80::99", "fe80::70:77ff:fe01:0", WAY_UDP,
	  IPPROTO_UDP, .port = 546 },
	{ "UDP, broadcast", "198.18.0.2", "198.18.0.15", WAY_RAW, IPPROTO_UDP,
	  .port = 67 },
	{ "UDP, all ones", "198.18.0.2", "255.255.255.255", WAY_RAW,
	  IPPROTO_UDP, .port = 67 },
	{ "UDP, group", "198.18.0.2", "224.0.0.251", WAY_RAW, IPPROTO_UDP,
	  .port = 5353 },
	{ "UDP, group, IPv6", "fe80::99", "ff02::fb", WAY_RAW, IPPROTO_UDP,
	  .port = 5353 },
	{ "UDP, anycast", "2001:db8:1::1", "2001:2::", WAY_RAW, IPPROTO_UDP,
	  .port = 53 },
	{ "own address as source", "198.18.0.17", "198.18.0.1", WAY_UDP,
	  IPPROTO_UDP, .port = 53 },
	{ "loopback as source", "127.0.0.1", "198.18.0.1", WAY_UDP,
	  IPPROTO_UDP, .port = 53 },
	{ "echo request", "192.0.2.1", "198.18.0.1", WAY_RAW, IPPROTO_ICMP,
	  .type = ECHO_REQUEST },
	{ "timestamp request", "192.0.2.1", "198.18.0.1", WAY_RAW,
	  IPPROTO_ICMP, .type = TIMESTAMP_REQUEST },
	{ "echo request, IPv6", "2001:db8:1::1", "2001:2::1", WAY_RAW,
	  IPPROTO_ICMPV6, .type = ECHO_REQUEST6 },
	{ "protocol 253", "192.0.2.1", "198.18.0.1", WAY_RAW, .proto = 253 },
	{ "protocol 253, IPv6", "2001:db8:1::1", "2001:2::1", WAY_RAW,
	  .proto = 253 },
	{ "protocol 255", "192.0.2.1", "198.18.0.1", WAY_RAW, .proto = 255 },
	{ "protocol 255, IPv6", "2001:db8:1::1", "2001:2::1", WAY_RAW,
	  .proto = 255 },
	{ "protocol 1", "2001:db8:1::1", "2001:2::1", WAY_RAW, .proto = 1 },
	{ "SCTP", "192.0.2.1", "198.18.0.1", WAY_RAW, IPPROTO_SCTP,
	  .port = 22 },
	{ "mobility header", "2001:db8:1::1", "2001:2::1", WAY_RAW,
	  .proto = IPPROTO_MH },
	{ "OSPF, group", "198.18.0.2", "224.0.0.251", WAY_RAW, .proto = 89 },
	{ "TCP, published", "192.0.2.1", "198.18.0.1", WAY_CONTAINER,
	  IPPROTO_TCP, .port = 8080 },
	{ "TCP, published, IPv6", "2001:db8:1::1", "2001:2::1", WAY_CONTAINER,
	  IPPROTO_TCP, .port = 8080 },
	{ "UDP, published", "192.0.2.1", "203.0.113.7", WAY_CONTAINER,
	  IPPROTO_UDP, .port = 8080 },
};

static struct pw_addr_range parsed(const char *text)
{
	struct pw_addr_range range;

	CHECK(!pw_addr_range_parse(text, strlen(text), &range));
	return range;
}

static struct pw_probe probe_of(const struct listen_case *tc)
{
	struct pw_addr_range src = parsed(tc->src), dst = parsed(tc->dst);

	return (struct pw_probe){
		.src = src.range.first, .dst = dst.range.first,
		.family = dst.family, .proto = tc->proto, .sport = 40000,
		.dport = tc->port, .tcp_flags = tc->flags, .type = tc->type,
	};
}

/* Sees all that comes out of the host at the wire of @iface */
static int open_wire(struct pw_sandbox *sb, uint32_t iface)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)sb->ends[iface].wire_index,
	};
	int fd;

	CHECK(!pw_sandbox_side(sb, PW_SIDE_WIRE));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	CHECK(!bind(fd, (const struct sockaddr *)&at, sizeof(at)));
	CHECK(!pw_sandbox_side(sb, PW_SIDE_HOST));
	return fd;
}

static void send_probe(const struct pw_sandbox *sb, int wire,
		       const struct pw_probe *probe)
{
	struct pw_frame_how how = {
		.broadcast = sb->scene->ifaces[0].broadcast,
		.cookie = COOKIE,
	};
	struct pw_frame frames[PW_FRAME_PIECES];

	memcpy(how.src_mac, sb->ends[0].wire_mac, sizeof(how.src_mac));
	memcpy(how.dst_mac, sb->ends[0].host_mac, sizeof(how.dst_mac));
	CHECK(pw_frame_build(probe, &how, frames) == 1);
	CHECK(write(wire, frames[0].data, frames[0].len) == frames[0].len);
}

/* The next datagram there; -1: there is none */
static ssize_t take(int fd, void *buf, size_t len, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (poll(&wait, 1, timeout_ms) != 1)
		return -1;
	return recv(fd, buf, len, MSG_DONTWAIT);
}

static bool holds_cookie(const uint8_t *data, ssize_t len)
{
	const uint8_t cookie[4] = { COOKIE >> 24, COOKIE >> 16 & 0xff };

	return len > 0 && memmem(data, (size_t)len, cookie, sizeof(cookie));
}

/* A frame that answers or forwards the probe */
static bool wire_shows(int wire, const struct pw_probe *probe, uint8_t flags)
{
	struct pw_packet packet;
	uint8_t buf[2048];
	ssize_t len;

	for (;;) {
		len = take(wire, buf, sizeof(buf), WAIT_MS);
		if (len < 0)
			return false;
		if (!pw_frame_parse(buf, (size_t)len, &packet) ||
		    packet.proto != probe->proto)
			continue;
		if (flags && packet.len > 13 && packet.data[13] == flags)
			return true;
		if (!flags && holds_cookie(packet.data, (ssize_t)packet.len))
			return true;
	}
}

static void comes_out(struct pw_sandbox *sb, const struct listen_case *tc,
		      int wire, int container)
{
	const struct pw_probe probe = probe_of(tc);
	int udp = sb->udp[probe.family];
	int raw = sb->raw[probe.family][tc->proto];
	uint8_t buf[2048];

	switch (tc->way) {
	case WAY_TCP:
		CHECK(wire_shows(wire, &probe, TH_SYN | TH_ACK));
		CHECK(take(raw, buf, sizeof(buf), 0) < 0);
		break;
	case WAY_UDP:
		CHECK(holds_cookie(buf, take(udp, buf, sizeof(buf), WAIT_MS)));
		CHECK(take(raw, buf, sizeof(buf), 0) < 0);
		break;
	case WAY_RAW:
		CHECK(holds_cookie(buf, take(raw, buf, sizeof(buf), WAIT_MS)));
		CHECK(take(udp, buf, sizeof(buf), 0) < 0);
		break;
	case WAY_CONTAINER:
		CHECK(wire_shows(container, &probe, 0));
		CHECK(take(raw, buf, sizeof(buf), 0) < 0);
		CHECK(take(udp, buf, sizeof(buf), 0) < 0);
		break;
	}
}

static struct pw_sandbox *open_listening(struct pw_diags *diags)
{
	struct pw_sandbox *sb = apart_open(apart_scene());

	CHECK(!pw_sandbox_listen(sb, true, diags));
	return sb;
}

static void delivers(const void *arg)
{
	const struct listen_case *tc = arg;
	const struct pw_probe probe = probe_of(tc);
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = open_listening(diags);
	int wire = open_wire(sb, 0), container = open_wire(sb, 2);

	send_probe(sb, wire, &probe);
	comes_out(sb, tc, wire, container);
	pw_sandbox_close(sb);
	pw_diags_free(diags);
}

static void arrives(void **state)
{
	apart(delivers, *state);
}

static unsigned int num_connections(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "re");
	unsigned int num;

	CHECK(file && fscanf(file, "%u", &num) == 1);
	fclose(file);
	return num;
}

static const struct listen_case plain_udp = {
	"UDP", "192.0.2.1", "198.18.0.1", WAY_UDP, IPPROTO_UDP, .port = 53,
};

static void forgets_many(const void *arg)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = open_listening(diags);
	struct pw_probe probe = probe_of(&plain_udp);
	int wire = open_wire(sb, 0);
	uint64_t room = sb->fresh_left;
	char buf[64];

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		probe.sport++;
		send_probe(sb, wire, &probe);
		CHECK(take(sb->udp[PW_IPV4], buf, sizeof(buf), WAIT_MS) > 0);
	}
	CHECK(num_connections() >= MANY);
	sb->next_sport = 7;
	sb->fresh_left = 0;
	CHECK(!pw_sandbox_forget(sb, diags));
	/* the host itself says now and then which groups it listens to */
	CHECK(num_connections() < MANY / 2);
	CHECK(sb->next_sport == PW_FIRST_SPORT && sb->fresh_left == room);
	pw_sandbox_close(sb);
	pw_diags_free(diags);
}

static void forgets_connections(void **state)
{
	(void)state;
	apart(forgets_many, NULL);
}

static bool has_table(void)
{
	return !system("nft list table inet pw_sandbox >/dev/null 2>&1");
}

static void is_silent(const struct pw_sandbox *sb)
{
	CHECK(!has_table());
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		CHECK(sb->tcp[f] < 0 && sb->udp[f] < 0);
		for (int proto = 0; proto < 256; proto++)
			CHECK(sb->raw[f][proto] < 0);
	}
	CHECK(!sb->num_joins);
}

static void switches(const void *arg)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = apart_open(apart_scene());

	(void)arg;
	is_silent(sb);
	CHECK(!pw_sandbox_listen(sb, false, diags));
	for (int i = 0; i < 2; i++) {
		CHECK(!pw_sandbox_listen(sb, true, diags));
		CHECK(!pw_sandbox_listen(sb, true, diags));
		CHECK(has_table());
		for (int f = 0; f < PW_NUM_FAMILIES; f++) {
			CHECK(sb->tcp[f] >= 0 && sb->udp[f] >= 0);
			for (int proto = 1; proto < 256; proto++)
				CHECK(sb->raw[f][proto] >= 0);
		}
		CHECK(!pw_sandbox_listen(sb, false, diags));
		is_silent(sb);
	}
	pw_sandbox_close(sb);
	pw_diags_free(diags);
}

static void on_and_off(void **state)
{
	(void)state;
	apart(switches, NULL);
}

/* More than one socket may hold, on more interfaces than the machine allows */
static void joins_many(const void *arg)
{
	struct pw_scene *scene = pw_scene_new();
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb;
	char name[24];

	(void)arg;
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "if%d", i);
		CHECK(pw_scene_add_iface(scene, name, false) == i);
	}
	for (uint32_t i = 0; i < 120; i++) {
		struct pw_scene_addr group = {
			i % 2, { i % 2 ? 0xff05ull << 48 : 0,
				 (i % 2 ? 0 : 0xef000000) + 0x100 + i },
		};

		CHECK(!PW_ARRAY_PUSH(scene->groups, scene->num_groups,
				     scene->cap_groups, group));
	}
	sb = apart_open(scene);
	CHECK(!pw_sandbox_listen(sb, true, diags));
	CHECK(!system("test $(grep -c ' ff05' /proc/net/igmp6) = 3600"));
	CHECK(!system("test $(grep -c '0100EF ' /proc/net/igmp) = 3600"));
	pw_sandbox_close(sb);
	pw_scene_free(scene);
	pw_diags_free(diags);
}

static void many_groups(void **state)
{
	(void)state;
	apart(joins_many, NULL);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(cases) + 3] = {
		cmocka_unit_test(forgets_connections),
		cmocka_unit_test(on_and_off),
		cmocka_unit_test(many_groups),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i + 3] = (struct CMUnitTest){
			.name = cases[i].name, .test_func = arrives,
			.initial_state =
				(struct listen_case *)(uintptr_t)&cases[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
