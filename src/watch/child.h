/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that looks and ends, and what it has to say meanwhile. */
#ifndef WATCH_CHILD_H
#define WATCH_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "watch/frame.h"

/**
 * struct pw_child
 * @pid:	0: there is none
 * @fd:		what it says comes here, -1: there is none
 */
struct pw_child {
	pid_t pid;
	int fd;
	struct pw_frames frames;
};

/* Runs @work in a process of its own. 0 or -errno */
int pw_child_start(struct pw_child *child,
		   int (*work)(int fd, const void *arg), const void *arg);

/*
 * Takes what it said. 1: it goes on; 0: it has ended; -errno: likewise, and
 * something was wrong
 */
int pw_child_listen(struct pw_child *child,
		    const struct pw_frame_reader *reader);

/* Ends it */
void pw_child_stop(struct pw_child *child);

#endif
