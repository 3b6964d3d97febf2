// SPDX-License-Identifier: GPL-2.0-or-later
/* Confirm: the policy on trial stays, also over the next boot. */
#include <errno.h>
#include <string.h>

#include "live/run.h"
#include "live/remembered.h"

/**
 * struct confirm - What the steps of one confirm share
 * @remember:	there is a state directory to remember it in
 * @rules:	of the trial; NULL: not known in full
 * @established: what the policy says; where it is not remembered, what every
 *		policy says that says nothing
 */
struct confirm {
	struct pw_settle *settle;
	struct pw_run run;
	bool remember;
	struct pw_ruleset *rules;
	enum pw_established established;
};

static int lost(struct confirm *c, const char *why)
{
	pw_diag_error(c->run.diags, NULL,
		      "what %s holds %s; nothing was changed, the trial goes on",
		      c->settle->where.state_dir, why);
	pw_diag_hint(c->run.diags,
		     "apply the policy for good: portwall apply POLICY");
	return -ENODATA;
}

/* Before the switch: afterwards only renames are left */
static int read_bundle(struct confirm *c)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	const struct pw_stamp *stamp = &c->run.kernel->trial_stamp;
	int err;

	if (!c->run.state)
		return 0;
	err = pw_state_read(c->run.state, PW_REMEMBERED_TRIAL, 0, &bundle,
			    c->run.diags);
	if (err == -ENOENT)
		return lost(c, "says nothing of the trial");
	if (!err && !pw_bundle_is(bundle, stamp->digest))
		return lost(c, "is not the policy on trial");
	if (!err)
		err = pw_bundle_resolve(c->run.state, bundle, false, &intent,
					c->run.diags);
	if (err)
		return err;
	c->established = intent->model->established;
	c->remember = true;
	return 0;
}

/* To judge connections by afterwards */
static int read_rules(struct confirm *c)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err = unsaid ? pw_run_rules(&c->run, &c->run.kernel->trial_stamp,
					&c->rules, unsaid) : -ENOMEM;

	return err == -ENODATA ? 0 : err;
}

/* The kernel may have ended the trial since it was read */
static int say_over(struct confirm *c)
{
	pw_diag_error(c->run.diags, NULL,
		      "the trial is over: in force is what was before it");
	pw_diag_hint(c->run.diags,
		     "try again with more time: portwall apply --trial 5m POLICY");
	return -ETIME;
}

static int settle(struct pw_run *run, void *arg)
{
	struct confirm *c = arg;
	int err = pw_load_confirm(run->nl, run->kernel, run->diags);

	if (err)
		return err;
	c->settle->done = true;
	c->settle->stamp = run->kernel->trial_stamp;
	err = c->remember ? pw_state_confirm(run->state, run->diags) : 0;
	c->settle->remembered = c->remember && !err;
	return err;
}

static int confirm(struct confirm *c)
{
	int err = pw_run_begin(&c->run);

	if (c->run.kernel)
		c->settle->state = c->run.found;
	if (!err)
		err = read_bundle(c);
	if (!err)
		err = pw_run_purge(&c->run);
	if (!err)
		err = read_rules(c);
	if (!err)
		c->settle->before = pw_run_known(&c->run,
						 &c->run.kernel->stamp);
	if (!err)
		err = pw_run_undisturbed(settle, &c->run, c);
	if (!err)
		err = pw_run_read(&c->run);
	if (!err)
		err = pw_run_vouch(&c->run);
	if (err == -ETIME && c->settle->state == PW_LIVE_TRIAL)
		err = say_over(c);
	return err;
}

int pw_confirm(struct pw_settle *settle, struct pw_diags *diags)
{
	struct confirm c = {
		.settle = settle, .established = PW_ESTABLISHED_KEEP,
		.run = { .where = &settle->where, .diags = diags,
			 .command = PW_DO_CONFIRM },
	};
	int err = confirm(&c);

	if (settle->done && c.rules)
		pw_run_cut(&c.run, c.rules, NULL, settle->cut ||
			   c.established == PW_ESTABLISHED_CUT,
			   &settle->cut_result);
	if (!err)
		settle->after = pw_run_known(&c.run, &settle->stamp);
	pw_ruleset_free(c.rules);
	pw_run_end(&c.run);
	return err;
}
