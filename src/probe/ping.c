// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP echo without privilege, where the system allows it. */
#include "probe/ping.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <unistd.h>

#include "probe/pace.h"

#define MAX_ASKED 64	/* bits of a set of answers */

int pw_ping_open(const struct pw_sockaddr *target,
		 const struct pw_sockaddr *source)
{
	struct pw_sockaddr to = *target;
	int fd = socket(to.sa.sa_family,
			SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			to.sa.sa_family == AF_INET ? IPPROTO_ICMP :
						     IPPROTO_ICMPV6);
	int err;

	if (fd < 0)
		return -errno;
	pw_sockaddr_set_port(&to, 0);
	if ((!source->len || !bind(fd, &source->sa, source->len)) &&
	    !connect(fd, &to.sa, to.len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The kernel fills in identifier and checksum, and hands us only our answers */
static void ask(int fd, uint16_t seq)
{
	struct pw_sockaddr at = { .len = sizeof(at.in6) };
	struct icmphdr echo = { .type = ICMP_ECHO };

	if (getsockname(fd, &at.sa, &at.len))
		return;
	if (at.sa.sa_family == AF_INET6)
		echo.type = ICMP6_ECHO_REQUEST;
	echo.un.echo.sequence = htons(seq);
	send(fd, &echo, sizeof(echo), MSG_DONTWAIT);
}

/* Until @end_ns, or until all @num from @first on are in @answered */
static void listen_until(int fd, uint64_t end_ns, uint16_t first,
			 unsigned int num, uint64_t *answered)
{
	const uint64_t all = num < MAX_ASKED ? (1ull << num) - 1 : UINT64_MAX;
	struct pollfd fds = { fd, POLLIN, 0 };
	struct icmphdr reply;
	uint16_t at;
	uint64_t now;

	while (*answered != all && (now = pw_now_ns()) < end_ns) {
		uint64_t ms = (end_ns - now + PW_MS_NS - 1) / PW_MS_NS;

		if (poll(&fds, 1, (int)ms) <= 0)
			continue;
		/* an error is taken off the socket, too */
		if (recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) !=
		    sizeof(reply))
			continue;
		if (reply.type != ICMP_ECHOREPLY &&
		    reply.type != ICMP6_ECHO_REPLY)
			continue;
		at = (uint16_t)(ntohs(reply.un.echo.sequence) - first);
		if (at < num)
			*answered |= 1ull << at;
	}
}

unsigned int pw_ping_ask(int fd, uint16_t *seq, unsigned int num,
			 uint64_t gap_ns, uint64_t timeout_ns)
{
	const uint16_t first = *seq;
	uint64_t answered = 0;

	if (num > MAX_ASKED)
		num = MAX_ASKED;
	for (unsigned int i = 0; i < num; i++) {
		ask(fd, (*seq)++);
		if (i + 1 < num)
			listen_until(fd, pw_now_ns() + gap_ns, first, num,
				     &answered);
	}
	listen_until(fd, pw_now_ns() + timeout_ns, first, num, &answered);
	return (unsigned int)__builtin_popcountll(answered);
}
