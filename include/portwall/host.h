/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler may know of the host: a value, gathered once. */
#ifndef PORTWALL_HOST_H
#define PORTWALL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
 * @now_ns:	wall clock, nanoseconds since 1970
 */
struct pw_host {
	struct pw_iface *ifaces;
	size_t num_ifaces;
	bool ifaces_known;
	struct pw_service *services;
	size_t num_services;
	uint64_t now_ns;
};

/* Interfaces by rtnetlink (no privilege), services by getservent(3), clock */
int pw_host_gather(struct pw_host **out, struct pw_diags *diags);
void pw_host_free(struct pw_host *host);
PW_DEFINE_OWNED(struct pw_host, pw_host_free)

/* NULL: no such service for @proto */
const struct pw_service *pw_host_service(const struct pw_host *host,
					 const char *name, size_t len,
					 uint8_t proto);
const struct pw_iface *pw_host_iface(const struct pw_host *host,
				     const char *name);

#endif
