// SPDX-License-Identifier: GPL-2.0-or-later
/* Rollback: end a trial, or return to the policy applied before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/put.h"
#include "live/remembered.h"

/* What the steps of one rollback share */
struct rollback {
	struct pw_settle *settle;
	struct pw_run run;
	struct pw_bundle *target;
	struct pw_intent *intent;
	struct pw_put put;
	bool damaged;		/* something in the history is */
};

static int nothing_before(struct rollback *r, const char *why)
{
	pw_diag_error(r->run.diags, NULL,
		      "there is no policy to return to: %s", why);
	pw_diag_hint(r->run.diags, "apply one: portwall apply POLICY");
	return -ENOENT;
}

static int read_entry(struct rollback *r, enum pw_remembered which,
		      uint32_t entry, struct pw_bundle **out)
{
	return pw_state_read(r->run.state, which, entry, out, r->run.diags);
}

/*
 * Where in the history is what is in force? A policy that a rollback brought
 * back stands where it stood, so that the next one goes further back. What was
 * not remembered comes after all of it.
 */
static int find_place(struct rollback *r, uint32_t *place)
{
	pw_owned(pw_bundle_free) struct pw_bundle *applied = NULL;
	const struct pw_stamp *stamp = &r->run.kernel->stamp;
	int err = read_entry(r, PW_REMEMBERED_APPLIED, 0, &applied);

	*place = UINT32_MAX;
	if (!err && pw_bundle_is(applied, stamp->digest))
		*place = applied->origin;
	return err == -ENOENT ? 0 : err;
}

/* The reason why it is of no use stands in @said */
static void pass_over(struct rollback *r, const struct pw_diags *said)
{
	const struct pw_diag *why = pw_diags_kept(said) ? pw_diags_get(said, 0)
							: NULL;

	r->damaged = true;
	if (why)
		pw_diag_warning(r->run.diags, NULL, "passed over: %s%s%s",
				why->where ?: "", why->where ? ": " : "",
				why->text);
}

/* Another apply of the policy in force is nothing to return to */
static int take_if_other(struct rollback *r, uint32_t entry,
			 struct pw_diags *said)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	int err = pw_state_read(r->run.state, PW_REMEMBERED_ENTRY, entry,
				&bundle, said);

	if (err || pw_bundle_is(bundle, r->run.kernel->stamp.digest))
		return err;
	err = pw_bundle_resolve(r->run.state, bundle, false, &r->intent, said);
	if (!err)
		r->target = PW_TAKE(bundle);
	return err;
}

/* One that is damaged is told of, and the one before it is taken */
static int try_entry(struct rollback *r, uint32_t entry)
{
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	int err = said ? take_if_other(r, entry, said) : -ENOMEM;

	if (err == -EBADMSG) {
		pass_over(r, said);
		return 0;
	}
	if (err && err != -ENOMEM)
		pw_diags_pass_errors(said, r->run.diags);
	return err;
}

static int find_target(struct rollback *r)
{
	uint32_t *entries = NULL, place;
	size_t num = 0;
	int err;

	if (!r->run.state)
		return nothing_before(r, "nothing is remembered here without --state-dir");
	err = find_place(r, &place);
	if (!err)
		err = pw_state_history(r->run.state, &entries, &num,
				       r->run.diags);
	for (size_t i = 0; !err && !r->target && i < num; i++)
		if (entries[i] < place)
			err = try_entry(r, entries[i]);
	free(entries);
	if (!err && !r->target)
		err = nothing_before(r, r->damaged ?
				     "what was applied before is damaged" :
				     "nothing else was applied before");
	return err;
}

static void prepare_put(struct rollback *r)
{
	pw_put_take(&r->put, r->target, r->intent);
	r->put.origin = r->target->origin;
	r->put.cut = r->settle->cut;
	r->put.allow_lockout = r->settle->allow_lockout;
	r->put.stamp.time_ns = r->intent->host->now_ns;
	r->put.stamp.uid = getuid();
	r->put.stamp.sudo_uid = r->settle->sudo_uid;
	r->settle->taken_ns = r->target->time_ns;
}

static int return_to_target(struct rollback *r)
{
	int err;

	prepare_put(r);
	err = pw_put_compile(&r->run, &r->put);
	if (!err)
		err = pw_put_guard(&r->run, &r->put);
	if (!err)
		err = pw_put_stage(&r->run, &r->put, NULL, r->target);
	if (!err)
		err = pw_put_in_force(&r->run, &r->put);
	pw_put_cut(&r->run, &r->put);
	return err;
}

static int return_to_before(struct rollback *r)
{
	struct pw_settle *settle = r->settle;
	int err = r->run.state_err;

	if (!err)
		err = find_target(r);
	if (!err)
		err = return_to_target(r);
	settle->done = r->put.in_force;
	settle->remembered = r->put.remembered;
	settle->cut_result = r->put.cut_result;
	if (r->put.in_force)
		settle->stamp = r->put.stamp;
	return err;
}

static int end_trial(struct rollback *r)
{
	struct pw_settle *settle = r->settle;
	int err;

	settle->stamp = r->run.kernel->stamp;
	err = pw_run_end_trial(&r->run, &settle->done, &settle->cut_result);
	if (err)
		return err;
	settle->stamp = r->run.kernel->stamp;
	return r->run.state_err ?: pw_run_vouch(&r->run);
}

/* It was over already, and has been taken away */
static int tell_over(struct rollback *r)
{
	r->settle->stamp = r->run.kernel->stamp;
	r->settle->cut_result = r->run.cut;
	return r->run.state_err ?: pw_run_vouch(&r->run);
}

int pw_rollback(struct pw_settle *settle, struct pw_diags *diags)
{
	struct rollback r = {
		.settle = settle,
		.run = { .where = &settle->where, .diags = diags,
			 .command = PW_DO_ROLLBACK },
	};
	int err = pw_run_begin(&r.run);

	if (r.run.kernel)
		settle->state = r.run.found;
	/* of a trial nothing is remembered once it has ended */
	if (!err && !r.run.stop)
		settle->before = pw_run_known(&r.run,
					      pw_kernel_stamp(r.run.kernel));
	if (!err && r.run.stop)
		err = tell_over(&r);
	else if (!err)
		err = r.run.found == PW_LIVE_TRIAL ? end_trial(&r) :
						     return_to_before(&r);
	if (!err && settle->before)
		settle->after = pw_run_known(&r.run, &settle->stamp);
	pw_put_clear(&r.put);
	pw_intent_free(r.intent);
	pw_bundle_free(r.target);
	pw_run_end(&r.run);
	return err;
}
