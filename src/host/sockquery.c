// SPDX-License-Identifier: GPL-2.0-or-later
/* One request to the kernel over a netlink socket of its own, and the replies. */
#include "host/sockquery.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/own.h"

#define QUERY_SEQ 1	/* a socket carries one request only */
#define QUERY_BUF 32768	/* bytes: what the kernel fills at most in a dump */

static void socket_closep(struct mnl_socket **sock)
{
	if (*sock)
		mnl_socket_close(*sock);
}

static void buf_freep(char **buf)
{
	free(*buf);
}

static int receive(struct mnl_socket *sock, mnl_cb_t cb, void *arg)
{
	pw_owned(buf_free) char *buf = malloc(QUERY_BUF);
	int ret = MNL_CB_OK;

	if (!buf)
		return -ENOMEM;
	while (ret > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(sock, buf, QUERY_BUF);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)len, QUERY_SEQ,
				 mnl_socket_get_portid(sock), cb, arg);
	}
	return ret < 0 ? -errno : 0;
}

int pw_sock_query(int bus, struct nlmsghdr *req, mnl_cb_t cb, void *arg)
{
	pw_owned(socket_close) struct mnl_socket *sock =
		mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	req->nlmsg_flags |= NLM_F_REQUEST;
	req->nlmsg_seq = QUERY_SEQ;
	if (mnl_socket_sendto(sock, req, req->nlmsg_len) < 0)
		return -errno;
	return receive(sock, cb, arg);
}
