/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running host: apply a policy, say what is in force, take it away. */
#ifndef PORTWALL_LIVE_H
#define PORTWALL_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "host.h"
#include "load.h"
#include "model.h"
#include "own.h"
#include "policy.h"
#include "ruleset.h"
#include "source.h"

#define PW_RUN_DIR "/run/portwall"

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
 * struct pw_apply - One apply: what is asked, and what came of it
 * @path:	the policy; "-" is standard input
 * @trust:	whose files are accepted
 * @run_dir:	directory of the lock
 * @patience_ms: how long to wait for another run
 * @dry_run:	everything but changes
 * @allow_lockout: the lock-out guard warns only
 * @insecure:	permissions are not checked: for the stamp, see @trust
 * @sudo_uid:	on whose behalf, (uid_t)-1: nobody's
 *
 * Set by pw_apply():
 * @in_force:	the rules were switched; set also when what follows fails
 * @intent:	on success: what was applied
 * @generation:	on success: its number
 * @num_rules:	on success
 * @unchanged:	on success: the same policy was in force before
 */
struct pw_apply {
	const char *path;
	struct pw_trust trust;
	const char *run_dir;
	unsigned int patience_ms;
	bool dry_run;
	bool allow_lockout;
	bool insecure;
	uid_t sudo_uid;

	bool in_force;
	struct pw_intent *intent;
	uint32_t generation;
	size_t num_rules;
	bool unchanged;
};

/**
 * pw_apply() - Put a policy in force
 *
 * Reads and resolves the policy, waits for the lock, compiles, proves, asks
 * the lock-out guard, fills a new generation, reads it back, compares it with
 * what was proved, and switches to it. Signals that end a process wait while it
 * switches.
 *
 * Return: 0; -EINVAL: the policy is wrong, or would lock out; -EBUSY: another
 *	   run holds the lock; what pw_load_fill() returns. Unless @in_force is
 *	   set, what was in force before still is.
 */
int pw_apply(struct pw_apply *apply, struct pw_diags *diags);

/**
 * struct pw_status - What is in force
 * @kernel:	as read; @kernel->current 0: nothing is in force
 * @rules:	generation in force with its counters, NULL when there is none
 * @changed:	the rules in force are not those that were loaded, or sleep
 */
struct pw_status {
	struct pw_kernel *kernel;
	struct pw_ruleset *rules;
	bool changed;
};

/*
 * Reads the kernel alone. 0; -EOPNOTSUPP: the table holds what no portwall
 * makes, with a message; others as pw_kernel_read().
 */
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
 * @existed:	whether there was one
 */
int pw_clear(const char *run_dir, unsigned int patience_ms, bool *existed,
	     struct pw_diags *diags);

/* Compile for @generation and prove; returns as pw_compile() and pw_prove() */
int pw_intent_compile(const struct pw_intent *intent, uint32_t generation,
		      struct pw_ruleset **out, struct pw_diags *diags);

#endif
