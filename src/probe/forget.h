/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of our own probes in the connection table, and room for more. */
#ifndef PROBE_FORGET_H
#define PROBE_FORGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/sockaddr.h"

struct mnl_socket;

/**
 * struct pw_forget - A way to take entries out again
 * @nl:		NULL: not allowed, or there is no connection tracking here
 */
struct pw_forget {
	struct mnl_socket *nl;
};

/* Never fails: what cannot be taken out stays until its time is up */
void pw_forget_open(struct pw_forget *forget);
void pw_forget_close(struct pw_forget *forget);

/*
 * Take out what was sent from @source to @num @ports of @target. Closes itself
 * when none of many was there.
 */
void pw_forget_probes(struct pw_forget *forget, uint8_t proto,
		      const struct pw_sockaddr *source,
		      const struct pw_sockaddr *target, const uint16_t *ports,
		      size_t num);

/*
 * How many entries the connection table still takes, SIZE_MAX: there is none,
 * or it is not in use. When it is full, packets of others are dropped.
 */
size_t pw_connection_room(void);

#endif
