/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NLMSG_ERROR and what the kernel adds to it. */
#ifndef PORTWALL_NETLINK_ACK_H
#define PORTWALL_NETLINK_ACK_H

#include "netlink/netlink.h"

/* @code, unless it is none of 0 and -1 to -4095: then -EBADMSG */
int pw_ack_errno(int32_t code);

/* Code of an NLMSG_ERROR, 0 or negative; -EBADMSG when it is malformed */
int pw_ack_code(const struct nlmsghdr *nlh);

/* Sequence number, text and offset of an NLMSG_ERROR that has a code */
void pw_ack_read(const struct nlmsghdr *nlh, struct pw_nl_refusal *why);

#endif
