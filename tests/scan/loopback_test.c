// SPDX-License-Identifier: GPL-2.0-or-later
/* Sweeps over lo, exact against listeners and rules that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "portwall/scan.h"
#include "scan_host.h"

#define NUM_PORTS 65536
#define NUM_HELD 50

/* What a sweep must see: @other everywhere but in these ranges, later ones win */
struct seen {
	uint16_t first, last;
	enum pw_evidence evidence;
};

static struct pw_loopback sweep_of(const char *addr, uint8_t proto, bool raw)
{
	static uint8_t evidence[NUM_PORTS];
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(addr, strlen(addr), &range), 0);
	return (struct pw_loopback){
		.family = range.family, .addr = range.range.first,
		.proto = proto, .raw = raw, .evidence = evidence,
	};
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void swept(struct pw_loopback *sweep)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char text[PW_ADDR_STRLEN];
	double start = now_s();
	int err = pw_loopback_sweep(sweep, diags);

	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		print_error("%s\n", pw_diags_get(diags, i)->text);
	assert_int_equal(err, 0);
	print_message("# %s %s%s: %.3f s\n",
		      pw_addr_format(sweep->family, sweep->addr, text),
		      sweep->proto == IPPROTO_TCP ? "TCP" : "UDP",
		      sweep->raw ? " raw" : "", now_s() - start);
}

static void check(const struct pw_loopback *sweep, const uint8_t *want)
{
	unsigned int wrong = 0;

	assert_int_equal(sweep->evidence[0], PW_EV_NONE);
	for (unsigned int p = 1; p < NUM_PORTS; p++) {
		if (sweep->evidence[p] == want[p] || wrong++ > 9)
			continue;
		print_error("port %u: %s, not %s\n", p,
			    pw_evidence_name(sweep->evidence[p]),
			    pw_evidence_name(want[p]));
	}
	assert_int_equal(wrong, 0);
}

static void want_range(uint8_t *want, const struct seen *seen)
{
	memset(want + seen->first, (int)seen->evidence,
	       (size_t)(seen->last - seen->first) + 1);
}

static void make_addresses(void)
{
	sh_run("ip link add eth0 type veth peer name out0 && "
	       "ip link set eth0 up && ip link set out0 up && "
	       "ip addr add 192.0.2.1/24 dev eth0 && "
	       "ip addr add 2001:db8::1/64 dev eth0 nodad");
	sh_await("ip -6 route show table local | grep -q 2001:db8::1");
}

/* Odd ones, all over the range, ephemeral ones too */
static uint16_t held_port(unsigned int i)
{
	return (uint16_t)(1 + i * 1337 % (NUM_PORTS - 1));
}

static const struct exact_case {
	const char *name, *addr;
	uint8_t proto;
	bool raw;
} exact_cases[] = {
	{ "TCP", "127.0.0.1", IPPROTO_TCP, false },
	{ "TCP, raw", "127.0.0.1", IPPROTO_TCP, true },
	{ "UDP", "127.0.0.1", IPPROTO_UDP, false },
	{ "TCP, IPv6", "::1", IPPROTO_TCP, false },
	{ "TCP, IPv6, raw", "::1", IPPROTO_TCP, true },
	{ "UDP, IPv6", "::1", IPPROTO_UDP, false },
	{ "TCP, own address", "192.0.2.1", IPPROTO_TCP, false },
	{ "TCP, own address, raw", "192.0.2.1", IPPROTO_TCP, true },
	{ "UDP, own address", "192.0.2.1", IPPROTO_UDP, false },
	{ "TCP, own IPv6 address", "2001:db8::1", IPPROTO_TCP, false },
	{ "TCP, own IPv6 address, raw", "2001:db8::1", IPPROTO_TCP, true },
	{ "UDP, own IPv6 address", "2001:db8::1", IPPROTO_UDP, false },
};

static void hold_many(const struct exact_case *tc)
{
	struct held held[NUM_HELD];

	for (unsigned int i = 0; i < NUM_HELD; i++)
		held[i] = (struct held){
			.family = AF_INET6, .port = held_port(i),
			.type = tc->proto == IPPROTO_TCP ? SOCK_STREAM :
							   SOCK_DGRAM,
		};
	sh_hold(held, NUM_HELD);
}

