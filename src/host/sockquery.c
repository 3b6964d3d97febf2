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

static int end_with(int err)
{
	if (err >= 0)
		return MNL_CB_STOP;
	errno = -err;
	return MNL_CB_ERROR;
}

static int on_error(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlmsgerr *msg = mnl_nlmsg_get_payload(nlh);

	(void)arg;
	return end_with(mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg) ?
			-EBADMSG : msg->error);
}

/* A dump that failed says so in its last message, which libmnl does not read */
static int on_done(const struct nlmsghdr *nlh, void *arg)
{
	const int *err = mnl_nlmsg_get_payload(nlh);

	(void)arg;
	return end_with(mnl_nlmsg_get_payload_len(nlh) < sizeof(*err) ?
			0 : *err);
}

static int receive(struct mnl_socket *sock, mnl_cb_t cb, void *arg)
{
	mnl_cb_t control[] = {
		[NLMSG_ERROR] = on_error,
		[NLMSG_DONE] = on_done,
	};
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
		ret = mnl_cb_run2(buf, (size_t)len, QUERY_SEQ,
				  mnl_socket_get_portid(sock), cb, arg,
				  control, PW_ARRAY_SIZE(control));
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
