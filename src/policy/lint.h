/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings about what is right by the language and can hardly be meant. */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/resolve.h"

/**
 * struct pw_linter - One run of pw_lint()
 *
 * Sections of the model and of the policy have the same indices.
 */
struct pw_linter {
	const struct pw_policy *policy;
	const struct pw_model *model;
	struct pw_diags *diags;
};

/* True when no packet at all can match the section: its lists are empty */
bool pw_section_matches_nothing(const struct pw_section *section);

/* "tcp 80, 443" for ports of @t; the caller frees; NULL when memory is short */
char *pw_ports_text(enum pw_transport t, const struct pw_rangeset *ports);

/* No more warnings are kept: looking for more is pointless */
bool pw_lint_enough(const struct pw_linter *lint);

/* Sections whose ports a block always shadows. -ENOMEM */
int pw_lint_shadowed(const struct pw_linter *lint);

/* Sections that open what is open to anyone already. -ENOMEM */
int pw_lint_redundant(const struct pw_linter *lint);

#endif