static void finds_all_and_no_other(void **state)
{
	const struct exact_case *tc = *state;
	struct pw_loopback sweep = sweep_of(tc->addr, tc->proto, tc->raw);
	bool tcp = tc->proto == IPPROTO_TCP;
	uint8_t want[NUM_PORTS];

	assert_int_equal(sh_open(NULL), 0);
	make_addresses();
	hold_many(tc);
	memset(want, tcp ? PW_EV_RESET : PW_EV_UNREACHABLE, sizeof(want));
	for (unsigned int i = 0; i < NUM_HELD; i++)
		want[held_port(i)] = tcp ? PW_EV_ANSWER : PW_EV_SILENCE;
	for (int again = 0; again < 2; again++) {
		swept(&sweep);
		check(&sweep, want);
		assert_int_equal(sweep.raw, tc->raw);
	}
	sh_close(NULL);
}

/*
 * Replies are let through, as everywhere: a probe that looks like the reply to
 * one before it would be, too. Errors of lo are nobody's to refuse.
 */
static const char rules[] =
	"table inet t {\n"
	"  chain in {\n"
	"    type filter hook input priority 0\n"
	"    ct state established,related accept\n"
	"    meta l4proto { tcp, udp } th dport 10000-60000 drop\n"
	"    tcp dport 7000-7100 reject with tcp reset\n"
	"    meta l4proto { tcp, udp } th dport 7200-7300 "
	"reject with icmpx type port-unreachable\n"
	"    meta l4proto { tcp, udp } th dport 7400-7500 "
	"reject with icmpx type admin-prohibited\n"
	"  }\n"
	"}\n";

static void is_exact_behind_a_firewall(void **state)
{
	const struct exact_case *tc = *state;
	struct pw_loopback sweep = sweep_of(tc->addr, tc->proto, tc->raw);
	bool tcp = tc->proto == IPPROTO_TCP;
	const struct seen ranges[] = {
		{ 10000, 60000, PW_EV_SILENCE },
		{ 7200, 7300, PW_EV_UNREACHABLE },
		{ 7400, 7500, PW_EV_PROHIBITED },
	};
	uint8_t want[NUM_PORTS];

	assert_int_equal(sh_open(NULL), 0);
	make_addresses();
	hold_many(tc);
	sh_rules(rules);
	memset(want, tcp ? PW_EV_RESET : PW_EV_UNREACHABLE, sizeof(want));
	for (unsigned int i = 0; i < NUM_HELD; i++)
		want[held_port(i)] = tcp ? PW_EV_ANSWER : PW_EV_SILENCE;
	for (size_t i = 0; i < PW_ARRAY_SIZE(ranges); i++)
		want_range(want, &ranges[i]);
	swept(&sweep);
	check(&sweep, want);
	sh_close(NULL);
}

static void refused_output_is_told(void **state)
{
	struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_TCP, true);
	const struct seen refused = { 2000, 3000, PW_EV_PROHIBITED };
	uint8_t want[NUM_PORTS];

	(void)state;
	sh_rules("table inet t { chain out {\n"
		 "type filter hook output priority 0\n"
		 "meta l4proto { tcp, udp } th dport 2000-3000 drop\n"
		 "}\n }\n");
	memset(want, PW_EV_RESET, sizeof(want));
	want_range(want, &refused);
	swept(&sweep);
	check(&sweep, want);
	sweep = sweep_of("::1", IPPROTO_UDP, false);
	memset(want, PW_EV_UNREACHABLE, sizeof(want));
	want_range(want, &refused);
	swept(&sweep);
	check(&sweep, want);
}

static void full_backlog_is_silent(void **state)
{
	static const struct held held = TCP4(NULL, 80, .backlog = 1);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd[2];

	(void)state;
	sh_hold(&held, 1);
	sh_run("sysctl -qw net.ipv4.tcp_syncookies=0");
	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fd[i], (struct sockaddr *)&to,
					 sizeof(to)), 0);
	}
	for (int raw = 0; raw < 2; raw++) {
		struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_TCP,
						    raw);

		swept(&sweep);
		assert_int_equal(sweep.evidence[80], PW_EV_SILENCE);
		assert_int_equal(sweep.evidence[81], PW_EV_RESET);
	}
	close(fd[0]);
	close(fd[1]);
}

