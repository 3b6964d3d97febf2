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
 * @sport, @dport: of protocols with ports (GRE: its keys), else 0
 * @icmp_id, @icmp_type, @icmp_code: of ICMP and ICMPv6, else 0
 * @dnat:	its destination was changed: published by a container engine
 * @live:	its packets pass as those of a connection: there was a reply, and
 *		it was not closed. Else rules judge each packet, and an entry is
 *		all there is: it becomes live by the next reply.
 * @tracked:	there is an entry, @zone and @id_be name it. Else a socket alone:
 *		connections older than the rules, which conntrack may still take
 *		up
 * @midway:	conntrack took it up in the middle: nobody saw who began it
 * @bar:	no connection: what pw_flows_end() left in the place of one
 * @peer, @local, @peer_port, @local_port: both ends as a socket of this host
 *		would have them, behind NAT
 * @zone, @id_be: of the entry, as ctnetlink has them
 */
struct pw_flow {
	uint8_t proto;
	enum pw_family family;
	struct pw_value src, dst;
	uint16_t sport, dport;
	uint16_t icmp_id;
	uint8_t icmp_type, icmp_code;
	bool dnat, live, tracked, midway, bar;
	struct pw_value peer, local;
	uint16_t peer_port, local_port;
	uint16_t zone;
	uint32_t id_be;
};

struct pw_flows {
	struct pw_flow *list;
	size_t num, cap;
};

/**
 * pw_flows_gather() - Connections whose original destination is an own address
 *
 * Neither those over loopback nor those that this host began. Entries of
 * conntrack, in one dump that is read as it comes (a table of a million entries
 * is not kept), and TCP connections older than the rules, which conntrack has no
 * entry for, or one in the other direction if the host was the first to send:
 * those whose local port is listened on count as accepted.
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
 * @bars:	entries that took their place: see pw_flows_end()
 * @resumable:	connections that may go on when their local end sends: it could
 *		not be destroyed, and no bar could be put in its place
 * @no_destroy:	this kernel cannot destroy sockets (CONFIG_INET_DIAG_DESTROY)
 */
struct pw_flows_end {
	size_t sockets, entries, bars, resumable;
	bool no_destroy;
};

/**
 * pw_flows_end() - End connections, each with its entry; or lift bars
 * @out:	set on failure too: what was ended by then
 *
 * The socket goes first, or what it sends would be taken up as a connection in
 * the other direction, with what the peer sends as its replies. Where the other
 * end is not ours to destroy (in a container; a UDP socket that serves others,
 * too; a kernel that cannot) a bar does that: an entry for what the peer sends,
 * which counts as new, and nothing for what is sent to it, which the kernel then
 * drops for the conflict. It lasts as long as that end may keep trying.
 *
 * Flows that have ended meanwhile are no error.
 */
int pw_flows_end(const struct pw_flow *flows, size_t num,
		 struct pw_flows_end *out, struct pw_diags *diags);

#endif
