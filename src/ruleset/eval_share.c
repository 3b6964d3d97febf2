/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends of chains that are evaluated once, however packets got there. */
#include "ruleset/eval_share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "ruleset/inner.h"

#define BIT(field) (1u << (field))
/* A rule that writes into a set and decides nothing: see struct pw_mark */
#define WRITES BIT(31)
/* Somewhere from here on an entry is reached: see is_entry() */
#define HAS_ENTRY BIT(30)
/* Fields that say how a packet came about, not who sent it where */
#define ABOUT_STATE (BIT(PW_F_CT_STATE) | BIT(PW_F_CT_DNAT) | \
		     BIT(PW_F_TCP_SYNACK) | BIT(PW_F_SOCKET_WILDCARD) | \
		     BIT(PW_F_FIB_SADDR) | BIT(PW_F_CT_ORIG_DADDR4) | \
		     BIT(PW_F_CT_ORIG_DADDR6) | WRITES)

/*
 * A chain of some weight that several rules go to is an entry: ways to get
 * there are likely alike. Above the upper weight its sections alone are worth
 * more, which are one run for even more ways.
 */
#define ENTRY_MIN 16
#define ENTRY_MAX 512

/**
 * struct reach - What rules from a place on may ask
 * @asks:	fields, by BIT(); WRITES, HAS_ENTRY
 * @weight:	rules and map elements, not above UINT32_MAX / 2
 */
struct reach {
	uint32_t asks, weight;
};

/**
 * struct pw_sharing
 * @rests:	by chain: reach from each rule on, one more than rules; NULL:
 *		not worked out so far
 * @gotos:	by chain: how many rules and map elements go to it
 * @entry:	by chain
 */
struct pw_sharing {
	struct reach **rests;
	uint32_t *gotos;
	bool *entry;
};

static void count_goto(struct pw_sharing *sharing, const struct pw_verdict *v)
{
	if (v->kind == PW_V_GOTO)
		sharing->gotos[v->chain]++;
}

static void count_gotos(struct pw_sharing *sharing, const struct pw_ruleset *rs)
{
	for (size_t c = 0; c < rs->num_chains; c++)
		for (size_t i = 0; i < rs->chains[c].num_rules; i++)
			count_goto(sharing, &rs->chains[c].rules[i].verdict);
	for (size_t m = 0; m < rs->num_maps; m++)
		for (size_t i = 0; i < rs->maps[m].num_elems &&
		     !rs->maps[m].counters; i++)
			count_goto(sharing, &rs->maps[m].elems[i].verdict);
}

struct pw_sharing *pw_sharing_new(const struct pw_ruleset *rs)
{
	struct pw_sharing *sharing = calloc(1, sizeof(*sharing));
	size_t num = rs->num_chains + 1;

	if (!sharing)
		return NULL;
	sharing->rests = calloc(num, sizeof(*sharing->rests));
	sharing->gotos = calloc(num, sizeof(*sharing->gotos));
	sharing->entry = calloc(num, sizeof(*sharing->entry));
	if (!sharing->rests || !sharing->gotos || !sharing->entry) {
		pw_sharing_free(sharing, rs);
		return NULL;
	}
	count_gotos(sharing, rs);
	return sharing;
}

void pw_sharing_free(struct pw_sharing *sharing, const struct pw_ruleset *rs)
{
	if (!sharing)
		return;
	for (size_t i = 0; sharing->rests && i < rs->num_chains; i++)
		free(sharing->rests[i]);
	free(sharing->rests);
	free(sharing->gotos);
	free(sharing->entry);
	free(sharing);
}

static void add_reach(struct reach *to, const struct reach *more)
{
	to->asks |= more->asks;
	to->weight += more->weight;
	if (to->weight > UINT32_MAX / 2)
		to->weight = UINT32_MAX / 2;
}

static const struct reach *rests_of(struct pw_eval *ev, uint32_t chain);

static uint32_t map_asks(const struct pw_map *map)
{
	static const uint32_t asks[PW_NUM_MAP_KEYS] = {
		[PW_K_PORT] = BIT(PW_F_DPORT),
		[PW_K_PROTO_PORT] = BIT(PW_F_DPORT),
		[PW_K_PROTO] = 0,
		[PW_K_FIB_DADDR] = BIT(PW_F_FIB_DADDR),
	};

	return asks[map->key] | BIT(PW_F_L4PROTO);
}

static void reach_map(struct pw_eval *ev, uint32_t index, struct reach *reach)
{
	const struct pw_map *map = &ev->rs->maps[index];

	reach->asks |= map_asks(map);
	for (size_t i = 0; i < map->num_elems; i++) {
		const struct pw_verdict *v = &map->elems[i].verdict;

		add_reach(reach, &(struct reach){ 0, 1 });
		if (v->kind == PW_V_JUMP || v->kind == PW_V_GOTO)
			add_reach(reach, rests_of(ev, v->chain));
	}
}

