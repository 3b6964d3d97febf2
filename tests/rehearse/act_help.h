/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One act of a rehearsal, with rules that may be wrong on purpose. */
#ifndef TESTS_ACT_HELP_H
#define TESTS_ACT_HELP_H

#include "rehearse/rehearse.h"

/**
 * struct act - What is played, and what must come of it
 * @policy:	text of the policy
 * @mutate:	makes the rules wrong; NULL: they stay right
 * @play:	the act
 * @worst:	result that the report must have
 * @words:	that the text of a finding must hold, or with PW_RES_PASS and
 *		PW_RES_SKIPPED that of a case; NULL: any
 */
struct act {
	const char *name, *policy;
	void (*mutate)(struct pw_ruleset *rs);
	int (*play)(struct pw_stage *stage);
	enum pw_result worst;
	const char *words;
};

/* A test of cmocka, whose state is the act: in a process of its own */
void test_act(void **state);

/* One row, one test: runs all and returns what main() returns */
int run_acts(const struct act *acts, size_t num);

/* Mutations: the chain by name; its rule away; each rule that @wanted names */
struct pw_chain *act_chain(struct pw_ruleset *rs, const char *name);
void act_forget(struct pw_chain *c, size_t at);
void act_forget_rules(struct pw_ruleset *rs,
		      bool (*wanted)(const struct pw_rule *rule));
bool act_matches(const struct pw_rule *rule, enum pw_field field,
		 uint64_t first);

#endif
