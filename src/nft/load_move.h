/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of the base chains from where they go to where they shall go. */
#ifndef PORTWALL_NFT_LOAD_MOVE_H
#define PORTWALL_NFT_LOAD_MOVE_H

#include "nft/kernel.h"
#include "nft/load_priv.h"

#define PW_MAX_BASES 8

/**
 * struct pw_base_now - A base chain as wanted, and as it is
 * @chain:	index in the wanted ruleset
 * @drops:	its policy is drop
 */
struct pw_base_now {
	uint32_t chain;
	bool exists, drops;
};

/**
 * struct pw_move - Where the base chains shall go, and how they come there
 * @before:	as read, of a trial with both generations
 * @to:		the generations that they go to afterwards; what is not filled
 *		now is what they go to already
 * @bases:	base chains with the rules that lead there
 * @want:	the generation that was filled, NULL: none was
 * @stamp:	of that generation, NULL: none was filled
 * @trial_ms:	arm a trial, 0: none
 * @adopt:	arm the first-apply rule for an hour
 * @confirms:	fail with -ETIME unless the trial still lasts
 *
 * The rest is for pw_move_bases() alone:
 * @apart:	what is stale was too much for one message together with that
 */
struct pw_move {
	struct pw_nl *nl;
	struct pw_diags *diags;
	const struct pw_kernel *before;
	struct pw_targets to;
	const struct pw_ruleset *bases, *want;
	const struct pw_stamp *stamp;
	uint64_t trial_ms;
	bool adopt, confirms;

	bool apart;
	struct pw_base_now now[PW_MAX_BASES];
	size_t num_bases;
	uint32_t genid;
	struct pw_table_info table;
};

/**
 * pw_move_bases() - Point the base chains at @move->to, in one transaction
 *
 * What is stale goes with it, or after it. Unless it is for a trial the policy
 * of input follows.
 *
 * Return: as pw_load_switch(); -ETIME without a message: see @confirms
 */
int pw_move_bases(struct pw_move *move);

/*
 * Base chains, in place of those of @like, that go to generation @to->current
 * for good (its chains are in @have), and to @to->trial (its chains are in
 * @like) while a trial lasts. 0 or -ENOMEM
 */
int pw_bases_make(const struct pw_ruleset *like, const struct pw_ruleset *have,
		  const struct pw_targets *to, struct pw_ruleset **out);

#endif
