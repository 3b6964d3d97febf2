/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends of chains that are evaluated once, however packets got there. */
#ifndef RULESET_EVAL_SHARE_H
#define RULESET_EVAL_SHARE_H

#include "ruleset/eval.h"

struct pw_sharing *pw_sharing_new(const struct pw_ruleset *rs);
void pw_sharing_free(struct pw_sharing *sharing, const struct pw_ruleset *rs);

/* Is it worth it from @rule on? Nothing is to be on the jump stack */
bool pw_share_at(struct pw_eval *ev, uint32_t chain, size_t rule);

typedef void run_rest(struct pw_eval *ev, uint32_t chain, size_t rule,
		      struct pw_boxes *in, struct pw_boxes *back);

/*
 * Consumes @in. The rest of the chain is run by @rest, once for each kind of
 * packet that no run has seen so far; what it leaves is appended to @back.
 */
void pw_share_rest(struct pw_eval *ev, uint32_t chain, size_t rule,
		   struct pw_boxes *in, struct pw_boxes *back, run_rest *rest);

#endif
