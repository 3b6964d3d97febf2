/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the search for drift. */
#ifndef LIVE_DRIFT_LIST_H
#define LIVE_DRIFT_LIST_H

#include "portwall/drift.h"

/**
 * pw_drift_add() - One more
 * @hint:	copied, NULL: nothing is to be done
 *
 * Return: 0; -ENOMEM
 */
__attribute__((format(printf, 4, 5)))
int pw_drift_add(struct pw_drifts *drifts, enum pw_drift_kind kind,
		 const char *hint, const char *fmt, ...);

/* The same of what does not make the host differ */
__attribute__((format(printf, 4, 5)))
int pw_drift_note(struct pw_drifts *drifts, enum pw_drift_kind kind,
		  const char *hint, const char *fmt, ...);

/* drift_ours.c: of our own table. 0; -ENOMEM; as pw_compile() */
int pw_drift_ours(const struct pw_status *status,
		  const struct pw_intent *intent,
		  const struct pw_where *where, struct pw_drifts *out,
		  struct pw_diags *diags);

/*
 * drift_rules.c: what @got has that @want has not, and so on. A chain without
 * rules that has some in @table was not flushed. 0 or -ENOMEM
 */
int pw_drift_rules(const struct pw_ruleset *want, const struct pw_ruleset *got,
		   const struct pw_ruleset *table, const char *hint,
		   struct pw_drifts *out);
int pw_drift_extra_chain(const struct pw_chain *chain, const char *hint,
			 struct pw_drifts *out);
/* One rule of @rs that is too many */
int pw_drift_extra_rule(const struct pw_ruleset *rs, uint32_t chain,
			size_t rule, const char *hint, struct pw_drifts *out);

/*
 * drift_boot.c: between what is in force and what is remembered, and between
 * that and the policy's file. 0 or -ENOMEM
 */
int pw_drift_boot(const struct pw_status *status, const struct pw_where *where,
		  struct pw_drifts *out);
/* Would boot load what was applied for good? 0 or -ENOMEM */
int pw_drift_boots(const struct pw_status *status,
		   const struct pw_where *where, bool *boots);

/*
 * drift_others.c: other tables, and other firewall managers at work. 0;
 * -ENOMEM; errors of reading, with a message
 */
int pw_drift_others(const struct pw_status *status, struct pw_drifts *out,
		    struct pw_diags *diags);

#endif
