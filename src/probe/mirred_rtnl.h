/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single requests of rtnetlink. */
#ifndef PROBE_MIRRED_RTNL_H
#define PROBE_MIRRED_RTNL_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct pw_rtnl - A request under construction
 * @nlh:	in @buf
 */
struct pw_rtnl {
	struct nlmsghdr *nlh;
	char buf[1024];
};

/* Returns the family's header, @len bytes of zeroes */
void *pw_rtnl_begin(struct pw_rtnl *req, uint16_t type, uint16_t flags,
		    size_t len);
/* Sends it and reads the answers: 0 or the kernel's error */
int pw_rtnl_ask(struct mnl_socket *sock, struct pw_rtnl *req, mnl_cb_t each,
		void *arg);
/* The same for what has no answer but an ACK */
int pw_rtnl_send(struct mnl_socket *sock, struct pw_rtnl *req);

#endif
