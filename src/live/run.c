// SPDX-License-Identifier: GPL-2.0-or-later
/* A command that changes something: lock, kernel, state directory. */
#include "live/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "live/changed.h"
#include "live/cut.h"
#include "live/remembered.h"
#include "portwall/compile.h"
#include "portwall/confine.h"

/* Boot and clear do not make what is missing: that tells that nothing was
 * ever applied */
static bool makes_directory(const struct pw_run *run)
{
	return !run->look && run->command != PW_DO_BOOT &&
	       run->command != PW_DO_CLEAR;
}

/* 0, or @err: boot goes on without */
static int need(const struct pw_run *run, int err, int *noted)
{
	if (run->command != PW_DO_BOOT || err == -EBUSY || err == -ENOMEM)
		return err;
	*noted = err;
	return 0;
}

static int lock(struct pw_run *run)
{
	int err = pw_lock_take(run->where->run_dir, run->where->patience_ms,
			       &run->lock, run->diags);

	return need(run, err, &run->lock_err);
}

static int open_state(struct pw_run *run)
{
	int err;

	if (!run->where->state_dir)
		return 0;
	err = pw_state_open(run->where->state_dir, makes_directory(run),
			    &run->state, run->diags);
	if (err == -ENOENT && !makes_directory(run))
		return 0;
	/* a trial ends in the kernel: whoever is shut out needs no more */
	if (run->command == PW_DO_ROLLBACK && err != -ENOMEM) {
		run->state_err = err;
		return 0;
	}
	return need(run, err, &run->state_err);
}

static void replace(struct pw_run *run, struct pw_kernel *kernel,
		    struct pw_diags *strange)
{
	pw_kernel_free(run->kernel);
	pw_diags_free(run->strange);
	run->kernel = kernel;
	run->strange = strange;
}

int pw_run_read(struct pw_run *run)
{
	struct pw_diags *strange = NULL;
	struct pw_kernel *kernel;
	int err = pw_kernel_look(run->nl, &kernel, &strange, run->diags);

	if (!err)
		replace(run, kernel, strange);
	return err;
}

static void tell_purged(struct pw_run *run, const struct pw_purged *gone)
{
	const size_t num = gone->rules + gone->others;

	if (num)
		pw_diag_warning(run->diags, NULL,
				"took out %zu %s%s that portwall did not make",
				num, gone->others ? "thing" : "rule",
				num == 1 ? "" : "s");
}

int pw_run_purge(struct pw_run *run)
{
	struct pw_kernel *kernel;
	struct pw_purged gone;
	int err;

	if (!pw_diags_kept(run->strange) || run->look)
		return 0;
	err = pw_load_purge(run->nl, &gone, run->diags);
	if (err)
		return err;
	tell_purged(run, &gone);
	err = pw_kernel_read(run->nl, 0, &kernel, run->diags);
	if (!err)
		replace(run, kernel, NULL);
	return err;
}

static int refuse(const struct pw_run *run,
		  const struct pw_live_answer *answer)
{
	if (!answer->text)
		return pw_load_refuse_format(run->kernel->exists,
					     run->kernel->format, run->diags);
	pw_diag_error(run->diags, NULL, "%s", answer->text);
	pw_diag_hint(run->diags, "%s", answer->hint);
	return answer->err;
}

static int ask(struct pw_run *run)
{
	const struct pw_live_answer *answer;
	bool ended;
	int err = 0;

	run->found = pw_live_state_of(run->kernel);
	answer = pw_live_ask(run->command, run->found);
	if (answer->tidy && !run->look) {
		err = pw_run_end_trial(run, &ended, &run->cut);
		if (!err && answer->next == PW_LIVE_GO)
			answer = pw_live_ask(run->command,
					     pw_live_state_of(run->kernel));
	}
	if (err)
		return err;
	run->stop = answer->next == PW_LIVE_STOP;
	return answer->next == PW_LIVE_REFUSE ? refuse(run, answer) : 0;
}

