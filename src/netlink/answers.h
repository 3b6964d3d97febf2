/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams of the kernel, taken apart with distrust. */
#ifndef PORTWALL_NETLINK_ANSWERS_H
#define PORTWALL_NETLINK_ANSWERS_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is there a whole message at @nlh, of @len bytes that are left? */
bool pw_nlmsg_fits(const struct nlmsghdr *nlh, int len);

/**
 * pw_answers_take() - Hand the messages of one datagram to @cb
 * @seq, @port_id: of the question; what carries others is refused
 * @cb:		returns MNL_CB_OK; MNL_CB_STOP: that was all; MNL_CB_ERROR with
 *		errno set
 *
 * Return: 1: more are to come; 0: that was all; -EINTR: the dump was
 *	   inconsistent, ask again; -ENOBUFS: some were lost; -EBADMSG: no
 *	   answer that the protocol allows; other errors of the kernel and @cb
 */
int pw_answers_take(const void *buf, size_t len, uint32_t seq,
		    uint32_t port_id, mnl_cb_t cb, void *arg);

#endif
