/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of a protocol, both families, by sock_diag. */
#ifndef HOST_INET_DUMP_H
#define HOST_INET_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include <linux/inet_diag.h>

#include "portwall/addr.h"
#include "portwall/diag.h"

/**
 * struct pw_inet_socket - One socket
 * @family:	IPv4 also where an IPv6 socket carries mapped addresses
 * @local, @peer: both ends, host order
 * @msg:	what the kernel said of it
 */
struct pw_inet_socket {
	enum pw_family family;
	struct pw_value local, peer;
	uint16_t local_port, peer_port;
	struct inet_diag_msg msg;
};

struct pw_inet_sockets {
	struct pw_inet_socket *list;
	size_t num, cap;
};

/**
 * pw_inet_dump() - List sockets; needs no privilege
 * @states:	bits 1 << TCP_*
 *
 * Return: 0; -ENOENT and others: the kernel has no sock_diag for @proto;
 *	   -ENOMEM. @out is to be cleared in any case.
 */
int pw_inet_dump(uint8_t proto, uint32_t states, struct pw_inet_sockets *out);
void pw_inet_sockets_clear(struct pw_inet_sockets *sockets);

/* What @err of reading the TCP sockets means, in words; returns an error */
int pw_inet_explain(int err, struct pw_diags *diags);

#endif
