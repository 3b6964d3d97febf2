/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections: what ctnetlink says of them, and which socket is theirs. */
#ifndef HOST_FLOWS_H
#define HOST_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "host/inet_dump.h"
#include "netlink/conntrack.h"
#include "portwall/flows.h"

/**
 * pw_flow_decode() - One entry of the connection table, as a dump has it
 *
 * Return: 0; -ENOENT: nothing that is listed (about to be deleted, mapped
 *	   addresses); -EBADMSG
 */
int pw_flow_decode(const struct nlmsghdr *nlh, struct pw_flow *out);

/**
 * pw_flow_find_entry() - The entry that has both ends of @flow now
 * @found:	there is one, whoever began it
 * @entry:	set when there is
 *
 * Return: 0; -EBADMSG; errors of ctnetlink
 */
int pw_flow_find_entry(const struct pw_flow *flow, bool *found,
		       struct pw_flow *entry);

/* The entry of that id, and no other between the same ends; -ENOENT */
int pw_flow_delete_entry(const struct pw_flow *flow, uint32_t id_be);

/* What it is called: @tuple of the original direction */
void pw_flow_tuple(const struct pw_flow *flow, struct pw_ct_tuple *tuple);

/* Put a bar in the place of an entry that was deleted. 0; errors of ctnetlink */
int pw_flow_bar(const struct pw_flow *flow);

/* Accepted and not closed, bits 1 << TCP_*: neither listening nor calling */
extern const uint32_t pw_flow_tcp_states;

/* Is conntrack in use in this namespace? Asking ctnetlink would load it */
bool pw_flows_in_use(void);

#endif
