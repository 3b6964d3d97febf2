// SPDX-License-Identifier: GPL-2.0-or-later
/* Sweeps of a private host with known rules: what each probe sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "box.h"
#include "probe/frame.h"

static void reaches_every_port_without_rules(void **state)
{
	(void)state;
	box_rules(NULL);
	FOR_FAMILY_PROTO(f, p) {
		box_sweep(f, protos[p], "let through");
		for (size_t port = 0; port < NUM_PORTS; port++)
			box_expect(port, box_is_published(protos[p], port)
						 ? PW_EV_FORWARDED
						 : box_reached(protos[p]));
	}
}

static void sees_silence_where_all_is_dropped(void **state)
{
	(void)state;
	box_rules(INPUT "drop\n" FORWARD "drop\n" END);
	FOR_FAMILY_PROTO(f, p) {
		box_sweep(f, protos[p], "dropped");
		box_expect_all(PW_EV_SILENCE);
	}
}

static enum pw_evidence refusal_of(uint8_t proto, size_t port)
{
	if (box_is_published(proto, port))
		return PW_EV_SILENCE;
	switch (port / 1000) {
	case 1:
		return proto == IPPROTO_TCP ? PW_EV_RESET : PW_EV_SILENCE;
	case 2:
	case 4:
	case 5:
		return PW_EV_PROHIBITED;
	case 3:
		return PW_EV_UNREACHABLE;
	case 6:
		return box_reached(proto);
	}
	return PW_EV_SILENCE;
}

static void tells_refusals_from_silence(void **state)
{
	(void)state;
	box_rules(INPUT
		  "meta l4proto tcp th dport 1000-1999 reject with tcp reset\n"
		  "th dport 2000-2999 reject with icmpx type admin-prohibited\n"
		  "th dport 3000-3999 reject with icmpx type port-unreachable\n"
		  "ip version 4 th dport 4000-4999 "
		  "reject with icmp type host-prohibited\n"
		  "ip version 4 th dport 5000-5999 "
		  "reject with icmp type net-prohibited\n"
		  "ip6 version 6 th dport 4000-4999 "
		  "reject with icmpv6 type policy-fail\n"
		  "ip6 version 6 th dport 5000-5999 "
		  "reject with icmpv6 type reject-route\n"
		  "th dport 6000-6999 accept\n"
		  "drop\n" FORWARD "drop\n" END);
	FOR_FAMILY_PROTO(f, p) {
		box_sweep(f, protos[p], "refused in part");
		for (size_t port = 0; port < NUM_PORTS; port++)
			box_expect(port, refusal_of(protos[p], port));
	}
}

#define ESTABLISHED_ONLY						\
	"table inet t {\nchain c {\ntype filter hook input priority 0\n"	\
	"ct state established accept\ndrop\n" END

/* What was let through before must not open the way for a second probe */
static void never_meets_an_old_connection(void **state)
{
	(void)state;
	box_rules(NULL);
	box_begin();
	FOR_FAMILY(f) {
		box_add(box_probe(f, IPPROTO_TCP, 22));
		box_add(box_icmp(f, f == PW_IPV4 ? ICMP_ECHO
						 : ICMP6_ECHO_REQUEST));
	}
	box_fire();
	box_expect_all(PW_EV_ANSWER);
	box_nft(ESTABLISHED_ONLY);
	box_fire();
	box_expect_all(PW_EV_SILENCE);
}

/* Ports that some probes name, and others are given in their turn */
static void never_meets_a_connection_of_its_own(void **state)
{
	(void)state;
	box_rules(NULL);
	box_begin();
	for (uint16_t i = 0; i < 300; i++) {
		box_add(box_probe(PW_IPV4, IPPROTO_TCP, 22));
		probes[i].sport = 1024 + i;
	}
	box_fire();
	box_expect_all(PW_EV_ANSWER);
	box_nft(ESTABLISHED_ONLY);
	box_fire();
	box_expect_all(PW_EV_ANSWER);
	box_begin();
	box_add(box_probe(PW_IPV4, IPPROTO_TCP, 22));
	for (int i = 0; i < 300; i++) {
		box_fire();
		box_expect_all(PW_EV_SILENCE);
	}
}

