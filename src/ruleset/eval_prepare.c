/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules and maps as regions, worked out once for an evaluation. */
#include "ruleset/eval_prepare.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "ruleset/inner.h"

struct pw_prepared *pw_prepared_new(const struct pw_ruleset *rs)
{
	struct pw_prepared *prepared = calloc(1, sizeof(*prepared));

	if (!prepared)
		return NULL;
	prepared->num_fact_slots = 256;
	prepared->sets = calloc(rs->num_sets + 1, sizeof(*prepared->sets));
	prepared->maps = calloc(rs->num_maps + 1, sizeof(*prepared->maps));
	prepared->fact_slots = calloc(prepared->num_fact_slots,
				      sizeof(*prepared->fact_slots));
	if (!prepared->sets || !prepared->maps || !prepared->fact_slots) {
		pw_prepared_free(prepared, rs);
		return NULL;
	}
	return prepared;
}

void pw_prepared_free(struct pw_prepared *prepared, const struct pw_ruleset *rs)
{
	if (!prepared)
		return;
	for (size_t i = 0; prepared->maps && i < rs->num_maps; i++) {
		free(prepared->maps[i].keys);
		free(prepared->maps[i].all);
	}
	free(prepared->sets);
	free(prepared->maps);
	free(prepared->fact_slots);
	free(prepared);
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	for (; text && *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

static uint64_t hash_fact(const struct pw_fact *fact)
{
	uint64_t h = hash_text(0xcbf29ce484222325u, fact->name);

	h = (h ^ fact->key) * 0x9e3779b97f4a7c15u;
	h = (h ^ fact->conns ^ fact->rate.count) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 32);
}

static bool same_rate(const struct pw_rate *a, const struct pw_rate *b)
{
	return a->count == b->count && a->unit_s == b->unit_s &&
	       a->burst == b->burst;
}

static bool same_fact(const struct pw_fact *a, const struct pw_fact *b)
{
	return a->kind == b->kind && a->key == b->key &&
	       a->conns == b->conns && same_rate(&a->rate, &b->rate) &&
	       a->timeout_ms == b->timeout_ms && a->add == b->add &&
	       a->by == b->by && a->field == b->field &&
	       a->chain == b->chain && a->rule == b->rule &&
	       !strcmp(a->name, b->name);
}

static uint32_t *fact_slot(const struct pw_eval *ev, uint32_t *slots,
			   size_t num_slots, const struct pw_fact *fact)
{
	size_t i = hash_fact(fact) & (num_slots - 1);

	while (slots[i] && !same_fact(&ev->facts[slots[i] - 1], fact))
		i = (i + 1) & (num_slots - 1);
	return &slots[i];
}

static int grow_facts(struct pw_eval *ev)
{
	struct pw_prepared *p = ev->prepared;
	size_t num_slots = p->num_fact_slots * 2;
	uint32_t *slots = calloc(num_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < ev->num_facts; i++)
		*fact_slot(ev, slots, num_slots, &ev->facts[i]) = i + 1;
	free(p->fact_slots);
	p->fact_slots = slots;
	p->num_fact_slots = num_slots;
	return 0;
}

/* The condition that @fact is so */
static uint32_t fact_cond(struct pw_eval *ev, const struct pw_fact *fact)
{
	struct pw_prepared *p = ev->prepared;
	uint32_t *slot;

	if (ev->num_facts * 2 >= p->num_fact_slots && grow_facts(ev)) {
		ev->space.err = -ENOMEM;
		return PW_COND_NEVER;
	}
	slot = fact_slot(ev, p->fact_slots, p->num_fact_slots, fact);
	if (!*slot) {
		if (PW_ARRAY_PUSH(ev->facts, ev->num_facts, ev->cap_facts,
				  *fact)) {
			ev->space.err = -ENOMEM;
			return PW_COND_NEVER;
		}
		*slot = (uint32_t)ev->num_facts;
	}
	return pw_cond_var(ev->space.conds, *slot - 1);
}

uint32_t pw_eval_find_fact(const struct pw_eval *ev, const struct pw_fact *fact)
{
	const struct pw_prepared *p = ev->prepared;
	uint32_t slot = *fact_slot(ev, p->fact_slots, p->num_fact_slots, fact);

	return slot ? slot - 1 : PW_COND_NO_VAR;
}

static uint32_t set_value(struct pw_eval *ev, enum pw_field field,
			  uint32_t index)
{
	const struct pw_set *set = &ev->rs->sets[index];
	uint32_t *known = &ev->prepared->sets[index];

	assert(set->elems->bits == pw_box_bits(field));
	if (!*known)
		*known = pw_values_add(ev->space.values, set->elems);
	return *known;
}

/* Matches in a set that changes, or that nobody could read, are facts */
static bool is_known(const struct pw_set *set)
{
	return set->constant && set->elems;
}

static uint32_t match_value(struct pw_eval *ev, const struct pw_match *m)
{
	struct pw_space *space = &ev->space;
	uint32_t value;

	if (m->set != PW_NONE)
		value = set_value(ev, m->field, m->set);
	else
		value = pw_values_range(space->values, pw_box_bits(m->field),
					m->range.first, m->range.last);
	if (m->negated)
		return pw_values_minus(space->values, space->present[m->field],
				       value);
	return pw_values_and(space->values, space->present[m->field], value);
}

/* A key with an address is made for packets of its family only */
static void prepare_key_family(struct pw_eval *ev, enum pw_set_type type,
			       struct pw_prep_rule *out)
{
	uint8_t family = set_nfproto(type);

	if (family)
		pw_cuts_add(&ev->space, &out->cuts, PW_F_NFPROTO,
			    pw_space_range(&ev->space, PW_F_NFPROTO, family,
					   family));
}

static void prepare_match(struct pw_eval *ev, const struct pw_match *m,
			  struct pw_prep_rule *out)
{
	struct pw_fact fact = { .kind = PW_FACT_MEMBER, .field = m->field };
	uint32_t cond;

	if (m->set == PW_NONE || is_known(&ev->rs->sets[m->set])) {
		pw_cuts_add(&ev->space, &out->cuts, m->field,
			    match_value(ev, m));
		return;
	}
	pw_cuts_add(&ev->space, &out->cuts, m->field,
		    ev->space.present[m->field]);
	prepare_key_family(ev, ev->rs->sets[m->set].type, out);
	fact.name = ev->rs->sets[m->set].name;
	cond = fact_cond(ev, &fact);
	if (m->negated)
		cond = pw_cond_not(ev->space.conds, cond);
	out->cond = pw_cond_and(ev->space.conds, out->cond, cond);
}

static uint32_t update_cond(struct pw_eval *ev, const struct pw_effect *e)
{
	const struct pw_set *set = &ev->rs->sets[e->set];
	struct pw_fact fact = {
		.kind = PW_FACT_ELEMENT, .name = set->name, .key = e->key,
		.rate = e->rate, .conns = e->conns, .add = e->add,
		.timeout_ms = e->timeout_ms, .by = set->type,
	};
	uint32_t cond = fact_cond(ev, &fact);

	return e->conns_over ? pw_cond_not(ev->space.conds, cond) : cond;
}

static void prepare_effect(struct pw_eval *ev, uint32_t chain, size_t rule,
			   const struct pw_effect *e, struct pw_prep_rule *out)
{
	struct pw_fact fact = { .name = "", .rate = e->rate };
	uint32_t cond = PW_COND_ALWAYS;

	switch (e->kind) {
	case PW_E_LIMIT:
		fact.kind = PW_FACT_LIMIT;
		fact.name = ev->rs->objs[e->obj].name;
		fact.rate = ev->rs->objs[e->obj].rate;
		cond = fact_cond(ev, &fact);
		break;
	case PW_E_LIMIT_INLINE:
		fact.kind = PW_FACT_INLINE;
		fact.chain = chain;
		fact.rule = (uint32_t)rule;
		cond = fact_cond(ev, &fact);
		break;
	case PW_E_UPDATE:
		prepare_key_family(ev, ev->rs->sets[e->set].type, out);
		cond = update_cond(ev, e);
		break;
	case PW_E_COUNTER_MAP:
		out->keys = e->map;
		break;
	case PW_E_COUNTER:
	case PW_E_LOG:
		break;
	}
	out->cond = pw_cond_and(ev->space.conds, out->cond, cond);
}

void pw_prepare_rule(struct pw_eval *ev, uint32_t chain, size_t rule,
		     struct pw_prep_rule *out)
{
	const struct pw_rule *r = &ev->rs->chains[chain].rules[rule];

	out->cuts.num = 0;
	out->cuts.empty = false;
	out->cond = PW_COND_ALWAYS;
	out->keys = PW_NONE;
	for (size_t i = 0; i < r->num_matches; i++)
		prepare_match(ev, &r->matches[i], out);
	for (size_t i = 0; i < r->num_effects; i++)
		prepare_effect(ev, chain, rule, &r->effects[i], out);
}
