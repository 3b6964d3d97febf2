// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies one generation, and what it refers to, out of the whole table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nft/kernel.h"
#include "nft/kernel_trial.h"
#include "nft/kernel_used.h"
#include "portwall/load.h"

/**
 * struct copying - From the table to the part of it
 * @n:		the generation
 * @chains, @sets, @maps, @objs: index in @to by index in @from, PW_NONE: left
 *		out
 */
struct copying {
	const struct pw_ruleset *from;
	struct pw_ruleset *to;
	const struct pw_kernel *kernel;
	uint32_t n;
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

/* Behind a first trial the policy is not set before somebody confirms it */
static enum pw_verdict_kind policy_of(const struct copying *c,
				      const struct pw_chain *base)
{
	if (!c->kernel->current && c->n == c->kernel->trial &&
	    base->hook == PW_HOOK_INPUT)
		return PW_V_DROP;
	return base->policy;
}

static int copy_chain(struct copying *c, uint32_t i)
{
	const struct pw_chain *from = &c->from->chains[i];
	struct pw_chain *to;
	int64_t at = from->hook == PW_HOOK_NONE ?
		     pw_ruleset_add_chain(c->to, from->name) :
		     pw_ruleset_add_base(c->to, from->name, from->hook,
					 from->priority, policy_of(c, from));

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

/* A base chain of another generation says nothing about this one */
static bool leads_elsewhere(const struct copying *c,
			    const struct pw_chain *chain)
{
	for (size_t i = 0; i < chain->num_rules; i++) {
		const struct pw_rule *rule = &chain->rules[i];
		const struct pw_verdict *v = &rule->verdict;

		if (pw_rule_is_trial(c->from, rule))
			return true;
		if ((v->kind == PW_V_JUMP || v->kind == PW_V_GOTO) &&
		    c->chains[v->chain] == PW_NONE)
			return true;
	}
	return false;
}

/* Of a chain that is no part of the generation there is the name */
static int copy_rule_and_name(struct copying *c, uint32_t chain,
			      const struct pw_rule *rule)
{
	const struct pw_verdict *v = &rule->verdict;
	int err = 0;

	if ((v->kind == PW_V_JUMP || v->kind == PW_V_GOTO) &&
	    c->chains[v->chain] == PW_NONE)
		err = copy_chain(c, v->chain);
	return err ? err : copy_rule(c, chain, rule);
}

/* The rule that holds during the trial, as it will be without one */
static int copy_trial_rule(struct copying *c, uint32_t chain,
			   const struct pw_rule *trial)
{
	struct pw_rule rule = *trial;

	if (rule.verdict.kind == PW_V_ACCEPT)
		return 0;	/* instead of having none */
	rule.num_matches = 0;
	return copy_rule_and_name(c, chain, &rule);
}

/* Is it for generation @n that this rule of a trial holds? */
static bool is_trial_of(const struct copying *c, const struct pw_rule *rule)
{
	uint32_t to = rule->verdict.chain;

	if (rule->verdict.kind == PW_V_ACCEPT)
		return c->n == c->kernel->trial;
	return pw_name_generation(c->from->chains[to].name) == c->n;
}

/* Without the rules that make it a trial; whatever else is there stays */
static int copy_base_rules(struct copying *c, uint32_t i)
{
	const struct pw_chain *chain = &c->from->chains[i];
	const uint32_t fallback = c->n == c->kernel->current ?
				  0 : c->kernel->current;
	bool tried = false;
	int err = 0;

	for (size_t j = 0; j < chain->num_rules && !err; j++) {
		const struct pw_rule *rule = &chain->rules[j];

		if (pw_rule_is_trial(c->from, rule)) {
			if (!is_trial_of(c, rule))
				continue;
			tried = true;
			err = copy_trial_rule(c, c->chains[i], rule);
		} else if (!tried ||
			   !pw_rule_leads_to(c->from, rule, fallback)) {
			err = copy_rule_and_name(c, c->chains[i], rule);
		}
	}
	return err;
}

static int copy_rules(struct copying *c, uint32_t i)
{
	const struct pw_chain *chain = &c->from->chains[i];
	bool due = c->n == c->kernel->current || c->n == c->kernel->trial;
	int err = 0;

	if (chain->hook != PW_HOOK_NONE && due)
		return copy_base_rules(c, i);
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
	struct copying c = { .from = from, .to = to, .kernel = kernel, .n = n };
	int err = to ? pw_used_find(from, n, 0, &c.used) : -ENOMEM;

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
