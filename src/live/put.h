/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One policy on its way into force: compiled, filled, switched to, kept. */
#ifndef LIVE_PUT_H
#define LIVE_PUT_H

#include "live/remote.h"
#include "live/run.h"

/**
 * struct pw_put - A policy on its way into force
 * @intent:	borrowed
 * @stamp:	who and when are set by the caller, the rest by pw_put_compile()
 * @trial_ms:	0: for good
 * @allow_lockout: the guard warns only; in a trial it never does more
 * @cut:	end connections that the rules would not let in
 * @origin:	entry of the history that it comes from, 0: it is new
 * @path:	it was read from, for the bundle; not if it has one already
 *
 * Set on the way:
 * @want:	compiled and proved
 * @remotes:	connections of administrators, and what keeps them open
 * @staged:	the bundle is on disk, but for the last rename
 * @in_force, @remembered, @cut_result: as in struct pw_apply
 */
struct pw_put {
	const struct pw_intent *intent;
	struct pw_stamp stamp;
	uint64_t trial_ms;
	bool allow_lockout, cut;
	uint32_t origin;
	const char *path;

	struct pw_ruleset *want;
	struct pw_remotes *remotes;
	uint32_t genid;
	bool staged;
	bool in_force, remembered;
	struct pw_cut cut_result;
};

void pw_put_clear(struct pw_put *put);

/* For the next generation; as pw_intent_compile() */
int pw_put_compile(struct pw_run *run, struct pw_put *put);
/* As pw_guard_judge() */
int pw_put_guard(struct pw_run *run, struct pw_put *put);

/**
 * pw_put_stage() - Everything that is to be remembered on disk
 * @capture:	the policy was read through it; else NULL, and @bundle is what it
 *		came from, and is changed
 *
 * A trial's bundle is whole afterwards, for boot never looks at it. Does nothing
 * when nothing is remembered.
 */
int pw_put_stage(struct pw_run *run, struct pw_put *put,
		 struct pw_capture *capture, struct pw_bundle *bundle);

/**
 * pw_put_in_force() - Fill, read back, switch, and remember what was staged
 *
 * Return: 0; as pw_load_fill(), pw_load_switch() and pw_load_try(); with
 *	   @in_force: what came after the switch went wrong
 */
int pw_put_in_force(struct pw_run *run, struct pw_put *put);

/* Connections that it would not let in are counted, or end; never of a trial */
void pw_put_cut(struct pw_run *run, struct pw_put *put);

/* For a policy that was applied already: who and when are those of its bundle */
void pw_put_take(struct pw_put *put, const struct pw_bundle *bundle,
		 const struct pw_intent *intent);

/* Is the same policy in force, with nothing changed by hand since? */
int pw_put_find_unchanged(const struct pw_run *run, const struct pw_put *put,
			  bool *unchanged);

#endif
