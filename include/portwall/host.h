/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler may know of the host: a value, gathered once. */
#ifndef PORTWALL_HOST_H
#define PORTWALL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "own.h"

struct pw_iface {
	char name[16];
	uint32_t index;
	uint32_t master;	/* index of the bridge it is a port of, 0: none */
	bool is_bridge;
};

struct pw_service {
	char *name;		/* also aliases, one entry each */
	uint16_t port;		/* host order */
	uint8_t proto;		/* IPPROTO_TCP, _UDP, _SCTP */
};

/**
 * struct pw_host - Interfaces, services, clock
 * @ifaces:	sorted by name; empty is allowed (an image, a test)
 * @ifaces_known: false: interfaces could not be read, nothing is said of them
 * @services:	sorted by name, then protocol
 * @now_ns:	wall clock, nanoseconds since 1970; gathered: a whole second
 */
struct pw_host {
	struct pw_iface *ifaces;
	size_t num_ifaces;
	bool ifaces_known;
	struct pw_service *services;
	size_t num_services;
	uint64_t now_ns;
};

/* Interfaces by rtnetlink (no privilege), services(5), clock */
int pw_host_gather(struct pw_host **out, struct pw_diags *diags);
/* As pw_host_gather(), but interfaces are not looked at, and not known then */
int pw_host_gather_blind(struct pw_host **out);
/* As pw_host_gather(), without services */
int pw_host_gather_ifaces(struct pw_host **out, struct pw_diags *diags);
void pw_host_free(struct pw_host *host);
PW_DEFINE_OWNED(struct pw_host, pw_host_free)

/* NULL: no such service for @proto */
const struct pw_service *pw_host_service(const struct pw_host *host,
					 const char *name, size_t len,
					 uint8_t proto);
const struct pw_iface *pw_host_iface(const struct pw_host *host,
				     const char *name);

/* NULL: no such index */
const struct pw_iface *pw_host_iface_by_index(const struct pw_host *host,
					      uint32_t index);

/**
 * pw_host_route() - Interface that packets from @local to @peer leave by
 *
 * Return: 0; -ENETUNREACH and what else the kernel says: no route
 */
int pw_host_route(enum pw_family family, struct pw_value local,
		  struct pw_value peer, uint32_t *ifindex);

/**
 * struct pw_conn - A TCP connection, or a listening socket, of this namespace
 * @family:	IPv4 also where an IPv6 socket carries mapped addresses
 * @peer, @peer_port: of a listener: 0
 * @ifindex:	interface that the socket is bound to, 0: none
 * @inode:	0: no process holds it
 */
struct pw_conn {
	enum pw_family family;
	struct pw_value local, peer;
	uint16_t local_port, peer_port;
	uint32_t ifindex;
	uint32_t inode;
};

/**
 * struct pw_conns - What sock_diag says of TCP, IPv4 and IPv6
 * @established: not gathered (none) when nothing listens
 */
struct pw_conns {
	struct pw_conn *established;
	size_t num_established;
	struct pw_conn *listeners;
	size_t num_listeners;
};

/*
 * Connections and listeners of this network namespace; needs no privilege.
 * -ENOENT and others with a message: the kernel has no sock_diag.
 */
int pw_conns_gather(struct pw_conns **out, struct pw_diags *diags);
void pw_conns_free(struct pw_conns *conns);
PW_DEFINE_OWNED(struct pw_conns, pw_conns_free)

/**
 * pw_sockets_held_by() - Which sockets belong to processes of these names?
 * @names:	short names (comm) of processes, NULL at the end
 * @inodes:	set to the inodes of all their sockets, sorted; the caller frees
 * @hidden:	set when there is such a process whose sockets may not be seen
 *
 * Walks /proc, so ask only when there is something to decide.
 *
 * Return: 0; -ENOMEM; -ENOENT: no /proc
 */
int pw_sockets_held_by(const char *const *names, uint32_t **inodes,
		       size_t *num, bool *hidden);

#endif