static void one_address_is_not_another(void **state)
{
	static const struct held held[] = { TCP4("127.0.0.2", 80),
					    TCP4("192.0.2.1", 81) };
	struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_TCP, true);

	(void)state;
	make_addresses();
	sh_hold(held, PW_ARRAY_SIZE(held));
	swept(&sweep);
	assert_int_equal(sweep.evidence[80], PW_EV_RESET);
	assert_int_equal(sweep.evidence[81], PW_EV_RESET);
	sweep = sweep_of("127.0.0.2", IPPROTO_TCP, false);
	swept(&sweep);
	assert_int_equal(sweep.evidence[80], PW_EV_ANSWER);
	assert_int_equal(sweep.evidence[81], PW_EV_RESET);
	sweep = sweep_of("192.0.2.1", IPPROTO_TCP, true);
	swept(&sweep);
	assert_int_equal(sweep.evidence[80], PW_EV_RESET);
	assert_int_equal(sweep.evidence[81], PW_EV_ANSWER);
}

static void services_that_answer_are_heard(void **state)
{
	struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_UDP, false);

	(void)state;
	sh_echo(AF_INET6, 5000);
	swept(&sweep);
	assert_int_equal(sweep.evidence[5000], PW_EV_ANSWER);
	assert_int_equal(sweep.evidence[5001], PW_EV_UNREACHABLE);
}

static unsigned int half_open(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "r");
	unsigned int num = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		num += strstr(line, " 03 ") != NULL;	/* SYN_RECV */
	fclose(file);
	return num;
}

static void nothing_stays_half_open(void **state)
{
	static const struct held held[] = { TCP6(NULL, 80), TCP6(NULL, 81) };

	(void)state;
	sh_hold(held, PW_ARRAY_SIZE(held));
	for (int v6 = 0; v6 < 2; v6++) {
		struct pw_loopback sweep =
			sweep_of(v6 ? "::1" : "127.0.0.1", IPPROTO_TCP, true);

		swept(&sweep);
		assert_int_equal(sweep.evidence[80], PW_EV_ANSWER);
	}
	assert_int_equal(half_open("/proc/thread-self/net/tcp"), 0);
	assert_int_equal(half_open("/proc/thread-self/net/tcp6"), 0);
}

static void refused(const char *addr)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_TCP,
					  IPPROTO_UDP };

	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++) {
		struct pw_loopback sweep = sweep_of(addr, protos[i], i);

		assert_int_equal(pw_loopback_sweep(&sweep, diags),
				 -EADDRNOTAVAIL);
		assert_non_null(strstr(pw_diags_get(diags, i)->text, addr));
	}
}

static void other_hosts_are_never_probed(void **state)
{
	(void)state;
	make_addresses();
	sh_run("ip route add default via 192.0.2.9 && "
	       "sysctl -qw net.ipv4.ip_nonlocal_bind=1 "
	       "net.ipv6.ip_nonlocal_bind=1");
	refused("192.0.2.9");
	refused("198.51.100.1");
	refused("2001:db8::9");
}

static void ipv6_may_be_off(void **state)
{
	(void)state;
	sh_run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
	refused("::1");
}

/* Exit status 0: swept without privilege, and said so */
static int sweep_as_nobody(void)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_TCP, true);

	if (setgid(65534) || setuid(65534))
		return 77;
	if (pw_loopback_sweep(&sweep, diags))
		return 1;
	return sweep.raw || sweep.evidence[80] != PW_EV_ANSWER ||
	       sweep.evidence[81] != PW_EV_RESET;
}

