// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open and close: temporary openings beside the policy in force.
 *
 * They are for somebody who waits, and touch a few small sets: the table is
 * not read as a whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/cut.h"
#include "live/lock.h"
#include "live/open_blocked.h"

#include "live/states.h"
#include "nft/kernel.h"
#include "nft/kernel_trial.h"

/* What tells the state of the kernel, but for chains that lead nowhere */
static int look_once(struct pw_nl *nl, struct pw_kernel *out)
{
	struct pw_targets targets = { 0 };
	struct pw_table_info table;
	uint64_t left_ms = 0;
	int err = pw_nl_genid(nl, &out->genid);

	if (!err)
		err = pw_table_info_read(nl, out->genid, &table);
	if (!err && table.format == PW_FORMAT)
		err = pw_targets_read(nl, out->genid, &targets);
	if (!err && targets.trial)
		err = pw_trial_left_read(nl, out->genid, &left_ms);
	if (err)
		return err;
	out->exists = table.exists;
	out->dormant = table.dormant;
	out->format = table.format;
	out->current = targets.current;
	out->trial = targets.trial;
	out->trial_left_ms = left_ms;
	return 0;
}

/* Nothing is in force: why not, only the whole table tells */
static bool is_dark(const struct pw_kernel *kernel)
{
	return kernel->exists && kernel->format == PW_FORMAT &&
	       !kernel->current && !kernel->trial;
}

static int look(struct pw_nl *nl, struct pw_kernel **out,
		struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel =
		calloc(1, sizeof(*kernel));
	struct pw_backoff backoff = { 0 };
	int err;

	if (!kernel)
		return -ENOMEM;
	do {
		err = look_once(nl, kernel);
	} while (pw_nl_is_passing(err) && !pw_backoff_wait(&backoff, nl));
	if (err)
		return pw_diag_system(diags, -err,
				      "cannot read table inet " PW_TABLE);
	if (is_dark(kernel))
		return pw_kernel_read(nl, 0, out, diags);
	*out = PW_TAKE(kernel);
	return 0;
}

static int ask(const struct pw_live_answer *answer,
	       const struct pw_kernel *kernel, struct pw_diags *diags)
{
	if (answer->next != PW_LIVE_REFUSE)
		return 0;
	if (!answer->text)
		return pw_load_refuse_format(kernel->exists, kernel->format,
					     diags);
	pw_diag_error(diags, NULL, "%s", answer->text);
	pw_diag_hint(diags, "%s", answer->hint);
	return answer->err;
}

/* A policy is in force, and its table has no such sets */
static int explain(int err, struct pw_diags *diags)
{
	if (err != -ENOENT)
		return err;
	pw_diag_error(diags, NULL,
		      "the rules in force are of an older portwall, which could open nothing for a while");
	pw_diag_hint(diags, "apply the policy again: portwall apply POLICY");
	return -ENOENT;
}

/**
 * struct session - What both commands work with, under the lock
 */
struct session {
	struct pw_lock *lock;
	struct pw_nl *nl;
	struct pw_kernel *kernel;
};

static void end(struct session *s)
{
	pw_kernel_free(s->kernel);
	pw_nl_close(s->nl);
	pw_lock_free(s->lock);
	*s = (struct session){ 0 };
}

static int meet(struct session *s, const struct pw_where *where,
		struct pw_diags *diags)
{
	int err = pw_lock_take(where->run_dir, where->patience_ms, &s->lock,
			       diags);

	if (!err)
		err = pw_nl_open(&s->nl, diags);
	return err ? err : look(s->nl, &s->kernel, diags);
}

/* A trial that is over is taken away first, which reads everything */
static int tidy(struct session *s, const struct pw_where *where,
		struct pw_diags *diags)
{
	struct pw_settle settle = { .where = *where };
	int err;

	end(s);
	err = pw_tidy_trial(&settle, diags);
	return err ? err : meet(s, where, diags);
}

static int begin(struct session *s, const struct pw_where *where,
		 enum pw_live_command command, struct pw_diags *diags)
{
	const struct pw_live_answer *answer;
	int err = meet(s, where, diags);

	if (err)
		return err;
	answer = pw_live_ask(command, pw_live_state_of(s->kernel));
	if (answer->tidy) {
		err = tidy(s, where, diags);
		if (err)
			return err;
		answer = pw_live_ask(command, pw_live_state_of(s->kernel));
	}
	return ask(answer, s->kernel, diags);
}

/* It is open already: what goes wrong here is only not known */
static void find_blocked(const struct session *s, const struct pw_open *open,
			 bool *blocked, struct pw_diags *diags)
{
	int err = pw_open_find_blocked(s->nl, pw_kernel_in_force(s->kernel),
				       open->list, open->num, blocked);

	if (err == -EFBIG)
		pw_diag_warning(diags, NULL,
				"a [block] of the policy may beat it: there are too many to look at");
	else if (err)
		pw_diag_warning(diags, NULL,
				"whether a [block] of the policy beats it could not be looked at: %s",
				strerror(-err));
}

int pw_open(struct pw_open *open, struct pw_diags *diags)
{
	struct session s = { 0 };
	bool *blocked = calloc(open->num + 1, sizeof(*blocked));
	int err = blocked ? begin(&s, &open->where, PW_DO_OPEN, diags) :
			    -ENOMEM;

	if (!err)
		err = explain(pw_openings_add(s.nl, open->list, open->num,
					      open->ms, diags), diags);
	if (!err)
		find_blocked(&s, open, blocked, diags);
	if (!err)
		(void)pw_cut_lift(open, blocked, diags);
	end(&s);
	if (err) {
		free(blocked);
		return err;
	}
	open->blocked = blocked;
	return 0;
}

int pw_close(struct pw_open *open, struct pw_diags *diags)
{
	struct session s = { 0 };
	int err = begin(&s, &open->where, PW_DO_CLOSE, diags);

	if (!err)
		err = explain(pw_openings_remove(s.nl, open->list, open->num,
						 &open->closed, diags), diags);
	end(&s);
	return err;
}
