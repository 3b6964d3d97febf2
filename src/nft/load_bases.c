// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the rules of base chains: to one generation, to another for a while. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nft/kernel_trial.h"
#include "nft/load_move.h"

struct making {
	const struct pw_ruleset *like, *have;
	const struct pw_targets *to;
	uint32_t trial_set;
	struct pw_ruleset *rs;
};

/* [meta nfproto @trial] accept, or goto @chain */
static int add_rule(const struct making *m, uint32_t base, bool trial,
		    uint32_t chain)
{
	struct pw_match match = {
		.field = PW_F_NFPROTO, .set = m->trial_set,
	};
	const struct pw_rule rule = {
		.matches = &match, .num_matches = trial,
		.verdict = {
			.kind = chain == PW_NONE ? PW_V_ACCEPT : PW_V_GOTO,
			.chain = chain, .map = PW_NONE,
		},
		.section = PW_NONE,
	};

	return pw_ruleset_add_rule(m->rs, base, &rule);
}

/* Chain gN.@entry by name, if @from has it: else PW_NONE */
static int add_entry(const struct making *m, const struct pw_ruleset *from,
		     uint32_t n, const char *entry, uint32_t *chain)
{
	char name[32];
	int64_t at;

	*chain = PW_NONE;
	snprintf(name, sizeof(name), "g%u.%s", n, entry);
	if (!n || pw_ruleset_find_chain(from, name) == PW_NONE)
		return 0;
	at = pw_ruleset_add_chain(m->rs, name);
	if (at < 0)
		return (int)at;
	*chain = (uint32_t)at;
	return 0;
}

/* Where the candidate has nothing to say, what is behind it must not either */
static int add_rules(const struct making *m, uint32_t base, const char *entry)
{
	uint32_t trial, current = PW_NONE;
	int err = add_entry(m, m->like, m->to->trial, entry, &trial);

	if (!err)
		err = add_entry(m, m->have, m->to->current, entry, &current);
	if (!err && m->to->trial && (trial != PW_NONE || current != PW_NONE))
		err = add_rule(m, base, true, trial);
	if (!err && current != PW_NONE)
		err = add_rule(m, base, false, current);
	return err;
}

/* Others' base chains are no matter of ours */
static int make_base(const struct making *m, const struct pw_chain *like)
{
	for (size_t i = 0; i < PW_NUM_BASES; i++) {
		int64_t at;

		if (strcmp(pw_bases[i].name, like->name))
			continue;
		at = pw_ruleset_add_base(m->rs, like->name, like->hook,
					 like->priority,
					 like->hook == PW_HOOK_INPUT ?
					 PW_V_DROP : PW_V_ACCEPT);
		return at < 0 ? (int)at : add_rules(m, (uint32_t)at,
						    pw_bases[i].entry);
	}
	return 0;
}

int pw_bases_make(const struct pw_ruleset *like, const struct pw_ruleset *have,
		  const struct pw_targets *to, struct pw_ruleset **out)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	int64_t set = rs ? pw_trial_declare(rs) : -ENOMEM;
	struct making m = {
		.like = like, .have = have, .to = to, .rs = rs,
		.trial_set = (uint32_t)set,
	};
	int err = set < 0 ? (int)set : 0;

	for (size_t i = 0; i < like->num_chains && !err; i++)
		if (like->chains[i].hook != PW_HOOK_NONE)
			err = make_base(&m, &like->chains[i]);
	if (!err)
		*out = PW_TAKE(rs);
	return err;
}
