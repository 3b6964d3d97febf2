/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP echo without privilege, where the system allows it. */
#ifndef PROBE_PING_H
#define PROBE_PING_H

#include <stdint.h>

#include "portwall/addr.h"
#include "probe/sockaddr.h"

/* A ping socket to @target alone, or -errno: -EACCES if these are not allowed
 * (net.ipv4.ping_group_range) */
int pw_ping_open(const struct pw_sockaddr *target,
		 const struct pw_sockaddr *source);

/*
 * Ask @num times (at most 64), @gap_ns apart; how many answers there were within
 * @timeout_ns of the last one. @seq: number of the first, grows by @num, so that
 * late answers to what was asked before do not count
 */
unsigned int pw_ping_ask(int fd, uint16_t *seq, unsigned int num,
			 uint64_t gap_ns, uint64_t timeout_ns);

#endif
