/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors that the kernel hands to the socket which caused them. */
#ifndef PROBE_REFUSAL_H
#define PROBE_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/probe.h"
#include "probe/sockaddr.h"

/**
 * struct pw_refusal - One error
 * @about:	where the packet went to
 * @by:		who says so; @is_local: our own kernel, no packet left
 * @evidence:	UNREACHABLE, PROHIBITED, UNKNOWN: no such host, net, or time
 * @absent:	no such host or net: it is a rule of the target, if that says so
 * @data:	what followed the IP header of the packet, of raw sockets alone
 * @data_len:	bytes
 */
struct pw_refusal {
	struct pw_sockaddr about;
	struct pw_value by;
	bool is_local, absent;
	enum pw_evidence evidence;
	uint8_t data[64];
	size_t data_len;
};

/* Ask for errors; 0 or -errno */
int pw_refusals_want(int fd, enum pw_family family);
/* Take the oldest one; false: there is none (left) */
bool pw_refusal_next(int fd, struct pw_refusal *out);

#endif
