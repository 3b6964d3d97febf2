/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to rtnetlink: many changes in one datagram, and dumps. */
#ifndef PROBE_RTNL_H
#define PROBE_RTNL_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "portwall/addr.h"
#include "portwall/diag.h"
#include "portwall/own.h"

/* A socket in the namespace that the process was in when it was opened */
struct pw_rtnl;

/* 0 or -errno */
int pw_rtnl_open(struct pw_rtnl **out);
void pw_rtnl_close(struct pw_rtnl *rt);
PW_DEFINE_OWNED(struct pw_rtnl, pw_rtnl_close)

/**
 * pw_rtnl_add() - Begin a change; the one before is then complete
 * @type:	RTM_NEW*
 * @flags:	NLM_F_* beside NLM_F_REQUEST
 * @about:	the interface, for messages; borrowed until the flush and what
 *		pw_rtnl_failed() says of it
 *
 * There is room for 512 bytes. What is complete may be sent at any time; an
 * error is kept until pw_rtnl_flush(), and nothing is sent after it.
 */
struct nlmsghdr *pw_rtnl_add(struct pw_rtnl *rt, uint16_t type, uint16_t flags,
			     const char *about);

/* As mnl_attr_put(), in network order */
void pw_rtnl_put_addr(struct nlmsghdr *nlh, uint16_t type,
		      enum pw_family family, struct pw_value addr);

/*
 * Send what is left. 0; the first error of all since the last flush: -errno.
 * Until the next change pw_rtnl_failed() says it in words, and returns it.
 */
int pw_rtnl_flush(struct pw_rtnl *rt);
int pw_rtnl_failed(const struct pw_rtnl *rt, struct pw_diags *diags);

/**
 * pw_rtnl_dump() - Ask for all things of a kind
 * @nlh:	of mnl_nlmsg_put_header(), complete but for flags and numbers
 * @reader:	returns MNL_CB_OK
 *
 * Return: 0 or -errno; -EINTR: it changed meanwhile
 */
int pw_rtnl_dump(struct pw_rtnl *rt, struct nlmsghdr *nlh, mnl_cb_t reader,
		 void *arg);

#endif
