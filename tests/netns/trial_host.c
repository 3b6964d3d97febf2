// SPDX-License-Identifier: GPL-2.0-or-later
/* Generations that packets can tell apart, on trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trial_host.h"

#define BEHIND 7		/* always open: what was sent before it has gone */
#define WAIT_MS 5000

/* Receivers by port: those of generations, of prerouting, and the last one */
static const struct { uint16_t first; size_t num; } ports[] = {
	{ 1000, LT_KINDS }, { 2000, LT_KINDS }, { BEHIND, 1 },
};
static int receivers[2 * LT_KINDS + 1];
static int sender;

int lt_receiver_of(uint16_t port)
{
	struct sockaddr_in6 at = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static cpu_set_t other_cpus;

/* On lo the sender's CPU delivers, in order */
static void stay_on_one_cpu(void)
{
	static bool done;
	cpu_set_t one;
	int cpu = 0;

	if (done)
		return;
	CPU_ZERO(&one);
	assert_int_equal(sched_getaffinity(0, sizeof(other_cpus), &other_cpus),
			 0);
	while (!CPU_ISSET(cpu, &other_cpus))
		cpu++;
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	CPU_CLR(cpu, &other_cpus);
	done = true;
}

void lt_leave_cpu(void)
{
	/* where there is one alone they share it */
	(void)sched_setaffinity(0, sizeof(other_cpus), &other_cpus);
}

int lt_open(void **state)
{
	struct host *host;
	size_t at = 0;
	int err = lh_open(state);

	host = *state;
	if (err || !host || !host->nl)
		return err;
	stay_on_one_cpu();
	free(lh_shell("ip link set lo up"));
	for (size_t i = 0; i < PW_ARRAY_SIZE(ports); i++)
		for (size_t j = 0; j < ports[i].num; j++)
			receivers[at++] = lt_receiver_of(
				(uint16_t)(ports[i].first + j));
	sender = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_true(sender >= 0);
	return 0;
}

int lt_close(void **state)
{
	const struct host *host = *state;

	for (size_t i = 0; host->nl && i < PW_ARRAY_SIZE(receivers); i++)
		close(receivers[i]);
	if (host->nl)
		close(sender);
	return lh_close(state);
}

static void send_to(const char *address, uint16_t port, uint32_t text)
{
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};

	assert_int_equal(inet_pton(AF_INET6, address, &to.sin6_addr), 1);
	assert_int_equal(sendto(sender, &text, sizeof(text), 0,
				(struct sockaddr *)&to, sizeof(to)),
			 sizeof(text));
}

/* Has @text come? */
static bool receive(int fd, uint32_t text, int wait_ms)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	uint32_t got;

	while (poll(&readable, 1, wait_ms) == 1)
		if (recv(fd, &got, sizeof(got), 0) == sizeof(got) &&
		    got == text)
			return true;
	return false;
}

/* Which of the LT_KINDS ports from receiver @at on are open, a bit each */
static uint32_t open_ports(const char *address, size_t at, uint16_t first)
{
	static uint32_t text;
	const uint32_t begin = text;
	uint32_t got = 0;

	for (uint16_t i = 0; i < LT_KINDS; i++)
		send_to(address, (uint16_t)(first + i), text++);
	send_to(address, BEHIND, text++);
	assert_true(receive(receivers[2 * LT_KINDS], begin + LT_KINDS,
			    WAIT_MS));
	for (uint32_t i = 0; i < LT_KINDS; i++)
		got |= (uint32_t)receive(receivers[at + i], begin + i, 0) << i;
	return got;
}

bool lt_decides(uint32_t n)
{
	static const char *const addresses[] = { "::ffff:127.0.0.1", "::1" };
	const uint32_t all = (1u << LT_KINDS) - 1, bit = 1u << n % LT_KINDS;

	for (size_t i = 0; i < PW_ARRAY_SIZE(addresses); i++)
		if (open_ports(addresses[i], 0, 1000) != (n ? bit : all) ||
		    open_ports(addresses[i], LT_KINDS, 2000) !=
		    (n >= LT_PRE ? all & ~bit : all))
			return false;
	return true;
}

static void add_ports(struct pw_ruleset *rs, uint32_t chain, uint32_t first,
		      uint32_t last, enum pw_verdict_kind kind)
{
	struct pw_match match[] = {
		{ .field = PW_F_L4PROTO, .set = PW_NONE,
		  .range = { pw_value32(IPPROTO_UDP), pw_value32(IPPROTO_UDP) },
		},
		{ .field = PW_F_DPORT, .set = PW_NONE,
		  .range = { pw_value32(first), pw_value32(last) } },
	};
	const struct pw_rule rule = {
		.matches = match, .num_matches = 2,
		.verdict = { kind, PW_NONE, PW_NONE }, .section = PW_NONE,
	};

	assert_int_equal(pw_ruleset_add_rule(rs, chain, &rule), 0);
}

