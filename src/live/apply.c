// SPDX-License-Identifier: GPL-2.0-or-later
/* Apply: from a policy to rules in force, each step checked. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/put.h"
#include "live/remembered.h"

/* What the steps of one apply share */
struct apply {
	struct pw_apply *asked;
	struct pw_run run;
	struct pw_put put;
	struct pw_capture *capture;	/* NULL: nothing is remembered */
	struct pw_intent *intent;
};

/* Who types a policy, or sends it slowly, does not hold the lock meanwhile */
static int await_input(struct apply *a)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	if (!strcmp(a->asked->path, "-"))
		(void)poll(&input, 1, -1);
	return 0;
}

/* Read under the lock: what another run cleans up is not what this one keeps */
static int begin(struct apply *a)
{
	int err = pw_run_begin(&a->run);

	if (err)
		return err;
	a->asked->state = pw_live_state_of(a->run.kernel);
	/* a trial that was over is no part of what was before */
	if (a->asked->state == PW_LIVE_EXPIRED)
		a->asked->state = a->run.kernel->current ? PW_LIVE_ONE :
							   PW_LIVE_NONE;
	return 0;
}

static int load_policy(struct apply *a)
{
	const struct pw_apply *asked = a->asked;
	struct pw_diags *diags = a->run.diags;
	const struct pw_files *files = &pw_system_files;
	int err = 0;

	a->intent = calloc(1, sizeof(*a->intent));
	if (!a->intent)
		return -ENOMEM;
	if (a->run.state && !a->run.look)
		err = pw_capture_new(a->run.state, &a->capture, diags);
	if (!err)
		err = pw_host_gather(&a->intent->host, diags);
	if (err)
		return err;
	if (a->capture)
		files = pw_capture_files(a->capture);
	return pw_policy_read_from(files, asked->path, &asked->trust,
				   a->intent->host, &a->intent->policy,
				   &a->intent->model, diags);
}

/* For those who want to know what changes; no reason to stop */
static int find_before(struct apply *a)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	const struct pw_stamp *stamp = pw_kernel_stamp(a->run.kernel);
	int err = -ENOENT;

	if (!unsaid)
		return -ENOMEM;
	if (stamp->generation && !a->asked->unchanged)
		err = pw_intent_find(a->run.state, stamp->digest,
				     &a->asked->before, unsaid);
	return err == -ENOMEM ? err : 0;
}

static int compile(struct apply *a)
{
	a->put.intent = a->intent;
	a->put.stamp.time_ns = a->intent->host->now_ns;
	return pw_put_compile(&a->run, &a->put);
}

static int tell_sessions(struct apply *a)
{
	const struct pw_remotes *remotes = a->put.remotes;
	const struct pw_model *model = a->intent->model;
	struct pw_session *list = calloc(remotes->num + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < remotes->num; i++) {
		const struct pw_remote *r = &remotes->items[i];

		list[i] = (struct pw_session){
			.family = r->family, .peer = r->peer, .port = r->port,
			.section = r->section == PW_NONE ? NULL :
				   &model->sections[r->section],
		};
	}
	a->asked->sessions = list;
	a->asked->num_sessions = remotes->num;
	return 0;
}

static int guard(struct apply *a)
{
	int err = pw_put_guard(&a->run, &a->put);

	return err ? err : tell_sessions(a);
}

static int find_unchanged(struct apply *a)
{
	return pw_put_find_unchanged(&a->run, &a->put, &a->asked->unchanged);
}

static int stage(struct apply *a)
{
	return a->run.look ? 0 : pw_put_stage(&a->run, &a->put, a->capture,
					    NULL);
}

static int put_in_force(struct apply *a)
{
	int err = a->run.look ? 0 : pw_put_in_force(&a->run, &a->put);

	pw_put_cut(&a->run, &a->put);
	return err;
}

static int run_steps(struct apply *a)
{
	static int (*const steps[])(struct apply *a) = {
		await_input, begin, load_policy, compile, guard,
		find_unchanged, find_before, stage, put_in_force,
	};
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(steps); i++)
		err = steps[i](a);
	return err;
}

static size_t num_rules(const struct pw_ruleset *rs)
{
	size_t num = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		num += rs->chains[i].num_rules;
	return num;
}

static void tell(struct apply *a)
{
	struct pw_apply *asked = a->asked;

	asked->generation = a->put.stamp.generation;
	asked->num_rules = num_rules(a->put.want);
	asked->cut_result = a->put.cut_result;
	if (asked->trial_ms)
		asked->returns_to = a->run.kernel->stamp;
	asked->intent = PW_TAKE(a->intent);
}

int pw_apply(struct pw_apply *apply, struct pw_diags *diags)
{
	struct apply a = {
		.asked = apply,
		.run = { .where = &apply->where, .diags = diags,
			 .command = apply->trial_ms ? PW_DO_TRY : PW_DO_APPLY,
			 .look = apply->dry_run },
		.put = { .trial_ms = apply->trial_ms, .cut = apply->cut,
			 .allow_lockout = apply->allow_lockout,
			 .path = apply->path,
			 .stamp = { .uid = getuid(),
				    .sudo_uid = apply->sudo_uid,
				    .insecure = apply->insecure } },
	};
	int err = run_steps(&a);

	apply->in_force = a.put.in_force;
	apply->remembered = a.put.remembered;
	if (!err)
		tell(&a);
	pw_put_clear(&a.put);
	pw_capture_free(a.capture);
	pw_intent_free(a.intent);
	pw_run_end(&a.run);
	return err;
}
