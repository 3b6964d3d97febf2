/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running host: apply a policy, say what is in force, take it away. */
#ifndef PORTWALL_LIVE_H
#define PORTWALL_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "flows.h"
#include "host.h"
#include "load.h"
#include "model.h"
#include "openings.h"
#include "own.h"
#include "policy.h"
#include "ruleset.h"
#include "source.h"
#include "state.h"

#define PW_RUN_DIR "/run/portwall"
#define PW_TRIAL_MIN_MS 1000u
#define PW_TRIAL_MAX_MS (24u * 3600 * 1000)

/**
 * struct pw_where - What a command works with beside the kernel
 * @run_dir:	directory of the lock
 * @state_dir:	NULL: nothing is remembered, see pw_state_is_ours()
 * @patience_ms: how long to wait for another run
 * @confined:	the process does nothing else and ends: before it changes the
 *		rules, pw_confine_settle() takes away what it needed to read
 */
struct pw_where {
	const char *run_dir, *state_dir;
	unsigned int patience_ms;
	bool confined;
};

/*
 * What the kernel holds of ours, as commands tell it apart. Each command has a
 * row in src/live/states.c that says what it does in which state.
 */
enum pw_live_state {
	PW_LIVE_NONE,		/* no table, or one that nothing goes to */
	PW_LIVE_ONE,		/* a policy is in force */
	PW_LIVE_TRIAL,		/* a candidate is, for a while */
	PW_LIVE_EXPIRED,	/* a trial is over and was not taken away yet */
	PW_LIVE_EMPTIED,	/* somebody took the rules of our base chains */
	PW_LIVE_FOREIGN,	/* a table of ours by name, that we did not make */
	PW_NUM_LIVE_STATES
};

enum pw_live_state pw_live_state_of(const struct pw_kernel *kernel);

/**
 * struct pw_intent - A policy as read, and what it means on this host
 * @policy:	owns the text that places in @model point to
 */
struct pw_intent {
	struct pw_host *host;
	struct pw_policy *policy;
	struct pw_model *model;
};

/**
 * pw_intent_load() - Read and resolve a policy against this host
 * @path:	"-" is standard input
 *
 * Needs no privilege and changes nothing.
 *
 * Return: 0; -EINVAL: the policy is wrong, @diags says where; errors of the
 *	   system
 */
int pw_intent_load(const char *path, const struct pw_trust *trust,
		   struct pw_intent **out, struct pw_diags *diags);
/* As pw_intent_load(), but nothing of this host's network is read */
int pw_intent_load_blind(const char *path, const struct pw_trust *trust,
			 struct pw_intent **out, struct pw_diags *diags);
void pw_intent_free(struct pw_intent *intent);
PW_DEFINE_OWNED(struct pw_intent, pw_intent_free)

/**
 * pw_intent_in_force() - The remembered policy that the kernel's rules are of
 * @stamp:	of the generation: its digest tells which
 *
 * Return: 0; -ENOENT without a message: it is not remembered; -EBADMSG: it is,
 *	   and damaged, with a message
 */
int pw_intent_in_force(const struct pw_where *where,
		       const struct pw_stamp *stamp, struct pw_intent **out,
		       struct pw_diags *diags);

/**
 * struct pw_cut_port - Connections to one port, or of a protocol without
 * @first:	one of them
 */
struct pw_cut_port {
	struct pw_flow first;
	size_t num;
};

/**
 * struct pw_cut - Connections that the rules in force would not let in now
 * @num:	of them, when they were looked at
 * @known:	they could be looked at
 * @unknown:	how many could not be judged: address sets are not known
 * @end:	they were to be ended
 * @ended:	what came of it
 * @list:	by protocol and port, the first of them; @num_list
 */
struct pw_cut {
	size_t num;
	bool known;
	size_t unknown;
	bool end;
	struct pw_flows_end ended;
	struct pw_cut_port list[8];
	size_t num_list;
};

/**
 * struct pw_session - Somebody who administers this host over the network
 * @section:	that lets in a new connection of his, NULL: none does
 */
struct pw_session {
	enum pw_family family;
	struct pw_value peer;
	uint16_t port;
	const struct pw_section *section;
};

