// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes on a running host: what they see, and that nobody notices them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject_host.h"

#define XDP (1u << PW_INJECT_XDP)
#define MIRRED (1u << PW_INJECT_MIRRED)

#define CT_COUNT "/proc/sys/net/netfilter/nf_conntrack_count"

/*
 * A firewall in input, the holes that Docker makes beside it, rejects at several
 * hooks, and a redirect. 8443 and 5300 go to the container, 9000 is refused on
 * its way there.
 */
static const char docker_rules[] =
	"table inet fw {\n"
	" chain input { type filter hook input priority 0;\n"
	"  ct state established,related accept\n"
	"  tcp dport { 22, 80 } accept\n"
	"  udp dport 53 accept\n"
	"  tcp dport 1000-1099 reject with tcp reset\n"
	"  udp dport 2000 reject with icmpx admin-prohibited\n"
	"  drop\n"
	" }\n"
	" chain early { type filter hook prerouting priority -350;\n"
	"  tcp dport 3000 drop\n"
	" }\n"
	" chain forward { type filter hook forward priority 0;\n"
	"  meta l4proto tcp ct original proto-dst 9000 reject with tcp reset\n"
	" }\n"
	"}\n"
	"table ip nat { chain pre { type nat hook prerouting priority -100;\n"
	"  iifname eth0 tcp dport { 8443, 9000 } dnat to 172.17.0.2:443\n"
	"  udp dport 5300 dnat to 172.17.0.2:53\n"
	"  tcp dport 8080 redirect to :80\n"
	" }\n}\n"
	"table ip6 nat { chain pre { type nat hook prerouting priority -100;\n"
	"  iifname eth0 tcp dport { 8443, 9000 } dnat to [fd17::2]:443\n"
	"  udp dport 5300 dnat to [fd17::2]:53\n"
	"  tcp dport 8080 redirect to :80\n"
	" }\n}\n";

struct port_case {
	uint8_t proto;
	uint16_t first, last;
	enum pw_evidence evidence;
};

static const struct port_case docker_ports[] = {
	{ IPPROTO_TCP, 22, 22, PW_EV_DELIVERED },
	{ IPPROTO_TCP, 80, 80, PW_EV_DELIVERED },
	{ IPPROTO_TCP, 8080, 8080, PW_EV_DELIVERED },
	{ IPPROTO_TCP, 1000, 1099, PW_EV_RESET },
	{ IPPROTO_TCP, 8443, 8443, PW_EV_FORWARDED },
	{ IPPROTO_UDP, 53, 53, PW_EV_DELIVERED },
	{ IPPROTO_UDP, 2000, 2000, PW_EV_PROHIBITED },
	{ IPPROTO_UDP, 5300, 5300, PW_EV_FORWARDED },
};

static enum pw_evidence expected(uint8_t proto, uint32_t port)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(docker_ports); i++) {
		const struct port_case *pc = &docker_ports[i];

		if (pc->proto == proto && port >= pc->first &&
		    port <= pc->last)
			return pc->evidence;
	}
	return PW_EV_SILENCE;
}

static void expect_docker(const struct ih_sweeps *sweeps)
{
	for (size_t i = 0; i < IH_SWEEPS; i++) {
		const struct pw_volley *v = &sweeps->volleys[i];

		for (uint32_t p = 0; p < 65536; p++)
			if (v->evidence[p] != expected(v->proto, p))
				fail_msg("sweep %zu, port %u: %s, not %s", i, p,
					 pw_evidence_text(v->evidence[p]),
					 pw_evidence_text(expected(v->proto,
								   p)));
	}
}

static void expect_forwarded(const struct pw_injector *injector)
{
	size_t num;
	const struct pw_forwarded *list = pw_injector_forwarded(injector, &num);

	assert_int_equal(num, 4);
	for (size_t i = 0; i < num; i++) {
		const bool v6 = list[i].volley >= 2;
		const bool udp = list[i].volley % 2;

		assert_int_equal(list[i].family, v6 ? PW_IPV6 : PW_IPV4);
		assert_int_equal(list[i].port, udp ? 5300 : 8443);
		assert_int_equal(list[i].to_port, udp ? 53 : 443);
		assert_true(list[i].addr.lo == (v6 ? 2 : 0xac110002));
		assert_true(list[i].addr.hi == (v6 ? 0xfd17000000000000 : 0));
	}
}

/* What everybody may look at: rules, devices, qdiscs */
static char *look_around(void)
{
	return ih_shell("nft -a list ruleset; ip -o link | sort;"
			" ip -o addr | sort; tc qdisc; tc filter show dev eth0"
			" ingress");
}

