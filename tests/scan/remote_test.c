// SPDX-License-Identifier: GPL-2.0-or-later
/* Scans of a host at the other end of a wire, which may lose packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "portwall/scan.h"
#include "scan_host.h"

#define FIRST 1000		/* ports that are scanned: to 1999 */
#define NUM 1000
#define TIMEOUT_MS 40

static struct {
	uint16_t ports[NUM];
	uint8_t evidence[NUM];
	uint64_t told, total;
} lab;

static struct pw_remote scan_of(const char *target, uint8_t proto)
{
	struct pw_addr_range range;

	for (unsigned int i = 0; i < NUM; i++)
		lab.ports[i] = (uint16_t)(FIRST + i);
	memset(lab.evidence, 0xff, sizeof(lab.evidence));
	assert_int_equal(pw_addr_range_parse(target, strlen(target), &range),
			 0);
	return (struct pw_remote){
		.family = range.family, .target = range.range.first,
		.proto = proto, .rate = 50000, .tries = 3,
		.timeout_ms = TIMEOUT_MS, .ports = lab.ports,
		.num_ports = NUM, .evidence = lab.evidence,
	};
}

static void scanned(struct pw_remote *scan)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	int err = pw_remote_scan(scan, diags);

	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		print_error("%s\n", pw_diags_get(diags, i)->text);
	assert_int_equal(err, 0);
}

struct seen {
	uint16_t first, last;
	enum pw_evidence evidence;
};

/* @other everywhere but in @ranges, the last one has no ports */
static void check(enum pw_evidence other, const struct seen *ranges)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < NUM; i++) {
		unsigned int port = FIRST + i;
		enum pw_evidence want = other;

		for (const struct seen *r = ranges; r->last; r++)
			if (port >= r->first && port <= r->last)
				want = r->evidence;
		if (lab.evidence[i] == want || wrong++ > 9)
			continue;
		print_error("port %u: %s, not %s\n", port,
			    lab.evidence[i] < PW_NUM_EVIDENCE ?
				pw_evidence_name(lab.evidence[i]) : "nothing",
			    pw_evidence_name(want));
	}
	assert_int_equal(wrong, 0);
}

#define RULES(...)							\
	"table inet t {\n  chain in {\n"				\
	"    type filter hook input priority 0\n" __VA_ARGS__		\
	"  }\n}\n"

static const char every_refusal[] = RULES(
	"    meta l4proto { tcp, udp } th dport 1100-1199 drop\n"
	"    tcp dport 1200-1299 reject with tcp reset\n"
	"    meta l4proto { tcp, udp } th dport 1300-1399 "
	"reject with icmpx type admin-prohibited\n"
	"    meta l4proto { tcp, udp } th dport 1400-1499 "
	"reject with icmpx type port-unreachable\n"
	"    meta l4proto { tcp, udp } th dport 1500-1599 "
	"reject with icmpx type host-unreachable\n");

static const struct held services[] = {
	TCP6(NULL, 1000), TCP6(NULL, 1150), TCP6(NULL, 1999),
	TCP6(NULL, 1600, .backlog = 1000),	/* nobody accepts */
	UDP6(NULL, 1601),
};

static void there(const char *rules)
{
	sh_neighbour();
	sh_there();
	sh_hold(services, PW_ARRAY_SIZE(services));
	if (rules)
		sh_rules(rules);
	sh_here();
}

static const char *const targets[] = { "192.0.2.2", "2001:db8::2" };

