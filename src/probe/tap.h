/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire of a sandbox. Every frame bears a number of its own as its source
 * MAC address, by which a packet socket in the host, before any rule, tells
 * exactly which arrived. A sentinel, an ARP request that the host's rules do
 * not see, goes the same way: when its answer is back, all that was sent before
 * is done with, since one CPU handles one queue.
 */
#ifndef PROBE_TAP_H
#define PROBE_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/frame.h"
#include "probe/sandbox_priv.h"

/*
 * Probes between two sentinels: what they cause must fit into the default
 * receive buffer of a socket (212,992 bytes, 832 for a small datagram)
 */
#define PW_BURST 128

enum pw_sent_kind { PW_SENT_PROBE, PW_SENT_SENTINEL, PW_SENT_NEIGHBOUR };

/**
 * struct pw_sent - A frame of this burst
 * @slot:	of probes: place in the burst
 * @arrived:	at the host
 * @heard:	of sentinels: the host answered
 */
struct pw_sent {
	uint32_t iface;
	uint16_t slot;
	enum pw_sent_kind kind : 8;
	bool arrived, heard;
};

/* A frame of the host that is not for the wire itself; @len bytes are there */
typedef void (*pw_tap_reader)(void *arg, const uint8_t *frame, size_t len);

/* Begin a burst: what was sent before is forgotten */
void pw_tap_begin(struct pw_tap *tap);

/* Room for the frames of a probe, to be pushed one after the other */
struct pw_frame *pw_tap_place(struct pw_tap *tap);
/*
 * Takes the next frame of the place; probes are sent by pw_tap_settle(), at
 * most PW_BURST. 0; -ENOBUFS: too many frames for a burst; -errno
 */
int pw_tap_push(struct pw_tap *tap, enum pw_sent_kind kind, uint32_t iface,
		uint16_t slot);

/*
 * A row of @num cookies that no probe had before, PW_COOKIE_STRIDE apart: what
 * comes late is nobody's. Its first.
 */
uint32_t pw_tap_cookies(struct pw_tap *tap, size_t num);

/*
 * Source ports that probes name, by number: nobody else takes them until the
 * connections are forgotten, and these are cleared
 */
bool *pw_tap_taken(struct pw_tap *tap);

/* How the next frame to the host begins on this interface */
void pw_tap_address(const struct pw_tap *tap, uint32_t iface,
		    struct pw_frame_how *how);

/**
 * pw_tap_settle() - Send what was pushed, and wait until all is done with
 *
 * The answers go to @read. Neighbours that the host looks for answer it, and
 * what had waited for them is waited for too.
 *
 * Return: 0; 1: a sentinel or an answer stayed away, nothing is certain;
 *	   -errno
 */
int pw_tap_settle(struct pw_tap *tap, pw_tap_reader read, void *arg);

/* The frames of this burst */
const struct pw_sent *pw_tap_sent(const struct pw_tap *tap, size_t *num);

/* Answers get lost on their way: silence means less, now and ever after */
bool pw_tap_loses(const struct pw_tap *tap);

/*
 * tap_neigh.c: the wire's own part. Writes the answer to a frame that asks for
 * a neighbour, who is @mac; false: it does not, or asks for the host itself.
 */
bool pw_neigh_answer(const struct pw_scene *scene,
		     const uint8_t mac[static PW_MAC_LEN],
		     const uint8_t *frame, size_t len, struct pw_frame *out);
/* Asks for the host's address on @iface; @tag is the sender */
void pw_neigh_sentinel(const struct pw_scene_iface *iface,
		       const uint8_t tag[static PW_MAC_LEN],
		       struct pw_frame *out);
/* The tag that a sentinel's answer brings back; NULL: it is none */
const uint8_t *pw_neigh_sentinel_tag(const uint8_t *frame, size_t len);

#endif
