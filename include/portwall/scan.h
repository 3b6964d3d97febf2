/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes by ordinary means: loopback, and another host over the network. */
#ifndef PORTWALL_SCAN_H
#define PORTWALL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "probe.h"

/**
 * struct pw_loopback - A sweep of ports over lo
 * @addr:	an address of this host
 * @proto:	IPPROTO_TCP or IPPROTO_UDP
 * @only:	65,536; ports that are asked; NULL: all
 * @raw:	raw SYNs, of which services see nothing; set to false when that
 *		was not allowed and connect(2) was used instead
 * @evidence:	by port, 65,536: ANSWER, RESET, UNREACHABLE, SILENCE (something
 *		takes it and says nothing: UDP; or a full backlog), PROHIBITED
 *		(output is refused), UNKNOWN; NONE where not asked
 *
 * Self-connects and the sockets of this process are never answers.
 */
struct pw_loopback {
	enum pw_family family;
	struct pw_value addr;
	uint8_t proto;
	bool raw;
	const bool *only;
	uint8_t *evidence;
};

/* 0; errors of the system with a message */
int pw_loopback_sweep(struct pw_loopback *sweep, struct pw_diags *diags);

/**
 * struct pw_remote - Ports of another host
 * @target, @source: @source all 0: chosen by the route, and set
 * @proto:	IPPROTO_TCP or IPPROTO_UDP
 * @rate:	probes a second at most, control probes included
 * @tries:	of a probe that nobody answers, from 1
 * @timeout_ms:	for an answer, of the first try; doubled with each
 * @ports:	NULL: 1 to 65535
 * @evidence:	by place in @ports (NULL: by port, 65,536). TCP: ANSWER, RESET,
 *		PROHIBITED, UNREACHABLE, SILENCE only when something of the same
 *		host answered right before and right after all tries, and so
 *		reliably that they cannot all have been lost (never with one
 *		try; with two it costs more control probes), else UNKNOWN. UDP:
 *		ANSWER, UNREACHABLE, PROHIBITED, else UNKNOWN
 * @count:	set
 * @progress:	or NULL: @done of @total ports
 */
struct pw_remote {
	enum pw_family family;
	struct pw_value target, source;
	uint8_t proto;
	uint32_t rate;
	unsigned int tries, timeout_ms;
	const uint16_t *ports;
	size_t num_ports;
	uint8_t *evidence;
	struct pw_probe_count count;
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
};

/* 0; -ENETUNREACH and others with a message */
int pw_remote_scan(struct pw_remote *scan, struct pw_diags *diags);

#endif
