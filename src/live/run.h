/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that changes something: lock, kernel, state directory. */
#ifndef LIVE_RUN_H
#define LIVE_RUN_H

#include "live/lock.h"
#include "live/states.h"

/**
 * struct pw_run - What a command works with, under the lock
 * @where, @command, @diags: set before pw_run_begin()
 * @look:	nothing is to be changed (--dry-run)
 *
 * Set by pw_run_begin():
 * @state:	NULL: nothing is remembered
 * @kernel:	as it is now, read under the lock
 * @strange:	an error for each thing in the table that no portwall makes, and
 *		that @kernel is without
 * @lock_err, @state_err: why boot goes on without a lock, and boot and
 *		rollback without a directory that is there
 * @found:	what the kernel held when the command came
 * @stop:	all is done that the command is for
 * @cut:	of connections that a trial had let in which was over
 */
struct pw_run {
	const struct pw_where *where;
	enum pw_live_command command;
	struct pw_diags *diags;
	bool look;

	struct pw_lock *lock;
	struct pw_nl *nl;
	struct pw_state *state;
	struct pw_kernel *kernel;
	struct pw_diags *strange;
	int lock_err, state_err;
	enum pw_live_state found;
	bool stop;
	struct pw_cut cut;
};

/**
 * pw_run_begin() - Lock, read, and ask whether the command may go on
 *
 * A trial that is over is taken away first, where states.c says so; @kernel is
 * that of afterwards. To boot, something has to be closed whatever the
 * directories are like.
 *
 * Return: 0; what the table of states says, with a message; errors of the
 *	   lock, of reading, and of the state directory. pw_run_end() follows
 *	   in any case.
 */
int pw_run_begin(struct pw_run *run);
void pw_run_end(struct pw_run *run);

/* Reads the kernel again; as pw_kernel_look() */
int pw_run_read(struct pw_run *run);

/*
 * Are the rules in force, as read after the last switch to rules that were there
 * before, those that were applied? -EPROTO with a message: somebody changed them
 */
int pw_run_vouch(struct pw_run *run);

/*
 * Before the first change: takes out what no portwall makes, says so in a
 * warning, and reads the kernel again. 0; as pw_load_purge(), pw_kernel_read()
 */
int pw_run_purge(struct pw_run *run);

/*
 * Calls @step while signals that end a process have to wait: from the first
 * change to the moment when its outcome is known and remembered
 */
int pw_run_undisturbed(int (*step)(struct pw_run *run, void *arg),
		       struct pw_run *run, void *arg);

/**
 * pw_run_rules() - Rules of a generation, with the elements of constant sets
 * @stamp:	of @run->kernel: the generation in force, or one of a trial
 *
 * As the kernel has them; where a set is too large to be read, as the remembered
 * policy of @stamp's digest is compiled.
 *
 * Return: 0; -ENODATA: there is such a set, and the policy is not remembered;
 *	   as pw_compile()
 */
int pw_run_rules(struct pw_run *run, const struct pw_stamp *stamp,
		 struct pw_ruleset **out, struct pw_diags *diags);

/* The remembered policy of a generation; NULL: there is none, for whatever
 * reason */
struct pw_intent *pw_run_known(struct pw_run *run,
			       const struct pw_stamp *stamp);

/**
 * pw_run_end_trial() - End the trial, over or not, and what only it let in
 * @ended:	it is over, also where what follows fails
 * @cut:	connections that ended with it
 *
 * Reads the kernel again. Return: as pw_load_rollback()
 */
int pw_run_end_trial(struct pw_run *run, bool *ended, struct pw_cut *cut);

/* The trial's bundle, of which nobody has need any more; failure is a warning */
void pw_run_forget_trial(struct pw_run *run);

/**
 * pw_run_cut() - Connections that @rules, in force now, would not let in
 * @unless:	as pw_cut_judge()
 * @end:	end them
 *
 * What goes wrong is a warning: the rules are in force all the same.
 */
void pw_run_cut(struct pw_run *run, const struct pw_ruleset *rules,
		const struct pw_ruleset *unless, bool end, struct pw_cut *cut);

#endif
