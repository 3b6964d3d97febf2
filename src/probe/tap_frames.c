// SPDX-License-Identifier: GPL-2.0-or-later
/* Single frames, for what is more than a probe. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "probe/tap_priv.h"

int pw_sandbox_send_frame(struct pw_sandbox *sb, uint32_t iface,
			  const void *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)sb->ends[iface].wire_index,
		.sll_halen = PW_MAC_LEN,
	};
	ssize_t sent = sendto(sb->tap->in.fd, frame, len, 0,
			      (struct sockaddr *)&to, sizeof(to));

	return sent < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* 1: there may be something; 0: the time is up; -errno */
static int await(const struct pw_tap *tap, int64_t until)
{
	struct pollfd in = { .fd = tap->in.fd, .events = POLLIN };
	int64_t left = until - now_ms();
	int num = poll(&in, 1, left > 0 ? (int)left : 0);

	if (num < 0)
		return errno == EINTR ? 1 : -errno;
	return num;
}

int64_t pw_sandbox_next_frame(struct pw_sandbox *sb, int timeout_ms,
			      uint32_t *iface, void *buf, size_t len)
{
	int64_t until = now_ms() + timeout_ms;
	struct pw_tap *tap = sb->tap;
	struct pw_ring_frame frame;
	uint32_t from;
	int got, err;

	pw_tap_begin(tap);
	while (!(got = pw_tap_next(tap, &frame, &from))) {
		got = await(tap, until);
		if (got <= 0)
			return got;
	}
	if (got < 0)
		return got;
	if (frame.kept < len)
		len = frame.kept;
	memcpy(buf, frame.data, len);
	pw_ring_release(&tap->in);
	err = pw_tap_flush(tap);
	if (err)
		return err;
	*iface = from;
	return (int64_t)len;
}
