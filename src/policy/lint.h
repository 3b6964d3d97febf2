/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings about what is right by the language and can hardly be meant. */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/resolve.h"
#include "policy/spans.h"

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

/**
 * struct pw_index - Sections by what they speak of
 * @numbers:	those with ports or protocols, by these
 * @sources:	blocks of everything, by source; IPv6 by its first 32 bits
 */
struct pw_index {
	struct pw_spans numbers[PW_NUM_TRANSPORTS + 1];
	struct pw_spans sources[PW_NUM_FAMILIES];
};

#define PW_LINT_BUDGET 2000000	/* comparisons: some ten milliseconds */

/* 0, -ENOMEM; @index is to be cleared in any case */
int pw_index_init(struct pw_index *index, const struct pw_model *model,
		  bool blocks_only);
void pw_index_clear(struct pw_index *index);
/* Blocks of everything that may hold the first source of @section, which has
 * one */
struct pw_walk pw_index_source(const struct pw_index *index,
			       const struct pw_section *section,
			       size_t *budget);

/* Sections whose ports a block always shadows. -ENOMEM */
int pw_lint_shadowed(const struct pw_linter *lint);

/* Do from, to, on and until of @wide hold for all that @narrow speaks of? */
bool pw_section_covers(const struct pw_section *wide,
		       const struct pw_section *narrow);

#define PW_NUM_NUMBERS (PW_NUM_TRANSPORTS + 1)
/* Ports of the transports, then protocols; @k below PW_NUM_NUMBERS */
const struct pw_rangeset *pw_section_numbers(const struct pw_section *section,
					     int k);

/*
 * Sections that open what is open to anyone already; sets @gone[i] of those
 * that were reported. -ENOMEM
 */
int pw_lint_redundant(const struct pw_linter *lint, bool *gone);

/* Sections that one other section of their kind makes superfluous, except for
 * those @gone. -ENOMEM */
int pw_lint_covered(const struct pw_linter *lint, bool *gone);

#endif
