// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds what generations of our table consist of and refer to. */
#include "nft/kernel_used.h"

#include <errno.h>
#include <stdlib.h>

#include "nft/kernel.h"
#include "nft/kernel_trial.h"

static void use(bool *flags, uint32_t index)
{
	if (index != PW_NONE)
		flags[index] = true;
}

static void use_effect(struct pw_used *used, const struct pw_effect *effect)
{
	switch (effect->kind) {
	case PW_E_COUNTER:
	case PW_E_LIMIT:
		use(used->objs, effect->obj);
		break;
	case PW_E_COUNTER_MAP:
		use(used->maps, effect->map);
		break;
	case PW_E_UPDATE:
		use(used->sets, effect->set);
		break;
	case PW_E_LIMIT_INLINE:
	case PW_E_LOG:
		break;
	}
}

static void use_rule(struct pw_used *used, const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		use(used->sets, rule->matches[i].set);
	for (size_t i = 0; i < rule->num_effects; i++)
		use_effect(used, &rule->effects[i]);
	if (rule->verdict.kind == PW_V_MAP)
		use(used->maps, rule->verdict.map);
}

/* The generations that are looked at */
struct wanted {
	uint32_t n, also;
};

static bool is_wanted(const struct wanted *wanted, const char *name)
{
	uint32_t n = pw_name_generation(name);

	return n && (n == wanted->n || n == wanted->also);
}

static void use_chains(struct pw_used *used, const struct pw_ruleset *rs,
		       const struct wanted *wanted)
{
	for (size_t i = 0; i < rs->num_chains; i++) {
		const struct pw_chain *chain = &rs->chains[i];

		if (chain->hook == PW_HOOK_NONE &&
		    !is_wanted(wanted, chain->name))
			continue;
		used->chains[i] = true;
		for (size_t j = 0; j < chain->num_rules; j++)
			if (!pw_rule_is_trial(rs, &chain->rules[j]))
				use_rule(used, &chain->rules[j]);
	}
}

static void use_maps(struct pw_used *used, const struct pw_ruleset *rs,
		     const struct wanted *wanted)
{
	for (size_t i = 0; i < rs->num_maps; i++) {
		const struct pw_map *map = &rs->maps[i];

		if (is_wanted(wanted, map->name))
			used->maps[i] = true;
		if (!used->maps[i] || !map->counters)
			continue;
		for (size_t j = 0; j < map->num_elems; j++)
			use(used->objs, map->elems[j].obj);
	}
}

int pw_used_find(const struct pw_ruleset *rs, uint32_t n, uint32_t also,
		 struct pw_used *out)
{
	const struct wanted wanted = { n, also };
	struct pw_used used = {
		.chains = calloc(rs->num_chains + 1, sizeof(bool)),
		.sets = calloc(rs->num_sets + 1, sizeof(bool)),
		.maps = calloc(rs->num_maps + 1, sizeof(bool)),
		.objs = calloc(rs->num_objs + 1, sizeof(bool)),
	};

	if (!used.chains || !used.sets || !used.maps || !used.objs) {
		pw_used_clear(&used);
		return -ENOMEM;
	}
	if (n || also) {
		use_chains(&used, rs, &wanted);
		use_maps(&used, rs, &wanted);
	}
	*out = used;
	return 0;
}

void pw_used_clear(struct pw_used *used)
{
	free(used->chains);
	free(used->sets);
	free(used->maps);
	free(used->objs);
	*used = (struct pw_used){ 0 };
}