static void reach_effects(struct pw_eval *ev, const struct pw_rule *rule,
			  struct reach *reach)
{
	for (size_t i = 0; i < rule->num_effects; i++) {
		const struct pw_effect *e = &rule->effects[i];

		if (e->kind == PW_E_COUNTER_MAP)
			reach->asks |= map_asks(&ev->rs->maps[e->map]);
		if (e->kind == PW_E_UPDATE)
			reach->asks |= BIT(PW_F_NFPROTO);
		if (e->kind == PW_E_UPDATE &&
		    rule->verdict.kind == PW_V_NONE)
			reach->asks |= WRITES;
	}
}

static void reach_rule(struct pw_eval *ev, const struct pw_rule *rule,
		       struct reach *reach)
{
	add_reach(reach, &(struct reach){ 0, 1 });
	for (size_t i = 0; i < rule->num_matches; i++) {
		reach->asks |= pw_fields_of(rule->matches[i].field);
		if (match_nfproto(ev->rs, &rule->matches[i]))
			reach->asks |= BIT(PW_F_NFPROTO);
	}
	reach_effects(ev, rule, reach);
	if (rule->verdict.kind == PW_V_MAP)
		reach_map(ev, rule->verdict.map, reach);
	if (rule->verdict.kind == PW_V_JUMP || rule->verdict.kind == PW_V_GOTO)
		add_reach(reach, rests_of(ev, rule->verdict.chain));
}

/* The innermost such chain: nothing in it is an entry again */
static bool is_entry(const struct pw_eval *ev, uint32_t chain,
		     const struct reach *whole)
{
	return ev->sharing->gotos[chain] > 1 && whole->weight >= ENTRY_MIN &&
	       whole->weight <= ENTRY_MAX &&
	       !(whole->asks & (HAS_ENTRY | WRITES));
}

/* Rules that go round in circles would never end here: they are refused */
static const struct reach *rests_of(struct pw_eval *ev, uint32_t chain)
{
	static const struct reach everything = { UINT32_MAX, 0 };
	const struct pw_chain *c = &ev->rs->chains[chain];
	struct reach *rests = ev->sharing->rests[chain];

	if (rests)
		return rests;
	rests = calloc(c->num_rules + 1, sizeof(*rests));
	if (!rests || ++ev->chains_deep > ev->rs->num_chains + 1) {
		ev->space.err = rests ? -ELOOP : -ENOMEM;
		free(rests);
		return &everything;
	}
	for (size_t i = c->num_rules; i-- > 0;) {
		rests[i] = rests[i + 1];
		if (!ev->space.err)
			reach_rule(ev, &c->rules[i], &rests[i]);
	}
	ev->chains_deep--;
	if (is_entry(ev, chain, &rests[0])) {
		ev->sharing->entry[chain] = true;
		rests[0].asks |= HAS_ENTRY;
	}
	ev->sharing->rests[chain] = rests;
	return rests;
}

bool pw_share_at(struct pw_eval *ev, uint32_t chain, size_t rule)
{
	const struct reach *rest;

	if (!ev->share || ev->run || ev->jumps_deep)
		return false;
	rest = rests_of(ev, chain);
	if (ev->space.err)
		return false;
	if (!rule && ev->sharing->entry[chain])
		return true;
	return rest[rule].weight >= ev->share &&
	       !(rest[rule].asks & ABOUT_STATE);
}

/* A box by what is asked from here on, and what is not */
struct parts {
	struct pw_box asked, context;
};

