/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP connections that are being tried, many at once, without privilege. */
#ifndef PROBE_FLIGHT_H
#define PROBE_FLIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/probe.h"
#include "probe/sockaddr.h"

/*
 * What became of an attempt: ANSWER, RESET, PROHIBITED, UNREACHABLE; UNKNOWN:
 * something between here and there has failed; NONE: time is up
 */
typedef void (*pw_flight_done)(void *arg, size_t id, enum pw_evidence evidence,
			       uint64_t elapsed_ns);

struct pw_flight;

/**
 * pw_flight_new() - Attempts at one target
 * @source:	where from, its port is 0; or NULL
 * @done:	told of each attempt, once
 *
 * As many at once as this process may open files, within reason.
 * Return: 0 or -errno
 */
int pw_flight_new(const struct pw_sockaddr *target,
		  const struct pw_sockaddr *source, pw_flight_done done,
		  void *arg, struct pw_flight **out);
void pw_flight_free(struct pw_flight *flight);

/*
 * 0; -EAGAIN: there are as many as may be, or no source port is left: wait for
 * some to end; other errors of the system. The attempt may be done at once.
 */
int pw_flight_start(struct pw_flight *flight, uint16_t port, size_t id,
		    uint64_t timeout_ns);

/* Let things happen for @ns at most, or until one does. 0 or -errno */
int pw_flight_wait(struct pw_flight *flight, uint64_t ns);

/* Attempts under way */
size_t pw_flight_num(const struct pw_flight *flight);

#endif
