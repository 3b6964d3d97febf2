/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that differs between two rulesets, one entry for each thing. */
#ifndef RULESET_DIFFERENCES_H
#define RULESET_DIFFERENCES_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"
#include "portwall/ruleset.h"

enum pw_difference_kind {
	PW_DIFFERENCE_ADDED,
	PW_DIFFERENCE_GONE,
	PW_DIFFERENCE_EMPTIED,	/* a chain that had rules has none */
	PW_DIFFERENCE_CHANGED,
};

enum pw_thing { PW_THING_OBJ, PW_THING_SET, PW_THING_MAP, PW_THING_CHAIN,
		PW_THING_RULE };

/**
 * struct pw_difference - One thing that one side has in another way
 * @want, @got:	index on each side, of a rule that of its chain; PW_NONE: it
 *		is not there
 * @want_rule, @got_rule: of a rule; unspecified on the side that lacks it
 * @part:	of what changed: a verb and what differs; of a rule the part alone
 */
struct pw_difference {
	enum pw_difference_kind kind;
	enum pw_thing thing;
	uint32_t want, got;
	size_t want_rule, got_rule;
	const char *part;
};

struct pw_differences {
	struct pw_difference *list;
	size_t num, cap;
};

/**
 * pw_differences_find() - What @got has that @want has not, and so on
 *
 * Compares what pw_ruleset_diff() compares. Rules are aligned: one that was put
 * in between makes one entry. Where more than a few neighbours differ, those
 * that stand at one place are taken for changed. The time grows with the number
 * of rules.
 *
 * Return: 0; -ENOMEM
 */
int pw_differences_find(const struct pw_ruleset *want,
			const struct pw_ruleset *got,
			struct pw_differences **out);
void pw_differences_free(struct pw_differences *differences);
PW_DEFINE_OWNED(struct pw_differences, pw_differences_free)

#endif
