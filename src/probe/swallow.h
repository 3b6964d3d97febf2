/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that notes probes behind everybody else's chains and keeps them. */
#ifndef PROBE_SWALLOW_H
#define PROBE_SWALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/addr.h"
#include "portwall/diag.h"
#include "portwall/own.h"

/*
 * Probes between two pw_swallow_arm(): what the sets have room for. The time to
 * dump a set grows with the square of its elements, so sweeps go one by one.
 */
#define PW_SWALLOW_ROOM 65536u

struct pw_swallow;

/**
 * struct pw_mark - What probes are known by
 * @cookie:	random; no other mark of this run has it, or one less or more
 * @each:	note the arrival of each probe, not their number alone
 */
struct pw_mark {
	uint32_t cookie;
	enum pw_family family;
	struct pw_value dst;
	bool each;
};

/**
 * pw_swallow_open() - Make the table
 *
 * It belongs to a socket of this process (owner flag, 5.12), and ends with it.
 *
 * Return: 0; errors of the system with a message
 */
int pw_swallow_open(struct pw_swallow **out, struct pw_diags *diags);
void pw_swallow_close(struct pw_swallow *swallow);
PW_DEFINE_OWNED(struct pw_swallow, pw_swallow_close)

/**
 * pw_swallow_arm() - Look out for these marks
 *
 * What was noted before is forgotten. Probes and replies of earlier marks are
 * still kept in.
 */
int pw_swallow_arm(struct pw_swallow *swallow, const struct pw_mark *marks,
		   size_t num, struct pw_diags *diags);

/*
 * Before pw_swallow_arm(): look also at what is sent through a device below the
 * IP layer, where the kernel can (5.16)
 */
int pw_swallow_guard(struct pw_swallow *swallow, uint32_t ifindex,
		     struct pw_diags *diags);

/* Probes of a mark that reached the host: called for each that has any */
typedef void (*pw_swallow_counted)(void *arg, uint32_t cookie, uint64_t num);
int pw_swallow_count(struct pw_swallow *swallow, pw_swallow_counted counted,
		     void *arg, struct pw_diags *diags);

enum pw_noted {
	PW_NOTED_ARRIVED,	/* of marks with @each */
	PW_NOTED_REACHED,	/* passed every chain of input */
	PW_NOTED_FORWARDED,	/* ... of forward, with @addr and @to_port */
	PW_NOTED_TCP,		/* a TCP answer, with its @flags */
	PW_NOTED_ERROR,		/* an ICMP error with @type and @code */
};

/**
 * struct pw_note - What the table saw of one probe
 * @port:	that it was sent to
 */
struct pw_note {
	enum pw_noted what;
	uint32_t cookie;
	uint16_t port, to_port;
	enum pw_family family;
	struct pw_value addr;
	uint8_t flags, type, code;
};

/*
 * Reads all notes. @noted returns 0, or an error that ends the reading.
 * -ENOSPC: something could not be noted
 */
typedef int (*pw_swallow_noted)(void *arg, const struct pw_note *note);
int pw_swallow_read(struct pw_swallow *swallow, pw_swallow_noted noted,
		    void *arg, struct pw_diags *diags);

#endif
