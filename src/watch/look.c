// SPDX-License-Identifier: GPL-2.0-or-later
/* A look at the rules: what came of whatever was announced. */
#include "watch/look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watch/frame.h"

#define SETTLE_MS 100		/* portwall's own apply takes a few transactions */
#define SETTLE_TRIES 10

/**
 * struct finding - What is there now
 * @seen:	the same in short
 */
struct finding {
	struct pw_status *status;
	struct pw_drifts *drifts;
	struct pw_seen seen;
};

static void clear(struct finding *f)
{
	pw_drifts_free(PW_TAKE(f->drifts));
	pw_status_free(PW_TAKE(f->status));
}

/* By the name of the process; who takes ours is believed, and told of */
static bool is_ours(const struct pw_look *look)
{
	return !strcmp(look->news.comm, "portwall");
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void pause_ms(unsigned int ms)
{
	const struct timespec pause = { 0, ms * 1000000L };

	nanosleep(&pause, NULL);
}

static bool is_of_others(const struct pw_drift *drift)
{
	return drift->kind == PW_DRIFT_DROPS ||
	       drift->kind == PW_DRIFT_HIDES ||
	       drift->kind == PW_DRIFT_MANAGER;
}

/*
 * Of the rules in force alone: what is on disk changes without an announcement,
 * and what a trial returns to is put back when it is due
 */
static bool is_of_table(const struct pw_drift *drift)
{
	return !drift->note && !is_of_others(drift) &&
	       drift->kind != PW_DRIFT_NOT_REMEMBERED &&
	       drift->kind != PW_DRIFT_FALLBACK &&
	       drift->kind != PW_DRIFT_FILE;
}

/* FNV-1a, 64 bits; 0 when there is none (draft-eastlake-fnv) */
static uint64_t sum_of(const struct pw_drifts *drifts,
		       bool (*counts)(const struct pw_drift *drift))
{
	uint64_t sum = 0xcbf29ce484222325u;
	bool any = false;

	for (size_t i = 0; i < drifts->num; i++) {
		if (!counts(&drifts->list[i]))
			continue;
		any = true;
		for (const char *c = drifts->list[i].text; *c; c++)
			sum = (sum ^ (unsigned char)*c) * 0x100000001b3u;
	}
	return any ? sum | 1 : 0;
}

/* What is remembered is read only to say what differs */
static int find_drift(const struct pw_look *look, struct finding *f,
		      struct pw_diags *diags)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	const struct pw_where *where = &look->watch->where;
	int err = 0;

	if (f->status->changed && where->state_dir)
		err = pw_intent_in_force(where,
					 pw_kernel_stamp(f->status->kernel),
					 &intent, diags);
	if (err == -ENOMEM)
		return err;
	return pw_drift_find(f->status, intent, where, &f->drifts, diags);
}

static int find(const struct pw_look *look, struct finding *f,
		struct pw_diags *diags)
{
	const struct pw_heal_limit limit = f->seen.limit;
	const struct pw_stamp *stamp;
	int err = pw_status_read(&f->status, diags);

	if (!err)
		err = find_drift(look, f, diags);
	if (err)
		return err;
	stamp = pw_kernel_stamp(f->status->kernel);
	f->seen = (struct pw_seen){
		.state = f->status->state, .generation = stamp->generation,
		.time_ns = stamp->time_ns,
		.ours = sum_of(f->drifts, is_of_table),
		.others = sum_of(f->drifts, is_of_others),
		.trial_left_ms = f->status->kernel->trial_left_ms,
		.limit = limit,
	};
	return 0;
}

/* Between the transactions of an apply the table differs from both policies */
static int find_settled(const struct pw_look *look, struct finding *f,
			struct pw_diags *diags)
{
	int err = find(look, f, diags);

	for (int i = 0; !err && f->seen.ours && i < SETTLE_TRIES &&
	     is_ours(look); i++) {
		clear(f);
		pause_ms(SETTLE_MS);
		err = find(look, f, diags);
	}
	return err;
}

__attribute__((format(printf, 4, 5)))
static int tell(const struct pw_look *look, enum pw_event_kind kind,
		const struct pw_drifts *drifts, const char *fmt, ...)
{
	struct pw_event event = {
		.kind = kind, .time_ns = wall_ns(), .pid = look->news.pid,
		.comm = look->news.comm, .drifts = drifts,
	};
	char *text;
	va_list ap;
	int err, len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return -ENOMEM;
	event.text = text;
	err = pw_frame_send(look->fd, &event);
	free(text);
	return err;
}

/* "shop.ini is in force, generation 7"; the caller frees, NULL: no memory */
static char *in_force(const struct finding *f)
{
	const struct pw_kernel *kernel = f->status->kernel;
	const struct pw_stamp *stamp = pw_kernel_stamp(kernel);
	char *text;
	int len;

	if (!f->status->rules)
		return strdup("nothing is in force");
	if (kernel->trial_left_ms)
		len = asprintf(&text,
			       "%s is on trial for %" PRIu64 " s, generation %" PRIu32,
			       stamp->source,
			       (kernel->trial_left_ms + 999) / 1000,
			       stamp->generation);
	else
		len = asprintf(&text, "%s is in force, generation %" PRIu32,
			       stamp->source, stamp->generation);
	return len < 0 ? NULL : text;
}

static int tell_in_force(const struct pw_look *look, enum pw_event_kind kind,
			 const struct finding *f,
			 const struct pw_drifts *drifts)
{
	char *text = in_force(f);
	int err = text ? tell(look, kind, drifts, "%s", text) : -ENOMEM;

	free(text);
	return err;
}

static int tell_first(const struct pw_look *look, const struct finding *f)
{
	return tell_in_force(look, PW_EVENT_STARTED, f,
			     f->drifts->num ? f->drifts : NULL);
}

