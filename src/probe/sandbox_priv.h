/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a sandbox: its two namespaces, its wires, its listeners. */
#ifndef PROBE_SANDBOX_PRIV_H
#define PROBE_SANDBOX_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/sandbox.h"

struct pw_nl;
struct pw_rtnl;

/**
 * struct pw_wire_end - One wire of the host
 * @host_index:	of the interface that the scene names, in the host: what rules
 *		and packet information see. Of a bridge: the bridge itself
 * @wire_index:	of the other end, in @wire_ns
 * @host_mac:	where frames to the host go
 * @wire_mac:	of everybody on the wire: gateways and containers are permanent
 *		neighbours with it, and the wire answers for all others with it.
 *		The device at that end has another address, so that the wire's
 *		own stack drops what comes at once: packet sockets see it as
 *		PACKET_OTHERHOST.
 */
struct pw_wire_end {
	uint32_t host_index, wire_index;	/* each in its own namespace */
	uint8_t host_mac[6], wire_mac[6];
};

struct pw_tap;		/* sends and receives frames on the wire: tap.c */

/* Source ports of probes that leave the choice to the sandbox: from here up */
#define PW_FIRST_SPORT 1024

/* Of the listeners for all ports: discard, which nothing else is asked for */
#define PW_LISTEN_PORT 9

/* What pw_sandbox_listen() marks at the end of input: see listen_table.c */
#define PW_UNICAST_MARK 0x70776c75

/**
 * struct pw_sandbox
 * @scene:	borrowed: lives as long as the sandbox
 * @host_ns, @wire_ns: descriptors of the network namespaces
 * @at:		where the process is now
 * @ends:	by index of the scene's interfaces
 * @nl:		to nf_tables and conntrack of the host
 * @tcp, @udp:	the tproxy listeners, by family; -1: not listening. UDP has
 *		IP_ORIGDSTADDR and IP_PKTINFO, IPV6_ORIGDSTADDR and IPV6_PKTINFO
 * @raw:	raw sockets of the host by family and protocol, -1: none. Those
 *		of TCP and UDP get only what the listeners do not answer: what
 *		is not local unicast, and TCP that is no SYN. What comes over
 *		IPv4 has its IP header; over IPv6 it begins behind all
 *		headers before the protocol's own, with IPV6_PKTINFO and
 *		IPV6_HOPLIMIT. Neither family's kernel gives the number 0 away.
 * @joins:	sockets that hold @scene's multicast groups
 * @next_sport:	next source port that no probe has used since the last forget,
 *		which sets it to PW_FIRST_SPORT; the engine counts it up
 * @room:	entries that the host's connection table takes for certain
 * @fresh_left:	what of that is left: set by forget, counted down by the engine
 */
struct pw_sandbox {
	const struct pw_scene *scene;
	int host_ns, wire_ns;
	enum pw_side at;
	struct pw_wire_end *ends;
	struct pw_tap *tap;
	struct pw_nl *nl;
	bool listening;
	int tcp[PW_NUM_FAMILIES], udp[PW_NUM_FAMILIES];
	int raw[PW_NUM_FAMILIES][256];
	int *joins;
	size_t num_joins, cap_joins;
	uint16_t next_sport;
	uint64_t room, fresh_left;
	struct pw_probe_count count;
};

/*
 * tap.c: opened by pw_sandbox_open() once the wires are there; in @wire_ns.
 * _close() accepts NULL.
 */
int pw_tap_open(struct pw_sandbox *sb, struct pw_tap **out,
		struct pw_diags *diags);
void pw_tap_close(struct pw_tap *tap);

/*
 * sandbox_ns.c: enter a private host's network, and make the one of the wire.
 * The process is in the host's then. 0; errors as pw_sandbox_open().
 */
int pw_spaces_open(int *host_ns, int *wire_ns, struct pw_diags *diags);

/*
 * What the kernel's refusal @err of the first change within the namespaces
 * means: capabilities were taken away. Returns -@err.
 */
int pw_spaces_powerless(int err, struct pw_diags *diags);

/* sandbox_sysctl.c: of the namespace that the process is in */
int pw_sysctls_host(bool forwards, struct pw_diags *diags);
int pw_sysctls_wire(struct pw_diags *diags);

/* sandbox_links.c: lo, which shows whether we have any rights here */
int pw_links_begin(struct pw_diags *diags);
/* All interfaces, addresses and routes; fills @sb->ends */
int pw_links_make(struct pw_sandbox *sb, struct pw_diags *diags);

/*
 * sandbox_settle.c: wait until frames pass and all addresses deliver; @host and
 * @wire were opened in the namespaces
 */
int pw_links_settle(const struct pw_scene *scene, struct pw_rtnl *host,
		    struct pw_rtnl *wire, struct pw_diags *diags);

/* listen_table.c: in the host */
int pw_listen_table_put(struct pw_sandbox *sb, struct pw_diags *diags);
int pw_listen_table_drop(struct pw_sandbox *sb, struct pw_diags *diags);

/* listen_sockets.c: in the host; _close() is idempotent */
void pw_listen_sockets_none(struct pw_sandbox *sb);
int pw_listen_sockets_open(struct pw_sandbox *sb, struct pw_diags *diags);
void pw_listen_sockets_close(struct pw_sandbox *sb);

/* listen_join.c: in the host; -errno */
int pw_listen_join(struct pw_sandbox *sb);
void pw_listen_leave(struct pw_sandbox *sb);

#endif
