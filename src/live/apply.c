// SPDX-License-Identifier: GPL-2.0-or-later
/* Apply: from a policy to rules in force, each step checked. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/changed.h"
#include "live/guard.h"
#include "live/lock.h"
#include "live/readback.h"
#include "live/rulesdigest.h"
#include "portwall/compile.h"
#include "portwall/live.h"

#define MAX_GENERATION 999999999	/* nine digits in names, then 1 again */

/* What the steps of one apply share */
struct run {
	struct pw_apply *apply;
	struct pw_diags *diags;
	struct pw_lock *lock;
	struct pw_nl *nl;
	struct pw_intent *intent;
	struct pw_kernel *kernel;	/* before */
	uint32_t generation;
	struct pw_ruleset *want;
	struct pw_stamp stamp;
	uint32_t genid;		/* that the filled generation was read under */
};

static int load_policy(struct run *run)
{
	int err = pw_intent_load(run->apply->path, &run->apply->trust,
				 &run->intent, run->diags);

	if (err)
		return err;
	if (run->intent->model->established != PW_ESTABLISHED_CUT)
		return 0;
	pw_diag_error(run->diags, NULL,
		      "%s: established = cut cannot be applied yet",
		      run->intent->model->source);
	pw_diag_hint(run->diags,
		     "without it, connections that exist live on");
	return -EINVAL;
}

static int lock(struct run *run)
{
	return pw_lock_take(run->apply->where.run_dir,
			    run->apply->where.patience_ms, &run->lock,
			    run->diags);
}

static int read_before(struct run *run)
{
	int err = pw_nl_open(&run->nl, run->diags);

	if (!err)
		err = pw_kernel_read(run->nl, 0, &run->kernel, run->diags);
	if (err)
		return err;
	return pw_load_refuse_format(run->kernel->exists, run->kernel->format,
				     run->diags);
}

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
	uint32_t n = kernel->current;

	do
		n = n >= MAX_GENERATION ? 1 : n + 1;
	while (is_used(kernel, n));
	return n;
}

static int compile(struct run *run)
{
	run->generation = next_generation(run->kernel);
	return pw_intent_compile(run->intent, run->generation, &run->want,
				 run->diags);
}

/* Without a view of connections only --allow-lockout may go on */
static int gather_remotes(struct run *run, struct pw_remotes **out)
{
	const struct pw_intent *intent = run->intent;
	int err = pw_remotes_gather(intent->host, intent->model->guard, out,
				    run->diags);

	if (err && err != -ENOMEM)
		pw_diag_hint(run->diags,
			     "so nobody can tell whether you could connect again; --allow-lockout applies it all the same");
	return err;
}

static int guard(struct run *run)
{
	pw_owned(pw_remotes_free) struct pw_remotes *remotes = NULL;
	const struct pw_intent *intent = run->intent;
	int err = gather_remotes(run, &remotes);

	if (err)
		return err;
	return pw_guard_judge(intent->model, run->want, remotes,
			      intent->host->now_ns, run->apply->allow_lockout,
			      run->diags);
}

static void make_stamp(struct run *run)
{
	const struct pw_model *model = run->intent->model;
	struct pw_stamp *stamp = &run->stamp;

	*stamp = (struct pw_stamp){
		.generation = run->generation,
		.time_ns = run->intent->host->now_ns,
		.uid = getuid(),
		.sudo_uid = run->apply->sudo_uid,
		.insecure = run->apply->insecure,
	};
	memcpy(stamp->digest, model->digest, sizeof(stamp->digest));
	pw_rules_digest(run->want, stamp->rules);
	snprintf(stamp->source, sizeof(stamp->source), "%s", model->source);
}

static int fill(struct run *run)
{
	int err;

	make_stamp(run);
	err = pw_load_fill(run->nl, run->want, &run->stamp, run->kernel,
			   run->diags);
	if (err)
		return err;
	return pw_readback_filled(run->nl, run->want, run->generation,
				  &run->genid, run->diags);
}

/* From here to the end of read-back the outcome has to be told */
static int switch_over(struct run *run)
{
	bool first = !run->kernel->current;
	int err = pw_load_switch(run->nl, run->want, &run->stamp, run->kernel,
				 first, run->diags);

	if (err)
		return err;
	run->apply->in_force = true;
	/* one transaction; on a first apply the policy of input in another */
	run->genid += first ? 2 : 1;
	return pw_readback_switched(run->nl, run->want, run->generation,
				    run->genid, run->diags);
}

static int switch_undisturbed(struct run *run)
{
	sigset_t wait, before;
	int err;

	sigemptyset(&wait);
	sigaddset(&wait, SIGINT);
	sigaddset(&wait, SIGTERM);
	sigaddset(&wait, SIGHUP);
	sigprocmask(SIG_BLOCK, &wait, &before);
	err = switch_over(run);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* The same policy, with nothing changed by hand since it was loaded? */
static int find_unchanged(struct run *run)
{
	const struct pw_stamp *stamp = &run->kernel->stamp;
	bool changed;
	int err;

	if (!run->kernel->current ||
	    memcmp(stamp->digest, run->intent->model->digest,
		   sizeof(stamp->digest)))
		return 0;
	err = pw_kernel_changed(run->kernel, &changed);
	run->apply->unchanged = !err && !changed;
	return err;
}

static int prepare(struct run *run)
{
	static int (*const steps[])(struct run *run) = {
		load_policy, lock, read_before, compile, guard, find_unchanged,
	};
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(steps); i++)
		err = steps[i](run);
	return err;
}

static void run_clear(struct run *run)
{
	pw_ruleset_free(run->want);
	pw_kernel_free(run->kernel);
	pw_nl_close(run->nl);
	pw_lock_free(run->lock);
	pw_intent_free(run->intent);
}

static size_t num_rules(const struct pw_ruleset *rs)
{
	size_t num = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		num += rs->chains[i].num_rules;
	return num;
}

int pw_apply(struct pw_apply *apply, struct pw_diags *diags)
{
	struct run run = { .apply = apply, .diags = diags };
	int err = prepare(&run);

	if (!err && !apply->dry_run)
		err = fill(&run);
	if (!err && !apply->dry_run)
		err = switch_undisturbed(&run);
	if (!err) {
		apply->generation = run.generation;
		apply->num_rules = num_rules(run.want);
		apply->intent = PW_TAKE(run.intent);
	}
	run_clear(&run);
	return err;
}