/* Did portwall do it? Then our table is as it is meant to be */
static bool is_applied(const struct pw_seen *before, const struct pw_seen *now)
{
	return !now->ours &&
	       (before->ours || before->state != now->state ||
		before->generation != now->generation ||
		before->time_ns != now->time_ns);
}

static int tell_ours(const struct pw_look *look, const struct finding *f)
{
	const struct pw_seen *before = look->before, *now = &f->seen;

	if (now->ours && now->ours != before->ours)
		return tell(look, PW_EVENT_CHANGED, f->drifts,
			    "somebody changed table inet " PW_TABLE);
	if (!now->generation && before->generation && !is_ours(look))
		return tell(look, PW_EVENT_CHANGED, NULL,
			    "somebody removed table inet " PW_TABLE);
	if (now->state == PW_LIVE_EXPIRED)	/* told of by what tidies up */
		return 0;
	if (is_applied(before, now))
		return tell_in_force(look, PW_EVENT_APPLIED, f, NULL);
	return 0;
}

static int tell_changes(const struct pw_look *look, const struct finding *f)
{
	const uint64_t others = f->seen.others;
	int err = 0;

	if (look->news.lost)
		err = tell(look, PW_EVENT_LOST, NULL,
			   "changes came faster than they could be read: all was read again");
	if (!err)
		err = tell_ours(look, f);
	if (!err && others && others != look->before->others)
		err = tell(look, PW_EVENT_OTHER_TABLE, f->drifts,
			   "another table drops or hides what the policy lets in");
	return err;
}

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *first_text(const struct pw_diags *diags)
{
	return pw_diags_kept(diags) ? pw_diags_get(diags, 0)->text :
				      "no memory";
}

static struct pw_settle settle_of(const struct pw_look *look)
{
	return (struct pw_settle){ .where = look->watch->where,
				   .sudo_uid = (uid_t)-1 };
}

/* @err: of tidying up, for the reason @said */
static int tell_over(const struct pw_look *look, const struct finding *f,
		     const struct pw_cut *cut, int err,
		     const struct pw_diags *said)
{
	char *text = in_force(f);

	if (!text)
		err = -ENOMEM;
	else if (err)
		err = tell(look, PW_EVENT_TRIAL_OVER, NULL,
			   "%s; what is left of the trial could not be taken away: %s",
			   text, first_text(said));
	else
		err = tell(look, PW_EVENT_TRIAL_OVER, NULL,
			   "%s; connections ended: %zu", text,
			   cut->ended.sockets + cut->ended.entries);
	free(text);
	return err;
}

/* Its generation goes, and the connections that only it let in */
static int tidy(const struct pw_look *look, struct finding *f,
		struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	struct pw_settle settle = settle_of(look);
	int err = said ? pw_tidy_trial(&settle, said) : -ENOMEM;

	if (err == -ENOMEM)
		return err;
	err = tell_over(look, f, &settle.cut_result, err, said);
	clear(f);
	return err ? err : find(look, f, diags);
}

static int put_back(const struct pw_look *look, struct finding *f,
		    struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	struct pw_settle settle = settle_of(look);
	int err = said ? pw_heal(&settle, said) : -ENOMEM;

	if (err == -ENOMEM)
		return err;
	if (err && !settle.done)
		return tell(look, PW_EVENT_CHANGED, NULL,
			    "the table could not be put back: %s",
			    first_text(said));
	clear(f);
	err = find(look, f, diags);
	if (err || !settle.done)
		return err;
	return tell_in_force(look, PW_EVENT_HEALED, f,
			     f->seen.ours ? f->drifts : NULL);
}

static int heal(const struct pw_look *look, struct finding *f,
		struct pw_diags *diags)
{
	struct pw_look ours = *look;	/* the news are of somebody else */
	bool gave_up;

	ours.news = (struct pw_news){ 0 };
	if (pw_heal_allow(&f->seen.limit, monotonic_ms(), &gave_up))
		return put_back(&ours, f, diags);
	return !gave_up ? 0 : tell(&ours, PW_EVENT_GAVE_UP, f->drifts,
		"the table was put back %u times in a minute, and somebody changes it again: left alone for %u minutes",
		PW_HEALS_MAX, PW_HEALS_PAUSE_MS / 60000);
}

/* What the watch itself does about it */
static int act(const struct pw_look *look, struct finding *f,
	       struct pw_diags *diags)
{
	int err = 0;

	if (f->seen.state == PW_LIVE_EXPIRED)
		err = tidy(look, f, diags);
	if (!err && f->seen.ours && look->watch->heal)
		err = heal(look, f, diags);
	return err;
}

static int send_seen(const struct pw_look *look, const struct pw_seen *seen)
{
	return pw_frame_send_result(look->fd, seen, sizeof(*seen));
}

/* The first message says why */
static int send_error(const struct pw_look *look, int err,
		      const struct pw_diags *diags)
{
	struct pw_seen seen = { .err = err };

	if (diags && pw_diags_kept(diags))
		snprintf(seen.why, sizeof(seen.why), "%s",
			 pw_diags_get(diags, 0)->text);
	return send_seen(look, &seen);
}

int pw_look_at_rules(const struct pw_look *look)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct finding f = { 0 };
	int err;

	if (look->before)
		f.seen.limit = look->before->limit;
	err = diags ? find_settled(look, &f, diags) : -ENOMEM;

	if (err) {
		err = send_error(look, err, diags);
	} else {
		err = look->before ? tell_changes(look, &f) :
				     tell_first(look, &f);
		if (!err)
			err = act(look, &f, diags);
		if (!err)
			err = send_seen(look, &f.seen);
	}
	clear(&f);
	return err;
}
