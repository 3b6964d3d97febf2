// SPDX-License-Identifier: GPL-2.0-or-later
/* A trial ends: its generation, its bundle, and what only it let in. */
#include <errno.h>
#include <string.h>

#include "live/run.h"

/**
 * struct ending - A trial and what comes after it
 * @candidate:	rules of the trial
 * @base:	rules that stay; NULL: nothing was in force before
 */
struct ending {
	struct pw_ruleset *candidate, *base;
};

/* Before anything is taken away. A trial has to end also if they are not known */
static bool read_sides(struct pw_run *run, struct ending *e)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	const struct pw_kernel *kernel = run->kernel;

	if (!unsaid || pw_run_rules(run, &kernel->trial_stamp, &e->candidate,
				    unsaid))
		return false;
	return !kernel->current ||
	       !pw_run_rules(run, &kernel->stamp, &e->base, unsaid);
}

void pw_run_forget_trial(struct pw_run *run)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err = unsaid ? 0 : -ENOMEM;

	if (!run->state)
		return;
	if (!err)
		err = pw_state_drop_trial(run->state, unsaid);
	if (err)
		pw_diag_warning(run->diags, NULL,
				"what is remembered of the trial could not be removed from %s: %s",
				run->where->state_dir, strerror(-err));
}

static int roll_back(struct pw_run *run, void *arg)
{
	int err = pw_load_rollback(run->nl, run->kernel, run->diags);

	(void)arg;
	if (!err)
		pw_run_forget_trial(run);
	return err;
}

/* Where nothing stays in force, everybody would be let in */
static void end_connections(struct pw_run *run, const struct ending *e,
			    bool known, struct pw_cut *cut)
{
	if (!known)
		pw_diag_warning(run->diags, NULL,
				"connections that only the trial let in live on: its rules are not known in full");
	else if (e->base)
		pw_run_cut(run, e->base, e->candidate, true, cut);
}

int pw_run_end_trial(struct pw_run *run, bool *ended, struct pw_cut *cut)
{
	struct ending e = { NULL, NULL };
	int err = pw_run_purge(run);
	bool known = !err && read_sides(run, &e);

	if (!err)
		err = pw_run_undisturbed(roll_back, run, NULL);
	*ended = !err;
	if (!err)
		end_connections(run, &e, known, cut);
	if (!err)
		err = pw_run_read(run);
	pw_ruleset_free(e.candidate);
	pw_ruleset_free(e.base);
	return err;
}

int pw_tidy_trial(struct pw_settle *settle, struct pw_diags *diags)
{
	struct pw_run run = { .where = &settle->where, .diags = diags,
			      .command = PW_DO_TIDY };
	int err = pw_run_begin(&run);

	if (!err) {
		settle->state = run.found;
		settle->done = run.found == PW_LIVE_EXPIRED;
		settle->stamp = *pw_kernel_stamp(run.kernel);
		settle->cut_result = run.cut;
	}
	pw_run_end(&run);
	return err;
}
