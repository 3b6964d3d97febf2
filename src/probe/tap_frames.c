// SPDX-License-Identifier: GPL-2.0-or-later
/* Single frames, for what is more than a probe. */
#include <errno.h>
#include <string.h>

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

int64_t pw_sandbox_next_frame(struct pw_sandbox *sb, int timeout_ms,
			      uint32_t *iface, void *buf, size_t len)
{
	int64_t until = pw_tap_now_ms() + timeout_ms;
	struct pw_tap *tap = sb->tap;
	struct pw_ring_frame frame;
	uint32_t from;
	int got, err;

	pw_tap_begin(tap);
	while (!(got = pw_tap_next(tap, &frame, &from))) {
		got = pw_tap_wait(tap, until);
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