static void sees_every_refusal(void **state)
{
	static const struct seen want[] = {
		{ 1000, 1000, PW_EV_ANSWER }, { 1600, 1600, PW_EV_ANSWER },
		{ 1999, 1999, PW_EV_ANSWER }, { 1100, 1199, PW_EV_SILENCE },
		{ 1300, 1399, PW_EV_PROHIBITED },
		{ 1400, 1499, PW_EV_UNREACHABLE },
		{ 1500, 1599, PW_EV_PROHIBITED }, { 0, 0, PW_EV_NONE },
	};

	(void)state;
	there(every_refusal);
	for (size_t i = 0; i < PW_ARRAY_SIZE(targets); i++) {
		struct pw_remote scan = scan_of(targets[i], IPPROTO_TCP);

		scanned(&scan);
		check(PW_EV_RESET, want);
		assert_int_equal(scan.count.unknown, 0);
		assert_true(scan.count.lost >= 200);
		assert_true(scan.count.sent > NUM + scan.count.lost);
	}
}

static void udp_silence_proves_nothing(void **state)
{
	static const struct seen want[] = {
		{ 1100, 1199, PW_EV_UNKNOWN }, { 1300, 1399, PW_EV_PROHIBITED },
		{ 1500, 1599, PW_EV_PROHIBITED }, { 1601, 1601, PW_EV_UNKNOWN },
		{ 1700, 1700, PW_EV_ANSWER }, { 0, 0, PW_EV_NONE },
	};

	(void)state;
	there(every_refusal);
	sh_there();
	sh_echo(AF_INET6, 1700);
	sh_here();
	for (size_t i = 0; i < PW_ARRAY_SIZE(targets); i++) {
		struct pw_remote scan = scan_of(targets[i], IPPROTO_UDP);

		scanned(&scan);
		check(PW_EV_UNREACHABLE, want);
		assert_int_equal(scan.count.unknown, 101);
	}
}

/* The usual host: one service, and all else is dropped */
static void one_answer_makes_silence_sure(void **state)
{
	static const struct seen want[] = {
		{ 1600, 1600, PW_EV_ANSWER }, { 0, 0, PW_EV_NONE },
	};
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);

	(void)state;
	there(RULES("tcp dport != 1600 drop\n"));
	scanned(&scan);
	check(PW_EV_SILENCE, want);
}

static void nothing_known_nothing_said(void **state)
{
	static const struct seen none[] = { { 0, 0, PW_EV_NONE } };

	(void)state;
	there(RULES("meta l4proto tcp drop\n"
		    "icmp type echo-request drop\n"
		    "icmpv6 type echo-request drop\n"));
	sh_run("sysctl -qw net.ipv4.ping_group_range='0 0'");
	for (size_t i = 0; i < PW_ARRAY_SIZE(targets); i++) {
		struct pw_remote scan = scan_of(targets[i], IPPROTO_TCP);

		scanned(&scan);
		check(PW_EV_UNKNOWN, none);
		assert_int_equal(scan.count.unknown, NUM);
	}
}

static void echo_is_an_answer_too(void **state)
{
	static const struct seen none[] = { { 0, 0, PW_EV_NONE } };

	(void)state;
	there(RULES("meta l4proto tcp drop\n"));
	for (int allowed = 0; allowed < 2; allowed++) {
		if (allowed)
			sh_run("sysctl -qw net.ipv4.ping_group_range='0 0'");
		for (size_t i = 0; i < PW_ARRAY_SIZE(targets); i++) {
			struct pw_remote scan = scan_of(targets[i],
							IPPROTO_TCP);

			scanned(&scan);
			check(allowed ? PW_EV_SILENCE : PW_EV_UNKNOWN, none);
		}
	}
}

/* What answers at first may stop: then silence is not sure any more */
static void control_that_dies_is_noticed(void **state)
{
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);
	unsigned int silent = 0;

	(void)state;
	there(RULES("tcp dport 1500-1999 drop\n"
		    "tcp flags syn limit rate over 1/hour burst 400 packets "
		    "drop\n"));
	scanned(&scan);
	for (unsigned int i = 0; i < NUM; i++)
		silent += lab.evidence[i] == PW_EV_SILENCE;
	assert_int_equal(silent, 0);
}