/**
 * struct pw_apply - One apply: what is asked, and what came of it
 * @path:	the policy; "-" is standard input
 * @trust:	whose files are accepted
 * @where:	where it is remembered
 * @trial_ms:	the kernel returns to what was before after so long; 0: it stays
 * @cut:	end connections that the new rules would not let in; also when
 *		the policy says established = cut. A trial cuts nothing before
 *		it is confirmed.
 * @dry_run:	everything but changes
 * @allow_lockout: the lock-out guard warns only
 * @insecure:	permissions are not checked: for the stamp, see @trust
 * @sudo_uid:	on whose behalf, (uid_t)-1: nobody's
 *
 * Set by pw_apply():
 * @in_force:	the rules were switched; set also when what follows fails
 * @remembered:	on disk for the next boot; always false for a trial
 * @state:	what the kernel held before, when a trial that was over had been
 *		taken away
 * @before:	the policy in force before, NULL: none, or not known (see
 *		@state), or @unchanged; the caller frees, also after an error
 * @sessions:	with sections of @intent; the caller frees the array, likewise
 * @cut_result:	on success; of a trial nothing
 * @returns_to:	of a trial: stamp of what it falls back to, generation 0: nothing
 * @intent:	on success: what was applied
 * @generation:	on success: its number
 * @num_rules:	on success
 * @unchanged:	on success: the same policy was in force before
 */
struct pw_apply {
	const char *path;
	struct pw_trust trust;
	struct pw_where where;
	uint64_t trial_ms;
	bool cut;
	bool dry_run;
	bool allow_lockout;
	bool insecure;
	uid_t sudo_uid;

	bool in_force, remembered;
	enum pw_live_state state;
	struct pw_intent *before;
	struct pw_session *sessions;
	size_t num_sessions;
	struct pw_cut cut_result;
	struct pw_stamp returns_to;
	struct pw_intent *intent;
	uint32_t generation;
	size_t num_rules;
	bool unchanged;
};

/**
 * pw_apply() - Put a policy in force
 *
 * Waits for the lock, reads and resolves the policy, compiles, proves, asks
 * the lock-out guard, writes down what is to be remembered, fills a new
 * generation, reads it back, compares it with what was proved, and switches to
 * it. Signals that end a process wait while it switches. In a trial the guard
 * only warns.
 *
 * Return: 0; -EINVAL: the policy is wrong, or would lock out; -EBUSY: another
 *	   run holds the lock; what pw_state_stage() and pw_load_fill() return.
 *	   Unless @in_force is set, what was in force before still is. With
 *	   @in_force and without @remembered: not remembered for the next boot.
 */
int pw_apply(struct pw_apply *apply, struct pw_diags *diags);

/**
 * struct pw_settle - What becomes of a trial, or of the policy in force
 * @where, @sudo_uid, @allow_lockout, @cut: as in struct pw_apply
 *
 * Set by what is called:
 * @state:	what the kernel held before
 * @done:	the rules were switched; set also when what follows fails
 * @remembered:	the outcome is on disk for the next boot
 * @stamp:	of what is in force now; generation 0: nothing
 * @taken_ns:	when the policy that a rollback returned to was applied; 0: it
 *		ended a trial
 * @cut_result:	connections that the rules in force would not let in
 * @before, @after: policies in force before and after confirm and rollback,
 *		NULL: none, or not remembered; the caller frees both
 */
struct pw_settle {
	struct pw_where where;
	uid_t sudo_uid;
	bool allow_lockout, cut;

	enum pw_live_state state;
	bool done, remembered;
	struct pw_stamp stamp;
	uint64_t taken_ns;
	struct pw_cut cut_result;
	struct pw_intent *before, *after;
};

/**
 * pw_confirm() - Keep the policy on trial
 *
 * Return: 0; -ETIME: the trial is over, what was before is in force; -ENOENT:
 *	   there is none; both with a message; as pw_apply(). With @done and
 *	   without @remembered: in force, not remembered for the next boot.
 */
int pw_confirm(struct pw_settle *settle, struct pw_diags *diags);

/**
 * pw_rollback() - End a trial, or return to the policy applied before
 *
 * Outside a trial the newest of the history is applied that is older than what
 * is in force and differs from it, read from there alone; the lock-out guard is
 * asked as by pw_apply(). A trial that was over is only taken away.
 *
 * Return: 0; -ENOENT: there is nothing to return to, with a message; as
 *	   pw_apply()
 */
int pw_rollback(struct pw_settle *settle, struct pw_diags *diags);

