/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules and maps as regions, worked out once for an evaluation. */
#ifndef RULESET_EVAL_PREPARE_H
#define RULESET_EVAL_PREPARE_H

#include "ruleset/eval.h"

/**
 * struct pw_prep_rule
 * @cuts:	what its matches say
 * @cond:	facts that have to hold: limits, sets that change
 * @keys:	map of a counter: its keys have to be there too; else PW_NONE
 */
struct pw_prep_rule {
	struct pw_cuts cuts;
	uint32_t cond;
	uint32_t keys;
};

/* Keys of one map that lead to one verdict, and their region */
struct pw_prep_key {
	struct pw_verdict verdict;
	struct pw_cuts cuts;
};

/**
 * struct pw_prep_map
 * @keys:	of one verdict one after the other
 * @all:	the keys of every verdict together
 */
struct pw_prep_map {
	bool done;
	struct pw_prep_key *keys;
	size_t num_keys, cap_keys;
	struct pw_prep_key *all;
	size_t num_all, cap_all;
};

/**
 * struct pw_prepared
 * @sets:	number of each constant set's content, 0: not asked for so far
 * @fact_slots:	facts by hash, 0 free, else number + 1
 */
struct pw_prepared {
	uint32_t *sets;
	struct pw_prep_map *maps;
	uint32_t *fact_slots;
	size_t num_fact_slots;
};

struct pw_prepared *pw_prepared_new(const struct pw_ruleset *rs);
void pw_prepared_free(struct pw_prepared *prepared,
		      const struct pw_ruleset *rs);

void pw_prepare_rule(struct pw_eval *ev, uint32_t chain, size_t rule,
		     struct pw_prep_rule *out);
const struct pw_prep_map *pw_prepare_map(struct pw_eval *ev, uint32_t map);

#endif
