/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a sandbox: its two namespaces, its wires, its listeners. */
#ifndef PROBE_SANDBOX_PRIV_H
#define PROBE_SANDBOX_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/sandbox.h"

/* A veth pair; of a bridge: its port, whose other end is the container */
struct pw_wire_end {
	uint32_t host_index, wire_index;	/* each in its own namespace */
	uint8_t host_mac[6], wire_mac[6];
};

struct pw_tap;		/* sends and receives frames on the wire: tap.c */

/**
 * struct pw_sandbox
 * @scene:	borrowed: lives as long as the sandbox
 * @host_ns, @wire_ns: descriptors of the network namespaces
 * @at:		where the process is now
 * @ends:	by index of the scene's interfaces
 * @tcp, @udp:	the tproxy listeners, by family; -1: not listening
 * @raw:	raw sockets of the host by family and protocol, -1: none. Those
 *		of TCP and UDP get only what is not local unicast.
 * @next_sport:	next source port that no probe has used since the last forget
 */
struct pw_sandbox {
	const struct pw_scene *scene;
	int host_ns, wire_ns;
	enum pw_side at;
	struct pw_wire_end *ends;
	struct pw_tap *tap;
	bool listening;
	int tcp[PW_NUM_FAMILIES], udp[PW_NUM_FAMILIES];
	int raw[PW_NUM_FAMILIES][256];
	uint16_t next_sport;
	uint64_t fresh_left;
	struct pw_probe_count count;
};

/* tap.c: opened by pw_sandbox_open() once the wires are there; in @wire_ns */
int pw_tap_open(struct pw_sandbox *sb, struct pw_tap **out,
		struct pw_diags *diags);
void pw_tap_close(struct pw_tap *tap);

#endif
