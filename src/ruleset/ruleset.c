// SPDX-License-Identifier: GPL-2.0-or-later
/* Rulesets: build them, find by name, free. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "ruleset/elems.h"
#include "ruleset/inner.h"

const char *chain_name(const void *array, uint32_t pos)
{
	return ((const struct pw_chain *)array)[pos].name;
}

const char *set_name(const void *array, uint32_t pos)
{
	return ((const struct pw_set *)array)[pos].name;
}

const char *map_name(const void *array, uint32_t pos)
{
	return ((const struct pw_map *)array)[pos].name;
}

const char *obj_name(const void *array, uint32_t pos)
{
	return ((const struct pw_obj *)array)[pos].name;
}

static struct ruleset *inner(struct pw_ruleset *rs)
{
	return (struct ruleset *)rs;
}

static const struct ruleset *inner_const(const struct pw_ruleset *rs)
{
	return (const struct ruleset *)rs;
}

struct pw_ruleset *pw_ruleset_new(void)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));

	return (struct pw_ruleset *)rs;		/* which it begins with */
}

static void rule_clear(struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		free(rule->effects[i].text);
	free(rule->effects);
	free(rule->matches);
	free(rule->comment);
}

static void chain_clear(struct pw_chain *chain)
{
	for (size_t i = 0; i < chain->num_rules; i++)
		rule_clear(&chain->rules[i]);
	free(chain->rules);
	free(chain->name);
	free(chain->userdata);
}

static void set_clear(struct pw_set *set)
{
	free(set->name);
	free(set->comment);
	pw_rangeset_free(set->elems);
}

void pw_ruleset_free(struct pw_ruleset *rs)
{
	if (!rs)
		return;
	for (size_t i = 0; i < rs->num_chains; i++)
		chain_clear(&rs->chains[i]);
	for (size_t i = 0; i < rs->num_sets; i++)
		set_clear(&rs->sets[i]);
	for (size_t i = 0; i < rs->num_maps; i++) {
		free(rs->maps[i].name);
		free(rs->maps[i].elems);
	}
	for (size_t i = 0; i < rs->num_objs; i++) {
		free(rs->objs[i].name);
		free(rs->objs[i].comment);
	}
	free(rs->chains);
	free(rs->sets);
	free(rs->maps);
	free(rs->objs);
	index_free(&inner(rs)->chains);
	index_free(&inner(rs)->sets);
	index_free(&inner(rs)->maps);
	index_free(&inner(rs)->objs);
	free(inner(rs));
}

static int64_t push_chain(struct pw_ruleset *rs, const char *name,
			  struct pw_chain chain)
{
	struct index *index = &inner(rs)->chains;
	int err = index_reserve(index, chain_name, rs->chains);

	chain.name = strdup(name);
	if (!err)
		err = chain.name ? 0 : -ENOMEM;
	if (!err)
		err = PW_ARRAY_PUSH(rs->chains, rs->num_chains,
				    rs->cap_chains, chain);
	if (err) {
		free(chain.name);
		return err;
	}
	index_add(index, chain_name, rs->chains, rs->num_chains - 1);
	return rs->num_chains - 1;
}

int64_t pw_ruleset_add_chain(struct pw_ruleset *rs, const char *name)
{
	return push_chain(rs, name, (struct pw_chain){ 0 });
}

int64_t pw_ruleset_add_base(struct pw_ruleset *rs, const char *name,
			    enum pw_hook hook, int32_t priority,
			    enum pw_verdict_kind policy)
{
	return push_chain(rs, name, (struct pw_chain){
			.hook = hook,
			.priority = priority,
			.policy = policy,
		});
}

int64_t pw_ruleset_add_set(struct pw_ruleset *rs, const struct pw_set *set)
{
	struct index *index = &inner(rs)->sets;
	int err = index_reserve(index, set_name, rs->sets);
	struct pw_set copy = *set;

	copy.name = strdup(set->name);
	copy.comment = set->comment ? strdup(set->comment) : NULL;
	copy.elems = pw_rangeset_ref(set->elems);
	if (copy.constant && copy.elems)
		copy.size = pw_set_count_elems(&copy);
	if (!copy.name || (set->comment && !copy.comment))
		err = -ENOMEM;
	if (!err)
		err = PW_ARRAY_PUSH(rs->sets, rs->num_sets, rs->cap_sets, copy);
	if (err) {
		set_clear(&copy);
		return err;
	}
	index_add(index, set_name, rs->sets, rs->num_sets - 1);
	return rs->num_sets - 1;
}

