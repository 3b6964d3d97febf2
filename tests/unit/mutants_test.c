/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that are changed in one place are no longer proved: every rule, match,
 * set boundary, map element, limit and base chain of several policies. What is
 * proved all the same has to mean the same, for every packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/compile.h>
#include <portwall/policy.h>

#include "meaning.h"

/* Sanitizers make a proof twenty times slower: they see a sample */
#ifdef __SANITIZE_ADDRESS__
#define EVERY 41
#else
#define EVERY 1
#endif

static char http[] = "http", ssh[] = "ssh";
static struct pw_service services[] = { { http, 80, 6 }, { ssh, 22, 6 } };

static const struct pw_host host = {
	.services = services, .num_services = 2,
	.now_ns = 1800000000ull * 1000000000,
};

static const struct policy {
	const char *name, *text;
} policies[] = {
	{ "plain",
	  "[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/24, 2001:db8::/32\n"
	  "[allow web]\ntcp = 80, 443\nudp = 443\n"
	  "[allow esp]\nprotocol = esp\n" },
	{ "reject, containers ignored",
	  "[policy]\ndefault = reject\ncontainers = ignore\nping = 5/second\n"
	  "dhcp = no\n"
	  "[allow a]\ntcp = 1000-2000\nfrom = 192.0.2.1\non = eth1\n"
	  "[allow b]\nudp = 53\nping = yes\nfrom = 10.0.0.0/8\n" },
	{ "blocks",
	  "[policy]\nping = no\n"
	  "[block all]\nfrom = 198.51.100.0/24, 2001:db8:bad::/48\n"
	  "[block some]\ntcp = 80\nfrom = 203.0.113.7\non = eth0\nlog = 1/hour\n"
	  "[block none]\nudp = 1-65535\nfrom = 203.0.113.9\n"
	  "[allow web]\ntcp = 80, 81\n" },
	{ "limits",
	  "[allow a]\ntcp = 22\nrate = 6/minute per source\n"
	  "[allow b]\ntcp = 22, 25\nconnections = 3 per source\n"
	  "rate = 10/second\n"
	  "[allow c]\ntcp = 22\nfrom = 192.0.2.0/24\nconnections = 5\n"
	  "log = 1/minute\n" },
	{ "destinations and times",
	  "[policy]\nlog = 1/second\n"
	  "[allow mdns]\nudp = 5353\nto = 224.0.0.251, ff02::fb\non = lan0\n"
	  "[allow wake]\nudp = 9\nto = broadcast, multicast, local\n"
	  "[allow once]\ntcp = 8080\nuntil = 2027-02-01T00:00Z\n"
	  "[allow one]\ntcp = 90-95\nto = 192.0.2.80\n" },
};

/**
 * struct lab - One policy's rules, changed and restored
 * @original:	the same, never changed
 * @num_equal:	proved, and rightly so: the change means nothing
 * @num_survivors: proved although packets meet another fate
 */
struct lab {
	const struct policy *policy;
	struct pw_model *model;
	struct pw_ruleset *rs, *original;
	size_t num_mutants, num_equal, num_survivors;
};

__attribute__((format(printf, 2, 3)))
static void try(struct lab *lab, const char *fmt, ...)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = NULL;
	char what[256];
	va_list args;
	int err;

	if (lab->num_mutants++ % EVERY)
		return;
	diags = pw_diags_new();
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	assert_non_null(diags);
	err = pw_prove(lab->model, lab->rs, diags);
	if (err == -EPROTO) {
		assert_true(pw_diags_count(diags, PW_ERROR) > 0);
		return;
	}
	assert_int_equal(err, 0);
	if (meaning_equal(lab->original, lab->rs)) {
		lab->num_equal++;
		return;
	}
	printf("%s: %s\n", lab->policy->name, what);
	lab->num_survivors++;
}

static const char *chain_name(const struct lab *lab, size_t chain)
{
	return lab->rs->chains[chain].name;
}

static void take_rule(struct pw_chain *c, size_t at, struct pw_rule *out)
{
	*out = c->rules[at];
	memmove(c->rules + at, c->rules + at + 1,
		(c->num_rules - at - 1) * sizeof(*c->rules));
	c->num_rules--;
}

