/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet sockets with a receive ring. */
#ifndef PROBE_TAP_RING_H
#define PROBE_TAP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_fprog;

/**
 * struct pw_ring - Frames of all interfaces of one network namespace
 * @fd:		also to send on
 * @next:	slot that the kernel fills next
 */
struct pw_ring {
	int fd;
	uint8_t *map;
	size_t slot_len, num_slots, next;
};

/**
 * struct pw_ring_frame - A received frame
 * @data:	in the ring, until pw_ring_release()
 * @kept:	bytes there; @len: bytes it had
 */
struct pw_ring_frame {
	const uint8_t *data;
	size_t kept, len;
	int ifindex;
};

/**
 * pw_ring_open() - Receive from now on, in the namespace the process is in
 * @slot_len:	a power of two, at least 128: some 70 bytes are not the frame's
 * @num_slots:	a power of two, a page of slots at least
 * @filter:	what to take, and how much of it; NULL: everything
 *
 * Return: 0; -errno of the system; @ring may be closed then too
 */
int pw_ring_open(struct pw_ring *ring, size_t slot_len, size_t num_slots,
		 const struct sock_fprog *filter);
void pw_ring_close(struct pw_ring *ring);

/* The oldest frame; false: there is none */
bool pw_ring_peek(struct pw_ring *ring, struct pw_ring_frame *out);
void pw_ring_release(struct pw_ring *ring);	/* the frame just seen */

/* How many frames did not fit since it was asked last; -errno */
int64_t pw_ring_drops(const struct pw_ring *ring);

#endif
