/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes under way: which one is meant by what comes back. */
#ifndef PROBE_FIRE_H
#define PROBE_FIRE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/frame.h"
#include "probe/sandbox_priv.h"
#include "probe/tap.h"

/* A socket of the host that takes what the rules let through */
struct pw_catch {
	int fd;
	enum pw_family family;
	uint8_t proto;
	bool raw;		/* IPv4: with the IP header */
	uint32_t drops;		/* that it had lost when asked last */
};

/* Every protocol raw, and UDP listeners, of both families */
#define PW_MAX_CATCHES (PW_NUM_FAMILIES * (256 + 1))

/**
 * struct pw_pin - The processor that a burst keeps to
 * Only what one of them sends and receives keeps its order.
 * @all:	where we may run otherwise
 * @free:	there is a choice
 */
struct pw_pin {
	cpu_set_t all;
	bool free;
};

/**
 * struct pw_salvo - Probes that share a base of cookies
 * @base:	cookie of the first
 * @sport:	of probes that leave it open
 * @last:	silence counts, even where answers get lost
 * @max:	probes of a burst
 * @failures:	bursts in a row of which nothing is certain
 * @slots:	probes of this burst; in pw_sent.slot lies the place here
 * @alone:	bytes of the only probe of this burst, if it has no cookie
 * @catches:	sockets that could get a probe of this salvo
 */
struct pw_salvo {
	struct pw_sandbox *sb;
	struct pw_pin pin;
	const struct pw_probe *probes;
	size_t num;
	uint8_t *evidence;
	uint32_t base;
	uint16_t sport;
	bool last;
	size_t max;
	int failures;
	size_t slots[PW_BURST];
	size_t num_slots;
	uint8_t alone[PW_FRAME_MAX];
	size_t alone_len;
	struct pw_catch catches[PW_MAX_CATCHES];
	size_t num_catches;
};

/* What was seen of a probe; what counts more is never taken back */
void pw_salvo_mark(struct pw_salvo *salvo, size_t index,
		   enum pw_evidence evidence);

/*
 * Which probe do these bytes, from the transport header on, belong to?
 * false: none
 */
bool pw_salvo_find(const struct pw_salvo *salvo, enum pw_family family,
		   uint8_t proto, const uint8_t *data, size_t len,
		   size_t *index);

/* fire_answer.c: reads a frame that the host sent; @arg: the salvo */
void pw_salvo_read(void *arg, const uint8_t *frame, size_t len);

/* fire_catch.c: the sockets for these probes; 0 or -errno */
int pw_catches_choose(struct pw_salvo *salvo);
/* Reads what they got. 0; 1: they lost some; -errno */
int pw_catches_read(struct pw_salvo *salvo);

#endif
