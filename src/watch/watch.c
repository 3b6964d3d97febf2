// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The watch: sleeps until something is announced or due, and has a process of
 * its own look at it. Its own memory is the short form of the last look.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "watch/child.h"
#include "watch/events.h"
#include "watch/look.h"
#include "watch/ports.h"

#define PORTS_EVERY_MS 3000u
#define OTHERS_EVERY_MS 1000u	/* where others change their rules all the time */
#define RETRY_MS 1000u		/* after a look that failed */
#define TRIES_MAX 10u		/* looks that fail, one after the other */
#define HEAL_AGAIN_MS 5000u	/* where putting back failed */
#define TRIAL_SPARE_MS 50u	/* the kernel's clock ticks in steps */
#define NEVER UINT64_MAX

/**
 * struct watcher
 * @seen:	by the last look, if @known
 * @news:	since that one began
 * @num_tries:	looks since one succeeded
 * @look_ms:	when to look in any case
 * @others_ms:	not at other tables before then
 * @fresh:	listeners to tell of
 */
struct watcher {
	const struct pw_watch *watch;
	struct pw_diags *diags;
	int events;
	struct pw_transaction begun;
	struct pw_news news;
	struct pw_seen seen;
	bool known;
	unsigned int num_tries;
	struct pw_child child;
	struct pw_ports ports;
	struct pw_listener *fresh;
	size_t num_fresh;
	uint64_t look_ms, others_ms, ports_ms, alive_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int on_event(void *arg, const struct pw_event *event)
{
	const struct watcher *w = arg;

	return w->watch->tell(w->watch->arg, event);
}

/* When to look although nothing was announced */
static uint64_t next_look(const struct watcher *w)
{
	const struct pw_seen *seen = &w->seen;
	const uint64_t now = now_ms();

	if (w->watch->heal && seen->ours)
		return seen->limit.until_ms > now ? seen->limit.until_ms :
						    now + HEAL_AGAIN_MS;
	return seen->trial_left_ms ?
		now + seen->trial_left_ms + TRIAL_SPARE_MS : NEVER;
}

static int on_seen(void *arg, const void *result, size_t len)
{
	struct watcher *w = arg;
	struct pw_seen seen;

	if (len != sizeof(seen))
		return -EBADMSG;
	memcpy(&seen, result, sizeof(seen));
	if (seen.err && (!w->known || w->num_tries >= TRIES_MAX))
		return pw_diag_system(w->diags, -seen.err, "%s",
				      *seen.why ? seen.why :
						  "cannot read the rules");
	if (seen.err) {
		w->look_ms = now_ms() + RETRY_MS;
		return 0;
	}
	w->seen = seen;
	w->known = true;
	w->num_tries = 0;
	w->look_ms = next_look(w);
	return 0;
}

static int work_rules(int fd, const void *arg)
{
	struct pw_look look = *(const struct pw_look *)arg;

	look.fd = fd;
	return pw_look_at_rules(&look);
}

static int work_ports(int fd, const void *arg)
{
	const struct watcher *w = arg;

	return pw_look_at_ports(fd, w->fresh, w->num_fresh);
}

static int look_at_rules(struct watcher *w)
{
	const struct pw_look look = {
		.watch = w->watch, .before = w->known ? &w->seen : NULL,
		.news = w->news,
	};
	int err;

	if (w->num_tries++ >= TRIES_MAX)
		return pw_diag_system(w->diags, ECHILD,
				      "looks at the rules end without a result");
	err = pw_child_start(&w->child, work_rules, &look);
	if (err)
		return err;
	w->news = (struct pw_news){ 0 };
	/* should it end without a word */
	w->look_ms = now_ms() + RETRY_MS;
	w->others_ms = now_ms() + OTHERS_EVERY_MS;
	return 0;
}

static int look_at_ports(struct watcher *w)
{
	int err = pw_child_start(&w->child, work_ports, w);

	free(PW_TAKE(w->fresh));
	w->num_fresh = 0;
	return err;
}

/* One look at a time; the rest waits for its end */
static int start_look(struct watcher *w)
{
	const uint64_t now = now_ms();

	if (w->child.fd >= 0)
		return 0;
	if (w->news.ours || w->news.lost || now >= w->look_ms ||
	    (w->news.others && now >= w->others_ms))
		return look_at_rules(w);
	return w->num_fresh ? look_at_ports(w) : 0;
}

static int ask_ports(struct watcher *w)
{
	struct pw_listener *fresh;
	size_t num;
	int err;

	if (w->num_fresh || now_ms() < w->ports_ms)
		return 0;
	w->ports_ms = now_ms() + PORTS_EVERY_MS;
	err = pw_ports_look(&w->ports, &fresh, &num);
	if (err)
		return err;
	free(w->fresh);
	w->fresh = fresh;
	w->num_fresh = num;
	return 0;
}

static void say_alive(struct watcher *w)
{
	if (!w->watch->alive || now_ms() < w->alive_ms)
		return;
	w->alive_ms = now_ms() + w->watch->alive_ms;
	w->watch->alive(w->watch->arg);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds for poll() */
static int patience(const struct watcher *w)
{
	uint64_t due = w->ports_ms, now = now_ms();

	if (w->watch->alive)
		due = earlier(due, w->alive_ms);
	if (w->child.fd < 0)
		due = earlier(due, w->look_ms);
	if (w->child.fd < 0 && w->news.others)
		due = earlier(due, w->others_ms);
	return due > now ? (int)earlier(due - now, 1u << 30) : 0;
}

enum { POLL_STOP, POLL_EVENTS, POLL_CHILD, NUM_POLLS };

static int take(struct watcher *w, const struct pollfd *fds)
{
	const struct pw_frame_reader reader = { on_event, on_seen, w };
	int err = 0;

	if (fds[POLL_EVENTS].revents)
		err = pw_events_read(w->events, &w->begun, &w->news);
	if (err)
		return pw_diag_system(w->diags, -err,
				      "nf_tables cannot be listened to any more");
	if (fds[POLL_CHILD].revents)
		err = pw_child_listen(&w->child, &reader);
	return err < 0 ? err : 0;
}

/* 1: go on; 0: the end was asked for; -errno */
static int step(struct watcher *w)
{
	struct pollfd fds[NUM_POLLS] = {
		[POLL_STOP] = { w->watch->stop_fd, POLLIN, 0 },
		[POLL_EVENTS] = { w->events, POLLIN, 0 },
		[POLL_CHILD] = { w->child.fd, POLLIN, 0 },
	};
	int err = 0;

	if (poll(fds, NUM_POLLS, patience(w)) < 0 && errno != EINTR)
		return -errno;
	if (fds[POLL_STOP].revents)
		return 0;
	err = take(w, fds);
	say_alive(w);
	if (!err)
		err = ask_ports(w);
	if (!err)
		err = start_look(w);
	return err ? err : 1;
}

int pw_watch_run(struct pw_watch *watch, struct pw_diags *diags)
{
	struct watcher w = { .watch = watch, .diags = diags,
			     .child = { .fd = -1 } };
	int err;

	w.events = pw_events_open();	/* before the first look */
	if (w.events < 0)
		return pw_diag_system(diags, -w.events,
				      "cannot listen to changes of nf_tables");
	do {
		err = step(&w);
	} while (err > 0);
	pw_child_stop(&w.child);
	pw_ports_clear(&w.ports);
	free(w.fresh);
	close(w.events);
	return err;
}
