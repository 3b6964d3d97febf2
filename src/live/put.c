// SPDX-License-Identifier: GPL-2.0-or-later
/* One policy on its way into force: compiled, filled, switched to, kept. */
#include "live/put.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/changed.h"
#include "live/guard.h"
#include "live/readback.h"
#include "live/rulesdigest.h"

#define MAX_GENERATION 999999999	/* nine digits in names, then 1 again */

/* Does the kernel hold chains of generation @n, in force or left over? */
static bool is_used(const struct pw_kernel *kernel, uint32_t n)
{
	char prefix[16];
	int len = snprintf(prefix, sizeof(prefix), "g%u.", n);

	for (size_t i = 0; kernel->exists && i < kernel->rules->num_chains; i++)
		if (!strncmp(kernel->rules->chains[i].name, prefix,
			     (size_t)len))
			return true;
	return false;
}

static uint32_t next_generation(const struct pw_kernel *kernel)
{
	uint32_t n = pw_kernel_in_force(kernel);

	do
		n = n >= MAX_GENERATION ? 1 : n + 1;
	while (is_used(kernel, n));
	return n;
}

static void fill_in_stamp(struct pw_put *put)
{
	const struct pw_model *model = put->intent->model;
	struct pw_stamp *stamp = &put->stamp;

	memcpy(stamp->digest, model->digest, sizeof(stamp->digest));
	pw_rules_digest(put->want, stamp->rules);
	snprintf(stamp->source, sizeof(stamp->source), "%s", model->source);
}

int pw_put_compile(struct pw_run *run, struct pw_put *put)
{
	int err;

	put->stamp.generation = next_generation(run->kernel);
	err = pw_intent_compile(put->intent, put->stamp.generation, &put->want,
				run->diags);
	if (!err)
		fill_in_stamp(put);
	return err;
}

/* Without a view of connections only --allow-lockout, or a trial, may go on */
static int refuse_blind(struct pw_run *run, int err)
{
	if (err != -ENOMEM)
		pw_diag_hint(run->diags,
			     "so nobody can tell whether you could connect again; --allow-lockout applies it all the same");
	return err;
}

static int go_on_blind(struct pw_run *run, struct pw_put *put, int err)
{
	put->remotes = calloc(1, sizeof(*put->remotes));
	if (err == -ENOMEM || !put->remotes)
		return -ENOMEM;
	pw_diag_warning(run->diags, NULL,
			"nobody can tell whether you could connect again: the connections of this host cannot be read: %s",
			strerror(-err));
	return 0;
}

static int gather_remotes(struct pw_run *run, struct pw_put *put, bool allow)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	const struct pw_intent *intent = put->intent;
	int err = unsaid ? pw_remotes_gather(intent->host,
					     intent->model->guard,
					     &put->remotes,
					     allow ? unsaid : run->diags) :
			   -ENOMEM;

	if (!err)
		return 0;
	return allow ? go_on_blind(run, put, err) : refuse_blind(run, err);
}

/* A trial ends by itself: that is what it is for */
int pw_put_guard(struct pw_run *run, struct pw_put *put)
{
	const struct pw_intent *intent = put->intent;
	bool allow = put->allow_lockout || put->trial_ms;
	int err = gather_remotes(run, put, allow);

	if (err)
		return err;
	return pw_guard_judge(intent->model, put->want, put->remotes,
			      intent->host->now_ns, allow, run->diags);
}

static int fill(struct pw_run *run, struct pw_put *put)
{
	int err = pw_load_fill(run->nl, put->want, &put->stamp, run->kernel,
			       run->diags);

	return err ? err : pw_readback_filled(run->nl, put->want,
					      put->stamp.generation,
					      &put->genid, run->diags);
}

static int load(struct pw_run *run, struct pw_put *put)
{
	bool first = !pw_kernel_in_force(run->kernel);
	int err;

	if (put->trial_ms)
		err = pw_load_try(run->nl, put->want, &put->stamp, run->kernel,
				  first, put->trial_ms, run->diags);
	else
		err = pw_load_switch(run->nl, put->want, &put->stamp,
				     run->kernel, first, run->diags);
	/* one transaction; on a first apply the policy of input in another */
	put->genid += first && !put->trial_ms ? 2 : 1;
	put->in_force = !err;
	return err;
}

/* Only renames; what a trial was that this ends is of no use any more */
static int remember(struct pw_run *run, struct pw_put *put)
{
	int err;

	if (put->trial_ms)
		return 0;
	err = put->staged ? pw_state_commit(run->state, false, run->diags) : 0;
	put->remembered = put->staged && !err;
	if (!put->staged && run->found == PW_LIVE_TRIAL)
		pw_run_forget_trial(run);
	return err;
}

/* From here to the end of read-back the outcome has to be told */
static int switch_over(struct pw_run *run, void *arg)
{
	struct pw_put *put = arg;
	int err = load(run, put), forgotten;

	if (err)
		return err;
	forgotten = remember(run, put);
	err = pw_readback_switched(run->nl, put->want, put->stamp.generation,
				   put->genid, run->diags);
	return err ? err : forgotten;
}

int pw_put_in_force(struct pw_run *run, struct pw_put *put)
{
	int err = pw_run_purge(run);

	if (!err)
		err = fill(run, put);
	return err ? err : pw_run_undisturbed(switch_over, run, put);
}

void pw_put_cut(struct pw_run *run, struct pw_put *put)
{
	bool end = put->cut ||
		   put->intent->model->established == PW_ESTABLISHED_CUT;

	if (put->in_force && !put->trial_ms)
		pw_run_cut(run, put->want, NULL, end, &put->cut_result);
}

void pw_put_take(struct pw_put *put, const struct pw_bundle *bundle,
		 const struct pw_intent *intent)
{
	*put = (struct pw_put){
		.intent = intent,
		.stamp = {
			.time_ns = bundle->time_ns, .uid = bundle->uid,
			.sudo_uid = bundle->sudo_uid,
			.insecure = bundle->insecure,
		},
	};
}

int pw_put_find_unchanged(const struct pw_run *run, const struct pw_put *put,
			  bool *unchanged)
{
	const struct pw_stamp *stamp = pw_kernel_stamp(run->kernel);
	bool changed = true;
	int err = 0;

	if (pw_kernel_in_force(run->kernel) &&
	    !memcmp(stamp->digest, put->stamp.digest, sizeof(stamp->digest)))
		err = pw_kernel_changed(run->kernel, &changed);
	*unchanged = !err && !changed && !pw_diags_kept(run->strange);
	return err;
}

void pw_put_clear(struct pw_put *put)
{
	pw_remotes_free(put->remotes);
	pw_ruleset_free(put->want);
}
