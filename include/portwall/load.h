/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table in the kernel: read it, fill a generation, switch to it. */
#ifndef PORTWALL_LOAD_H
#define PORTWALL_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "own.h"
#include "ruleset.h"

#define PW_FORMAT 1	/* layout of docs/rules.md, kept in the table's userdata */

struct pw_nl;		/* one NETLINK_NETFILTER socket */

/* -EPERM and others come with a message; sender, sequence, ACK are checked */
int pw_nl_open(struct pw_nl **out, struct pw_diags *diags);
void pw_nl_close(struct pw_nl *nl);
PW_DEFINE_OWNED(struct pw_nl, pw_nl_close)

/**
 * struct pw_stamp - What a generation says of itself (userdata of chain gN.in)
 * @generation:	N
 * @digest:	of the policy, see struct pw_model
 * @rules:	of the rules as compiled, see pw_rules_digest() in live.h: tells
 *		whether somebody changed them since, without the policy
 * @time_ns:	when it was applied
 * @uid, @sudo_uid: who applied it; sudo_uid (uid_t)-1: none
 * @insecure:	permissions of the policy were not checked
 * @source:	name of the policy as shown, cut to what fits
 */
struct pw_stamp {
	uint32_t generation;
	uint8_t digest[32];
	uint8_t rules[32];
	uint64_t time_ns;
	uint32_t uid, sudo_uid;
	bool insecure;
	char source[128];
};

/**
 * struct pw_kernel - Our table as the kernel has it
 * @genid:	generation id of nf_tables that all of it was read under
 * @exists:	there is a table
 * @format:	of the table's userdata; 0: none, somebody else made it
 * @dormant:	somebody put it to sleep: nothing of it is in force, whatever
 *		@rules say; the next pw_load_switch() wakes it up
 * @rules:	everything, decoded; not NULL when @exists
 * @current:	generation the base chains go to for good, 0: none
 * @stamp:	of @current
 * @trial:	generation they go to while the trial lasts, 0: there is none.
 *		The rule that leads there stays when the time is over, until
 *		somebody takes it away.
 * @trial_left_ms: 0: the trial has expired, @current is in force
 * @trial_stamp: of @trial
 */
struct pw_kernel {
	uint32_t genid;
	bool exists;
	bool dormant;
	uint32_t format;
	struct pw_ruleset *rules;
	uint32_t current;
	struct pw_stamp stamp;
	uint32_t trial;
	uint64_t trial_left_ms;
	struct pw_stamp trial_stamp;
};

/* The generation that packets meet now, 0: none */
static inline uint32_t pw_kernel_in_force(const struct pw_kernel *kernel)
{
	return kernel->trial_left_ms ? kernel->trial : kernel->current;
}

/* Its stamp; of generation 0 all zero */
static inline const struct pw_stamp *
pw_kernel_stamp(const struct pw_kernel *kernel)
{
	return kernel->trial_left_ms ? &kernel->trial_stamp : &kernel->stamp;
}

/**
 * pw_kernel_read() - Read and decode our table
 * @generation:	whose rules and maps are wanted, 0: of the one in force, and
 *		of both generations of a trial
 *
 * Of other generations there are the names of chains and maps, without content.
 * A dump that was interrupted, or spans two generation ids, is read again.
 * Elements of constant sets above 4,096 are not dumped (@elems stays NULL),
 * dynamic ones never.
 *
 * Return: 0, also when there is none; -EOPNOTSUPP: it holds what no portwall
 *	   makes, with a message that names it; -EPERM; -EAGAIN: it kept
 *	   changing; -ENOMEM
 */
int pw_kernel_read(struct pw_nl *nl, uint32_t generation,
		   struct pw_kernel **out, struct pw_diags *diags);
/*
 * As pw_kernel_read(), of the generation in force, for who only looks: what no
 * portwall makes is passed over, and named by an error in @strange, which the
 * caller frees
 */
int pw_kernel_look(struct pw_nl *nl, struct pw_kernel **out,
		   struct pw_diags **strange, struct pw_diags *diags);
void pw_kernel_free(struct pw_kernel *kernel);
PW_DEFINE_OWNED(struct pw_kernel, pw_kernel_free)

/**
 * pw_kernel_read_bases() - Read the base chains alone
 * @want:	says which, and which chains their rules may go to: of these the
 *		result has the names, without rules
 * @generation:	of @want; base chains are as pw_kernel_generation() has them
 * @genid:	that the tables must still have
 *
 * Return: 0; -EINTR: the tables have another generation id by now; whatever
 *	   else is wrong is for pw_kernel_read() to explain
 */
int pw_kernel_read_bases(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, uint32_t genid,
			 struct pw_ruleset **out);

/* The parts of @kernel->rules that make generation @n: chains and
 * maps of that generation, base chains, and the sets and objects they use.
 * Base chains are as if a trial's generation, or the one behind it, were
 * the only one. Those of any other are there without rules. */
