/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lock-out guard: could whoever administers this host connect again? */
#ifndef LIVE_GUARD_H
#define LIVE_GUARD_H

#include "live/remote.h"
#include "portwall/model.h"
#include "portwall/ruleset.h"

/**
 * pw_guard_judge() - Ask rules about a new connection from each peer
 * @rs:		compiled from @model
 * @now_ns:	clock of the connections
 * @remotes:	each gets its section
 * @allow:	what would be an error is a warning
 *
 * Where a limit admits the peer while there is room, a note says so.
 *
 * Return: 0; -EINVAL: one would be refused; the message holds what to add to
 *	   the policy; -ENOMEM and other errors of pw_eval_packet()
 */
int pw_guard_judge(const struct pw_model *model, const struct pw_ruleset *rs,
		   struct pw_remotes *remotes, uint64_t now_ns,
		   bool allow, struct pw_diags *diags);

#endif
