/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no longer as it was applied, and who else works on the same packets. */
#ifndef PORTWALL_DRIFT_H
#define PORTWALL_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "live.h"
#include "own.h"

enum pw_drift_kind {
	PW_DRIFT_TABLE_GONE,	/* something was applied, and there is no table */
	PW_DRIFT_ASLEEP,	/* flag dormant */
	PW_DRIFT_FLUSHED,	/* base chains or all rules of a chain are gone */
	PW_DRIFT_ADDED,		/* a rule, chain, set or element too many */
	PW_DRIFT_GONE,
	PW_DRIFT_CHANGED,
	PW_DRIFT_FALLBACK,	/* what a trial returns to was changed */
	PW_DRIFT_NOT_REMEMBERED, /* the next boot loads something else */
	PW_DRIFT_FILE,		/* the policy's file differs: a note, no drift */
	PW_DRIFT_DROPS,		/* another table drops what the policy lets in */
	PW_DRIFT_HIDES,		/* another table redirects it */
	PW_DRIFT_MANAGER,	/* another firewall manager is active */
	PW_NUM_DRIFT_KINDS
};

/**
 * struct pw_drift - One thing that is not as it was
 * @text:	one line that names table, chain, handle and what the rule does
 * @hint:	what to do, NULL: nothing
 * @note:	it does not make the host differ from what was applied
 */
struct pw_drift {
	enum pw_drift_kind kind;
	char *text, *hint;
	bool note;
};

struct pw_drifts {
	struct pw_drift *list;
	size_t num, cap;
};

/**
 * pw_drift_find() - Compare the kernel with what was applied
 * @status:	as read
 * @intent:	of the policy in force, NULL: not remembered; then what changed
 *		in our table is not named, only that something did
 * @where:	where the next boot's policy is remembered
 *
 * Constant sets are compared by name and flags, never dumped when large. Other
 * tables count when a rule of theirs drops or redirects a port that the policy
 * lets in, whoever sends: what names its sources (a ban) does not.
 *
 * Return: 0; -ENOMEM; errors of reading, with a message
 */
int pw_drift_find(const struct pw_status *status,
		  const struct pw_intent *intent,
		  const struct pw_where *where, struct pw_drifts **out,
		  struct pw_diags *diags);
void pw_drifts_free(struct pw_drifts *drifts);
PW_DEFINE_OWNED(struct pw_drifts, pw_drifts_free)

#endif
