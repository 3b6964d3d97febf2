// SPDX-License-Identifier: GPL-2.0-or-later
/* Into trials and out of them under fire: nobody comes in, nobody is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial_host.h"

#define OPEN (2000 + LT_KINDS)	/* in every generation */
#define CLOSED 3000
#define BURST 32

/**
 * struct fire - What the process that fires is told, and tells
 * @ports:	fired at in turn, BURST packets each; 0: nothing
 * @order:	counts changes of @ports; @obeyed follows when nothing is under
 *		way to others any more
 * @sent:	to each of @ports
 */
static struct fire {
	atomic_uint ports[2];
	atomic_uint order, obeyed;
	atomic_ullong sent[2];
} *fire;
static pid_t firing;
static int open_receiver;

/* On lo a packet has been judged when the call that sends it returns */
static unsigned int fire_burst(int fd, uint16_t port)
{
	struct mmsghdr burst[BURST] = { 0 };
	struct iovec text = { (char[]){ "fire" }, 4 };
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int sent;

	for (size_t i = 0; i < BURST; i++)
		burst[i].msg_hdr = (struct msghdr){
			.msg_name = &to, .msg_namelen = sizeof(to),
			.msg_iov = &text, .msg_iovlen = 1,
		};
	sent = sendmmsg(fd, burst, BURST, 0);
	return sent > 0 ? (unsigned int)sent : 0;
}

/* Does not return */
static void keep_firing(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	lt_leave_cpu();
	for (;;) {
		unsigned int order = atomic_load(&fire->order);
		bool idle = true;

		for (size_t i = 0; i < 2; i++) {
			unsigned int port = atomic_load(&fire->ports[i]);

			if (port)
				fire->sent[i] += fire_burst(fd, (uint16_t)port);
			idle &= !port;
		}
		atomic_store(&fire->obeyed, order);
		if (idle)
			sched_yield();
	}
}

/* Of what was sent before nothing is under way on return */
static void fire_at(uint16_t first, uint16_t second)
{
	unsigned int order;

	atomic_store(&fire->ports[0], first);
	atomic_store(&fire->ports[1], second);
	order = atomic_fetch_add(&fire->order, 1) + 1;
	while (atomic_load(&fire->obeyed) != order)
		sched_yield();
}

static void await_fire(void)
{
	unsigned long long before = atomic_load(&fire->sent[0]);

	while (atomic_load(&fire->sent[0]) == before)
		sched_yield();
}

/* Packets that came through our table */
static unsigned long long came_in(uint16_t port)
{
	char command[128], *text, *end;
	unsigned long long got;

	snprintf(command, sizeof(command), "nft list counter inet observer "
		 "c%u | sed -n 's/.*packets \\([0-9]*\\) .*/\\1/p'", port);
	text = lh_shell(command);
	got = strtoull(text, &end, 10);
	assert_true(end > text);
	free(text);
	return got;
}

static int begin(void **state)
{
	static const uint16_t ports[] = { OPEN, CLOSED, 1001, 1002, 1003 };
	int err = lt_open(state);
	const struct host *host = *state;
	char command[512];

	if (err || !host->nl)
		return err;
	open_receiver = lt_receiver_of(OPEN);
	free(lh_shell("nft 'table inet observer { chain input { type filter "
		      "hook input priority 100; }; }'"));
	for (size_t i = 0; i < PW_ARRAY_SIZE(ports); i++) {
		snprintf(command, sizeof(command),
			 "nft add counter inet observer c%u; nft add rule inet "
			 "observer input udp dport %u counter name c%u",
			 ports[i], ports[i], ports[i]);
		free(lh_shell(command));
	}
	fire = mmap(NULL, sizeof(*fire), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fire != MAP_FAILED);
	firing = fork();
	if (!firing)
		keep_firing();
	return firing < 0 ? -1 : 0;
}

static int end(void **state)
{
	const struct host *host = *state;

	if (host->nl) {
		kill(firing, SIGKILL);
		waitpid(firing, NULL, 0);
		munmap(fire, sizeof(*fire));
		close(open_receiver);
	}
	return lt_close(state);
}

/* A way into a trial and out of it again; returns what is in force then */
static uint32_t into_and_out(const struct host *host, unsigned int way,
			     uint32_t base, uint32_t n)
{
	lh_works(host, lt_try(host, n, way % 5 == 4 ? 1 : LT_LONG_MS));
	await_fire();
	switch (way % 5) {
	case 0:
		lh_works(host, lt_confirm(host));
		return n;
	case 1:
		lh_works(host, lt_roll_back(host));
		return base;
	case 2:
		lh_works(host, lt_apply(host, n + 1));
		return n + 1;
	case 3:
		lh_works(host, lt_try(host, n + 1, LT_LONG_MS));
		lh_works(host, lt_confirm(host));
		return n + 1;
	default:
		lt_await_end(host);
		lh_works(host, lt_roll_back(host));
		return base;
	}
}

#define ROUNDS 150

static void in_and_out_under_fire(void **state)
{
	const struct host *host = lh_host(state);
	uint32_t base = 1 + LT_PRE;

	lh_works(host, lt_apply(host, base));
	fire_at(OPEN, CLOSED);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		/* with prerouting and without */
		base = into_and_out(host, i, base,
				    2 * i + 2 + i / 5 % 2 * LT_PRE);
		await_fire();
	}
	fire_at(0, 0);
	assert_true(fire->sent[0] && fire->sent[1]);
	assert_int_equal(came_in(OPEN), fire->sent[0]);
	assert_int_equal(came_in(CLOSED), 0);
}

/*
 * Packets that were lost while a trial was confirmed, of those that the
 * candidate alone lets in. One transaction that deletes the trial's elements,
 * and does not put them in anew, loses one in about 20 rounds.
 */
static unsigned long long lost_by(const struct host *host, unsigned int rounds,
				  int (*confirm)(const struct host *host))
{
	unsigned long long before = came_in(1001) + came_in(1002);
	unsigned long long sent = fire->sent[0];

	for (uint32_t n = 1; n <= rounds * LT_KINDS; n += LT_KINDS) {
		uint32_t kind = n / LT_KINDS % 2;

		lh_works(host, lt_try(host, n + kind, LT_LONG_MS));
		fire_at((uint16_t)(1001 + kind), 0);
		await_fire();
		lh_works(host, confirm(host));
		await_fire();
		fire_at(0, 0);
	}
	sent = fire->sent[0] - sent;
	return sent - (came_in(1001) + came_in(1002) - before);
}

static void confirmed_under_fire(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 3));
	assert_int_equal(lost_by(host, 300, lt_confirm), 0);
}

/* In two */
static int confirm_apart(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	char command[256];

	snprintf(command, sizeof(command), "nft flush chain inet portwall "
		 "input; nft add rule inet portwall input goto g%u.in",
		 kernel->trial);
	free(lh_shell(command));
	pw_kernel_free(kernel);
	return 0;
}

static void known_offenders_are_caught(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 3));
	assert_true(lost_by(host, 3, confirm_apart) > 0);
	fire_at(OPEN, CLOSED);
	lh_works(host, pw_load_clear(host->nl, host->diags));
	await_fire();
	lh_works(host, lt_apply(host, 4));
	fire_at(0, 0);
	assert_true(came_in(CLOSED) > 0);
}

#define FIRE_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIRE_TEST(known_offenders_are_caught),
		FIRE_TEST(in_and_out_under_fire),
		FIRE_TEST(confirmed_under_fire),
	};

	return cmocka_run_group_tests_name("trial_fire", tests, NULL, NULL);
}
