// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of every kind at a private host: what each sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "box.h"

static const struct pw_value all_nodes6 = { 0xff02000000000000, 1 };

/* Neighbours are asked for before an answer can go to them */
static void reaches_from_the_link(void **state)
{
	(void)state;
	box_rules(INPUT "th dport 22 accept\ndrop\n" END);
	box_begin();
	for (unsigned int i = 0; i < 100; i++) {
		enum pw_family family = i & 1;
		struct pw_probe probe =
			box_probe(family, IPPROTO_TCP, i & 2 ? 22 : 23);

		probe.iface = i / 4 % 3;
		probe.dst = box_scene->ifaces[probe.iface].addr[family];
		probe.src = box_scene->ifaces[probe.iface].gateway[family];
		probe.src.lo += 1 + i % 8;
		if (family == PW_IPV6 && i > 50) {
			probe.src = box_link_source6;
			probe.src.lo += i;
		}
		probe.sport = (uint16_t)(2000 + i);
		box_add(probe);
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, i & 2 ? PW_EV_ANSWER : PW_EV_SILENCE);
}

/* Of IPv6 the kernel refuses headers that are cut (RFC 8200, 4.5) */
static bool is_refused_piece(const struct pw_probe *probe)
{
	return probe->pieces == PW_FRAGMENT_FIRST ||
	       (probe->pieces == PW_FRAGMENTS_TINY &&
		probe->family == PW_IPV6 && probe->proto == IPPROTO_TCP);
}

