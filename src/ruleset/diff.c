// SPDX-License-Identifier: GPL-2.0-or-later
/* The first difference between two canonical rulesets, in words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset/diff.h"
#include "ruleset/inner.h"

/* Above this many elements, sets are not dumped from the kernel */
#define DUMP_MAX 4096

struct diff {
	struct pw_pair pair;
	char **what;
};

/* Returns 1, or -ENOMEM when the sentence cannot be kept */
__attribute__((format(printf, 2, 3)))
static int differs(const struct diff *diff, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(diff->what, fmt, ap);
	va_end(ap);
	if (len >= 0)
		return 1;
	*diff->what = NULL;
	return -ENOMEM;
}

/* Both names, or neither */
static bool same_name(index_name_fn name_of, const void *want, size_t num_want,
		      uint32_t a, const void *got, size_t num_got, uint32_t b)
{
	if (a >= num_want || b >= num_got)
		return a >= num_want && b >= num_got;
	return !strcmp(name_of(want, a), name_of(got, b));
}

static bool same_chain(const struct pw_pair *d, uint32_t a, uint32_t b)
{
	return same_name(chain_name, d->want->chains, d->want->num_chains, a,
			 d->got->chains, d->got->num_chains, b);
}

static bool same_set(const struct pw_pair *d, uint32_t a, uint32_t b)
{
	return same_name(set_name, d->want->sets, d->want->num_sets, a,
			 d->got->sets, d->got->num_sets, b);
}

static bool same_map(const struct pw_pair *d, uint32_t a, uint32_t b)
{
	return same_name(map_name, d->want->maps, d->want->num_maps, a,
			 d->got->maps, d->got->num_maps, b);
}

static bool same_obj(const struct pw_pair *d, uint32_t a, uint32_t b)
{
	return same_name(obj_name, d->want->objs, d->want->num_objs, a,
			 d->got->objs, d->got->num_objs, b);
}

static bool same_verdict(const struct pw_pair *d, const struct pw_verdict *a,
			 const struct pw_verdict *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == PW_V_JUMP || a->kind == PW_V_GOTO)
		return same_chain(d, a->chain, b->chain);
	return a->kind != PW_V_MAP || same_map(d, a->map, b->map);
}

static bool same_match(const struct pw_pair *d, const struct pw_match *a,
		       const struct pw_match *b)
{
	if (a->field != b->field || a->negated != b->negated ||
	    (a->set == PW_NONE) != (b->set == PW_NONE))
		return false;
	if (a->set != PW_NONE)
		return same_set(d, a->set, b->set);
	return !pw_value_cmp(a->range.first, b->range.first) &&
	       !pw_value_cmp(a->range.last, b->range.last);
}

static bool same_rate(const struct pw_rate *a, const struct pw_rate *b)
{
	return a->count == b->count &&
	       (!a->count || (a->unit_s == b->unit_s && a->burst == b->burst));
}

static bool same_update(const struct pw_pair *d, const struct pw_effect *a,
			const struct pw_effect *b)
{
	return same_set(d, a->set, b->set) && a->key == b->key &&
	       a->add == b->add && a->timeout_ms == b->timeout_ms &&
	       same_rate(&a->rate, &b->rate) && a->conns == b->conns &&
	       a->conns_over == b->conns_over;
}

static bool same_effect(const struct pw_pair *d, const struct pw_effect *a,
			const struct pw_effect *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case PW_E_COUNTER:
	case PW_E_LIMIT:
		return same_obj(d, a->obj, b->obj);
	case PW_E_COUNTER_MAP:
		return same_map(d, a->map, b->map);
	case PW_E_LIMIT_INLINE:
		return same_rate(&a->rate, &b->rate);
	case PW_E_UPDATE:
		return same_update(d, a, b);
	case PW_E_LOG:
		return !strcmp(a->text, b->text);
	}
	return false;	/* GCOVR_EXCL_LINE: every kind is above */
}

