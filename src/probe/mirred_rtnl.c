// SPDX-License-Identifier: GPL-2.0-or-later
/* Single requests of rtnetlink. */
#include "probe/mirred_rtnl.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/own.h"

#define SEQ 1		/* one request at a time, answered before the next */
#define ANSWER_LEN 32768	/* what the kernel fills at most in a dump */

static void buf_freep(char **buf)
{
	free(*buf);
}

void *pw_rtnl_begin(struct pw_rtnl *req, uint16_t type, uint16_t flags,
		    size_t len)
{
	req->nlh = mnl_nlmsg_put_header(req->buf);
	req->nlh->nlmsg_type = type;
	req->nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(req->nlh, len);
}

int pw_rtnl_ask(struct mnl_socket *sock, struct pw_rtnl *req, mnl_cb_t each,
		void *arg)
{
	pw_owned(buf_free) char *buf = malloc(ANSWER_LEN);
	int ret = MNL_CB_OK;

	if (!buf)
		return -ENOMEM;
	req->nlh->nlmsg_seq = SEQ;
	if (mnl_socket_sendto(sock, req->nlh, req->nlh->nlmsg_len) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(sock, buf, ANSWER_LEN);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)len, req->nlh->nlmsg_seq,
				 mnl_socket_get_portid(sock), each, arg);
	}
	return ret < 0 ? -errno : 0;
}

int pw_rtnl_send(struct mnl_socket *sock, struct pw_rtnl *req)
{
	req->nlh->nlmsg_flags |= NLM_F_ACK;
	return pw_rtnl_ask(sock, req, NULL, NULL);
}