static void put_rule(struct pw_chain *c, size_t at, const struct pw_rule *rule)
{
	struct pw_rule copy = *rule;

	assert_int_equal(PW_ARRAY_PUSH(c->rules, c->num_rules, c->cap_rules,
				       copy), 0);
	memmove(c->rules + at + 1, c->rules + at,
		(c->num_rules - at - 1) * sizeof(*c->rules));
	c->rules[at] = copy;
}

static void mutate_place(struct lab *lab, size_t chain, size_t rule)
{
	struct pw_chain *c = &lab->rs->chains[chain];
	struct pw_rule taken, copy = c->rules[rule];

	take_rule(c, rule, &taken);
	try(lab, "%s %zu removed", chain_name(lab, chain), rule);
	put_rule(c, rule, &taken);
	for (size_t step = 1; step < lab->rs->num_chains; step += 13) {
		size_t to = (chain + step) % lab->rs->num_chains;
		struct pw_chain *other = &lab->rs->chains[to];

		put_rule(other, 0, &copy);
		try(lab, "%s %zu also first in %s", chain_name(lab, chain),
		    rule, other->name);
		take_rule(other, 0, &taken);
	}
}

static void mutate_verdict(struct lab *lab, size_t chain, size_t rule)
{
	static const enum pw_verdict_kind other[] = {
		[PW_V_NONE] = PW_V_ACCEPT, [PW_V_ACCEPT] = PW_V_DROP,
		[PW_V_DROP] = PW_V_ACCEPT, [PW_V_RETURN] = PW_V_ACCEPT,
		[PW_V_JUMP] = PW_V_GOTO, [PW_V_GOTO] = PW_V_JUMP,
		[PW_V_REJECT_RST] = PW_V_REJECT_PORT,
		[PW_V_REJECT_PORT] = PW_V_DROP,
		[PW_V_REJECT_PROTO] = PW_V_REJECT_PORT,
		[PW_V_MAP] = PW_V_NONE,
	};
	static const enum pw_verdict_kind plain[] = {
		PW_V_NONE, PW_V_ACCEPT, PW_V_DROP, PW_V_RETURN };
	struct pw_verdict *v = &lab->rs->chains[chain].rules[rule].verdict;
	struct pw_verdict was = *v;

	v->kind = other[was.kind];
	try(lab, "%s %zu: verdict %d for %d", chain_name(lab, chain), rule,
	    (int)v->kind, (int)was.kind);
	for (size_t i = 0; i < PW_ARRAY_SIZE(plain); i++) {
		v->kind = plain[i];
		if (v->kind != was.kind && v->kind != other[was.kind])
			try(lab, "%s %zu: verdict %d for %d",
			    chain_name(lab, chain), rule, (int)v->kind,
			    (int)was.kind);
	}
	*v = was;
}

static bool step_up(struct pw_value *v, unsigned int bits)
{
	if (!pw_value_cmp(*v, pw_value_max(bits)))
		return false;
	*v = pw_value_next(*v);
	return true;
}

static bool step_down(struct pw_value *v)
{
	if (!v->hi && !v->lo)
		return false;
	*v = pw_value_prev(*v);
	return true;
}

/* The four ways to move one end of a range by one */
static bool move_end(struct pw_range *range, unsigned int bits, int way)
{
	bool moved = way == 0 ? step_down(&range->first) :
		     way == 1 ? step_up(&range->first, bits) :
		     way == 2 ? step_down(&range->last) :
				step_up(&range->last, bits);

	return moved && pw_value_cmp(range->first, range->last) <= 0;
}