const char *pw_rule_part(const struct pw_pair *d, const struct pw_rule *a,
			 const struct pw_rule *b)
{
	if (a->num_matches != b->num_matches)
		return "matches";
	for (size_t i = 0; i < a->num_matches; i++) {
		if (!same_match(d, &a->matches[i], &b->matches[i]))
			return pw_field_info(a->matches[i].field)->name;
	}
	if (a->num_effects != b->num_effects)
		return "effects";
	for (size_t i = 0; i < a->num_effects; i++) {
		if (!same_effect(d, &a->effects[i], &b->effects[i]))
			return "an effect";
	}
	return same_verdict(d, &a->verdict, &b->verdict) ? NULL : "the verdict";
}

static int diff_rules(const struct diff *d, const struct pw_chain *a,
		      const struct pw_chain *b)
{
	size_t num = a->num_rules < b->num_rules ? a->num_rules : b->num_rules;

	for (size_t i = 0; i < num; i++) {
		const char *part = pw_rule_part(&d->pair, &a->rules[i],
						&b->rules[i]);
		const char *comment = a->rules[i].comment;

		if (part)
			return differs(d, "chain %s, rule %zu%s%s%s: %s differs",
				       a->name, i + 1, comment ? " (" : "",
				       comment ? comment : "",
				       comment ? ")" : "", part);
	}
	if (a->num_rules != b->num_rules)
		return differs(d, "chain %s has %zu rules, not %zu", a->name,
			       b->num_rules, a->num_rules);
	return 0;
}

const char *pw_chain_part(const struct pw_chain *a, const struct pw_chain *b)
{
	if (a->hook != b->hook || a->priority != b->priority)
		return "hangs on another hook or priority";
	if (a->hook != PW_HOOK_NONE && a->policy != b->policy)
		return "has the other policy";
	return NULL;
}

static int diff_chain(const struct diff *d, uint32_t i, uint32_t j)
{
	const struct pw_chain *a = &d->pair.want->chains[i];
	const struct pw_chain *b = &d->pair.got->chains[j];
	const char *part = pw_chain_part(a, b);

	return part ? differs(d, "chain %s %s", a->name, part) :
		      diff_rules(d, a, b);
}

static bool same_declaration(const struct pw_set *a, const struct pw_set *b)
{
	return a->type == b->type && a->constant == b->constant &&
	       a->interval == b->interval && a->dynamic == b->dynamic &&
	       a->timeout == b->timeout && a->size == b->size &&
	       a->timeout_ms == b->timeout_ms;
}

/* Not dumped because of its size? */
static bool is_large(const struct pw_set *set)
{
	return set->size > DUMP_MAX ||
	       (set->elems && set->elems->num > DUMP_MAX);
}

const char *pw_set_part(const struct pw_set *a, const struct pw_set *b)
{
	if (!same_declaration(a, b))
		return "is declared in another way";
	if (!a->constant || (!a->elems && !b->elems))
		return NULL;
	if (a->elems && b->elems && pw_rangeset_equal(a->elems, b->elems))
		return NULL;
	if ((!a->elems || !b->elems) && is_large(a))
		return NULL;
	return "has other elements";
}

static int diff_set(const struct diff *d, uint32_t i, uint32_t j)
{
	const struct pw_set *a = &d->pair.want->sets[i];
	const char *part = pw_set_part(a, &d->pair.got->sets[j]);

	return part ? differs(d, "set %s %s", a->name, part) : 0;
}

/* Their keys are equal */
static bool same_datum(const struct pw_pair *d, bool counters,
		       const struct pw_map_elem *x, const struct pw_map_elem *y)
{
	return counters ? same_obj(d, x->obj, y->obj) :
			  same_verdict(d, &x->verdict, &y->verdict);
}

/* The first element that differs, NULL when none does */
static const struct pw_map_elem *map_elem(const struct pw_pair *d,
					  const struct pw_map *a,
					  const struct pw_map *b)
{
	for (size_t k = 0; k < a->num_elems && k < b->num_elems; k++) {
		const struct pw_map_elem *x = &a->elems[k], *y = &b->elems[k];

		if (x->key != y->key || !same_datum(d, a->counters, x, y))
			return x;
	}
	return NULL;
}

