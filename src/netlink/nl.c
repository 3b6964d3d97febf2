// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of a netlink socket, and patience with those who share the tables. */
#include <errno.h>
#include <stdlib.h>

#include "netlink/netlink.h"

#define BACKOFF_MS 5000
#define MAX_PAUSE_MS 20

struct pw_nl *pw_nl_new(const struct pw_wire *wire)
{
	struct pw_nl *nl = calloc(1, sizeof(*nl));

	if (!nl) {
		wire->close(wire->ctx);
		return NULL;
	}
	nl->wire = *wire;
	nl->seq = 1;
	nl->buf = malloc(PW_NL_BUF_LEN);
	nl->req = calloc(1, PW_NL_REQ_LEN);	/* libmnl does not pad */
	if (nl->buf && nl->req)
		return nl;
	pw_nl_close(nl);
	return NULL;
}

void pw_nl_close(struct pw_nl *nl)
{
	if (!nl)
		return;
	nl->wire.close(nl->wire.ctx);
	free(nl->buf);
	free(nl->req);
	free(nl);
}

bool pw_nl_is_passing(int err)
{
	return err == -EINTR || err == -ENOBUFS || err == -EAGAIN;
}

int pw_backoff_wait(struct pw_backoff *backoff, const struct pw_nl *nl)
{
	uint64_t now_ms = nl->wire.now_ms(nl->wire.ctx);

	if (!backoff->pause_ms) {
		backoff->start_ms = now_ms;
		backoff->pause_ms = 1;
	}
	if (now_ms - backoff->start_ms >= BACKOFF_MS)
		return -EAGAIN;
	nl->wire.pause_ms(nl->wire.ctx, backoff->pause_ms);
	backoff->pause_ms *= 2;
	if (backoff->pause_ms > MAX_PAUSE_MS)
		backoff->pause_ms = MAX_PAUSE_MS;
	return 0;
}