static uint32_t add_base(struct pw_ruleset *rs, const char *name,
			 enum pw_hook hook, int32_t priority)
{
	return lh_ok(pw_ruleset_add_base(rs, name, hook, priority,
					 hook == PW_HOOK_INPUT ? PW_V_DROP :
					 PW_V_ACCEPT));
}

struct pw_ruleset *lt_want_of(uint32_t n)
{
	struct pw_ruleset *rs = pw_ruleset_new();
	uint32_t input, pre, in, kind = n % LT_KINDS;

	assert_non_null(rs);
	input = add_base(rs, "input", PW_HOOK_INPUT, 0);
	add_base(rs, "forward", PW_HOOK_FORWARD, -1);
	pre = add_base(rs, "prerouting", PW_HOOK_PREROUTING, -199);
	in = lh_chain(rs, n, "in");
	lh_rule(rs, input, PW_NONE, PW_NONE, PW_V_GOTO, in);
	add_ports(rs, in, BEHIND, BEHIND, PW_V_ACCEPT);
	add_ports(rs, in, 1000 + kind, 1000 + kind, PW_V_ACCEPT);
	add_ports(rs, in, 2000, 2000 + LT_KINDS, PW_V_ACCEPT);
	lh_rule(rs, in, PW_NONE, PW_NONE, PW_V_DROP, PW_NONE);
	if (n >= LT_PRE) {
		in = lh_chain(rs, n, "pre");
		lh_rule(rs, pre, PW_NONE, PW_NONE, PW_V_GOTO, in);
		add_ports(rs, in, 2000 + kind, 2000 + kind, PW_V_DROP);
	}
	assert_int_equal(pw_ruleset_sort(rs), 0);
	return rs;
}

/* @ms 0: for good */
static int load(const struct host *host, uint32_t n, uint64_t ms)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_ruleset *want = lt_want_of(n);
	struct pw_stamp stamp = lh_stamp_of(n);
	int err = pw_load_fill(host->nl, want, &stamp, kernel, host->diags);

	if (!err && ms)
		err = pw_load_try(host->nl, want, &stamp, kernel,
				  !kernel->current, ms, host->diags);
	else if (!err)
		err = pw_load_switch(host->nl, want, &stamp, kernel,
				     !kernel->current, host->diags);
	pw_kernel_free(kernel);
	pw_ruleset_free(want);
	return err;
}

int lt_apply(const struct host *host, uint32_t n)
{
	return load(host, n, 0);
}

int lt_try(const struct host *host, uint32_t n, uint64_t ms)
{
	return load(host, n, ms);
}

int lt_confirm(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	int err = pw_load_confirm(host->nl, kernel, host->diags);

	pw_kernel_free(kernel);
	return err;
}

int lt_roll_back(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	int err = pw_load_rollback(host->nl, kernel, host->diags);

	pw_kernel_free(kernel);
	return err;
}

/* Generation @n reads as if it were the only one */
static void reads_whole(const struct pw_kernel *kernel, uint32_t n)
{
	struct pw_ruleset *want = lt_want_of(n), *got = NULL;
	char *what = NULL;

	assert_int_equal(pw_kernel_generation(kernel, n, &got), 0);
	if (pw_ruleset_diff(want, got, &what))
		fail_msg("generation %u: %s", n, what);
	pw_ruleset_free(got);
	pw_ruleset_free(want);
}

void lt_is_in_force(const struct host *host, uint32_t n)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_stamp stamp = lh_stamp_of(n);

	assert_int_equal(kernel->current, n);
	assert_int_equal(kernel->trial, 0);
	assert_memory_equal(pw_kernel_stamp(kernel), &stamp, sizeof(stamp));
	reads_whole(kernel, n);
	pw_kernel_free(kernel);
}

void lt_is_on_trial(const struct host *host, uint32_t current, uint32_t trial)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_stamp stamp = lh_stamp_of(trial);

	assert_int_equal(kernel->current, current);
	assert_int_equal(kernel->trial, trial);
	assert_in_range(kernel->trial_left_ms, 1, LT_LONG_MS);
	assert_int_equal(pw_kernel_in_force(kernel), trial);
	assert_memory_equal(pw_kernel_stamp(kernel), &stamp, sizeof(stamp));
	reads_whole(kernel, trial);
	if (current)
		reads_whole(kernel, current);
	pw_kernel_free(kernel);
}

bool lt_lasts(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	bool lasts = pw_kernel_in_force(kernel) == kernel->trial;

	assert_int_not_equal(kernel->trial, 0);
	pw_kernel_free(kernel);
	return lasts;
}

void lt_await_end(const struct host *host)
{
	bool any = true;

	while (any || lt_lasts(host)) {
		char *text = lh_shell("nft list set inet portwall trial");

		any = strstr(text, "expires");
		free(text);
	}
}
