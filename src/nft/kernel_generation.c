// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies one generation, and what it refers to, out of the whole table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nft/kernel_used.h"
#include "portwall/load.h"

/**
 * struct copying - From the table to the part of it
 * @chains, @sets, @maps, @objs: index in @to by index in @from, PW_NONE: left
 *		out
 */
struct copying {
	const struct pw_ruleset *from;
	struct pw_ruleset *to;
	struct pw_used used;
	uint32_t *chains, *sets, *maps, *objs;
};

static uint32_t *indices_new(size_t num)
{
	uint32_t *indices = malloc((num + 1) * sizeof(*indices));

	for (size_t i = 0; indices && i < num; i++)
		indices[i] = PW_NONE;
	return indices;
}

static uint32_t moved(const uint32_t *indices, uint32_t index)
{
	return index == PW_NONE ? PW_NONE : indices[index];
}

static int copy_chain(struct copying *c, uint32_t i)
{
	const struct pw_chain *from = &c->from->chains[i];
	struct pw_chain *to;
	int64_t at = from->hook == PW_HOOK_NONE ?
		     pw_ruleset_add_chain(c->to, from->name) :
		     pw_ruleset_add_base(c->to, from->name, from->hook,
					 from->priority, from->policy);

	if (at < 0)
		return (int)at;
	c->chains[i] = (uint32_t)at;
	to = &c->to->chains[at];
	to->handle = from->handle;
	if (!from->userdata_len)
		return 0;
	to->userdata = malloc(from->userdata_len);
	if (!to->userdata)
		return -ENOMEM;
	memcpy(to->userdata, from->userdata, from->userdata_len);
	to->userdata_len = from->userdata_len;
	return 0;
}

static int copy_set(struct copying *c, uint32_t i)
{
	int64_t at = pw_ruleset_add_set(c->to, &c->from->sets[i]);

	if (at < 0)
		return (int)at;
	c->sets[i] = (uint32_t)at;
	c->to->sets[at].handle = c->from->sets[i].handle;
	return 0;
}

static int copy_obj(struct copying *c, uint32_t i)
{
	const struct pw_obj *from = &c->from->objs[i];
	int64_t at = pw_ruleset_add_obj(c->to, from->name, from->kind,
					&from->rate);
	struct pw_obj *to;

	if (at < 0)
		return (int)at;
	c->objs[i] = (uint32_t)at;
	to = &c->to->objs[at];
	to->handle = from->handle;
	to->packets = from->packets;
	to->bytes = from->bytes;
	if (from->comment && !(to->comment = strdup(from->comment)))
		return -ENOMEM;
	return 0;
}

/* Behind chains and objects, which its elements refer to */
static int copy_map(struct copying *c, uint32_t i)
{
	const struct pw_map *from = &c->from->maps[i];
	int64_t at = pw_ruleset_add_map(c->to, from->name, from->key,
					from->counters);

	if (at < 0)
		return (int)at;
	c->maps[i] = (uint32_t)at;
	c->to->maps[at].handle = from->handle;
	for (size_t j = 0; j < from->num_elems; j++) {
		struct pw_map_elem e = from->elems[j];
		int err;

		if (from->counters)
			e.obj = moved(c->objs, e.obj);
		else if (e.verdict.kind == PW_V_JUMP ||
			 e.verdict.kind == PW_V_GOTO)
			e.verdict.chain = moved(c->chains, e.verdict.chain);
		err = pw_map_add(&c->to->maps[at], &e);
		if (err)
			return err;
	}
	return 0;
}

static int copy_all(struct copying *c, const bool *used, size_t num,
		    int (*copy)(struct copying *c, uint32_t i))
{
	int err = 0;

	for (uint32_t i = 0; i < num && !err; i++) {
		if (used[i])
			err = copy(c, i);
	}
	return err;
}

