/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a tap, for its own files. */
#ifndef PROBE_TAP_PRIV_H
#define PROBE_TAP_PRIV_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "probe/tap.h"
#include "probe/tap_ring.h"

#define PW_MAX_SENT 2048	/* frames of a burst, whatever is repeated */
#define PW_MAX_QUEUE (PW_FRAME_PIECES * PW_BURST)
#define PW_MAX_ANSWERS (2 * PW_BURST)

/**
 * struct pw_tap_wire - An interface, seen from the wire
 * @used:	in this burst
 * @heard:	number of the latest sentinel that was answered
 */
struct pw_tap_wire {
	bool used;
	uint32_t heard;
};

/* An answer to the host, kept until it has arrived; @sent: its last frame */
struct pw_tap_answer {
	struct pw_frame frame;
	uint32_t iface;
	size_t sent;
};

/**
 * struct pw_tap
 * @in:		what comes to the wire, and where frames go out
 * @arrivals:	in the host: headers of our own frames
 * @ifaces:	by ifindex of the wire: index in the scene plus 1
 * @used:	interfaces of this burst
 * @first:	number of the first frame of this burst
 * @sent:	frames of this burst; the last @num_queued are not sent yet
 * @answered:	neighbours were, since it was cleared
 * @cookie:	of the next probe
 * @taken:	source ports that probes named, since connections were forgotten
 */
struct pw_tap {
	struct pw_sandbox *sb;
	struct pw_ring in, arrivals;
	struct pw_tap_wire *wires;
	uint32_t *ifaces;
	size_t num_ifaces;
	uint32_t used[PW_BURST];
	size_t num_used;
	uint32_t first;
	struct pw_sent sent[PW_MAX_SENT];
	size_t num_sent, num_queued;
	struct pw_frame queue[PW_MAX_QUEUE];
	struct mmsghdr msgs[PW_MAX_QUEUE];
	struct iovec iovs[PW_MAX_QUEUE];
	struct sockaddr_ll to[PW_MAX_QUEUE];
	struct pw_tap_answer answers[PW_MAX_ANSWERS];
	size_t num_answers;
	bool answered, loses;
	uint32_t cookie;
	bool taken[UINT16_MAX + 1];
};

/* The mark of our frames, as a source MAC address */
void pw_tap_put_tag(uint8_t *to, uint32_t number);
/* Place of a tag's frame in this burst; PW_MAX_SENT: it is of another */
size_t pw_tap_place_of(const struct pw_tap *tap, const uint8_t *tag);

/* Sends the queue. 0; -errno */
int pw_tap_flush(struct pw_tap *tap);

int64_t pw_tap_now_ms(void);
/* 1: something may have come; 0: nothing until then; -errno */
int pw_tap_wait(const struct pw_tap *tap, int64_t until_ms);

/* tap_in.c: sends the answer kept under this number, once more */
int pw_tap_push_answer(struct pw_tap *tap, size_t number);

/*
 * The next frame that is not for the wire itself, to be released; what is for
 * it is answered. 1; 0: there is none; -errno
 */
int pw_tap_next(struct pw_tap *tap, struct pw_ring_frame *out,
		uint32_t *iface);

#endif
