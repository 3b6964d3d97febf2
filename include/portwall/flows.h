/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that conntrack knows: list those that came in, and end them. */
#ifndef PORTWALL_FLOWS_H
#define PORTWALL_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "own.h"

/**
 * struct pw_flow - A connection from outside, as its first packet was written
 * @proto:	IPPROTO_*
 * @src, @dst:	original direction, before anybody's NAT
 * @sport, @dport: of protocols with ports, else 0
 * @dnat:	its destination was changed: published by a container engine
 * @zone, @id:	of the entry, as ctnetlink has them; @id in network order
 */
struct pw_flow {
	uint8_t proto;
	enum pw_family family;
	struct pw_value src, dst;
	uint16_t sport, dport;
	bool dnat;
	uint16_t zone;
	uint32_t id_be;
};

struct pw_flows {
	struct pw_flow *list;
	size_t num, cap;
};

/**
 * pw_flows_gather() - Entries whose original destination is an own address
 *
 * Neither those over loopback nor those that this host began. One dump, read
 * as it comes: a table of a million entries is not kept.
 *
 * Return: 0, also when conntrack is not in use; -EPERM and others with a message
 */
int pw_flows_gather(struct pw_flows **out, struct pw_diags *diags);
void pw_flows_free(struct pw_flows *flows);
PW_DEFINE_OWNED(struct pw_flows, pw_flows_free)

/**
 * struct pw_flows_end - What came of ending some
 * @sockets:	local sockets that were destroyed; the peer gets an RST
 * @entries:	conntrack entries that were deleted
 * @no_destroy:	this kernel cannot destroy sockets (CONFIG_INET_DIAG_DESTROY)
 */
struct pw_flows_end {
	size_t sockets, entries;
	bool no_destroy;
};

/*
 * End @num flows: the socket first, or what it sends would make a new entry in
 * the other direction. Flows that have ended meanwhile are no error.
 */
int pw_flows_end(const struct pw_flow *flows, size_t num,
		 struct pw_flows_end *out, struct pw_diags *diags);

#endif
