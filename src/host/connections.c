// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP connections and listeners of this namespace, by sock_diag. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "host/inet_dump.h"
#include "portwall/host.h"

static struct pw_conn conn_of(const struct pw_inet_socket *sock)
{
	return (struct pw_conn){
		.family = sock->family,
		.local = sock->local, .peer = sock->peer,
		.local_port = sock->local_port, .peer_port = sock->peer_port,
		.ifindex = sock->msg.id.idiag_if,
		.inode = sock->msg.idiag_inode,
	};
}

static int dump_state(unsigned int state, struct pw_conn **conns, size_t *num)
{
	struct pw_inet_sockets sockets = { 0 };
	int err = pw_inet_dump(IPPROTO_TCP, 1u << state, &sockets);

	if (!err) {
		*conns = calloc(sockets.num + 1, sizeof(**conns));
		err = *conns ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < sockets.num; i++)
		(*conns)[(*num)++] = conn_of(&sockets.list[i]);
	pw_inet_sockets_clear(&sockets);
	return err;
}

/*
 * Looking for connections makes the kernel walk a table of 0.3 ms, however few
 * there are; the table of listeners is small.
 */
static int gather(struct pw_conns *conns)
{
	int err = dump_state(TCP_LISTEN, &conns->listeners,
			     &conns->num_listeners);

	if (err || !conns->num_listeners)
		return err;
	return dump_state(TCP_ESTABLISHED, &conns->established,
			  &conns->num_established);
}

int pw_conns_gather(struct pw_conns **out, struct pw_diags *diags)
{
	pw_owned(pw_conns_free) struct pw_conns *conns =
		calloc(1, sizeof(*conns));
	int err = conns ? gather(conns) : -ENOMEM;

	if (err)
		return pw_inet_explain(err, diags);
	*out = PW_TAKE(conns);
	return 0;
}

void pw_conns_free(struct pw_conns *conns)
{
	if (!conns)
		return;
	free(conns->established);
	free(conns->listeners);
	free(conns);
}
