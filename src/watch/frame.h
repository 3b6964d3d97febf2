/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events on their way from the process that looks to the one that tells. */
#ifndef WATCH_FRAME_H
#define WATCH_FRAME_H

#include <stddef.h>

#include "portwall/watch.h"

/* What follows is of any kind that the two agree on, and not an event */
#define PW_FRAME_RESULT PW_NUM_EVENT_KINDS

/* Writes one event to @fd. 0 or -errno */
int pw_frame_send(int fd, const struct pw_event *event);
/* The same of bytes */
int pw_frame_send_result(int fd, const void *result, size_t len);

/**
 * struct pw_frames - What was read, and not taken yet
 */
struct pw_frames {
	char *buf;
	size_t len, cap;
};

/* Reads what has come: 1 there may be more; 0 the end; -errno */
int pw_frames_read(struct pw_frames *frames, int fd);

/**
 * struct pw_frame_reader - Who takes them
 * @result:	of the length that was sent
 */
struct pw_frame_reader {
	int (*event)(void *arg, const struct pw_event *event);
	int (*result)(void *arg, const void *result, size_t len);
	void *arg;
};

/* All that are whole. 0; -EBADMSG; -ENOMEM; what a reader returned */
int pw_frames_take(struct pw_frames *frames,
		   const struct pw_frame_reader *reader);
void pw_frames_clear(struct pw_frames *frames);

#endif