int pw_kernel_generation(const struct pw_kernel *kernel, uint32_t n,
			 struct pw_ruleset **out);

/*
 * Can the table be taken over? -EEXIST: somebody else made it,
 * -EPROTONOSUPPORT: a newer portwall did, both with a message. pw_load_fill()
 * asks this too; whoever only looks asks it alone.
 */
int pw_load_refuse_format(bool exists, uint32_t format,
			  struct pw_diags *diags);

/**
 * pw_load_fill() - Bring in what @want needs and the kernel lacks
 * @want:	compiled for a generation that is not in the kernel
 * @kernel:	as read under the lock
 *
 * One batch: table, objects, sets with their elements, chains and rules of the
 * generation; nothing of it is reached by a packet. Constant sets are checked
 * by key look-ups. On a first apply the base chains come with pw_load_switch().
 *
 * Return: 0; -EAGAIN: others kept changing the table for 5 s; -EPERM; -ENOSPC;
 *	   other refusals of the kernel as -EPROTO or their own code, with a
 *	   message that names rule or set and what the kernel said. Never
 *	   -EINVAL. What is in force is untouched in every case.
 */
int pw_load_fill(struct pw_nl *nl, const struct pw_ruleset *want,
		 const struct pw_stamp *stamp, const struct pw_kernel *kernel,
		 struct pw_diags *diags);

/**
 * pw_load_switch() - Point the base chains at the generation
 * @kernel:	as read before the generation was filled
 * @adopt:	arm the first-apply rule for an hour
 *
 * One transaction; after an outcome that is not known the kernel is read again.
 * It also deletes the generations that were not in force before, and what only
 * they used: no packet can be in their chains. The kernel frees what a
 * transaction deletes a moment later, and whoever closes a socket meanwhile
 * waits for that: so all is deleted at once, and last. If it cannot be deleted
 * it stays for the next switch.
 * The policy of input follows in a transaction of its own; should it fail,
 * that is a warning.
 *
 * Return: as pw_load_fill(), and -ESTALE: the generation is gone, or another
 *	   one by this number; 0 means in force, an error means not in force
 */
int pw_load_switch(struct pw_nl *nl, const struct pw_ruleset *want,
		   const struct pw_stamp *stamp,
		   const struct pw_kernel *kernel, bool adopt,
		   struct pw_diags *diags);

/**
 * pw_load_try() - As pw_load_switch(), for @ms only
 *
 * The base chains go to @want while an element with a timeout lives, and else
 * where they went before; the kernel ends it, whatever becomes of processes.
 * During a trial the candidate is replaced and the time starts afresh, what it
 * falls back to stays. On a first apply nothing is in force afterwards: the
 * policy of input stays accept.
 *
 * @kernel has to be read with both generations (pw_kernel_read() of 0), here
 * and for what follows.
 *
 * Return: as pw_load_switch()
 */
int pw_load_try(struct pw_nl *nl, const struct pw_ruleset *want,
		const struct pw_stamp *stamp, const struct pw_kernel *kernel,
		bool adopt, uint64_t ms, struct pw_diags *diags);

/**
 * pw_load_confirm() - The trial's generation stays
 *
 * One transaction that deletes the element with the timeout, and fails when the
 * kernel has ended it: no clock is compared.
 *
 * Return: 0; -ETIME without a message: the trial is over, nothing was changed;
 *	   as pw_load_switch()
 */
int pw_load_confirm(struct pw_nl *nl, const struct pw_kernel *kernel,
		    struct pw_diags *diags);

/**
 * pw_load_rollback() - End the trial, expired or not
 *
 * Without one nothing is done. Where nothing was in force before, the table is
 * deleted. The generation of an expired trial goes at once, that of one which
 * lasted until now with the next change: packets may be in its chains.
 */
int pw_load_rollback(struct pw_nl *nl, const struct pw_kernel *kernel,
		     struct pw_diags *diags);

/*
 * Delete the table and nothing else, be it of another format. 0, also when
 * there is none; -EEXIST: it is not ours
 */
int pw_load_clear(struct pw_nl *nl, struct pw_diags *diags);
/*
 * Delete a table by our name that no portwall made: a copy that nft loaded from
 * a saved ruleset says no more whose it is. 0, also when there is none.
 */
int pw_load_clear_stray(struct pw_nl *nl, struct pw_diags *diags);

/**
 * struct pw_purged - What was taken out
 * @others:	chains, sets, maps and objects
 */
struct pw_purged {
	size_t rules, others;
};

/*
 * Delete what no portwall makes from our table, so that it can be read again;
 * what can be read is put right by the next switch. 0, also when there is
 * nothing such; as pw_load_switch()
 */
int pw_load_purge(struct pw_nl *nl, struct pw_purged *gone,
		  struct pw_diags *diags);

#endif
