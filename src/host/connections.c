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

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	if (PW_ARRAY_PUSH(dump->conns, dump->num, dump->cap,
			  conn_of(mnl_nlmsg_get_payload(nlh)))) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int dump_sockets(uint8_t af, unsigned int state,
			struct conn_dump *dump)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct inet_diag_req_v2 *req;
	struct nlmsghdr *nlh;
	size_t before = dump->num;
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		dump->num = before;
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		nlh->nlmsg_flags = NLM_F_DUMP;
		req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
		req->sdiag_family = af;
		req->sdiag_protocol = IPPROTO_TCP;
		req->idiag_states = 1u << state;
		err = pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, dump);
	}
	return err;
}

/* ENOENT for a family alone: this kernel was built without it */
static int dump_state(unsigned int state, struct conn_dump *dump)
{
	int err = dump_sockets(AF_INET, state, dump);
	int err6 = err ? err : dump_sockets(AF_INET6, state, dump);

	return err6 == -ENOENT ? 0 : err6;
}

static int gather(struct pw_conns *conns)
{
	struct conn_dump dump = { 0 };
	int err = dump_state(TCP_ESTABLISHED, &dump);

	conns->established = dump.conns;
	conns->num_established = dump.num;
	if (err || !dump.num)
		return err;
	dump = (struct conn_dump){ 0 };
	err = dump_state(TCP_LISTEN, &dump);
	conns->listeners = dump.conns;
	conns->num_listeners = dump.num;
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
