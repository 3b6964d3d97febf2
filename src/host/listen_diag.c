// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets of one protocol and family, by sock_diag. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "host/inet.h"
#include "host/listeners.h"
#include "host/sockquery.h"

#define DUMP_TRIES 10

struct dump {
	const struct pw_socket_kind *kind;
	struct pw_listener_list *out;
};

/* Of the attributes; @locals: struct sockaddr_storage, one for each address */
struct details {
	bool v6only;
	const char *locals;
	size_t num_locals;
	int proto;		/* of a raw socket, -1: not told */
};

static int detail_attr(const struct nlattr *attr, void *arg)
{
	struct details *details = arg;

	switch (mnl_attr_get_type(attr)) {
	case INET_DIAG_SKV6ONLY:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
			details->v6only = mnl_attr_get_u8(attr);
		break;
	case INET_DIAG_PROTOCOL:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
			details->proto = mnl_attr_get_u8(attr);
		break;
	case INET_DIAG_LOCALS:
		details->locals = mnl_attr_get_payload(attr);
		details->num_locals = mnl_attr_get_payload_len(attr) /
				      sizeof(struct sockaddr_storage);
		break;
	}
	return MNL_CB_OK;
}

static int add_at(struct pw_listener_list *out, struct pw_listener listener,
		  bool v6, const void *addr_be, bool v6only)
{
	listener.family = v6 ? PW_IPV6 : PW_IPV4;
	listener.addr = pw_inet_get(&listener.family, addr_be);
	return pw_listen_add(out, listener, v6 && !v6only);
}

/* An SCTP socket may be bound to several addresses */
static int add_locals(struct pw_listener_list *out,
		      const struct pw_listener *listener,
		      const struct details *details)
{
	int err = 0;

	for (size_t i = 0; !err && i < details->num_locals; i++) {
		struct sockaddr_storage ss;
		const struct sockaddr_in *in = (const void *)&ss;
		const struct sockaddr_in6 *in6 = (const void *)&ss;

		memcpy(&ss, details->locals + i * sizeof(ss), sizeof(ss));
		if (ss.ss_family == AF_INET)
			err = add_at(out, *listener, false, &in->sin_addr,
				     false);
		else if (ss.ss_family == AF_INET6)
			err = add_at(out, *listener, true, &in6->sin6_addr,
				     details->v6only);
	}
	return err;
}

static struct pw_listener listener_of(const struct pw_socket_kind *kind,
				      const struct inet_diag_msg *msg,
				      const struct details *details)
{
	uint16_t port = ntohs(msg->id.idiag_sport);
	struct pw_listener listener = {
		.proto = kind->proto,
		.raw = kind->raw,
		.port = port,
		.ifindex = msg->id.idiag_if,
		.inode = msg->idiag_inode,
	};

	if (kind->raw) {
		listener.port = 0;
		listener.proto = (uint8_t)(details->proto >= 0 ?
					   details->proto : port);
	}
	if (kind->proto == IPPROTO_TCP) {
		listener.queue = msg->idiag_rqueue;
		listener.backlog = msg->idiag_wqueue;
	}
	return listener;
}

int pw_listen_decode(const struct pw_socket_kind *kind,
		     const struct nlmsghdr *nlh,
		     struct pw_listener_list *out)
{
	struct details details = { .proto = -1 };
	const struct inet_diag_msg *msg;
	struct pw_listener listener;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return -EBADMSG;
	msg = mnl_nlmsg_get_payload(nlh);
	if (msg->idiag_state != kind->state)
		return 0;
	mnl_attr_parse(nlh, sizeof(*msg), detail_attr, &details);
	listener = listener_of(kind, msg, &details);
	if (!listener.port && !listener.raw)	/* not bound yet */
		return 0;
	if (details.num_locals)
		return add_locals(out, &listener, &details);
	/* a raw socket is of one family, whatever its options */
	return add_at(out, listener, msg->idiag_family == AF_INET6,
		      msg->id.idiag_src, details.v6only || kind->raw);
}

static int on_socket(const struct nlmsghdr *nlh, void *arg)
{
	struct dump *dump = arg;
	int err;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return MNL_CB_OK;
	err = pw_listen_decode(dump->kind, nlh, dump->out);
	if (!err)
		return MNL_CB_OK;
	errno = -err;
	return MNL_CB_ERROR;
}

static int dump_once(struct dump *dump, enum pw_family family)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = family == PW_IPV4 ? AF_INET : AF_INET6;
	req->sdiag_protocol = dump->kind->proto;
	req->idiag_states = 1u << dump->kind->state;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, on_socket, dump);
}

int pw_listen_diag(const struct pw_socket_kind *kind, enum pw_family family,
		   struct pw_listener_list *out)
{
	struct dump dump = { kind, out };
	const size_t before = out->num;
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		out->num = before;
		err = dump_once(&dump, family);
	}
	return err;
}