static void reaches_however_it_is_packed(void **state)
{
	static const uint8_t kinds[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
					 IPPROTO_GRE };

	(void)state;
	box_rules(NULL);
	box_begin();
	for (unsigned int i = 0; i < 2 * 4 * 6 * 6; i++) {
		struct pw_probe probe =
			box_probe(i & 1, kinds[i / 2 % 4], (uint16_t)i);

		probe.pieces = i / 8 % 6;
		probe.ext = probe.family == PW_IPV6 ? i / 48 : 0;
		box_add(probe);
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, is_refused_piece(&probes[i])
				      ? PW_EV_SILENCE
				      : box_reached(probes[i].proto));
	box_rules(INPUT "drop\n" FORWARD "drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

static void add_casts(void)
{
	struct pw_probe probe = box_probe(PW_IPV4, IPPROTO_UDP, 5353);

	probe.dst = box_group4;
	box_add(probe);
	probe.dst = box_scene->ifaces[0].broadcast;
	box_add(probe);
	probe.dst = pw_value32(UINT32_MAX);
	box_add(probe);
	probe = box_probe(PW_IPV6, IPPROTO_UDP, 5353);
	probe.dst = box_group6;
	box_add(probe);
	probe.dst = all_nodes6;
	probe.src = box_link_source6;
	box_add(probe);
}

static void reaches_by_broadcast_and_multicast(void **state)
{
	(void)state;
	box_rules(NULL);
	box_begin();
	add_casts();
	box_fire();
	box_expect_all(PW_EV_DELIVERED);
	box_rules(INPUT "drop\n" FORWARD "drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

/* Numbers that are no protocols over IPv6 but headers */
static bool is_header(const struct pw_probe *probe)
{
	return probe->family == PW_IPV6 && (probe->proto == IPPROTO_HOPOPTS ||
					    probe->proto == IPPROTO_FRAGMENT);
}

static void reaches_by_every_protocol(void **state)
{
	(void)state;
	box_rules(NULL);
	box_begin();
	for (unsigned int i = 0; i < 512; i++) {
		struct pw_probe probe = box_probe(i & 1, (uint8_t)(i >> 1), 7);

		if (!is_header(&probe) && probe.proto != IPPROTO_TCP &&
		    probe.proto != IPPROTO_ICMP &&
		    probe.proto != IPPROTO_ICMPV6)
			box_add(probe);
	}
	box_fire();
	box_expect_all(PW_EV_DELIVERED);
	box_rules(
		"table inet t {\nchain c {\ntype filter hook input priority 0\n"
		"drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

static void reaches_by_every_icmp_type(void **state)
{
	(void)state;
	box_rules(NULL);
	box_begin();
	for (unsigned int i = 0; i < 512; i++)
		box_add(box_icmp(i & 1, (uint8_t)(i >> 1)));
	box_fire();
	for (size_t i = 0; i < num_probes; i++) {
		bool echo = probes[i].type ==
			    (i & 1 ? ICMP6_ECHO_REQUEST : ICMP_ECHO);

		box_expect(i, echo ? PW_EV_ANSWER : PW_EV_DELIVERED);
	}
	box_rules(
		"table inet t {\nchain c {\ntype filter hook input priority 0\n"
		"drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

/* The same bytes twice: each is told from the other by its turn alone */
static void knows_payloads_without_a_cookie(void **state)
{
	static const char offer[] = "as if it were a DHCP reply";
	struct pw_probe probe = box_probe(PW_IPV4, IPPROTO_UDP, 68);

	(void)state;
	box_rules(INPUT "udp sport 67 udp dport 68 accept\ndrop\n" FORWARD
			"drop\n" END);
	box_begin();
	probe.payload = offer;
	probe.payload_len = sizeof(offer);
	probe.sport = 67;
	box_add(probe);
	probe.dst = pw_value32(UINT32_MAX);
	box_add(probe);
	probe.sport = 66;
	box_add(probe);
	probe.sport = 67;
	box_add(probe);
	probe.dport = 67;
	box_add(probe);
	probe.proto = 250;
	box_add(probe);
	probe = box_icmp(PW_IPV6, ICMP6_ECHO_REQUEST);
	probe.payload = offer;
	probe.payload_len = sizeof(offer);
	box_add(probe);
	box_fire();
	box_expect(0, PW_EV_DELIVERED);
	box_expect(1, PW_EV_DELIVERED);
	box_expect(2, PW_EV_SILENCE);
	box_expect(3, PW_EV_DELIVERED);
	box_expect(4, PW_EV_SILENCE);
	box_expect(5, PW_EV_SILENCE);
	box_expect(6, PW_EV_ANSWER);
}

static void add_published(void)
{
	FOR_FAMILY(f) {
		struct pw_probe probe = box_probe(f, IPPROTO_TCP, 8080);

		box_add(probe);
		probe.payload = "payload";
		probe.payload_len = 7;
		probe.proto = IPPROTO_UDP;
		probe.dport = 5300;
		box_add(probe);
		probe.payload = NULL;
		probe.sport = 999;
		box_add(probe);
		probe.proto = IPPROTO_TCP;
		probe.dst = box_scene->ifaces[BRIDGE].container[f];
		probe.dport = 80;
		box_add(probe);
		probe = box_icmp(f,
				 f == PW_IPV4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
		probe.dst = box_scene->ifaces[BRIDGE].container[f];
		box_add(probe);
	}
}

static void reaches_containers(void **state)
{
	(void)state;
	box_rules(INPUT "drop\n" END);
	box_begin();
	add_published();
	box_fire();
	box_expect_all(PW_EV_FORWARDED);
	box_rules(INPUT FORWARD "drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
	box_rules(INPUT FORWARD
		  "reject with icmpx type admin-prohibited\n" END);
	box_fire();
	box_expect_all(PW_EV_PROHIBITED);
}

static void reaches_from_a_container(void **state)
{
	(void)state;
	box_rules(INPUT "iifname \"docker0\" th dport 22 accept\ndrop\n" END);
	box_begin();
	FOR_FAMILY_PROTO(f, p) {
		struct pw_probe probe = box_probe(f, protos[p], 22);

		probe.iface = BRIDGE;
		probe.src = box_scene->ifaces[BRIDGE].container[f];
		probe.dst = box_scene->ifaces[BRIDGE].addr[f];
		box_add(probe);
		probe.iface = 0;
		box_add(probe);
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, i & 1 ? PW_EV_SILENCE
				    : box_reached(probes[i].proto));
}

/* What comes back to the container is its own question */
static void reaches_from_a_container_itself(void **state)
{
	(void)state;
	box_rules(INPUT "drop\n" END);
	box_begin();
	FOR_FAMILY(f) {
		struct pw_probe probe = box_probe(f, IPPROTO_TCP, 8080);

		probe.iface = BRIDGE;
		probe.src = box_scene->ifaces[BRIDGE].container[f];
		probe.dst = box_scene->ifaces[BRIDGE].addr[f];
		box_add(probe);
		probe.proto = IPPROTO_UDP;
		probe.dport = 5300;
		box_add(probe);
	}
	box_fire();
	box_expect_all(PW_EV_FORWARDED);
	box_rules(INPUT FORWARD "drop\n" END);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

static void tells_flags_apart(void **state)
{
	(void)state;
	box_rules(INPUT
		  "tcp flags & (syn | ack) == ack tcp dport 22 "
		  "reject with tcp reset\ntcp dport 22 accept\ndrop\n" END);
	box_begin();
	FOR_FAMILY(f) {
		struct pw_probe probe = box_probe(f, IPPROTO_TCP, 22);

		probe.tcp_flags = TH_SYN;
		box_add(probe);
		probe.tcp_flags = TH_ACK;
		probe.sport = 3000;
		box_add(probe);
		probe.payload = "data";
		probe.payload_len = 4;
		probe.tcp_flags = TH_ACK | TH_FIN;
		probe.sport = 3001;
		box_add(probe);
		probe.tcp_flags = TH_ACK;
		probe.dport = 23;
		box_add(probe);
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i += 4) {
		box_expect(i, PW_EV_ANSWER);
		box_expect(i + 1, PW_EV_RESET);
		box_expect(i + 2, PW_EV_RESET);
		box_expect(i + 3, PW_EV_SILENCE);
	}
}

/* Before any rule the kernel refuses sources that cannot be */
static void sees_martians_ignored(void **state)
{
	static const struct pw_value sources[PW_NUM_FAMILIES][2] = {
		{ { 0, 0xe0000001 }, { 0, 0xffffffff } },
		{ { 0, 1 }, { 0xff02000000000000, 1 } },
	};

	(void)state;
	box_rules(NULL);
	box_begin();
	for (unsigned int i = 0; i < 4; i++) {
		struct pw_probe probe = box_probe(i & 1, IPPROTO_UDP, 7);

		probe.src = sources[i & 1][i / 2];
		box_add(probe);
	}
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaches_from_the_link),
		cmocka_unit_test(reaches_however_it_is_packed),
		cmocka_unit_test(reaches_by_broadcast_and_multicast),
		cmocka_unit_test(reaches_by_every_protocol),
		cmocka_unit_test(reaches_by_every_icmp_type),
		cmocka_unit_test(knows_payloads_without_a_cookie),
		cmocka_unit_test(reaches_containers),
		cmocka_unit_test(reaches_from_a_container),
		cmocka_unit_test(reaches_from_a_container_itself),
		cmocka_unit_test(tells_flags_apart),
		cmocka_unit_test(sees_martians_ignored),
	};

	return cmocka_run_group_tests(tests, box_open, box_close);
}