/* Each call takes a port, of which there are 65,536 */
static void runs_out_of_ports_unharmed(void **state)
{
	(void)state;
	box_rules(INPUT "tcp dport 22 accept\ndrop\n" END);
	box_begin();
	box_add(box_probe(PW_IPV4, IPPROTO_TCP, 22));
	box_add(box_probe(PW_IPV4, IPPROTO_TCP, 23));
	for (int i = 0; i < NUM_PORTS; i++) {
		box_fire();
		box_expect(0, PW_EV_ANSWER);
		box_expect(1, PW_EV_SILENCE);
	}
	box_begin();
	for (uint32_t i = 0; i < NUM_PORTS; i++) {
		box_add(box_probe(PW_IPV4, IPPROTO_TCP, i & 1 ? 22 : 23));
		probes[i].sport = (uint16_t)i;
	}
	box_fire();
	for (size_t i = 0; i < num_probes; i++)
		box_expect(i, i & 1 ? PW_EV_ANSWER : PW_EV_SILENCE);
}

/* More than a table of connections may hold, and more than one salvo */
static void outlasts_the_table_of_connections(void **state)
{
	(void)state;
	box_rules(NULL);
	for (int i = 0; i < 5; i++) {
		box_sweep(PW_IPV4, IPPROTO_UDP, "again");
		for (size_t port = 0; port < NUM_PORTS; port++)
			box_expect(port, box_is_published(IPPROTO_UDP, port)
						 ? PW_EV_FORWARDED
						 : PW_EV_DELIVERED);
	}
}

static void fires_small_calls_in_no_time(void **state)
{
	double start;

	(void)state;
	box_rules(INPUT "tcp dport 22 accept\ndrop\n" END);
	box_begin();
	box_add(box_probe(PW_IPV4, IPPROTO_TCP, 22));
	box_add(box_probe(PW_IPV6, IPPROTO_TCP, 22));
	box_add(box_probe(PW_IPV4, IPPROTO_UDP, 22));
	box_add(box_probe(PW_IPV6, IPPROTO_UDP, 22));
	start = box_now();
	for (int i = 0; i < 1000; i++) {
		box_fire();
		box_expect(0, PW_EV_ANSWER);
		box_expect(1, PW_EV_ANSWER);
		box_expect(2, PW_EV_SILENCE);
		box_expect(3, PW_EV_SILENCE);
	}
	print_message("    1000 calls of four probes: %.3f s\n",
		      box_now() - start);
	box_begin();
	box_fire();
}

static void send_one(const struct pw_probe *probe)
{
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_frame_how how = {
		.cookie = 7,
		.sport = 1234,
		/* as the sandbox has it; broadcast would do for a frame */
		.dst_mac = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.src_mac = { 2, 0, 0, 0, 0, 9 },
	};

	pw_frame_build(probe, &how, frames);
	assert_int_equal(pw_sandbox_send_frame(box, probe->iface,
					       frames[0].data, frames[0].len),
			 0);
}

static void shows_frames_of_the_host(void **state)
{
	struct pw_probe probe = box_icmp(PW_IPV4, ICMP_ECHO);
	uint8_t frame[2048];
	struct pw_packet got;
	uint32_t iface = 77;
	int64_t len;

	(void)state;
	box_rules(NULL);
	while (pw_sandbox_next_frame(box, 10, &iface, frame, sizeof(frame)) > 0)
		;
	iface = 77;
	assert_int_equal(pw_sandbox_next_frame(box, 0, &iface, frame,
					       sizeof(frame)),
			 0);
	assert_int_equal(iface, 77);
	/* an echo request to the broadcast address is answered as well; from a
	 * neighbour, so that the host has to ask for it */
	probe.iface = 1;
	probe.dst = box_scene->ifaces[1].broadcast;
	probe.src = box_scene->ifaces[1].gateway[PW_IPV4];
	probe.src.lo += 9;
	send_one(&probe);
	len = pw_sandbox_next_frame(box, 5000, &iface, frame, sizeof(frame));
	assert_true(len > 0);
	assert_int_equal(iface, 1);
	assert_true(pw_frame_parse(frame, (size_t)len, &got));
	assert_int_equal(got.proto, IPPROTO_ICMP);
	assert_int_equal(got.data[0], ICMP_ECHOREPLY);
	assert_false(pw_value_cmp(got.dst, probe.src));
	send_one(&probe);
	assert_int_equal(pw_sandbox_next_frame(box, 5000, &iface, frame, 20),
			 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaches_every_port_without_rules),
		cmocka_unit_test(sees_silence_where_all_is_dropped),
		cmocka_unit_test(tells_refusals_from_silence),
		cmocka_unit_test(never_meets_an_old_connection),
		cmocka_unit_test(never_meets_a_connection_of_its_own),
		cmocka_unit_test(runs_out_of_ports_unharmed),
		cmocka_unit_test(outlasts_the_table_of_connections),
		cmocka_unit_test(fires_small_calls_in_no_time),
		cmocka_unit_test(shows_frames_of_the_host),
	};

	return cmocka_run_group_tests(tests, box_open, box_close);
}
