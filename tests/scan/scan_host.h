/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace, and another process that holds sockets in it. */
#ifndef TESTS_SCAN_SCAN_HOST_H
#define TESTS_SCAN_SCAN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct held - A socket of that process
 * @type:	SOCK_STREAM listens, others are bound alone
 * @proto:	0: of the type; of packet sockets the ethertype
 * @addr:	NULL: the wildcard
 * @peer:	connected to this address, port 9
 * @dev:	bound to this interface
 * @backlog:	of SOCK_STREAM; 0: 8
 */
struct held {
	int family, type, proto;
	const char *addr;
	uint16_t port;
	bool v6only, reuseport;
	const char *peer, *dev;
	int backlog;
};

#define HELD(family_, type_, addr_, port_, ...)				\
	{ .family = (family_), .type = (type_), .addr = (addr_),		\
	  .port = (port_), ##__VA_ARGS__ }
#define TCP4(...) HELD(AF_INET, SOCK_STREAM, __VA_ARGS__)
#define TCP6(...) HELD(AF_INET6, SOCK_STREAM, __VA_ARGS__)
#define UDP4(...) HELD(AF_INET, SOCK_DGRAM, __VA_ARGS__)
#define UDP6(...) HELD(AF_INET6, SOCK_DGRAM, __VA_ARGS__)
#define PACKET(ethertype, ...)						\
	{ .family = AF_PACKET, .proto = (ethertype), ##__VA_ARGS__ }

/* Set up and tear down a test in a namespace of its own, lo is up */
int sh_open(void **state);
int sh_close(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, sh_open, sh_close)

/*
 * Another host: a process in a network of its own, eth0 to eth0. Here is
 * 192.0.2.1 and 2001:db8::1, there 192.0.2.2 and 2001:db8::2; its ICMP errors
 * are not limited. What is done between sh_there() and sh_here() is done there.
 */
void sh_neighbour(void);
void sh_there(void);
void sh_here(void);

/* A shell command, which must succeed */
void sh_run(const char *command);
/* One that succeeds at last: IPv6 addresses are set up in the background */
void sh_await(const char *command);
/* Calls @run as somebody who has no capability, nor can get one */
void sh_powerless(void (*run)(void *arg), void *arg);
/* Rules in nft's language, which must load */
void sh_rules(const char *rules);

/*
 * Another process that holds them all until sh_close(); returns its pid. It
 * calls itself @comm, else "holder".
 */
pid_t sh_hold_as(const char *comm, const struct held *held, size_t num);
pid_t sh_hold(const struct held *held, size_t num);

/*
 * Another process that sends every datagram back, bound to the wildcard of
 * @family (IPv6: of both)
 */
void sh_echo(int family, uint16_t port);

#endif
