/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of loading: messages of a transaction, what is stale, what is wrong. */
#ifndef PORTWALL_NFT_LOAD_PRIV_H
#define PORTWALL_NFT_LOAD_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

/* Messages that bring things in; each 0 or -ENOMEM */
int pw_put_table(struct pw_batch *batch);
int pw_put_awake(struct pw_batch *batch);	/* no longer dormant */
int pw_put_obj(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t obj);
/* With the elements of constant sets and of maps */
int pw_put_set(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t set);
/* The declaration alone; a set that is there already stays as it is */
int pw_put_set_kept(struct pw_batch *batch, const struct pw_ruleset *rs,
		    uint32_t set);
int pw_put_map(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t map);
/* @stamp: kept with it, or NULL; base chains come with the policy accept */
int pw_put_chain(struct pw_batch *batch, const struct pw_ruleset *rs,
		 uint32_t chain, const struct pw_stamp *stamp);
int pw_put_policy_drop(struct pw_batch *batch, const char *chain);
int pw_put_rules(struct pw_batch *batch, const struct pw_ruleset *rs,
		 uint32_t chain);

/* Messages that take things away; each 0 or -ENOMEM */
int pw_put_table_gone(struct pw_batch *batch);
int pw_put_rules_gone(struct pw_batch *batch, const char *chain);
int pw_put_chain_gone(struct pw_batch *batch, const char *chain);
int pw_put_set_gone(struct pw_batch *batch, const char *set);
int pw_put_obj_gone(struct pw_batch *batch, const struct pw_obj *obj);

/**
 * struct pw_stale - What of the kernel's table nobody needs any more
 * @chains, @sets, @maps, @objs: by index in its ruleset
 * @any:	there is something
 *
 * Stale are generations that base chains do not go to, and what is not dynamic
 * and neither those that they go to nor the wanted one refer to.
 */
struct pw_stale {
	bool *chains, *sets, *maps, *objs;
	bool any;
};

/*
 * @want may be NULL. @moving: what is found goes in the transaction that points
 * the base chains elsewhere, so that of a trial that has expired may go as well:
 * no packet is in its chains. 0 or -ENOMEM
 */
int pw_stale_find(const struct pw_kernel *kernel, const struct pw_ruleset *want,
		  bool moving, struct pw_stale *out);
int pw_stale_put_gone(struct pw_batch *batch, const struct pw_ruleset *rs,
		      const struct pw_stale *stale);
void pw_stale_clear(struct pw_stale *stale);	/* accepts a zeroed struct */

static inline void pw_stale_clearp(struct pw_stale *stale)
{
	pw_stale_clear(stale);
}

/**
 * pw_load_commit() - Send a transaction; explain it if the kernel refuses
 *
 * Return: 0; -ERESTART, -EINPROGRESS as pw_nl_commit(), without a message;
 *	   else -errno, never -EINVAL, with one
 */
int pw_load_commit(struct pw_nl *nl, struct pw_batch *batch,
		   struct pw_diags *diags);

/**
 * pw_load_commit_loose() - The same where one transaction is not needed
 * @whole:	sequence number from which on messages stay together; @next of
 *		the batch: none do
 * @genid:	that @batch was opened with; on return the one it has led to
 * @begun:	set when something is in the kernel, be it with an error
 *
 * Outside the first user namespace nobody may enlarge a socket's buffer beyond
 * net.core.wmem_max, and a transaction has to fit there. What nothing reaches
 * yet can as well come in several, one after the other.
 */
int pw_load_commit_loose(struct pw_nl *nl, struct pw_batch *batch,
			 uint32_t whole, uint32_t *genid, bool *begun,
			 struct pw_diags *diags);

/* What pw_nl_commit() returned, as pw_load_commit() does, with the message */
int pw_load_explain(int err, const struct pw_batch *batch,
		    const struct pw_nl_refusal *why, struct pw_diags *diags);

/**
 * pw_load_check_set() - Does the kernel find what is in a constant set?
 *
 * Looks up ends of ranges and what lies just outside: at most a thousand keys
 * of a large set, a few of a small one, which is read back whole later.
 *
 * Return: 0; -EPROTO with a message: it is not as it was sent; other errors
 */
int pw_load_check_set(struct pw_nl *nl, const struct pw_set *set,
		      struct pw_diags *diags);

#endif
