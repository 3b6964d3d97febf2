// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets of a protocol, both families, by sock_diag. */
#include "host/inet_dump.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "host/inet.h"
#include "host/sockquery.h"
#include "portwall/array.h"

#define DUMP_TRIES 10

static struct pw_inet_socket socket_of(const struct inet_diag_msg *msg)
{
	enum pw_family family =
		msg->idiag_family == AF_INET ? PW_IPV4 : PW_IPV6;
	enum pw_family peer_family = family;
	struct pw_inet_socket sock = {
		.local_port = ntohs(msg->id.idiag_sport),
		.peer_port = ntohs(msg->id.idiag_dport),
		.msg = *msg,
	};

	sock.peer = pw_inet_get(&peer_family, msg->id.idiag_dst);
	sock.local = pw_inet_get(&family, msg->id.idiag_src);
	sock.family = family;
	return sock;
}

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	struct pw_inet_sockets *out = arg;

	if ((nlh->nlmsg_type != TCPDIAG_GETSOCK &&
	     nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	if (PW_ARRAY_PUSH(out->list, out->num, out->cap,
			  socket_of(mnl_nlmsg_get_payload(nlh)))) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* The older request, for TCP alone, asks for both families at once */
static int dump_tcp(uint32_t states, struct pw_inet_sockets *out)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req *req;

	nlh->nlmsg_type = TCPDIAG_GETSOCK;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->idiag_family = AF_UNSPEC;
	req->idiag_states = states;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, out);
}

static int dump_family(uint8_t proto, uint8_t family, uint32_t states,
		       struct pw_inet_sockets *out)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = proto;
	req->idiag_states = states;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, out);
}

static int dump_once(uint8_t proto, uint32_t states,
		     struct pw_inet_sockets *out)
{
	int err;

	if (proto == IPPROTO_TCP)
		return dump_tcp(states, out);
	err = dump_family(proto, AF_INET, states, out);
	return err ? err : dump_family(proto, AF_INET6, states, out);
}

int pw_inet_dump(uint8_t proto, uint32_t states, struct pw_inet_sockets *out)
{
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		out->num = 0;
		err = dump_once(proto, states, out);
	}
	return err;
}

void pw_inet_sockets_clear(struct pw_inet_sockets *sockets)
{
	free(sockets->list);
	*sockets = (struct pw_inet_sockets){ 0 };
}

int pw_inet_explain(int err, struct pw_diags *diags)
{
	static const char what[] = "connections of this host cannot be read";

	/* inet_diag.c and sock_diag.c: no module answers for the protocol */
	if (err != -ENOENT && err != -EOPNOTSUPP)
		return pw_diag_system(diags, -err, "%s", what);
	pw_diag_system(diags, EOPNOTSUPP, "this kernel has no tcp_diag: %s",
		       what);
	pw_diag_hint(diags,
		     "load the module tcp_diag, or boot a kernel with CONFIG_INET_DIAG");
	return -EOPNOTSUPP;
}
