/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections between this host and its neighbour, both ends in one process. */
#ifndef TESTS_SCAN_SCAN_CALLS_H
#define TESTS_SCAN_SCAN_CALLS_H

#include <stdint.h>

#define HERE4 "192.0.2.1"
#define HERE6 "2001:db8::1"
#define THERE4 "192.0.2.2"
#define THERE6 "2001:db8::2"

/* One connection: our end, the peer's, and what listens */
struct sc_pair {
	int ours, theirs, listener;
};

/* A bound socket; @addr NULL: the wildcard */
int sc_socket(int family, int type, const char *addr, uint16_t port);
int sc_listen(int family, uint16_t port);
/* connect(2), which must succeed */
void sc_call(int fd, int family, const char *addr, uint16_t port);

/* What is written at @from must arrive at @to */
void sc_passes(int from, int to);
/*
 * What is written at @from must not arrive at @to, although what is written
 * later at @other_from arrives at @other_to
 */
void sc_is_barred(int from, int to, int other_from, int other_to);
/* The error of reading, 0: data or the end */
int sc_await_error(int fd);

/* The neighbour calls @to of @listener, which accepts; both ends work */
struct sc_pair sc_call_in(int listener, int family, const char *from,
			  uint16_t sport, const char *to, uint16_t port);
struct sc_pair sc_tcp4(uint16_t port);
struct sc_pair sc_tcp6(uint16_t port);
/* IPv4 to a socket of IPv6 */
struct sc_pair sc_mapped(uint16_t port);
/* A server that connects its socket to its client */
struct sc_pair sc_udp4(uint16_t port);
struct sc_pair sc_udp6(uint16_t port);
void sc_close(const struct sc_pair *pair);

#endif
