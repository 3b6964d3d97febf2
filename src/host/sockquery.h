/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to the kernel over a netlink socket of its own, and the replies. */
#ifndef HOST_SOCKQUERY_H
#define HOST_SOCKQUERY_H

#include <libmnl/libmnl.h>

/**
 * pw_sock_query() - Send @req, hand every reply to @cb
 * @bus:	NETLINK_ROUTE, NETLINK_SOCK_DIAG
 * @req:	sequence number and NLM_F_REQUEST are filled in
 * @cb:		returns MNL_CB_OK, or MNL_CB_ERROR with errno set
 *
 * Return: 0; -EINTR: the dump was inconsistent, ask again; other errors of
 *	   the kernel, of the socket and of @cb
 */
int pw_sock_query(int bus, struct nlmsghdr *req, mnl_cb_t cb, void *arg);

#endif