/* Comes before all tests that let strangers in: no connection is known yet */
static void sweeps_are_exact(unsigned int ways)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	char *before, *after;
	int wire, box;
	double start_s;

	ih_need();
	ih_rules(docker_rules);
	before = look_around();
	wire = ih_watch(IH_WIRE);
	box = ih_watch(IH_BOX);
	ih_aim(sweeps);
	start_s = ih_now_s();
	injector = ih_injector(ways);
	ih_fire(injector, sweeps->volleys, IH_SWEEPS);
	print_message("# four sweeps by %s: %.3f s\n",
		      pw_inject_way_text(pw_injector_way(injector)),
		      ih_now_s() - start_s);
	expect_docker(sweeps);
	expect_forwarded(injector);
	assert_int_equal(pw_injector_count(injector)->unknown, 0);
	pw_injector_close(injector);
	assert_int_equal(ih_seen(wire), 0);
	assert_int_equal(ih_seen(box), 0);
	assert_int_equal(ih_number(CT_COUNT), 0);
	after = look_around();
	assert_string_equal(before, after);
	free(before);
	free(after);
	close(wire);
	close(box);
	free(sweeps);
}

static void xdp_is_exact(void **state)
{
	(void)state;
	sweeps_are_exact(XDP | MIRRED);
}

static void mirred_is_exact(void **state)
{
	(void)state;
	sweeps_are_exact(MIRRED);
}

static void steering_loses_nothing(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	const char *on = "echo 3 >/sys/class/net/eth0/queues/rx-0/rps_cpus";

	(void)state;
	ih_need();
	ih_rules(docker_rules);
	free(ih_shell(on));
	ih_aim(sweeps);
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, IH_SWEEPS);
	free(ih_shell("echo 0 >/sys/class/net/eth0/queues/rx-0/rps_cpus"));
	print_message("# lost and sent again: %lu\n",
		      pw_injector_count(injector)->lost);
	assert_int_equal(pw_injector_count(injector)->unknown, 0);
	expect_docker(sweeps);
	pw_injector_close(injector);
	free(sweeps);
}

/* A tenth of all frames, before anybody counts */
static void losses_are_repeated(void **state)
{
	static const char rules[] =
		"table netdev lossy { chain in {"
		" type filter hook ingress device eth0 priority 0;"
		" numgen random mod 10 == 0 drop; }\n}\n";
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	const struct pw_probe_count *count;
	char *text = NULL;

	(void)state;
	ih_need();
	assert_true(asprintf(&text, "%s%s", docker_rules, rules) > 0);
	ih_rules(text);
	free(text);
	ih_aim(sweeps);
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, IH_SWEEPS);
	count = pw_injector_count(injector);
	assert_true(count->lost > IH_SWEEPS * 6000);
	assert_true(count->unknown < 20);
	for (size_t i = 0; i < IH_SWEEPS; i++)
		for (uint32_t p = 0; p < 65536; p++)
			if (sweeps->evidence[i][p] == PW_EV_UNKNOWN)
				sweeps->evidence[i][p] = (uint8_t)expected(
					sweeps->volleys[i].proto, p);
	expect_docker(sweeps);
	pw_injector_close(injector);
	free(sweeps);
}

/* What never comes as far as the rules is not taken for closed by them */
static void the_lost_are_unknown(void **state)
{
	static const uint16_t ports[] = { 21, 22, 23, 53, 22 };
	uint8_t evidence[PW_ARRAY_SIZE(ports)];
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	struct pw_volley *volley = &sweeps->volleys[0];

	(void)state;
	ih_need();
	ih_rules("table netdev deaf { chain in {"
		 " type filter hook ingress device eth0 priority 0;"
		 " tcp dport 22 drop; }\n}\n"
		 "table inet fw { chain in { type filter hook input priority 0;"
		 " tcp dport 53 accept; drop; }\n}\n");
	ih_aim(sweeps);
	volley->ports = ports;
	volley->num_ports = PW_ARRAY_SIZE(ports);
	volley->evidence = evidence;
	injector = ih_injector(XDP);
	ih_fire(injector, volley, 1);
	assert_int_equal(evidence[0], PW_EV_SILENCE);
	assert_int_equal(evidence[1], PW_EV_UNKNOWN);
	assert_int_equal(evidence[2], PW_EV_SILENCE);
	assert_int_equal(evidence[3], PW_EV_DELIVERED);
	assert_int_equal(evidence[4], PW_EV_UNKNOWN);
	assert_int_equal(pw_injector_count(injector)->unknown, 1);
	pw_injector_close(injector);
	free(sweeps);
}