/* Packets are handed to other CPUs: answers come when they come */
static void steered_packets_are_awaited(void **state)
{
	static const struct held held[] = { TCP6(NULL, 80), UDP6(NULL, 80) };
	static const char steer[] =
		"unshare -m sh -c 'mount -t sysfs sysfs /sys && "
		"echo 3 >/sys/class/net/lo/queues/rx-0/rps_cpus' 2>/dev/null";

	(void)state;
	if (system(steer)) {
		print_message("# reason: packets cannot be steered here\n");
		skip();
	}
	sh_hold(held, PW_ARRAY_SIZE(held));
	for (size_t i = 0; i < 6; i++) {	/* those of loopback addresses */
		struct pw_loopback sweep = sweep_of(exact_cases[i].addr,
						    exact_cases[i].proto,
						    exact_cases[i].raw);
		bool tcp = exact_cases[i].proto == IPPROTO_TCP;
		uint8_t want[NUM_PORTS];

		memset(want, tcp ? PW_EV_RESET : PW_EV_UNREACHABLE,
		       sizeof(want));
		want[80] = tcp ? PW_EV_ANSWER : PW_EV_SILENCE;
		swept(&sweep);
		check(&sweep, want);
	}
}

static unsigned int tracked(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "r");
	unsigned int num;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &num), 1);
	fclose(file);
	return num;
}

/* A table full of our probes would cost others their packets */
static void connection_table_is_left_clean(void **state)
{
	static const struct held held[] = { TCP6(NULL, 80), UDP6(NULL, 81) };
	static const struct exact_case sweeps[] = {
		{ "TCP", "127.0.0.1", IPPROTO_TCP, false },
		{ "TCP", "::1", IPPROTO_TCP, false },
		{ "raw", "127.0.0.1", IPPROTO_TCP, true },
		{ "raw", "::1", IPPROTO_TCP, true },
		{ "UDP", "127.0.0.1", IPPROTO_UDP, false },
		{ "UDP", "::1", IPPROTO_UDP, false },
	};

	(void)state;
	sh_hold(held, PW_ARRAY_SIZE(held));
	sh_rules("table inet t { chain in {\n"
		 "type filter hook input priority 0\n"
		 "ct state established,related accept\n"
		 "meta l4proto { tcp, udp } th dport 20000-22000 drop\n"
		 "}\n }\n");
	for (size_t i = 0; i < PW_ARRAY_SIZE(sweeps); i++) {
		struct pw_loopback sweep = sweep_of(sweeps[i].addr,
						    sweeps[i].proto,
						    sweeps[i].raw);

		swept(&sweep);
		assert_int_equal(sweep.evidence[20001], PW_EV_SILENCE);
		assert_int_equal(tracked(), 0);
	}
}

static void raw_sockets_may_be_refused(void **state)
{
	static const struct held held = TCP4(NULL, 80);
	int status;
	pid_t pid;

	(void)state;
	sh_hold(&held, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(sweep_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# reason: no other user is mapped here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* Silent ports are looked at again with many sockets, or with few */
static void few_descriptors_are_enough(void **state)
{
	struct pw_loopback sweep = sweep_of("127.0.0.1", IPPROTO_TCP, false);
	const struct seen silent = { 10000, 10500, PW_EV_SILENCE };
	struct rlimit old, few = { 8, 8 };
	uint8_t want[NUM_PORTS];

	(void)state;
	sh_rules("table inet t { chain in {\n"
		 "type filter hook input priority 0\n"
		 "tcp dport 10000-10500 drop\n"
		 "}\n }\n");
	memset(want, PW_EV_RESET, sizeof(want));
	want_range(want, &silent);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	few.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	swept(&sweep);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	check(&sweep, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refused_output_is_told),
		TEST(full_backlog_is_silent),
		TEST(one_address_is_not_another),
		TEST(services_that_answer_are_heard),
		TEST(nothing_stays_half_open),
		TEST(other_hosts_are_never_probed),
		TEST(ipv6_may_be_off),
		TEST(steered_packets_are_awaited),
		TEST(connection_table_is_left_clean),
		TEST(raw_sockets_may_be_refused),
		TEST(few_descriptors_are_enough),
	};
	struct CMUnitTest rows[2 * PW_ARRAY_SIZE(exact_cases)];
	size_t num = 0;
	int failed;

	for (size_t i = 0; i < 2 * PW_ARRAY_SIZE(exact_cases); i++)
		rows[num++] = (struct CMUnitTest){
			.name = exact_cases[i / 2].name,
			.test_func = i % 2 ? is_exact_behind_a_firewall :
					     finds_all_and_no_other,
			.initial_state =
				(void *)(uintptr_t)&exact_cases[i / 2],
		};
	failed = cmocka_run_group_tests_name("sweeps", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("loopback", tests, NULL,
						    NULL);
}