int pw_run_begin(struct pw_run *run)
{
	int err = lock(run);

	if (!err)
		err = open_state(run);
	if (!err)
		err = pw_nl_open(&run->nl, run->diags);
	if (!err)
		err = pw_run_read(run);
	return err ? err : ask(run);
}

void pw_run_end(struct pw_run *run)
{
	replace(run, NULL, NULL);
	pw_nl_close(run->nl);
	pw_state_close(run->state);
	pw_lock_free(run->lock);
}

int pw_run_vouch(struct pw_run *run)
{
	bool changed = false;
	int err = 0;

	if (pw_kernel_in_force(run->kernel))
		err = pw_kernel_changed(run->kernel, &changed);
	if (err || !(changed || pw_diags_kept(run->strange)))
		return err;
	pw_diag_error(run->diags, NULL,
		      "the rules in force are not as they were applied: somebody changed them");
	pw_diag_hint(run->diags, "%s", run->state ?
		     "see what: portwall status; put them back: portwall boot" :
		     "see what: portwall status; apply the policy again");
	return -EPROTO;
}

int pw_run_undisturbed(int (*step)(struct pw_run *run, void *arg),
		       struct pw_run *run, void *arg)
{
	sigset_t wait, before;
	int err = run->where->confined ? pw_confine_settle(PW_JOB_CHANGE) : 0;

	if (err)
		return pw_diag_system(run->diags, -err,
				      "system calls could not be confined");
	sigemptyset(&wait);
	sigaddset(&wait, SIGINT);
	sigaddset(&wait, SIGTERM);
	sigaddset(&wait, SIGHUP);
	sigprocmask(SIG_BLOCK, &wait, &before);
	err = step(run, arg);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

static bool has_unread(const struct pw_ruleset *rules)
{
	for (size_t i = 0; i < rules->num_sets; i++)
		if (rules->sets[i].constant && !rules->sets[i].elems)
			return true;
	return false;
}

static int compile_remembered(struct pw_run *run, const struct pw_stamp *stamp,
			      struct pw_ruleset **out, struct pw_diags *diags)
{
	pw_owned(pw_intent_free) struct pw_intent *intent = NULL;
	int err = pw_intent_find(run->state, stamp->digest, &intent, diags);

	if (err == -ENOENT)
		return -ENODATA;
	return err ? err :
		     pw_compile(intent->model, stamp->generation, out, diags);
}

int pw_run_rules(struct pw_run *run, const struct pw_stamp *stamp,
		 struct pw_ruleset **out, struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = NULL;
	int err = pw_kernel_generation(run->kernel, stamp->generation, &rules);

	if (err)
		return err;
	if (has_unread(rules))
		return compile_remembered(run, stamp, out, diags);
	*out = PW_TAKE(rules);
	return 0;
}

struct pw_intent *pw_run_known(struct pw_run *run,
			       const struct pw_stamp *stamp)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	struct pw_intent *intent = NULL;
	int err = unsaid ? 0 : -ENOMEM;

	if (!err && stamp->generation)
		err = pw_intent_find(run->state, stamp->digest, &intent,
				     unsaid);
	if (err == -ENOMEM)
		pw_diag_warning(run->diags, NULL,
				"what changes in ports is not known: %s",
				strerror(-err));
	return intent;
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int judge(struct pw_run *run, const struct pw_ruleset *rules,
		 const struct pw_ruleset *unless, bool end,
		 struct pw_cut *cut, struct pw_diags *diags)
{
	pw_owned(pw_openings_free) struct pw_openings *openings = NULL;
	int err = pw_openings_read(run->nl, &openings, diags);

	return err ? err : pw_cut_judge(rules, unless, openings, clock_ns(),
					end, cut, run->diags);
}

void pw_run_cut(struct pw_run *run, const struct pw_ruleset *rules,
		const struct pw_ruleset *unless, bool end, struct pw_cut *cut)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err = unsaid ? judge(run, rules, unless, end, cut, unsaid) :
			   -ENOMEM;

	if (err)
		pw_diag_warning(run->diags, NULL,
				"connections that the rules in force would not let in could not be looked at: %s",
				strerror(-err));
}