static void mutate_match(struct lab *lab, size_t chain, size_t rule, size_t at)
{
	struct pw_rule *r = &lab->rs->chains[chain].rules[rule];
	struct pw_match *m = &r->matches[at], was = *m;
	const char *name = chain_name(lab, chain);
	const char *field = pw_field_info(m->field)->name;

	m->negated = !m->negated;
	try(lab, "%s %zu: %s negated", name, rule, field);
	m->negated = was.negated;
	for (int way = 0; way < 4 && m->set == PW_NONE; way++) {
		if (move_end(&m->range, pw_field_info(m->field)->bits, way))
			try(lab, "%s %zu: %s moved %d", name, rule, field, way);
		*m = was;
	}
	memmove(m, m + 1, (r->num_matches - at - 1) * sizeof(*m));
	r->num_matches--;
	try(lab, "%s %zu: %s dropped", name, rule, field);
	r->num_matches++;
	memmove(m + 1, m, (r->num_matches - at - 1) * sizeof(*m));
	*m = was;
}

static void mutate_effect(struct lab *lab, size_t chain, size_t rule, size_t at)
{
	struct pw_rule *r = &lab->rs->chains[chain].rules[rule];
	struct pw_effect *e = &r->effects[at], was = *e;
	const char *name = chain_name(lab, chain);

	if (e->kind == PW_E_COUNTER || e->kind == PW_E_LOG)
		return;
	memmove(e, e + 1, (r->num_effects - at - 1) * sizeof(*e));
	r->num_effects--;
	try(lab, "%s %zu: effect %d dropped", name, rule, (int)was.kind);
	r->num_effects++;
	memmove(e + 1, e, (r->num_effects - at - 1) * sizeof(*e));
	*e = was;
	if (e->kind != PW_E_UPDATE)
		return;
	e->key++;
	try(lab, "%s %zu: key of %s", name, rule, lab->rs->sets[e->set].name);
	*e = was;
	e->rate.count++;
	try(lab, "%s %zu: rate of %s", name, rule, lab->rs->sets[e->set].name);
	*e = was;
	e->conns++;
	try(lab, "%s %zu: conns of %s", name, rule,
	    lab->rs->sets[e->set].name);
	*e = was;
	e->conns_over = !e->conns_over;
	if (e->conns)
		try(lab, "%s %zu: over in %s", name, rule,
		    lab->rs->sets[e->set].name);
	*e = was;
}

static void mutate_rules(struct lab *lab)
{
	for (size_t c = 0; c < lab->rs->num_chains; c++)
		for (size_t i = 0; i < lab->rs->chains[c].num_rules; i++) {
			struct pw_rule *r = &lab->rs->chains[c].rules[i];

			mutate_place(lab, c, i);
			r = &lab->rs->chains[c].rules[i];
			mutate_verdict(lab, c, i);
			for (size_t m = 0; m < r->num_matches; m++)
				mutate_match(lab, c, i, m);
			for (size_t e = 0; e < r->num_effects; e++)
				mutate_effect(lab, c, i, e);
		}
}

/* @set with range @at put as @range, or left out */
static struct pw_rangeset *with_range(const struct pw_rangeset *set, size_t at,
				      const struct pw_range *range)
{
	struct pw_rangeset *copy = pw_rangeset_new(set->bits);

	assert_non_null(copy);
	for (size_t i = 0; i < set->num; i++) {
		struct pw_range r = pw_rangeset_get(set, i);

		if (i == at && !range)
			continue;
		if (i == at)
			r = *range;
		assert_int_equal(pw_rangeset_add(copy, r.first, r.last), 0);
	}
	assert_int_equal(pw_rangeset_normalise(copy), 0);
	return copy;
}

static void mutate_set(struct lab *lab, size_t index)
{
	struct pw_set *set = &lab->rs->sets[index];
	struct pw_rangeset *was = set->elems;

	for (size_t i = 0; was && i < was->num; i++)
		for (int way = 0; way < 5; way++) {
			struct pw_range range = pw_rangeset_get(was, i);

			if (way < 4 && !move_end(&range, was->bits, way))
				continue;
			set->elems = with_range(was, i,
						way < 4 ? &range : NULL);
			if (!pw_rangeset_equal(set->elems, was))
				try(lab, "%s: range %zu, change %d", set->name,
				    i, way);
			pw_rangeset_free(set->elems);
			set->elems = was;
		}
}

