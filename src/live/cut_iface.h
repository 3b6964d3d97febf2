/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that a connection from outside may have come in on. */
#ifndef LIVE_CUT_IFACE_H
#define LIVE_CUT_IFACE_H

#include "portwall/flows.h"
#include "portwall/host.h"
#include "portwall/listen.h"

#define PW_CUT_IFACES 8

/**
 * struct pw_cut_ifaces
 * @list:	those that packets come in on, first come first; @num
 * @addrs:	own addresses, sorted
 */
struct pw_cut_ifaces {
	struct pw_host *host;
	const struct pw_iface **list;
	size_t num;
	struct pw_host_addr *addrs;
	size_t num_addrs;
};

/* 0; errors of the system, with a message */
int pw_cut_ifaces_gather(struct pw_cut_ifaces *out, struct pw_diags *diags);
void pw_cut_ifaces_clear(struct pw_cut_ifaces *ifaces);

bool pw_cut_is_own(const struct pw_cut_ifaces *ifaces, enum pw_family family,
		   struct pw_value addr);

/**
 * pw_cut_ifaces_of() - Those that lead to a flow's peer
 *
 * Of a link-local peer all that have the address it writes to: with the same
 * hardware address on several (VLANs) it is on several.
 *
 * Return: how many of @out; 0: none, there is no route, or too many to tell
 */
size_t pw_cut_ifaces_of(const struct pw_cut_ifaces *ifaces,
			const struct pw_flow *flow,
			const struct pw_iface *out[static PW_CUT_IFACES]);

#endif
