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

struct conn_dump {
	struct pw_conn *conns;
	size_t num, cap;
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

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	struct conn_dump *dump = arg;

	if (nlh->nlmsg_type != TCPDIAG_GETSOCK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	if (PW_ARRAY_PUSH(dump->conns, dump->num, dump->cap,
			  conn_of(mnl_nlmsg_get_payload(nlh)))) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* The older request asks for both families at once */
static int dump_once(unsigned int state, struct conn_dump *dump)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req *req;

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->idiag_family = AF_UNSPEC;
	req->idiag_states = 1u << state;
	dump->num = 0;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, dump);
}

/* Hands over what was read even on failure: somebody frees it */
static int dump_state(unsigned int state, struct pw_conn **conns, size_t *num)
{
	struct conn_dump dump = { 0 };
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++)
		err = dump_once(state, &dump);
	*conns = dump.conns;
	*num = dump.num;
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
