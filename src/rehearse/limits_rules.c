// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules under test with one thing changed, to be seen in due time. */
#include "rehearse/limits_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* docs/rules.md: limits of the table itself begin so, but that of pings */
#define BUILT_IN "l.."
#define OF_PING "l..ping."

/* More than is ever tried, and not more than the kernel takes */
#define LIFTED 1000000u

uint64_t pw_rate_interval_ns(const struct pw_rate *rate)
{
	return (uint64_t)rate->unit_s * 1000000000u / rate->count;
}

bool pw_rate_quicken(const struct pw_change *change, struct pw_rate *rate)
{
	if (!change->slow_ns || pw_rate_interval_ns(rate) <= change->slow_ns)
		return false;
	rate->unit_s = 1;
	if (rate->count > change->per_second)
		rate->count = change->per_second;
	return true;
}

static void change_rate(const struct pw_change *change, struct pw_rate *rate)
{
	if (change->lift_rates)
		*rate = (struct pw_rate){ LIFTED, 1, LIFTED };
	else
		pw_rate_quicken(change, rate);
}

static bool is_of_policy(const char *obj)
{
	return strncmp(obj, BUILT_IN, strlen(BUILT_IN)) ||
	       !strncmp(obj, OF_PING, strlen(OF_PING));
}

static void change_effect(const struct pw_change *change,
			  struct pw_effect *effect)
{
	if (effect->kind != PW_E_UPDATE)
		return;
	if (effect->rate.count)
		change_rate(change, &effect->rate);
	if (effect->conns && change->lift_connections && effect->conns < LIFTED)
		effect->conns = LIFTED;
}

static void change_match(const struct pw_change *change, struct pw_match *match)
{
	if (match->field == PW_F_TIME && match->set == PW_NONE &&
	    change->until_ns && match->range.last.lo >= change->now_ns)
		match->range.last.lo = change->until_ns - 1;
}

/* @rule with own arrays, which are the caller's to free */
static int change_rule(const struct pw_change *change,
		       const struct pw_rule *rule, struct pw_rule *out)
{
	size_t matches = rule->num_matches * sizeof(*rule->matches);
	size_t effects = rule->num_effects * sizeof(*rule->effects);

	*out = *rule;
	out->matches = malloc(matches + 1);
	out->effects = malloc(effects + 1);
	if (!out->matches || !out->effects)
		return -ENOMEM;
	if (matches)
		memcpy(out->matches, rule->matches, matches);
	if (effects)
		memcpy(out->effects, rule->effects, effects);
	for (size_t i = 0; i < out->num_matches; i++)
		change_match(change, &out->matches[i]);
	for (size_t i = 0; i < out->num_effects; i++)
		change_effect(change, &out->effects[i]);
	return 0;
}

static int copy_rules(const struct pw_ruleset *from, struct pw_ruleset *to,
		      const struct pw_change *change, uint32_t chain)
{
	const struct pw_chain *c = &from->chains[chain];
	int err = 0;

	for (size_t i = 0; !err && i < c->num_rules; i++) {
		struct pw_rule rule;

		err = change_rule(change, &c->rules[i], &rule);
		if (!err)
			err = pw_ruleset_add_rule(to, chain, &rule);
		free(rule.matches);
		free(rule.effects);
	}
	return err;
}

static int copy_chains(const struct pw_ruleset *from, struct pw_ruleset *to)
{
	int64_t at = 0;

	for (size_t i = 0; at >= 0 && i < from->num_chains; i++) {
		const struct pw_chain *c = &from->chains[i];

		at = c->hook == PW_HOOK_NONE ?
		     pw_ruleset_add_chain(to, c->name) :
		     pw_ruleset_add_base(to, c->name, c->hook, c->priority,
					 c->policy);
	}
	return at < 0 ? (int)at : 0;
}

static int copy_objs(const struct pw_ruleset *from, struct pw_ruleset *to,
		     const struct pw_change *change)
{
	int64_t at = 0;

	for (size_t i = 0; at >= 0 && i < from->num_objs; i++) {
		const struct pw_obj *obj = &from->objs[i];
		struct pw_rate rate = obj->rate;

		if (obj->kind == PW_O_LIMIT && is_of_policy(obj->name))
			change_rate(change, &rate);
		at = pw_ruleset_add_obj(to, obj->name, obj->kind, &rate);
	}
	return at < 0 ? (int)at : 0;
}

static int copy_maps(const struct pw_ruleset *from, struct pw_ruleset *to)
{
	int64_t at = 0;

	for (size_t i = 0; at >= 0 && i < from->num_maps; i++) {
		const struct pw_map *map = &from->maps[i];

		at = pw_ruleset_add_map(to, map->name, map->key,
					map->counters);
		for (size_t e = 0; at >= 0 && e < map->num_elems; e++) {
			int err = pw_map_add(&to->maps[i], &map->elems[e]);

			if (err)
				return err;
		}
	}
	return at < 0 ? (int)at : 0;
}

/* The parts in their order, so that all references stay what they are */
static int copy(const struct pw_ruleset *from, struct pw_ruleset *to,
		const struct pw_change *change)
{
	int64_t at = 0;
	int err = copy_chains(from, to);

	for (size_t i = 0; !err && at >= 0 && i < from->num_sets; i++)
		at = pw_ruleset_add_set(to, &from->sets[i]);
	if (!err && at < 0)
		err = (int)at;
	if (!err)
		err = copy_maps(from, to);
	if (!err)
		err = copy_objs(from, to, change);
	for (uint32_t i = 0; !err && i < from->num_chains; i++)
		err = copy_rules(from, to, change, i);
	return err;
}

int pw_stage_change(struct pw_stage *stage, const struct pw_change *change)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *changed =
		pw_ruleset_new();
	const struct pw_ruleset *rules = stage->rules;
	int err = changed ? copy(rules, changed, change) : -ENOMEM;

	if (err)
		return err;
	stage->rules = changed;
	err = pw_stage_reload(stage);
	stage->rules = rules;
	return err;
}
