// SPDX-License-Identifier: GPL-2.0-or-later
/* A digest of rules: the same for what was compiled and what was read back. */
#include "live/rulesdigest.h"

#include <sha2.h>
#include <string.h>

/* One side of a digest; numbers go in as 8 bytes, low ones first */
struct sum {
	const struct pw_ruleset *rs;
	SHA2_CTX sha;
};

static void add_number(struct sum *sum, uint64_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(n >> 8 * i);
	SHA256Update(&sum->sha, bytes, sizeof(bytes));
}

/* With its NUL, so that neighbours cannot be confused */
static void add_text(struct sum *sum, const char *text)
{
	SHA256Update(&sum->sha, (const uint8_t *)text, strlen(text) + 1);
}

static void add_value(struct sum *sum, struct pw_value v)
{
	add_number(sum, v.hi);
	add_number(sum, v.lo);
}

static void add_rate(struct sum *sum, const struct pw_rate *rate)
{
	add_number(sum, rate->count);
	if (!rate->count)
		return;
	add_number(sum, rate->unit_s);
	add_number(sum, rate->burst);
}

static void add_verdict(struct sum *sum, const struct pw_verdict *verdict)
{
	add_number(sum, verdict->kind);
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		add_text(sum, sum->rs->chains[verdict->chain].name);
	else if (verdict->kind == PW_V_MAP)
		add_text(sum, sum->rs->maps[verdict->map].name);
}

static void add_match(struct sum *sum, const struct pw_match *match)
{
	add_number(sum, match->field);
	add_number(sum, match->negated);
	if (match->set != PW_NONE) {
		add_text(sum, sum->rs->sets[match->set].name);
		return;
	}
	add_value(sum, match->range.first);
	add_value(sum, match->range.last);
}

static void add_update(struct sum *sum, const struct pw_effect *e)
{
	add_text(sum, sum->rs->sets[e->set].name);
	add_number(sum, e->key);
	add_number(sum, e->add);
	add_number(sum, e->timeout_ms);
	add_rate(sum, &e->rate);
	add_number(sum, e->conns);
	add_number(sum, e->conns_over);
}

static void add_effect(struct sum *sum, const struct pw_effect *e)
{
	add_number(sum, e->kind);
	switch (e->kind) {
	case PW_E_COUNTER:
	case PW_E_LIMIT:
		add_text(sum, sum->rs->objs[e->obj].name);
		break;
	case PW_E_COUNTER_MAP:
		add_text(sum, sum->rs->maps[e->map].name);
		break;
	case PW_E_LIMIT_INLINE:
		add_rate(sum, &e->rate);
		break;
	case PW_E_UPDATE:
		add_update(sum, e);
		break;
	case PW_E_LOG:
		add_text(sum, e->text);
		break;
	}
}

static void add_rule(struct sum *sum, const struct pw_rule *rule)
{
	add_number(sum, rule->num_matches);
	for (size_t i = 0; i < rule->num_matches; i++)
		add_match(sum, &rule->matches[i]);
	add_number(sum, rule->num_effects);
	for (size_t i = 0; i < rule->num_effects; i++)
		add_effect(sum, &rule->effects[i]);
	add_verdict(sum, &rule->verdict);
}

static void add_chain(struct sum *sum, const struct pw_chain *chain)
{
	add_text(sum, chain->name);
	add_number(sum, chain->hook);
	if (chain->hook != PW_HOOK_NONE) {
		add_number(sum, (uint64_t)(int64_t)chain->priority);
		add_number(sum, chain->policy);
	}
	add_number(sum, chain->num_rules);
	for (size_t i = 0; i < chain->num_rules; i++)
		add_rule(sum, &chain->rules[i]);
}

static void add_set(struct sum *sum, const struct pw_set *set)
{
	add_text(sum, set->name);
	add_number(sum, set->type);
	add_number(sum, set->constant);
	add_number(sum, set->interval);
	add_number(sum, set->dynamic);
	add_number(sum, set->timeout);
	add_number(sum, set->size);
	add_number(sum, set->timeout_ms);
}

static void add_map(struct sum *sum, const struct pw_map *map)
{
	add_text(sum, map->name);
	add_number(sum, map->key);
	add_number(sum, map->counters);
	add_number(sum, map->num_elems);
	for (size_t i = 0; i < map->num_elems; i++) {
		const struct pw_map_elem *elem = &map->elems[i];

		add_number(sum, elem->key);
		if (map->counters)
			add_text(sum, sum->rs->objs[elem->obj].name);
		else
			add_verdict(sum, &elem->verdict);
	}
}

static void add_obj(struct sum *sum, const struct pw_obj *obj)
{
	add_text(sum, obj->name);
	add_number(sum, obj->kind);
	if (obj->kind == PW_O_LIMIT)
		add_rate(sum, &obj->rate);
}

void pw_rules_digest(const struct pw_ruleset *rs, uint8_t digest[32])
{
	struct sum sum = { .rs = rs };

	SHA256Init(&sum.sha);
	add_number(&sum, rs->num_chains);
	for (size_t i = 0; i < rs->num_chains; i++)
		add_chain(&sum, &rs->chains[i]);
	add_number(&sum, rs->num_sets);
	for (size_t i = 0; i < rs->num_sets; i++)
		add_set(&sum, &rs->sets[i]);
	add_number(&sum, rs->num_maps);
	for (size_t i = 0; i < rs->num_maps; i++)
		add_map(&sum, &rs->maps[i]);
	add_number(&sum, rs->num_objs);
	for (size_t i = 0; i < rs->num_objs; i++)
		add_obj(&sum, &rs->objs[i]);
	SHA256Final(digest, &sum.sha);
}
