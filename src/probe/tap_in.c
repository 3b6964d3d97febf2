// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes to the wire: for the wire itself, or for whoever asks. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "probe/tap_priv.h"

int64_t pw_tap_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int pw_tap_wait(const struct pw_tap *tap, int64_t until_ms)
{
	struct pollfd in = { .fd = tap->in.fd, .events = POLLIN };
	int64_t left = until_ms - pw_tap_now_ms();
	int num = poll(&in, 1, left > 0 ? (int)left : 0);

	if (num < 0)
		return errno == EINTR ? 1 : -errno;
	return num;
}

int pw_tap_push_answer(struct pw_tap *tap, size_t number)
{
	struct pw_tap_answer *answer = &tap->answers[number];

	answer->sent = tap->num_sent;
	*pw_tap_place(tap) = answer->frame;
	return pw_tap_push(tap, PW_SENT_NEIGHBOUR, answer->iface, 0);
}

static int answer(struct pw_tap *tap, uint32_t iface, const uint8_t *frame,
		  size_t len)
{
	struct pw_tap_answer *new = &tap->answers[tap->num_answers];

	if (tap->num_answers == PW_MAX_ANSWERS)
		return 0;		/* the host asks again */
	if (!pw_neigh_answer(tap->sb->scene, tap->sb->ends[iface].wire_mac,
			     frame, len, &new->frame))
		return 0;
	new->iface = iface;
	tap->answered = true;
	return pw_tap_push_answer(tap, tap->num_answers++) ?: 1;
}

static void hear(struct pw_tap *tap, uint32_t iface, const uint8_t *tag)
{
	size_t place = pw_tap_place_of(tap, tag);

	if (place == PW_MAX_SENT || tap->sent[place].kind != PW_SENT_SENTINEL)
		return;
	tap->sent[place].heard = true;
	tap->wires[iface].heard = tap->first + (uint32_t)place;
}

/* 1: the frame was for the wire itself; 0: it was not; -errno */
static int take(struct pw_tap *tap, const struct pw_ring_frame *frame,
		uint32_t iface)
{
	const uint8_t *tag = pw_neigh_sentinel_tag(frame->data, frame->kept);

	if (!tag)
		return answer(tap, iface, frame->data, frame->kept);
	hear(tap, iface, tag);
	return 1;
}

int pw_tap_next(struct pw_tap *tap, struct pw_ring_frame *out, uint32_t *iface)
{
	int err = 0;

	while (!err && pw_ring_peek(&tap->in, out)) {
		size_t index = (size_t)out->ifindex;

		*iface = index < tap->num_ifaces ? tap->ifaces[index] : 0;
		if (*iface) {
			(*iface)--;
			err = take(tap, out, *iface);
			if (!err)
				return 1;
			err = err < 0 ? err : 0;
		}
		pw_ring_release(&tap->in);
	}
	return err ?: pw_tap_flush(tap);
}