static bool same_map_kind(const struct pw_map *a, const struct pw_map *b)
{
	return a->key == b->key && a->counters == b->counters;
}

const char *pw_map_part(const struct pw_pair *d, const struct pw_map *a,
			const struct pw_map *b)
{
	if (!same_map_kind(a, b))
		return "is declared in another way";
	return a->num_elems != b->num_elems || map_elem(d, a, b) ?
	       "has other elements" : NULL;
}

static int diff_map(const struct diff *d, uint32_t i, uint32_t j)
{
	const struct pw_map *a = &d->pair.want->maps[i];
	const struct pw_map *b = &d->pair.got->maps[j];
	const struct pw_map_elem *elem;

	if (!same_map_kind(a, b))
		return differs(d, "map %s is declared in another way", a->name);
	if (a->num_elems != b->num_elems)
		return differs(d, "map %s has %zu elements, not %zu", a->name,
			       b->num_elems, a->num_elems);
	elem = map_elem(&d->pair, a, b);
	return elem ? differs(d, "map %s differs at key 0x%x", a->name,
			      elem->key) : 0;
}

const char *pw_obj_part(const struct pw_obj *a, const struct pw_obj *b)
{
	if (a->kind != b->kind)
		return "is an object of another kind";
	if (a->kind == PW_O_LIMIT && !same_rate(&a->rate, &b->rate))
		return "has another rate";
	return NULL;
}

static int diff_obj(const struct diff *d, uint32_t i, uint32_t j)
{
	const struct pw_obj *a = &d->pair.want->objs[i];
	const char *part = pw_obj_part(a, &d->pair.got->objs[j]);

	return part ? differs(d, "%s %s", a->name, part) : 0;
}

/**
 * struct kind - One array of each ruleset
 * @diff: compares element @i of one with element @j of the other
 */
struct kind {
	const char *noun;
	index_name_fn name_of;
	uint32_t (*find)(const struct pw_ruleset *rs, const char *name);
	const void *want, *got;
	size_t num_want, num_got;
	int (*diff)(const struct diff *d, uint32_t i, uint32_t j);
};

static int diff_names(const struct diff *d, const struct kind *k)
{
	for (size_t i = 0; i < k->num_want; i++) {
		const char *name = k->name_of(k->want, i);

		if (k->find(d->pair.got, name) == PW_NONE)
			return differs(d, "%s %s is missing", k->noun, name);
	}
	for (size_t i = 0; i < k->num_got; i++) {
		const char *name = k->name_of(k->got, i);

		if (k->find(d->pair.want, name) == PW_NONE)
			return differs(d, "%s %s is there but should not be",
				       k->noun, name);
	}
	return 0;
}

static int diff_kind(const struct diff *d, const struct kind *k)
{
	int ret = diff_names(d, k);

	for (size_t i = 0; i < k->num_want && !ret; i++)
		ret = k->diff(d, i, k->find(d->pair.got,
					    k->name_of(k->want, i)));
	return ret;
}

int pw_ruleset_diff(const struct pw_ruleset *want,
		    const struct pw_ruleset *got, char **what)
{
	const struct kind kinds[] = {
		{ "object", obj_name, pw_ruleset_find_obj, want->objs,
		  got->objs, want->num_objs, got->num_objs, diff_obj },
		{ "set", set_name, pw_ruleset_find_set, want->sets,
		  got->sets, want->num_sets, got->num_sets, diff_set },
		{ "map", map_name, pw_ruleset_find_map, want->maps,
		  got->maps, want->num_maps, got->num_maps, diff_map },
		{ "chain", chain_name, pw_ruleset_find_chain, want->chains,
		  got->chains, want->num_chains, got->num_chains, diff_chain },
	};
	char *text = NULL;
	const struct diff diff = { { want, got }, &text };
	int ret = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds) && !ret; i++)
		ret = diff_kind(&diff, &kinds[i]);
	if (ret >= 0)
		*what = text;
	return ret;
}