int64_t pw_ruleset_add_map(struct pw_ruleset *rs, const char *name,
			   enum pw_map_key key, bool counters)
{
	struct index *index = &inner(rs)->maps;
	int err = index_reserve(index, map_name, rs->maps);
	struct pw_map map = { .key = key, .counters = counters };

	map.name = strdup(name);
	if (!err)
		err = map.name ? 0 : -ENOMEM;
	if (!err)
		err = PW_ARRAY_PUSH(rs->maps, rs->num_maps, rs->cap_maps, map);
	if (err) {
		free(map.name);
		return err;
	}
	index_add(index, map_name, rs->maps, rs->num_maps - 1);
	return rs->num_maps - 1;
}

int64_t pw_ruleset_add_obj(struct pw_ruleset *rs, const char *name,
			   enum pw_obj_kind kind, const struct pw_rate *rate)
{
	struct index *index = &inner(rs)->objs;
	int err = index_reserve(index, obj_name, rs->objs);
	struct pw_obj obj = { .kind = kind };

	if (rate)
		obj.rate = *rate;
	obj.name = strdup(name);
	if (!err)
		err = obj.name ? 0 : -ENOMEM;
	if (!err)
		err = PW_ARRAY_PUSH(rs->objs, rs->num_objs, rs->cap_objs, obj);
	if (err) {
		free(obj.name);
		return err;
	}
	index_add(index, obj_name, rs->objs, rs->num_objs - 1);
	return rs->num_objs - 1;
}

int pw_map_add(struct pw_map *map, const struct pw_map_elem *elem)
{
	return PW_ARRAY_PUSH(map->elems, map->num_elems, map->cap_elems, *elem);
}

/* Copies the effects of @rule with their texts into @copy */
static int copy_effects(struct pw_rule *copy, const struct pw_rule *rule)
{
	if (!rule->num_effects)
		return 0;
	copy->effects = calloc(rule->num_effects, sizeof(*copy->effects));
	if (!copy->effects)
		return -ENOMEM;
	for (size_t i = 0; i < rule->num_effects; i++) {
		struct pw_effect *effect = &copy->effects[i];

		*effect = rule->effects[i];
		copy->num_effects++;
		if (!effect->text)
			continue;
		effect->text = strdup(effect->text);
		if (!effect->text)
			return -ENOMEM;
	}
	return 0;
}

/* Into @copy, which holds nothing yet; cleared by the caller on error */
static int copy_rule(struct pw_rule *copy, const struct pw_rule *rule)
{
	size_t len = rule->num_matches * sizeof(*rule->matches);

	copy->verdict = rule->verdict;
	copy->handle = rule->handle;
	copy->section = rule->section;
	if (rule->comment) {
		copy->comment = strdup(rule->comment);
		if (!copy->comment)
			return -ENOMEM;
	}
	if (len) {
		copy->matches = malloc(len);
		if (!copy->matches)
			return -ENOMEM;
		memcpy(copy->matches, rule->matches, len);
		copy->num_matches = rule->num_matches;
	}
	return copy_effects(copy, rule);
}

int pw_ruleset_add_rule(struct pw_ruleset *rs, uint32_t chain,
			const struct pw_rule *rule)
{
	struct pw_chain *to = &rs->chains[chain];
	struct pw_rule copy = { 0 };
	int err = copy_rule(&copy, rule);

	if (!err)
		err = rule_canonical(rs, &copy);
	if (!err)
		err = PW_ARRAY_PUSH(to->rules, to->num_rules, to->cap_rules,
				    copy);
	if (err)
		rule_clear(&copy);
	return err;
}

uint32_t pw_ruleset_find_chain(const struct pw_ruleset *rs, const char *name)
{
	return index_find(&inner_const(rs)->chains, chain_name, rs->chains,
			  name);
}

uint32_t pw_ruleset_find_set(const struct pw_ruleset *rs, const char *name)
{
	return index_find(&inner_const(rs)->sets, set_name, rs->sets, name);
}

uint32_t pw_ruleset_find_map(const struct pw_ruleset *rs, const char *name)
{
	return index_find(&inner_const(rs)->maps, map_name, rs->maps, name);
}

uint32_t pw_ruleset_find_obj(const struct pw_ruleset *rs, const char *name)
{
	return index_find(&inner_const(rs)->objs, obj_name, rs->objs, name);
}
