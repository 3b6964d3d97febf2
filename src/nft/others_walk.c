// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a new packet to a port gets in the chains of other tables. */
#include "nft/others_walk.h"

#include <string.h>

#define MAX_DEPTH 16	/* NFT_JUMP_STACK_SIZE of the kernel */

enum step { FALLS, ACCEPTED, DROPPED, MAY_DROP, ELSEWHERE };

/**
 * struct walk
 * @doubt:	a rule that may accept was passed
 * @rule, @chain: what decided
 */
struct walk {
	const struct pw_rough_table *tables;
	uint8_t nfproto, l4proto;
	uint16_t port;
	bool doubt;
	const struct pw_rough_rule *rule;
	const struct pw_rough_chain *chain;
};

static bool is_met(const struct walk *w, const struct pw_rough_match *match)
{
	const uint16_t value = match->what == PW_ROUGH_NFPROTO ? w->nfproto :
			       match->what == PW_ROUGH_L4PROTO ? w->l4proto :
			       w->port;

	return (value >= match->first && value <= match->last) !=
	       match->negated;
}

static bool may_match(const struct walk *w, const struct pw_rough_rule *rule)
{
	if (rule->never)
		return false;
	for (size_t i = 0; i < rule->num_matches; i++)
		if (!is_met(w, &rule->matches[i]))
			return false;
	return true;
}

static const struct pw_rough_chain *find(const struct walk *w,
					 const struct pw_rough_chain *from,
					 const char *name)
{
	for (size_t i = 0; i < w->tables->num_chains; i++) {
		const struct pw_rough_chain *chain = &w->tables->chains[i];

		if (chain->family == from->family &&
		    !strcmp(chain->name, name) &&
		    !strcmp(chain->table, from->table))
			return chain;
	}
	return NULL;
}

static enum step decide(struct walk *w, const struct pw_rough_chain *chain,
			const struct pw_rough_rule *rule, enum step step)
{
	w->rule = rule;
	w->chain = chain;
	return step;
}

static enum step walk(struct walk *w, const struct pw_rough_chain *chain,
		      unsigned int depth);

/* @leaves: set when the chain ends here although nothing was decided */
static enum step follow(struct walk *w, const struct pw_rough_chain *chain,
			const struct pw_rough_rule *rule, unsigned int depth,
			bool *leaves)
{
	const struct pw_rough_chain *to = find(w, chain, rule->to);
	enum step step;

	if (rule->maybe || !to || depth == MAX_DEPTH) {
		w->doubt = true;
		return FALLS;
	}
	step = walk(w, to, depth + 1);
	if (step == ACCEPTED && rule->interface) {
		w->doubt = true;
		return FALLS;
	}
	*leaves = step == FALLS && rule->verdict == PW_ROUGH_GOTO &&
		  !rule->interface;
	return step;
}

/* A rule that matches, or may */
static enum step take(struct walk *w, const struct pw_rough_chain *chain,
		      const struct pw_rough_rule *rule, unsigned int depth,
		      bool *leaves)
{
	const bool sure = !rule->maybe && !rule->interface;

	switch (rule->verdict) {
	case PW_ROUGH_NONE:
		return FALLS;
	case PW_ROUGH_DROP:
		return rule->maybe ? FALLS :
		       decide(w, chain, rule, w->doubt ? MAY_DROP : DROPPED);
	case PW_ROUGH_ELSEWHERE:
		return rule->maybe || w->doubt ? FALLS :
		       decide(w, chain, rule, ELSEWHERE);
	case PW_ROUGH_JUMP:
	case PW_ROUGH_GOTO:
		return follow(w, chain, rule, depth, leaves);
	case PW_ROUGH_ACCEPT:
		if (sure)
			return ACCEPTED;
		break;
	case PW_ROUGH_RETURN:
		*leaves = sure;
		if (sure)
			return FALLS;
		break;
	case PW_ROUGH_UNKNOWN:
		break;
	}
	w->doubt = true;
	return FALLS;
}

static enum step walk(struct walk *w, const struct pw_rough_chain *chain,
		      unsigned int depth)
{
	for (size_t i = 0; i < chain->num_rules; i++) {
		bool leaves = false;
		enum step step;

		if (!may_match(w, &chain->rules[i]))
			continue;
		step = take(w, chain, &chain->rules[i], depth, &leaves);
		if (step != FALLS || leaves)
			return step;
	}
	return FALLS;
}

enum pw_rough_fate pw_rough_walk(const struct pw_rough_table *tables,
				 const struct pw_rough_chain *base,
				 uint8_t nfproto, uint8_t l4proto,
				 uint16_t port,
				 const struct pw_rough_rule **rule,
				 const struct pw_rough_chain **chain)
{
	static const enum pw_rough_fate fates[] = {
		[FALLS] = PW_FATE_PASSES, [ACCEPTED] = PW_FATE_PASSES,
		[DROPPED] = PW_FATE_DROPPED, [MAY_DROP] = PW_FATE_MAY_DROP,
		[ELSEWHERE] = PW_FATE_ELSEWHERE,
	};
	struct walk w = { .tables = tables, .nfproto = nfproto,
			  .l4proto = l4proto, .port = port };
	enum step step = walk(&w, base, 0);

	if (step == FALLS && base->drops)
		step = decide(&w, base, NULL, w.doubt ? MAY_DROP : DROPPED);
	*rule = w.rule;
	*chain = w.chain;
	return fates[step];
}
