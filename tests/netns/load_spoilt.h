/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A wire to the kernel on which things go wrong. */
#ifndef TESTS_NETNS_LOAD_SPOILT_H
#define TESTS_NETNS_LOAD_SPOILT_H

#include <stdbool.h>
#include <stdint.h>

#include "load_host.h"

/*
 * A wire on which somebody commits just before a transaction is sent, or its
 * answer gets lost, as often as asked, or every answer is garbled
 */
struct spoilt {
	struct pw_wire wire;
	struct pw_nl *other;
	int overtake, lose;
	int overtaken, lost;
	int fail_recv, fail_send;
	bool losing, garbling;
	uint32_t random;
};

extern struct spoilt ls_spoilt;

/* From now on @host's wire does what ls_spoilt says; until ls_close() */
void ls_spoil(const struct host *host);
void ls_close(void);

#endif
