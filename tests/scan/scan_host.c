// SPDX-License-Identifier: GPL-2.0-or-later
/* A network namespace, and another process that holds sockets in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scan_host.h"

#define MAX_HOLDERS 8
#define AWAIT_TRIES 1000
#define AWAIT_PAUSE_US 10000

static struct {
	int here, there;	/* network namespaces, 0: none */
} spaces;

static struct {
	pid_t pid[MAX_HOLDERS];
	size_t num;
} holders;

void sh_run(const char *command)
{
	int status = system(command);

	if (status)
		print_error("failed: %s\n", command);
	assert_int_equal(status, 0);
}

void sh_await(const char *command)
{
	int status = -1;

	for (int i = 0; status && i < AWAIT_TRIES; i++) {
		status = system(command);
		if (status)
			usleep(AWAIT_PAUSE_US);
	}
	assert_int_equal(status, 0);
}

void sh_rules(const char *rules)
{
	FILE *nft = popen("nft -f -", "w");

	assert_non_null(nft);
	assert_true(fputs(rules, nft) >= 0);
	assert_int_equal(pclose(nft), 0);
}

int sh_open(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	return system("ip link set lo up");
}

int sh_close(void **state)
{
	(void)state;
	if (spaces.there)
		close(spaces.there);
	if (spaces.here)
		close(spaces.here);
	spaces.here = spaces.there = 0;
	while (holders.num) {
		pid_t pid = holders.pid[--holders.num];

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static socklen_t sockaddr_of(int family, const char *addr, uint16_t port,
			     struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		in->sin_port = htons(port);
		if (addr && inet_pton(AF_INET, addr, &in->sin_addr) != 1)
			_exit(3);
		return sizeof(*in);
	}
	in6->sin6_port = htons(port);
	if (addr && inet_pton(AF_INET6, addr, &in6->sin6_addr) != 1)
		_exit(3);
	return sizeof(*in6);
}

static void must(int ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		_exit(2);
	}
}

static void hold_packet(const struct held *h)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)h->proto),
		.sll_ifindex = h->dev ? (int)if_nametoindex(h->dev) : 0,
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	must(fd, "packet socket");
	must(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), "packet bind");
}

static void hold_inet(const struct held *h)
{
	int fd = socket(h->family, h->type, h->proto);
	const int v6only = h->v6only, one = 1;
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(h->family, h->addr, h->port, &ss);

	must(fd, "socket");
	if (h->family == AF_INET6 && h->type != SOCK_RAW)
		must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
				sizeof(v6only)), "v6only");
	if (h->reuseport)
		must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)), "reuseport");
	if (h->dev)
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, h->dev,
				(socklen_t)strlen(h->dev)), "device");
	must(bind(fd, (struct sockaddr *)&ss, len), "bind");
	if (h->peer) {
		len = sockaddr_of(h->family, h->peer, 9, &ss);
		must(connect(fd, (struct sockaddr *)&ss, len), "connect");
	}
	if (h->type == SOCK_STREAM)
		must(listen(fd, h->backlog ? h->backlog : 8), "listen");
}

static _Noreturn void hold_all(const struct held *held, size_t num, int ready)
{
	for (size_t i = 0; i < num; i++) {
		if (held[i].family == AF_PACKET)
			hold_packet(&held[i]);
		else
			hold_inet(&held[i]);
	}
	must((int)write(ready, "", 1), "ready");
	for (;;)
		pause();
}

static _Noreturn void echo(int family, uint16_t port, int ready)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(family, NULL, port, &ss);
	char data[512];

	must(fd, "socket");
	must(bind(fd, (struct sockaddr *)&ss, len), "bind");
	must((int)write(ready, "", 1), "ready");
	for (;;) {
		ssize_t got;

		len = sizeof(ss);
		got = recvfrom(fd, data, sizeof(data), 0,
			       (struct sockaddr *)&ss, &len);
		if (got >= 0)
			sendto(fd, data, (size_t)got, 0,
			       (struct sockaddr *)&ss, len);
	}
}

/* A child of its own name, which ends with us; @ready in the child */
static pid_t start(const char *comm, int ready[2])
{
	pid_t pid;

	assert_true(holders.num < MAX_HOLDERS);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		return 0;
	}
	close(ready[1]);
	holders.pid[holders.num++] = pid;
	return pid;
}

static void await(int ready[2])
{
	char byte;

	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

void sh_echo(int family, uint16_t port)
{
	int ready[2];

	if (!start("echo", ready))
		echo(family, port, ready[1]);
	await(ready);
}

pid_t sh_hold(const struct held *held, size_t num)
{
	return sh_hold_as("holder", held, num);
}

pid_t sh_hold_as(const char *comm, const struct held *held, size_t num)
{
	int ready[2];
	pid_t pid = start(comm, ready);

	if (!pid)
		hold_all(held, num, ready[1]);
	await(ready);
	return pid;
}

static _Noreturn void live_elsewhere(int ready)
{
	must(unshare(CLONE_NEWNET), "unshare");
	must((int)write(ready, "", 1), "ready");
	for (;;)
		pause();
}

void sh_there(void)
{
	assert_int_equal(setns(spaces.there, CLONE_NEWNET), 0);
}

void sh_here(void)
{
	assert_int_equal(setns(spaces.here, CLONE_NEWNET), 0);
}

void sh_neighbour(void)
{
	char text[128];
	int ready[2];
	pid_t pid = start("neighbour", ready);

	if (!pid)
		live_elsewhere(ready[1]);
	await(ready);
	snprintf(text, sizeof(text), "/proc/%d/ns/net", pid);
	spaces.here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	spaces.there = open(text, O_RDONLY | O_CLOEXEC);
	assert_true(spaces.here > 0 && spaces.there > 0);
	snprintf(text, sizeof(text),
		 "ip link add eth0 type veth peer name eth0 netns %d", pid);
	sh_run(text);
	sh_run("ip link set eth0 up && ip addr add 192.0.2.1/24 dev eth0 && "
	       "ip addr add 2001:db8::1/64 dev eth0 nodad");
	sh_there();
	sh_run("ip link set lo up && ip link set eth0 up && "
	       "ip addr add 192.0.2.2/24 dev eth0 && "
	       "ip addr add 2001:db8::2/64 dev eth0 nodad && "
	       "sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 "
	       "&& echo > /proc/sys/net/ipv6/icmp/ratemask");
	sh_await("ip -6 route show table local | grep -q 2001:db8::2");
	sh_here();
	sh_await("ip -6 route show table local | grep -q 2001:db8::1");
}

struct powerless {
	void (*run)(void *arg);
	void *arg;
	bool done;
};

/* Capabilities belong to a thread, and end with it */
static void *run_powerless(void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct powerless *p = arg;

	p->done = !syscall(SYS_capset, &header, none);
	if (p->done)
		p->run(p->arg);
	return NULL;
}

void sh_powerless(void (*run)(void *arg), void *arg)
{
	struct powerless p = { .run = run, .arg = arg };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_powerless, &p), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(p.done);
}
