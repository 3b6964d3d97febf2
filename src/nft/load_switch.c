// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes of what is in force: for good, on trial, and back. */
#include <errno.h>

#include "nft/load_move.h"

int pw_load_switch(struct pw_nl *nl, const struct pw_ruleset *want,
		   const struct pw_stamp *stamp,
		   const struct pw_kernel *kernel, bool adopt,
		   struct pw_diags *diags)
{
	struct pw_move move = {
		.nl = nl, .diags = diags, .before = kernel,
		.to = { .current = stamp->generation },
		.bases = want, .want = want, .stamp = stamp, .adopt = adopt,
	};

	return pw_move_bases(&move);
}

int pw_load_try(struct pw_nl *nl, const struct pw_ruleset *want,
		const struct pw_stamp *stamp, const struct pw_kernel *kernel,
		bool adopt, uint64_t ms, struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *bases = NULL;
	const struct pw_ruleset *have = kernel->rules ? kernel->rules : want;
	struct pw_move move = {
		.nl = nl, .diags = diags, .before = kernel,
		.to = { .current = kernel->current,
			.trial = stamp->generation },
		.want = want, .stamp = stamp, .adopt = adopt, .trial_ms = ms,
	};
	int err = pw_bases_make(want, have, &move.to, &bases);

	move.bases = bases;
	return err ? err : pw_move_bases(&move);
}

/* To a generation that base chains go to already */
static int settle(struct pw_nl *nl, const struct pw_kernel *kernel, uint32_t n,
		  bool confirms, struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *bases = NULL;
	struct pw_move move = {
		.nl = nl, .diags = diags, .before = kernel,
		.to = { .current = n }, .confirms = confirms,
	};
	int err = pw_bases_make(kernel->rules, kernel->rules, &move.to, &bases);

	move.bases = bases;
	return err ? err : pw_move_bases(&move);
}

int pw_load_confirm(struct pw_nl *nl, const struct pw_kernel *kernel,
		    struct pw_diags *diags)
{
	if (!kernel->trial_left_ms)
		return -ETIME;
	return settle(nl, kernel, kernel->trial, true, diags);
}

int pw_load_rollback(struct pw_nl *nl, const struct pw_kernel *kernel,
		     struct pw_diags *diags)
{
	if (!kernel->trial)
		return 0;
	if (!kernel->current)
		return pw_load_clear(nl, diags);
	return settle(nl, kernel, kernel->current, false, diags);
}
