/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done in a process of its own, so that the watch stays small. */
#ifndef WATCH_LOOK_H
#define WATCH_LOOK_H

#include "portwall/watch.h"
#include "watch/events.h"
#include "watch/limit.h"

/**
 * struct pw_seen - What was found, as far as the next look needs it
 * @err:	why nothing was, with @why; 0: it was
 * @generation, @time_ns: of what is in force; 0: nothing is
 * @ours, @others: of what differs in our table, and of what others do; two
 *		states with the same number do not differ, 0: nothing does
 * @trial_left_ms: 0: no trial is running
 * @limit:	of putting back
 */
struct pw_seen {
	int err;
	char why[256];
	enum pw_live_state state;
	uint32_t generation;
	uint64_t time_ns;
	uint64_t ours, others;
	uint64_t trial_left_ms;
	struct pw_heal_limit limit;
};

/**
 * struct pw_look - One look at the rules
 * @before:	what the last look found, NULL: this is the first
 * @news:	why this one is taken
 * @fd:		where events and a struct pw_seen go, see frame.h
 */
struct pw_look {
	const struct pw_watch *watch;
	const struct pw_seen *before;
	struct pw_news news;
	int fd;
};

/* 0, or -errno; errors of reading are in what was sent */
int pw_look_at_rules(const struct pw_look *look);

/* Tell of new listeners, with their owners */
int pw_look_at_ports(int fd, const struct pw_listener *fresh, size_t num);

#endif