static void move_effect(const struct copying *c, struct pw_effect *effect)
{
	if (effect->kind == PW_E_COUNTER || effect->kind == PW_E_LIMIT)
		effect->obj = moved(c->objs, effect->obj);
	if (effect->kind == PW_E_COUNTER_MAP)
		effect->map = moved(c->maps, effect->map);
	if (effect->kind == PW_E_UPDATE)
		effect->set = moved(c->sets, effect->set);
}

static void move_verdict(const struct copying *c, struct pw_verdict *verdict)
{
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		verdict->chain = moved(c->chains, verdict->chain);
	if (verdict->kind == PW_V_MAP)
		verdict->map = moved(c->maps, verdict->map);
}

/* @rule is a shallow copy whose arrays may be changed */
static int add_moved(struct copying *c, uint32_t chain, struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		rule->matches[i].set = moved(c->sets, rule->matches[i].set);
	for (size_t i = 0; i < rule->num_effects; i++)
		move_effect(c, &rule->effects[i]);
	move_verdict(c, &rule->verdict);
	return pw_ruleset_add_rule(c->to, chain, rule);
}

static void *copy_of(const void *items, size_t num, size_t size)
{
	void *copy = calloc(num + 1, size);

	if (copy && num)
		memcpy(copy, items, num * size);
	return copy;
}

static int copy_rule(struct copying *c, uint32_t chain,
		     const struct pw_rule *from)
{
	struct pw_rule rule = *from;
	int err = -ENOMEM;

	rule.matches = copy_of(from->matches, from->num_matches,
			       sizeof(*rule.matches));
	rule.effects = copy_of(from->effects, from->num_effects,
			       sizeof(*rule.effects));
	if (rule.matches && rule.effects)
		err = add_moved(c, chain, &rule);
	free(rule.matches);
	free(rule.effects);
	return err;
}

/* A base chain may still go to another generation: then it says nothing here */
static bool leads_elsewhere(const struct copying *c,
			    const struct pw_chain *chain)
{
	for (size_t i = 0; i < chain->num_rules; i++) {
		const struct pw_verdict *v = &chain->rules[i].verdict;

		if ((v->kind == PW_V_JUMP || v->kind == PW_V_GOTO) &&
		    c->chains[v->chain] == PW_NONE)
			return true;
	}
	return false;
}

static int copy_rules(struct copying *c, uint32_t i)
{
	const struct pw_chain *chain = &c->from->chains[i];
	int err = 0;

	if (leads_elsewhere(c, chain))
		return 0;
	for (size_t j = 0; j < chain->num_rules && !err; j++)
		err = copy_rule(c, c->chains[i], &chain->rules[j]);
	return err;
}

static int copy_parts(struct copying *c)
{
	const struct pw_ruleset *from = c->from;
	int err = copy_all(c, c->used.chains, from->num_chains, copy_chain);

	if (!err)
		err = copy_all(c, c->used.sets, from->num_sets, copy_set);
	if (!err)
		err = copy_all(c, c->used.objs, from->num_objs, copy_obj);
	if (!err)
		err = copy_all(c, c->used.maps, from->num_maps, copy_map);
	if (!err)
		err = copy_all(c, c->used.chains, from->num_chains,
			       copy_rules);
	return err ? err : pw_ruleset_sort(c->to);
}

int pw_kernel_generation(const struct pw_kernel *kernel, uint32_t n,
			 struct pw_ruleset **out)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *to = pw_ruleset_new();
	const struct pw_ruleset *from = kernel->rules;
	struct copying c = { .from = from, .to = to };
	int err = to ? pw_used_find(from, n, &c.used) : -ENOMEM;

	if (err)
		return err;
	c.chains = indices_new(from->num_chains);
	c.sets = indices_new(from->num_sets);
	c.maps = indices_new(from->num_maps);
	c.objs = indices_new(from->num_objs);
	err = c.chains && c.sets && c.maps && c.objs ? copy_parts(&c) : -ENOMEM;
	free(c.chains);
	free(c.sets);
	free(c.maps);
	free(c.objs);
	pw_used_clear(&c.used);
	if (!err)
		*out = PW_TAKE(to);
	return err;
}
