// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes to "portwall watch": announcements of the kernel, or frames from
 * the process that looks, which the first byte decides.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "netlink/answers.h"
#include "watch/events.h"
#include "watch/frame.h"

static void take_events(const uint8_t *data, size_t size)
{
	struct pw_transaction begun = { 0 };
	struct pw_news news = { 0 };
	struct nlmsghdr *nlh = malloc(size);
	const struct nlmsghdr *at = nlh;
	int left = (int)size;

	MUST(nlh || !size);
	if (size)
		memcpy(nlh, data, size);
	for (; pw_nlmsg_fits(at, left); at = mnl_nlmsg_next(at, &left))
		pw_events_take(at, &begun, &news);
	MUST(memchr(news.comm, '\0', sizeof(news.comm)));
	free(nlh);
}

static int on_event(void *arg, const struct pw_event *event)
{
	size_t *read = arg;

	MUST(event->kind < PW_NUM_EVENT_KINDS);
	*read += strlen(event->text) + strlen(event->comm);
	for (size_t i = 0; event->drifts && i < event->drifts->num; i++) {
		const struct pw_drift *drift = &event->drifts->list[i];

		MUST(drift->kind < PW_NUM_DRIFT_KINDS);
		*read += strlen(drift->text) +
			 (drift->hint ? strlen(drift->hint) : 0);
	}
	if (event->listener)
		MUST(event->listener->family < PW_NUM_FAMILIES);
	return 0;
}

static int on_result(void *arg, const void *result, size_t len)
{
	(void)result;
	*(size_t *)arg += len;
	return 0;
}

static void take_frames(const uint8_t *data, size_t size)
{
	struct pw_frames frames = { .buf = malloc(size), .len = size,
				    .cap = size };
	size_t read = 0;
	const struct pw_frame_reader reader = { on_event, on_result, &read };
	int err;

	MUST(frames.buf || !size);
	if (size)
		memcpy(frames.buf, data, size);
	err = pw_frames_take(&frames, &reader);
	MUST(!err || err == -EBADMSG);
	pw_frames_clear(&frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		take_frames(data + 1, size - 1);
	else
		take_events(data + 1, size - 1);
	return 0;
}
