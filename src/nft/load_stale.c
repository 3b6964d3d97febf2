// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds, and takes away, what of our table nobody needs any more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nft/kernel.h"
#include "nft/kernel_used.h"
#include "nft/load_priv.h"

static void note(struct pw_stale *stale, bool *flag, bool is_stale)
{
	*flag = is_stale;
	stale->any |= is_stale;
}

/* Of a generation, and of none that stays */
static bool is_past(const struct pw_targets *stay, const char *name)
{
	uint32_t n = pw_name_generation(name);

	return n && n != stay->current && n != stay->trial;
}

static void mark_generations(struct pw_stale *stale,
			     const struct pw_ruleset *rs,
			     const struct pw_targets *stay)
{
	for (size_t i = 0; i < rs->num_chains; i++)
		note(stale, &stale->chains[i],
		     is_past(stay, rs->chains[i].name));
	for (size_t i = 0; i < rs->num_maps; i++)
		note(stale, &stale->maps[i], is_past(stay, rs->maps[i].name));
}

/* Neither a base chain nor of a generation: somebody else put it there */
static bool is_stranger(const struct pw_chain *chain)
{
	return chain->hook == PW_HOOK_NONE && !pw_name_generation(chain->name);
}

/* Its rules are replaced when the base chains are moved */
static bool is_moved(const struct pw_chain *chain)
{
	for (size_t i = 0; i < PW_NUM_BASES; i++)
		if (!strcmp(chain->name, pw_bases[i].name))
			return true;
	return false;
}

static bool leads_to_stranger(const struct pw_ruleset *rs,
			      const struct pw_chain *chain)
{
	for (size_t i = 0; i < chain->num_rules; i++) {
		uint32_t to = chain->rules[i].verdict.chain;

		if (to < rs->num_chains && is_stranger(&rs->chains[to]))
			return true;
	}
	return false;
}

/* All of them or none: they may go to each other */
static void mark_strangers(struct pw_stale *stale, const struct pw_ruleset *rs,
			   bool moving)
{
	for (size_t i = 0; i < rs->num_chains; i++) {
		const struct pw_chain *chain = &rs->chains[i];

		if (stale->chains[i] || is_stranger(chain) ||
		    (moving && is_moved(chain)))
			continue;
		if (leads_to_stranger(rs, chain))
			return;
	}
	for (size_t i = 0; i < rs->num_chains; i++)
		if (is_stranger(&rs->chains[i]))
			note(stale, &stale->chains[i], true);
}

/* What has no generation in its name lives on while somebody refers to it */
static void mark_shared(struct pw_stale *stale, const struct pw_ruleset *rs,
			const struct pw_used *used,
			const struct pw_ruleset *want)
{
	for (size_t i = 0; i < rs->num_sets; i++) {
		const char *name = rs->sets[i].name;
		bool wanted = want &&
			      pw_ruleset_find_set(want, name) != PW_NONE;

		note(stale, &stale->sets[i], rs->sets[i].constant &&
		     !used->sets[i] && !wanted);
	}
	for (size_t i = 0; i < rs->num_maps; i++) {
		const char *name = rs->maps[i].name;
		bool wanted = want &&
			      pw_ruleset_find_map(want, name) != PW_NONE;

		if (!pw_name_generation(name))
			note(stale, &stale->maps[i],
			     !used->maps[i] && !wanted);
	}
	for (size_t i = 0; i < rs->num_objs; i++) {
		const char *name = rs->objs[i].name;
		bool wanted = want &&
			      pw_ruleset_find_obj(want, name) != PW_NONE;

		note(stale, &stale->objs[i], !used->objs[i] && !wanted);
	}
}

int pw_stale_find(const struct pw_kernel *kernel, const struct pw_ruleset *want,
		  bool moving, struct pw_stale *out)
{
	const struct pw_ruleset *rs = kernel->rules;
	const struct pw_targets stay = {
		.current = kernel->current,
		.trial = moving && !kernel->trial_left_ms ? 0 : kernel->trial,
	};
	pw_owned(pw_used_clear) struct pw_used used = { 0 };
	struct pw_stale stale = {
		.chains = calloc(rs->num_chains + 1, sizeof(bool)),
		.sets = calloc(rs->num_sets + 1, sizeof(bool)),
		.maps = calloc(rs->num_maps + 1, sizeof(bool)),
		.objs = calloc(rs->num_objs + 1, sizeof(bool)),
	};

	if (!stale.chains || !stale.sets || !stale.maps || !stale.objs ||
	    pw_used_find(rs, stay.current, stay.trial, &used)) {
		pw_stale_clear(&stale);
		return -ENOMEM;
	}
	mark_generations(&stale, rs, &stay);
	mark_strangers(&stale, rs, moving);
	mark_shared(&stale, rs, &used, want);
	*out = stale;
	return 0;
}

void pw_stale_clear(struct pw_stale *stale)
{
	free(stale->chains);
	free(stale->sets);
	free(stale->maps);
	free(stale->objs);
	*stale = (struct pw_stale){ 0 };
}

/*
 * Nothing may be deleted while something refers to it: rules first, maps with
 * their jumps, then chains, and sets and objects when nobody is left.
 */
int pw_stale_put_gone(struct pw_batch *batch, const struct pw_ruleset *rs,
		      const struct pw_stale *stale)
{
	int err = 0;

	for (size_t i = 0; i < rs->num_chains && !err; i++) {
		if (stale->chains[i])
			err = pw_put_rules_gone(batch, rs->chains[i].name);
	}
	for (size_t i = 0; i < rs->num_maps && !err; i++) {
		if (stale->maps[i])
			err = pw_put_set_gone(batch, rs->maps[i].name);
	}
	for (size_t i = 0; i < rs->num_chains && !err; i++) {
		if (stale->chains[i])
			err = pw_put_chain_gone(batch, rs->chains[i].name);
	}
	for (size_t i = 0; i < rs->num_sets && !err; i++) {
		if (stale->sets[i])
			err = pw_put_set_gone(batch, rs->sets[i].name);
	}
	for (size_t i = 0; i < rs->num_objs && !err; i++) {
		if (stale->objs[i])
			err = pw_put_obj_gone(batch, &rs->objs[i]);
	}
	return err;
}