/* IPv6 switched off: nothing gets past the device, nobody tries for long */
static void a_dead_path_is_unknown(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	const struct pw_probe_count *count;

	(void)state;
	ih_need();
	ih_rules("");
	free(ih_shell("ip link add mute type veth peer name muter &&"
		      " echo 1 >/proc/sys/net/ipv6/conf/mute/disable_ipv6 &&"
		      " ip link set mute up && ip link set muter up"));
	ih_aim(sweeps);
	sweeps->volleys[2].ifindex = if_nametoindex("mute");
	injector = ih_injector(XDP);
	ih_fire(injector, &sweeps->volleys[2], 1);
	for (uint32_t p = 0; p < 65536; p++)
		assert_int_equal(sweeps->evidence[2][p], PW_EV_UNKNOWN);
	count = pw_injector_count(injector);
	assert_int_equal(count->sent, 65536);
	assert_int_equal(count->unknown, 65536);
	pw_injector_close(injector);
	free(ih_shell("ip link del mute"));
	free(sweeps);
}

/* Below the IP layer, where no chain of output or postrouting sees it */
static void rejects_of_ingress_stay_in(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	int wire;

	(void)state;
	ih_need();
	ih_rules("table netdev rude { chain in {"
		 " type filter hook ingress device eth0 priority 0;"
		 " tcp dport 22-25 reject with tcp reset;"
		 " udp dport 22-25 reject; }\n}\n");
	assert_int_equal(ih_knock(4444, 22, 1), IH_RST | IH_ACK);
	wire = ih_watch(IH_WIRE);
	ih_aim(sweeps);
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, IH_SWEEPS);
	assert_int_equal(ih_seen(wire), 0);
	for (size_t i = 0; i < IH_SWEEPS; i++) {
		assert_int_equal(sweeps->evidence[i][22], PW_EV_UNKNOWN);
		assert_int_equal(sweeps->evidence[i][26], PW_EV_DELIVERED);
	}
	pw_injector_close(injector);
	close(wire);
	free(sweeps);
}

/*
 * Who answers for a service that it has not asked yet. IPv4 alone: of IPv6 the
 * kernel's own drops what no network card has verified (nft_synproxy.c).
 */
static void answers_of_syn_proxies_stay_in(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	int wire;

	(void)state;
	ih_need();
	ih_rules("table inet fw {\n chain pre {"
		 " type filter hook prerouting priority raw\n"
		 "  tcp dport 22 tcp flags syn notrack\n }\n"
		 " chain in { type filter hook input priority 0\n"
		 "  tcp dport 22 ct state invalid,untracked synproxy mss 1460"
		 " wscale 7 timestamp sack-perm\n  drop\n }\n}\n");
	free(ih_shell("echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose"));
	assert_int_equal(ih_knock(4445, 22, 1), IH_SYN | IH_ACK);
	wire = ih_watch(IH_WIRE);
	ih_aim(sweeps);
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, 1);
	assert_int_equal(ih_seen(wire), 0);
	for (uint32_t p = 0; p < 65536; p++)
		assert_int_equal(sweeps->evidence[0][p],
				 p == 22 ? PW_EV_DELIVERED : PW_EV_SILENCE);
	pw_injector_close(injector);
	close(wire);
	free(sweeps);
}

/* Taken for the bridge's own, and not sent on to other ports */
static void sweep_bridge_port(unsigned int ways)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;
	int box;

	ih_need();
	ih_rules("table inet fw { chain in { type filter hook input priority 0\n"
		 " iifname docker0 tcp dport 22 accept\n drop\n }\n}\n");
	free(ih_shell("ip link add port type veth peer name other &&"
		      " ip link set port master docker0 up &&"
		      " ip link set other up"));
	box = ih_watch(IH_BOX);
	ih_aim(sweeps);
	sweeps->volleys[0].ifindex = if_nametoindex("port");
	sweeps->volleys[0].dst = pw_value32(0xac110001);
	injector = ih_injector(ways);
	ih_fire(injector, sweeps->volleys, 1);
	for (uint32_t p = 0; p < 65536; p++)
		assert_int_equal(sweeps->evidence[0][p],
				 p == 22 ? PW_EV_DELIVERED : PW_EV_SILENCE);
	assert_int_equal(ih_seen(box), 0);
	pw_injector_close(injector);
	free(ih_shell("ip link del port"));
	close(box);
	free(sweeps);
}

static void a_bridge_port_by_xdp(void **state)
{
	(void)state;
	sweep_bridge_port(XDP);
}

