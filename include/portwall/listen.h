/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What listens on this host, on which addresses, and whose it is. */
#ifndef PORTWALL_LISTEN_H
#define PORTWALL_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "own.h"

/**
 * struct pw_listener - A socket that takes packets of strangers
 * @proto:	IPPROTO_TCP (listening), IPPROTO_UDP, IPPROTO_UDPLITE (bound, not
 *		connected), IPPROTO_SCTP, of a raw socket its protocol, of a
 *		packet socket 0
 * @raw:	a raw or packet socket: gets what no rule of input stops (packet
 *		sockets: before any rule, and those that see IP alone are here)
 * @family:	of the addresses it takes; an IPv6 wildcard that takes IPv4 too
 *		has an entry for each
 * @any:	the wildcard; else @addr
 * @port:	0: of raw sockets
 * @ifindex:	bound to this interface, 0: any
 * @queue, @backlog: of TCP: connections that wait, and how many may
 * @pid, @comm:	who holds it; 0 and "": not known (see @kernel). @comm is what
 *		the process calls itself: any bytes but NUL
 * @kernel:	no process holds it: WireGuard, NFS, vxlan
 */
struct pw_listener {
	uint8_t proto;
	bool raw;
	enum pw_family family;
	bool any;
	struct pw_value addr;
	uint16_t port;
	uint32_t ifindex;
	uint32_t inode;
	uint32_t queue, backlog;
	uint32_t pid;
	char comm[16];
	bool kernel;
};

/**
 * struct pw_listeners - All of this network namespace, but those of ourselves
 * @owners_known: processes of other users could be looked at
 * @missing:	protocols whose sockets this kernel does not list ("raw, sctp"),
 *		NULL: none
 */
struct pw_listeners {
	struct pw_listener *list;
	size_t num;
	bool owners_known;
	char *missing;
};

/* Needs no privilege; owners of other users' sockets need CAP_SYS_PTRACE */
int pw_listeners_gather(struct pw_listeners **out, struct pw_diags *diags);
/*
 * Sockets with ports alone, whoever holds them: in a millisecond, where owners
 * take a walk over all processes. 0; -ENOMEM
 */
int pw_listeners_ports(struct pw_listeners **out);
void pw_listeners_free(struct pw_listeners *listeners);
PW_DEFINE_OWNED(struct pw_listeners, pw_listeners_free)

/*
 * Would this socket take a packet to @addr that comes in on @ifindex (0: do
 * not ask)? A wildcard takes them all, what is bound to an address (a loopback
 * address too) that one alone.
 */
bool pw_listener_takes(const struct pw_listener *listener,
		       enum pw_family family, struct pw_value addr,
		       uint32_t ifindex);

/* Is it bound to a loopback address? */
bool pw_listener_is_local(const struct pw_listener *listener);

/* An address of this host. @broadcast: 0 if it has none */
struct pw_host_addr {
	enum pw_family family;
	struct pw_value addr, broadcast;
	uint8_t prefix;
	uint32_t ifindex;
	uint8_t scope;		/* RT_SCOPE_* of rtnetlink.h */
	bool tentative;
};

/* Addresses of all interfaces; the caller frees. 0; errors with a message */
int pw_host_addrs(struct pw_host_addr **out, size_t *num,
		  struct pw_diags *diags);
/* By family and address: for pw_host_addrs_have() */
void pw_host_addrs_sort(struct pw_host_addr *addrs, size_t num);
bool pw_host_addrs_have(const struct pw_host_addr *addrs, size_t num,
			enum pw_family family, struct pw_value addr);

/*
 * Does an interface take IPv6 at all? Where it is switched off packets are
 * dropped before any rule (disable_ipv6: Documentation/networking/ip-sysctl).
 */
bool pw_host_takes_ipv6(const char *ifname);

/**
 * pw_host_accepts_route() - Would the routing of this host take such a packet?
 *
 * Asks the kernel for the route of a packet from @src to @dst that comes in on
 * @ifindex: the reverse-path filter and the martian rules are in its answer.
 *
 * Return: 0 it is for this host; -EXDEV: the reverse-path filter or the martian
 *	   rules refuse it; -EHOSTUNREACH: it is not for this host; other errors
 *	   of the kernel
 */
int pw_host_accepts_route(enum pw_family family, struct pw_value src,
			  struct pw_value dst, uint32_t ifindex);

#endif