/* A fifth of all packets is lost, each way */
static void loss_is_no_silence(void **state)
{
	static const char loss[] =
		RULES("meta l4proto tcp numgen random mod 100 < 20 drop\n"
		      "tcp dport 1100-1199 drop\n");

	(void)state;
	there(loss);
	sh_rules(loss);
	for (unsigned int round = 0; round < 12; round++) {
		struct pw_remote scan = scan_of(targets[round % 2],
						IPPROTO_TCP);

		scan.tries = 1 + round % 4;
		scan.num_ports = 300;
		scan.rate = 20000;
		scan.timeout_ms = 20;
		scanned(&scan);
		for (unsigned int i = 0; i < 300; i++)
			assert_true(lab.evidence[i] != PW_EV_SILENCE ||
				    (i >= 100 && i < 200));
		assert_true(scan.tries == 1 || scan.count.lost);
	}
}

/* With enough tries silence is a fact in spite of it */
static void many_tries_outweigh_loss(void **state)
{
	static const char loss[] =
		RULES("meta l4proto tcp numgen random mod 100 < 10 drop\n"
		      "tcp dport 1100-1199 drop\n");
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);
	unsigned int silent = 0;

	(void)state;
	there(loss);
	scan.tries = 12;
	scan.num_ports = 300;
	scan.timeout_ms = 2;
	scanned(&scan);
	for (unsigned int i = 0; i < 300; i++) {
		silent += lab.evidence[i] == PW_EV_SILENCE;
		assert_true(lab.evidence[i] != PW_EV_SILENCE ||
			    (i >= 100 && i < 200));
	}
	assert_int_equal(silent, 100);
}

static unsigned int connections(void)
{
	char line[512];
	FILE *file = fopen("/proc/thread-self/net/tcp6", "r");
	unsigned int num = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		num += strstr(line, " 03 ") || strstr(line, " 01 ");
	fclose(file);
	return num;
}

static void nothing_stays_there(void **state)
{
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);

	(void)state;
	there(NULL);
	scanned(&scan);
	sh_there();
	assert_int_equal(connections(), 0);
	sh_here();
}

static void tell(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	assert_true(done >= lab.told && done <= total);
	lab.told = done;
	lab.total = total;
}

static void progress_comes_to_an_end(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	(void)state;
	there(NULL);
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++) {
		struct pw_remote scan = scan_of("192.0.2.2", protos[i]);

		lab.told = 0;
		scan.rate = 2000;
		scan.progress = tell;
		scanned(&scan);
		assert_int_equal(lab.told, NUM);
		assert_int_equal(lab.total, NUM);
	}
}

static void few_descriptors_are_enough(void **state)
{
	static const struct seen want[] = {
		{ 1600, 1600, PW_EV_ANSWER }, { 0, 0, PW_EV_NONE },
	};
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);
	struct rlimit old, few;

	(void)state;
	there(RULES("tcp dport != 1600 drop\n"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 200;
	scan.timeout_ms = 5;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	scanned(&scan);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	check(PW_EV_SILENCE, want);
}

static void all_ports_are_the_default(void **state)
{
	static uint8_t evidence[65536];
	struct pw_remote scan = scan_of("2001:db8::2", IPPROTO_TCP);
	unsigned int answers = 0, resets = 0;

	(void)state;
	there(NULL);
	scan.ports = NULL;
	scan.num_ports = 0;
	scan.evidence = evidence;
	scan.rate = 1000000;
	scanned(&scan);
	assert_int_equal(evidence[0], PW_EV_NONE);
	for (unsigned int p = 1; p < 65536; p++) {
		answers += evidence[p] == PW_EV_ANSWER;
		resets += evidence[p] == PW_EV_RESET;
	}
	assert_int_equal(answers, 4);
	assert_int_equal(resets, 65531);
	assert_int_equal(evidence[1999], PW_EV_ANSWER);
}

/* What answers is found last: the ports before are asked again then */
static void late_control_is_enough(void **state)
{
	static uint16_t ports[5000];	/* more than are tried at once */
	static uint8_t evidence[5000];
	struct pw_remote scan = scan_of("192.0.2.2", IPPROTO_TCP);

	(void)state;
	there(RULES("tcp dport != 65000 drop\nicmp type echo-request drop\n"));
	for (unsigned int i = 0; i < 5000; i++)
		ports[i] = (uint16_t)(60001 + i);
	scan.ports = ports;
	scan.num_ports = 5000;
	scan.evidence = evidence;
	scan.rate = 4500;
	scan.tries = 2;
	scanned(&scan);
	for (unsigned int i = 0; i < 4999; i++)
		assert_int_equal(evidence[i], PW_EV_SILENCE);
	assert_int_equal(evidence[4999], PW_EV_RESET);
}

/* An absent host is no closed one */
static void absent_host_is_unknown(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	(void)state;
	there(NULL);
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++) {
		struct pw_remote scan = scan_of("192.0.2.77", protos[i]);

		scan.num_ports = 3;
		scan.timeout_ms = 10;
		scanned(&scan);
		for (unsigned int k = 0; k < 3; k++)
			assert_int_equal(lab.evidence[k], PW_EV_UNKNOWN);
	}
}