static int box_cmp(const struct pw_box *a, const struct pw_box *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int parts_cmp(const void *pa, const void *pb)
{
	const struct parts *a = pa, *b = pb;
	int order = box_cmp(&a->asked, &b->asked);

	return order ? order : box_cmp(&a->context, &b->context);
}

static void take_apart(const struct pw_box *box, uint32_t asks,
		       struct parts *out)
{
	*out = (struct parts){ .asked.cond = PW_COND_ALWAYS,
			       .context.cond = box->cond };
	for (int f = 0; f < PW_NUM_FIELDS; f++) {
		if (asks & BIT(f))
			out->asked.f[f] = box->f[f];
		else
			out->context.f[f] = box->f[f];
	}
}

void pw_run_expand(struct pw_eval *ev, const struct pw_box *context,
		   const struct pw_box *box, struct pw_box *out)
{
	*out = *box;
	for (int f = 0; f < PW_NUM_FIELDS; f++)
		if (context->f[f] != PW_VALUE_ANY)
			out->f[f] = context->f[f];
	out->cond = pw_cond_and(ev->space.conds, context->cond, box->cond);
}

static bool same_boxes(const struct pw_boxes *a, const struct pw_boxes *b)
{
	if (a->num != b->num)
		return false;
	for (size_t i = 0; i < a->num; i++)
		if (box_cmp(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static struct pw_run *find_run(struct pw_eval *ev, uint32_t chain, size_t rule,
			       const struct pw_boxes *in)
{
	for (size_t i = 0; i < ev->num_runs; i++) {
		struct pw_run *run = &ev->runs[i];

		if (run->chain == chain && run->rule == rule &&
		    same_boxes(&run->in, in))
			return run;
	}
	return NULL;
}

static struct pw_run *new_run(struct pw_eval *ev, uint32_t chain, size_t rule,
			      const struct pw_boxes *in, run_rest *rest)
{
	struct pw_run run = { .chain = chain, .rule = (uint32_t)rule };
	struct pw_boxes copy = { 0 };

	for (size_t i = 0; i < in->num; i++) {
		pw_boxes_push(&ev->space, &run.in, &in->items[i]);
		pw_boxes_push(&ev->space, &copy, &in->items[i]);
	}
	ev->run = (uint32_t)ev->num_runs + 1;
	rest(ev, chain, rule, &copy, &run.back);
	ev->run = 0;
	pw_boxes_clear(&copy);
	if (PW_ARRAY_PUSH(ev->runs, ev->num_runs, ev->cap_runs, run)) {
		pw_boxes_clear(&run.in);
		pw_boxes_clear(&run.back);
		ev->space.err = -ENOMEM;
		return NULL;
	}
	return &ev->runs[ev->num_runs - 1];
}

static void arrive(struct pw_eval *ev, struct pw_run *run,
		   const struct pw_boxes *contexts, struct pw_boxes *back)
{
	for (size_t i = 0; i < contexts->num; i++) {
		const struct pw_box *context = &contexts->items[i];
		struct pw_box box;

		pw_boxes_push(&ev->space, &run->contexts, context);
		if (PW_ARRAY_PUSH(run->bases, run->num_bases, run->cap_bases,
				  ev->base))
			ev->space.err = -ENOMEM;
		for (size_t j = 0; j < run->back.num; j++) {
			pw_run_expand(ev, context, &run->back.items[j], &box);
			pw_boxes_push(&ev->space, back, &box);
		}
	}
}

/* Parts [from, to) have one box; those of the contexts alike join them */
static bool same_contexts(const struct parts *a, size_t num_a,
			  const struct parts *b, size_t num_b)
{
	if (num_a != num_b)
		return false;
	for (size_t i = 0; i < num_a; i++)
		if (box_cmp(&a[i].context, &b[i].context))
			return false;
	return true;
}

static size_t group_end(const struct parts *parts, size_t num, size_t from)
{
	size_t to = from + 1;

	while (to < num && !box_cmp(&parts[from].asked, &parts[to].asked))
		to++;
	return to;
}

/* All boxes that come in the same contexts as the group at @from */
static void share_group(struct pw_eval *ev, uint32_t chain, size_t rule,
			const struct parts *parts, size_t num, size_t from,
			bool *done, struct pw_boxes *back, run_rest *rest)
{
	struct pw_boxes in = { 0 }, contexts = { 0 };
	size_t first_end = group_end(parts, num, from);
	struct pw_run *run;

	for (size_t i = from; i < first_end; i++)
		pw_boxes_push(&ev->space, &contexts, &parts[i].context);
	for (size_t i = from, to; i < num; i = to) {
		to = group_end(parts, num, i);
		if (done[i] || !same_contexts(parts + from, first_end - from,
					      parts + i, to - i))
			continue;
		done[i] = true;
		pw_boxes_push(&ev->space, &in, &parts[i].asked);
	}
	run = find_run(ev, chain, rule, &in);
	if (!run)
		run = new_run(ev, chain, rule, &in, rest);
	if (run)
		arrive(ev, run, &contexts, back);
	pw_boxes_clear(&in);
	pw_boxes_clear(&contexts);
}

void pw_share_rest(struct pw_eval *ev, uint32_t chain, size_t rule,
		   struct pw_boxes *in, struct pw_boxes *back, run_rest *rest)
{
	uint32_t asks = rests_of(ev, chain)[rule].asks;
	struct parts *parts = calloc(in->num, sizeof(*parts));
	bool *done = calloc(in->num, sizeof(*done));

	if (!parts || !done)
		ev->space.err = -ENOMEM;
	for (size_t i = 0; i < in->num && !ev->space.err; i++)
		take_apart(&in->items[i], asks, &parts[i]);
	if (!ev->space.err)
		qsort(parts, in->num, sizeof(*parts), parts_cmp);
	for (size_t i = 0; i < in->num && !pw_space_error(&ev->space);
	     i = group_end(parts, in->num, i))
		if (!done[i])
			share_group(ev, chain, rule, parts, in->num, i, done,
				    back, rest);
	in->num = 0;
	free(parts);
	free(done);
}
