// SPDX-License-Identifier: GPL-2.0-or-later
/* One request to the kernel over a netlink socket of its own, and the replies. */
#include "host/sockquery.h"

#include <errno.h>
#include <stdlib.h>

#include "netlink/answers.h"
#include "netlink/wire.h"
#include "portwall/own.h"

#define QUERY_SEQ 1	/* a socket carries one request only */
#define QUERY_BUF 32768	/* bytes: what the kernel fills at most in a dump */

static void wire_closep(struct pw_wire *wire)
{
	if (wire->ctx)
		wire->close(wire->ctx);
}

static void buf_freep(char **buf)
{
	free(*buf);
}

static int receive(const struct pw_wire *wire, mnl_cb_t cb, void *arg)
{
	pw_owned(buf_free) char *buf = malloc(QUERY_BUF);
	int ret = buf ? 1 : -ENOMEM;

	while (ret > 0) {
		ssize_t len = wire->recv(wire->ctx, buf, QUERY_BUF);

		if (len == -EAGAIN)
			return -EBADMSG;	/* ended before its end */
		ret = len < 0 ? (int)len :
		      pw_answers_take(buf, (size_t)len, QUERY_SEQ,
				      wire->port_id, cb, arg);
	}
	return ret;
}

int pw_sock_query(int bus, struct nlmsghdr *req, mnl_cb_t cb, void *arg)
{
	pw_owned(wire_close) struct pw_wire wire = { 0 };
	int err = pw_wire_open_bus(bus, &wire);

	if (err)
		return err;
	req->nlmsg_flags |= NLM_F_REQUEST;
	req->nlmsg_seq = QUERY_SEQ;
	err = wire.send(wire.ctx, req, req->nlmsg_len);
	return err ? err : receive(&wire, cb, arg);
}