static void a_bridge_port_by_mirred(void **state)
{
	(void)state;
	sweep_bridge_port(MIRRED);
}

/* Same addresses and ports, but a sequence number of its own */
static void strangers_are_answered(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;

	(void)state;
	ih_need();
	ih_rules("");
	ih_aim(sweeps);
	sweeps->volleys[0].sport = 4000;
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, 1);
	for (uint32_t seq = 0; seq < 20; seq++)
		assert_int_equal(ih_knock(4000, 22, seq << 27 | 12345),
				 IH_RST | IH_ACK);
	assert_int_equal(sweeps->evidence[0][22], PW_EV_DELIVERED);
	pw_injector_close(injector);
	free(sweeps);
}

static void many_small_volleys(void **state)
{
	enum { NUM = 300 };
	static const uint16_t ports[] = { 22, 23 };
	static uint8_t evidence[NUM][2];
	static struct pw_volley volleys[NUM];
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;

	(void)state;
	ih_need();
	ih_rules("table inet fw { chain in { type filter hook input priority 0;"
		 " ip saddr 10.1.0.0/25 tcp dport 22 accept; drop; }\n}\n");
	ih_aim(sweeps);
	for (size_t i = 0; i < NUM; i++) {
		volleys[i] = sweeps->volleys[0];
		volleys[i].src = pw_value32((uint32_t)(0x0a010000 + i));
		volleys[i].ports = ports;
		volleys[i].num_ports = 2;
		volleys[i].evidence = evidence[i];
	}
	injector = ih_injector(XDP);
	ih_fire(injector, volleys, NUM);
	for (size_t i = 0; i < NUM; i++) {
		assert_int_equal(evidence[i][0], i < 128 ? PW_EV_DELIVERED :
							   PW_EV_SILENCE);
		assert_int_equal(evidence[i][1], PW_EV_SILENCE);
	}
	assert_int_equal(pw_injector_count(injector)->sent, NUM * 2);
	pw_injector_close(injector);
	free(sweeps);
}

/* Rules are asked even so; that nothing is received otherwise is no concern */
static void an_interface_that_is_down(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_injector *injector;

	(void)state;
	ih_need();
	ih_rules("table inet fw { chain in { type filter hook input priority 0;"
		 " iifname idle tcp dport 22 accept; drop; }\n}\n");
	free(ih_shell("ip link add idle type veth peer name idler &&"
		      " echo 0 >/proc/sys/net/ipv4/conf/idle/rp_filter"));
	ih_aim(sweeps);
	sweeps->volleys[0].ifindex = if_nametoindex("idle");
	injector = ih_injector(XDP);
	ih_fire(injector, sweeps->volleys, 1);
	for (uint32_t p = 0; p < 65536; p++)
		assert_int_equal(sweeps->evidence[0][p],
				 p == 22 ? PW_EV_DELIVERED : PW_EV_SILENCE);
	pw_injector_close(injector);
	free(ih_shell("ip link del idle"));
	free(sweeps);
}

static void no_such_interface(void **state)
{
	struct ih_sweeps *sweeps = calloc(1, sizeof(*sweeps));
	struct pw_diags *diags = pw_diags_new();
	struct pw_injector *injector;

	(void)state;
	ih_need();
	ih_aim(sweeps);
	sweeps->volleys[0].ifindex = 9999;
	injector = ih_injector(XDP);
	assert_int_equal(pw_injector_fire(injector, sweeps->volleys, 1, diags),
			 -ENODEV);
	assert_string_equal(pw_diags_get(diags, 0)->text,
			    "interface 9999 cannot be probed: No such device");
	pw_injector_close(injector);
	pw_diags_free(diags);
	free(sweeps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_is_exact),
		cmocka_unit_test(mirred_is_exact),
		cmocka_unit_test(steering_loses_nothing),
		cmocka_unit_test(losses_are_repeated),
		cmocka_unit_test(the_lost_are_unknown),
		cmocka_unit_test(a_dead_path_is_unknown),
		cmocka_unit_test(rejects_of_ingress_stay_in),
		cmocka_unit_test(answers_of_syn_proxies_stay_in),
		cmocka_unit_test(a_bridge_port_by_xdp),
		cmocka_unit_test(a_bridge_port_by_mirred),
		cmocka_unit_test(strangers_are_answered),
		cmocka_unit_test(many_small_volleys),
		cmocka_unit_test(an_interface_that_is_down),
		cmocka_unit_test(no_such_interface),
	};

	return cmocka_run_group_tests(tests, ih_setup, NULL);
}