static void mutate_map(struct lab *lab, size_t index)
{
	struct pw_map *map = &lab->rs->maps[index];

	for (size_t i = 0; i < map->num_elems; i++) {
		struct pw_map_elem was = map->elems[i];

		memmove(&map->elems[i], &map->elems[i + 1],
			(map->num_elems - i - 1) * sizeof(was));
		map->num_elems--;
		try(lab, "%s: key %#x removed", map->name, was.key);
		map->num_elems++;
		memmove(&map->elems[i + 1], &map->elems[i],
			(map->num_elems - i - 1) * sizeof(was));
		map->elems[i] = was;
		if (map->counters)
			continue;
		map->elems[i].verdict = (struct pw_verdict){ PW_V_ACCEPT, 0, 0 };
		try(lab, "%s: key %#x accepted", map->name, was.key);
		map->elems[i].verdict.kind = PW_V_DROP;
		try(lab, "%s: key %#x dropped", map->name, was.key);
		map->elems[i] = was;
	}
}

static void mutate_base(struct lab *lab, size_t index)
{
	struct pw_chain *c = &lab->rs->chains[index], was = *c;

	if (c->hook == PW_HOOK_NONE)
		return;
	c->priority++;
	try(lab, "%s: priority", c->name);
	c->priority = was.priority;
	c->hook = c->hook == PW_HOOK_INPUT ? PW_HOOK_FORWARD : PW_HOOK_INPUT;
	try(lab, "%s: hook", c->name);
	c->hook = was.hook;
	if (c->hook == PW_HOOK_INPUT)
		return;			/* its policy is a backstop */
	c->policy = PW_V_DROP;
	try(lab, "%s: policy", c->name);
	c->policy = was.policy;
}

static void mutate_obj(struct lab *lab, size_t index)
{
	struct pw_obj *obj = &lab->rs->objs[index];

	if (obj->kind != PW_O_LIMIT)
		return;
	obj->rate.count++;
	try(lab, "%s: rate", obj->name);
	obj->rate.count--;
	obj->rate.burst++;
	try(lab, "%s: burst", obj->name);
	obj->rate.burst--;
}

static void load(struct lab *lab, struct pw_diags *diags)
{
	const char *text = lab->policy->text;
	struct pw_source *src =
		pw_source_from_text("p.ini", NULL, text, strlen(text));
	struct pw_policy *policy = NULL;

	assert_non_null(src);
	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &lab->model, diags),
			 0);
	assert_int_equal(pw_compile(lab->model, 1, &lab->rs, diags), 0);
	assert_int_equal(pw_compile(lab->model, 1, &lab->original, diags), 0);
	pw_policy_free(policy);
	pw_source_free(src);
}

static void no_mutant_survives(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct lab lab = { .policy = *state };

	load(&lab, diags);
	assert_int_equal(pw_prove(lab.model, lab.rs, diags), 0);
	mutate_rules(&lab);
	for (size_t i = 0; i < lab.rs->num_sets; i++)
		mutate_set(&lab, i);
	for (size_t i = 0; i < lab.rs->num_maps; i++)
		mutate_map(&lab, i);
	for (size_t i = 0; i < lab.rs->num_chains; i++)
		mutate_base(&lab, i);
	for (size_t i = 0; i < lab.rs->num_objs; i++)
		mutate_obj(&lab, i);
	/* Whatever was changed was put back */
	assert_int_equal(pw_prove(lab.model, lab.rs, diags), 0);
	printf("%s: %zu mutants, %zu of them mean the same, %zu survive\n",
	       lab.policy->name, lab.num_mutants, lab.num_equal,
	       lab.num_survivors);
	pw_ruleset_free(lab.rs);
	pw_ruleset_free(lab.original);
	pw_model_free(lab.model);
	assert_int_equal(lab.num_survivors, 0);
	/* And a change means something, most of the time */
	assert_true(lab.num_equal * EVERY * 2 < lab.num_mutants);
}

int main(void)
{
	static struct CMUnitTest rows[PW_ARRAY_SIZE(policies)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(policies); i++) {
		rows[i].name = policies[i].name;
		rows[i].test_func = no_mutant_survives;
		rows[i].initial_state = (void *)(uintptr_t)&policies[i];
	}
	return cmocka_run_group_tests_name("mutants", rows, NULL, NULL);
}
