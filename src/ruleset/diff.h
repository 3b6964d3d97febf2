/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparison of single things of two rulesets: by names, not by indices. */
#ifndef RULESET_DIFF_H
#define RULESET_DIFF_H

#include <stdbool.h>

#include "portwall/ruleset.h"

struct pw_pair {
	const struct pw_ruleset *want, *got;
};

/* The part that differs, NULL: none. @a is of @want, @b of @got */
const char *pw_rule_part(const struct pw_pair *pair, const struct pw_rule *a,
			 const struct pw_rule *b);
/* Without its rules */
const char *pw_chain_part(const struct pw_chain *a, const struct pw_chain *b);
/* Content counts where both sides know it; see pw_ruleset_diff() */
const char *pw_set_part(const struct pw_set *a, const struct pw_set *b);
const char *pw_map_part(const struct pw_pair *pair, const struct pw_map *a,
			const struct pw_map *b);
const char *pw_obj_part(const struct pw_obj *a, const struct pw_obj *b);

#endif
