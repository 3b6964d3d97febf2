/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes as they happen: of our table, of others, of what listens. */
#ifndef PORTWALL_WATCH_H
#define PORTWALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "drift.h"
#include "listen.h"
#include "live.h"

enum pw_event_kind {
	PW_EVENT_STARTED,	/* the watch, with what is in force */
	PW_EVENT_CHANGED,	/* our table, by somebody else */
	PW_EVENT_APPLIED,	/* our table, by portwall */
	PW_EVENT_TRIAL_OVER,
	PW_EVENT_OTHER_TABLE,	/* a rule that drops or hides what is open */
	PW_EVENT_LISTENS,	/* a new listener, not only on loopback */
	PW_EVENT_HEALED,
	PW_EVENT_GAVE_UP,	/* too many heals: somebody fights */
	PW_EVENT_LOST,		/* events were lost, all was read again */
	PW_NUM_EVENT_KINDS
};

/**
 * struct pw_event - One line
 * @time_ns:	wall clock
 * @text:	what happened
 * @pid, @comm:	who did it, from NFT_MSG_NEWGEN; 0 and "": not known
 * @drifts:	what differs now, NULL: nothing, or not looked at
 * @listener:	of PW_EVENT_LISTENS
 */
struct pw_event {
	enum pw_event_kind kind;
	uint64_t time_ns;
	const char *text;
	uint32_t pid;
	const char *comm;
	const struct pw_drifts *drifts;
	const struct pw_listener *listener;
};

/**
 * struct pw_watch - What to watch, and whom to tell
 * @heal:	put our table back
 * @tell:	called for each event; an error ends the watch with it
 * @alive:	called at least every @alive_ms, NULL: not; for a watchdog
 * @stop_fd:	readable: end with 0; -1: never
 */
struct pw_watch {
	struct pw_where where;
	bool heal;
	int (*tell)(void *arg, const struct pw_event *event);
	void (*alive)(void *arg);
	unsigned int alive_ms;
	void *arg;
	int stop_fd;
};

/**
 * pw_watch_run() - Watch until @watch->stop_fd is readable
 *
 * The first look at the rules has to work; what cannot be read at a later one
 * is tried again, ten times: whoever started the watch may start it anew.
 *
 * Return: 0; -errno of @watch->tell() and of the system
 */
int pw_watch_run(struct pw_watch *watch, struct pw_diags *diags);

#endif