/**
 * pw_tidy_trial() - Take away a trial that is over, if there is one
 *
 * Every command that changes something does this first. Connections made
 * meanwhile that the policy in force would not let in are ended. Return: as
 * pw_apply(); @settle->done: there was one
 */
int pw_tidy_trial(struct pw_settle *settle, struct pw_diags *diags);

enum pw_booted {
	PW_BOOTED_NOTHING,	/* nothing is remembered: nothing was loaded */
	PW_BOOTED_POLICY,
	PW_BOOTED_EMERGENCY,	/* the policy is lost; emergency.ini is in force */
	PW_BOOTED_CLOSED,	/* that is lost as well: everything is closed */
	PW_BOOTED_KEPT,		/* it is lost, but what is in force is whole */
};

/**
 * pw_boot() - Load what is remembered, and nothing of /etc
 *
 * Before there is a network. Whatever is wrong, something that closes is loaded
 * unless nothing was ever applied. Where the table is there already with the
 * remembered policy unchanged, nothing is done; nor where that cannot be read,
 * and the rules in force are as they were loaded.
 *
 * Return: 0 with NOTHING or POLICY; else an error, with messages, and @booted
 *	   tells what is in force all the same
 */
int pw_boot(struct pw_settle *settle, enum pw_booted *booted,
	    struct pw_diags *diags);

/*
 * Put the policy that is due back in force: during a trial the candidate for
 * the time that is left, else the remembered one. Openings stay. What is in
 * force and unchanged is left alone. -ENOENT: none is remembered, with a
 * message; as pw_apply()
 */
int pw_heal(struct pw_settle *settle, struct pw_diags *diags);

/**
 * struct pw_open - Openings to make, or to end
 * @blocked:	set: by opening, a [block] beats it. A named source: a block
 *		drops packets from its first or its last address, on one of the
 *		ports and interfaces; from anyone: packets from everywhere. What
 *		could not be looked at is false, with a warning. The caller
 *		frees the array.
 * @closed:	set by pw_close()
 */
struct pw_open {
	struct pw_where where;
	const struct pw_opening *list;
	size_t num;
	uint64_t ms;
	bool *blocked;
	size_t closed;
};

/*
 * Both under the lock. -ENOENT: no policy is in force, or one of an older
 * portwall, with a message; as pw_openings_add() and pw_openings_remove()
 */
int pw_open(struct pw_open *open, struct pw_diags *diags);
int pw_close(struct pw_open *open, struct pw_diags *diags);

/**
 * struct pw_status - What is in force
 * @kernel:	as read; pw_kernel_in_force() 0: nothing is in force
 * @state:	of it
 * @rules:	generation in force with its counters, NULL when there is none
 * @openings:	NULL when there is no table
 * @strange:	an error for each thing in the table that no portwall makes
 * @changed:	the rules in force are not those that were loaded, or sleep
 * @fallback_changed: during a trial: nor are those that it returns to
 */
struct pw_status {
	struct pw_kernel *kernel;
	enum pw_live_state state;
	struct pw_ruleset *rules;
	struct pw_openings *openings;
	struct pw_diags *strange;
	bool changed, fallback_changed;
};

/* Reads the kernel alone. Returns as pw_kernel_read(), never -EOPNOTSUPP. */
int pw_status_read(struct pw_status **out, struct pw_diags *diags);
/**
 * pw_status_complete() - Content of sets that were too large to be read
 * @intent:	of the policy that is in force: of its digest
 *
 * Such a set is constant and named after its content, which was looked up when
 * it was filled: @status->rules takes what @intent compiles to under that name.
 *
 * Return: 0; as pw_compile()
 */
int pw_status_complete(struct pw_status *status,
		       const struct pw_intent *intent, struct pw_diags *diags);
void pw_status_free(struct pw_status *status);
PW_DEFINE_OWNED(struct pw_status, pw_status_free)

/**
 * pw_clear() - Delete the table and nothing else, under the lock
 *
 * Boot loads nothing from then on; the history stays.
 *
 * Return: 0, also when there was no table (@done says); as pw_load_clear();
 *	   with @done: the table is gone, but the next boot may load it again
 */
int pw_clear(struct pw_settle *settle, struct pw_diags *diags);

/* Compile for @generation and prove; returns as pw_compile() and pw_prove() */
int pw_intent_compile(const struct pw_intent *intent, uint32_t generation,
		      struct pw_ruleset **out, struct pw_diags *diags);

#endif
