// SPDX-License-Identifier: GPL-2.0-or-later
/* Heal: the policy that is due comes back, whatever became of its rules. */
#include <errno.h>
#include <string.h>

#include "live/changed.h"
#include "live/put.h"
#include "live/remembered.h"

static int nothing_due(struct pw_run *run)
{
	pw_diag_error(run->diags, NULL, "no policy is remembered to put back");
	pw_diag_hint(run->diags, "apply one: portwall apply POLICY");
	return -ENOENT;
}

/* The candidate while a trial lasts, else what boot loads */
static int read_due(struct pw_run *run, struct pw_bundle **out)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	bool trial = run->kernel->trial_left_ms;
	int err = -ENOENT;

	if (run->state)
		err = pw_state_read(run->state, trial ? PW_REMEMBERED_TRIAL :
				    PW_REMEMBERED_APPLIED, 0, &bundle,
				    run->diags);
	if (!err && trial &&
	    !pw_bundle_is(bundle, run->kernel->trial_stamp.digest))
		err = -ENOENT;
	if (err)
		return err == -ENOENT ? nothing_due(run) : err;
	*out = PW_TAKE(bundle);
	return 0;
}

static int put_back(struct pw_run *run, struct pw_settle *settle)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	struct pw_put put = { 0 };
	int err = read_due(run, &bundle);

	if (!err)
		err = pw_bundle_resolve(run->state, bundle, false, &intent,
					run->diags);
	if (err)
		return err;
	pw_put_take(&put, bundle, intent);
	put.trial_ms = run->kernel->trial_left_ms;
	err = pw_put_compile(run, &put);
	if (!err)
		err = pw_put_in_force(run, &put);
	settle->done = put.in_force;
	if (put.in_force)
		settle->stamp = put.stamp;
	settle->remembered = put.in_force && !put.trial_ms;
	pw_put_clear(&put);
	return err;
}

/* What is in force and was left alone needs no doctor */
static int heal(struct pw_run *run, struct pw_settle *settle)
{
	bool changed = true;
	int err = 0;

	if (pw_kernel_in_force(run->kernel))
		err = pw_kernel_changed(run->kernel, &changed);
	settle->stamp = *pw_kernel_stamp(run->kernel);
	changed |= pw_diags_kept(run->strange) > 0;
	return err || !changed ? err : put_back(run, settle);
}

int pw_heal(struct pw_settle *settle, struct pw_diags *diags)
{
	struct pw_run run = { .where = &settle->where, .diags = diags,
			      .command = PW_DO_HEAL };
	int err = pw_run_begin(&run);

	if (run.kernel)
		settle->state = run.found;
	if (!err)
		err = heal(&run, settle);
	pw_run_end(&run);
	return err;
}
