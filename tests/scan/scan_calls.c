// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections between this host and its neighbour, both ends in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "scan_calls.h"
#include "scan_host.h"

int sc_socket(int family, int type, const char *addr, uint16_t port)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	int fd = socket(family, type, 0), one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	in->sin_port = htons(port);	/* at the same place in both */
	if (addr)
		assert_int_equal(inet_pton(family, addr, family == AF_INET ?
					   (void *)&in->sin_addr :
					   (void *)&in6->sin6_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, sizeof(ss)), 0);
	return fd;
}

void sc_call(int fd, int family, const char *addr, uint16_t port)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;

	in->sin_port = htons(port);
	assert_int_equal(inet_pton(family, addr, family == AF_INET ?
				   (void *)&in->sin_addr :
				   (void *)&in6->sin6_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, sizeof(ss)), 0);
}

/* Does what is written at @from arrive at @to? */
void sc_passes(int from, int to)
{
	static uint8_t next;
	struct timeval patience = { .tv_sec = 10 };
	uint8_t sent = ++next, got = 0;

	setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(send(from, &sent, 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(to, &got, 1, 0), 1);
	assert_int_equal(got, sent);
}

void sc_is_barred(int from, int to, int other_from, int other_to)
{
	char byte = 'x';
	ssize_t sent = send(from, &byte, 1, MSG_NOSIGNAL);

	/* UDP is told when a packet is dropped on its way out */
	assert_true(sent == 1 || errno == EPERM);
	sc_passes(other_from, other_to);
	assert_true(recv(to, &byte, 1, MSG_DONTWAIT) < 0);
	assert_int_equal(errno, EAGAIN);
}

int sc_await_error(int fd)
{
	struct timeval patience = { .tv_sec = 10 };
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return recv(fd, &byte, 1, 0) < 0 ? errno : 0;
}

/* The neighbour calls @port of the listener */
struct sc_pair sc_call_in(int listener, int family, const char *from,
			  uint16_t sport, const char *to, uint16_t port)
{
	struct sc_pair pair = { .listener = listener };

	sh_there();
	pair.theirs = sc_socket(family, SOCK_STREAM, from, sport);
	sc_call(pair.theirs, family, to, port);
	sh_here();
	pair.ours = accept(listener, NULL, NULL);
	assert_true(pair.ours >= 0);
	sc_passes(pair.theirs, pair.ours);
	sc_passes(pair.ours, pair.theirs);
	return pair;
}

int sc_listen(int family, uint16_t port)
{
	int fd = sc_socket(family, SOCK_STREAM, NULL, port);

	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

struct sc_pair sc_tcp4(uint16_t port)
{
	return sc_call_in(sc_listen(AF_INET, port), AF_INET, NULL, 0, HERE4,
		       port);
}

struct sc_pair sc_tcp6(uint16_t port)
{
	return sc_call_in(sc_listen(AF_INET6, port), AF_INET6, NULL, 0, HERE6,
		       port);
}

/* IPv4 to a socket of IPv6 */
struct sc_pair sc_mapped(uint16_t port)
{
	return sc_call_in(sc_listen(AF_INET6, port), AF_INET, NULL, 0, HERE4,
		       port);
}

/* A server that connects its socket to its client */
static struct sc_pair udp_connected(int family, uint16_t port)
{
	const char *here = family == AF_INET ? HERE4 : HERE6;
	const char *there = family == AF_INET ? THERE4 : THERE6;
	struct sc_pair pair = { .listener = -1 };

	sh_there();
	pair.theirs = sc_socket(family, SOCK_DGRAM, there, 4000);
	sc_call(pair.theirs, family, here, port);
	sh_here();
	pair.ours = sc_socket(family, SOCK_DGRAM, here, port);
	sc_passes(pair.theirs, pair.ours);
	sc_call(pair.ours, family, there, 4000);
	sc_passes(pair.ours, pair.theirs);
	return pair;
}

struct sc_pair sc_udp4(uint16_t port)
{
	return udp_connected(AF_INET, port);
}

struct sc_pair sc_udp6(uint16_t port)
{
	return udp_connected(AF_INET6, port);
}

void sc_close(const struct sc_pair *pair)
{
	close(pair->ours);
	close(pair->theirs);
	if (pair->listener >= 0)
		close(pair->listener);
}
