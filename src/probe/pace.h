/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clock, and how fast probes may be sent. */
#ifndef PROBE_PACE_H
#define PROBE_PACE_H

#include <stdint.h>

#define PW_MS_NS 1000000ull
#define PW_S_NS 1000000000ull

/* CLOCK_MONOTONIC */
uint64_t pw_now_ns(void);

/**
 * struct pw_pace - A token bucket
 * @gap_ns:	between two probes on average
 * @next_ns:	when the next token is there
 */
struct pw_pace {
	uint64_t gap_ns, next_ns;
};

/* @rate: a second; 0 is taken for 1 */
struct pw_pace pw_pace_of(uint32_t rate);
/* Take a token; 0, or how long there is none yet, then nothing is taken */
uint64_t pw_pace_take(struct pw_pace *pace);

#endif
