/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections by which somebody administers this host. */
#ifndef LIVE_REMOTE_H
#define LIVE_REMOTE_H

#include "portwall/addr.h"
#include "portwall/diag.h"
#include "portwall/host.h"
#include "portwall/own.h"

/**
 * struct pw_remote - Where packets of one connection come from and go to
 * @iifname:	interface that leads to the peer
 * @port:	local
 * @section:	set by pw_guard_judge(): index in the model of the section that
 *		would let in a new connection, PW_NONE: nothing would
 */
struct pw_remote {
	char iifname[16];
	enum pw_family family;
	struct pw_value peer, local;
	uint16_t port;
	uint32_t section;
};

struct pw_remotes {
	struct pw_remote *items;
	size_t num, cap;
};

/**
 * pw_remotes_gather() - Established inbound connections of sshd and dropbear
 * @guard:	ports that count as well, whoever listens
 *
 * A connection counts if its local port has a listener that belongs to sshd or
 * dropbear, or has a listener and sshd or dropbear holds the connection itself
 * (socket activation: the listener is systemd's). Each peer, port and
 * interface once. Connections over loopback and without a route back are left
 * out.
 *
 * Return: 0; -ENOMEM; errors of sock_diag with a message
 */
int pw_remotes_gather(const struct pw_host *host,
		      const struct pw_rangeset *guard,
		      struct pw_remotes **out, struct pw_diags *diags);
void pw_remotes_free(struct pw_remotes *remotes);
PW_DEFINE_OWNED(struct pw_remotes, pw_remotes_free)

/**
 * pw_remotes_ports() - By which ports is this host administered?
 * @guard:	those of the policy; when there are none, what sshd and dropbear
 *		listen on, and the ports of @remotes (NULL: none)
 *
 * Return: 0; -ENOMEM; errors of sock_diag with a message
 */
int pw_remotes_ports(const struct pw_remotes *remotes,
		     const struct pw_rangeset *guard,
		     struct pw_rangeset **out, struct pw_diags *diags);

#endif
