// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP connections and listeners of this namespace, by sock_diag. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "host/inet.h"
#include "host/sockquery.h"
#include "portwall/array.h"
#include "portwall/host.h"

#define DUMP_TRIES 10
#define STATES (1u << TCP_ESTABLISHED | 1u << TCP_LISTEN)

/* The dump, one array for each of STATES */
struct conn_dump {
	struct pw_conns *conns;
	size_t cap_established, cap_listeners;
};

static struct pw_conn conn_of(const struct inet_diag_msg *msg)
{
	enum pw_family family =
		msg->idiag_family == AF_INET ? PW_IPV4 : PW_IPV6;
	enum pw_family peer_family = family;
	struct pw_conn conn = {
		.local_port = ntohs(msg->id.idiag_sport),
		.peer_port = ntohs(msg->id.idiag_dport),
		.ifindex = msg->id.idiag_if,
		.inode = msg->idiag_inode,
	};

	conn.peer = pw_inet_get(&peer_family, msg->id.idiag_dst);
	conn.local = pw_inet_get(&family, msg->id.idiag_src);
	conn.family = family;
	return conn;
}

static int keep(struct conn_dump *dump, const struct inet_diag_msg *msg)
{
	struct pw_conns *c = dump->conns;

	if (msg->idiag_state == TCP_LISTEN)
		return PW_ARRAY_PUSH(c->listeners, c->num_listeners,
				     dump->cap_listeners, conn_of(msg));
	return PW_ARRAY_PUSH(c->established, c->num_established,
			     dump->cap_established, conn_of(msg));
}

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type != TCPDIAG_GETSOCK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	if (keep(arg, mnl_nlmsg_get_payload(nlh))) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/*
 * The older request asks for both families at once: the kernel walks its table
 * of all connections once, which is most of the time even when it is empty.
 */
static int dump_once(struct conn_dump *dump)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req *req;

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->idiag_family = AF_UNSPEC;
	req->idiag_states = STATES;
	dump->conns->num_established = 0;
	dump->conns->num_listeners = 0;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, dump);
}

static int gather(struct pw_conns *conns)
{
	struct conn_dump dump = { .conns = conns };
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++)
		err = dump_once(&dump);
	return err;
}

int pw_conns_gather(struct pw_conns **out, struct pw_diags *diags)
{
	pw_owned(pw_conns_free) struct pw_conns *conns =
		calloc(1, sizeof(*conns));
	int err = conns ? gather(conns) : -ENOMEM;

	if (err)
		return pw_diag_system(diags, -err,
				      "connections of this host cannot be read");
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