static const struct refused_case {
	const char *target, *source;
	int err;
} refused_cases[] = {
	{ "198.51.100.1", NULL, -ENETUNREACH },
	{ "2001:db8:1::1", NULL, -ENETUNREACH },
	{ "192.0.2.2", "192.0.2.99", -EADDRNOTAVAIL },
};

static void no_way_is_an_error(void **state)
{
	(void)state;
	there(NULL);
	for (size_t i = 0; i < PW_ARRAY_SIZE(refused_cases); i++) {
		pw_owned(pw_diags_free) struct pw_diags *diags =
			pw_diags_new();
		const struct refused_case *tc = &refused_cases[i];
		struct pw_remote scan = scan_of(tc->target, IPPROTO_TCP);
		struct pw_addr_range range;

		if (tc->source) {
			pw_addr_range_parse(tc->source, strlen(tc->source),
					    &range);
			scan.source = range.range.first;
		}
		assert_int_equal(pw_remote_scan(&scan, diags), tc->err);
		assert_non_null(strstr(pw_diags_get(diags, 0)->text,
				       tc->target));
	}
}

static void source_may_be_chosen(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	(void)state;
	there(RULES("ip saddr 192.0.2.1 drop\n"));
	sh_run("ip addr add 192.0.2.50/24 dev eth0");
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++) {
		struct pw_remote scan = scan_of("192.0.2.2", protos[i]);

		scan.source = pw_value32(0xc0000232);
		scan.num_ports = 2;
		scanned(&scan);
		assert_int_equal(lab.evidence[1], i ? PW_EV_UNREACHABLE :
						      PW_EV_RESET);
		assert_int_equal(scan.count.sent, 2);
	}
}

/* The own ports of a scan are not taken for services */
static void this_host_may_be_the_target(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	static uint8_t evidence[65536];

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++) {
		struct pw_remote scan = scan_of("127.0.0.1", protos[i]);

		scan.ports = NULL;
		scan.evidence = evidence;
		scan.rate = 1000000;
		scanned(&scan);
		for (unsigned int p = 1; p < 65536; p++)
			assert_true(evidence[p] != PW_EV_ANSWER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sees_every_refusal),
		TEST(udp_silence_proves_nothing),
		TEST(one_answer_makes_silence_sure),
		TEST(nothing_known_nothing_said),
		TEST(echo_is_an_answer_too),
		TEST(control_that_dies_is_noticed),
		TEST(loss_is_no_silence),
		TEST(many_tries_outweigh_loss),
		TEST(nothing_stays_there),
		TEST(progress_comes_to_an_end),
		TEST(few_descriptors_are_enough),
		TEST(all_ports_are_the_default),
		TEST(late_control_is_enough),
		TEST(absent_host_is_unknown),
		TEST(no_way_is_an_error),
		TEST(source_may_be_chosen),
		TEST(this_host_may_be_the_target),
	};

	return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
