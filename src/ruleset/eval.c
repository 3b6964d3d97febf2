/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one evaluator: what rules do with whole regions of packets. */
#include "ruleset/eval.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "ruleset/eval_meet.h"
#include "ruleset/eval_prepare.h"
#include "ruleset/eval_share.h"

/* NFT_JUMP_STACK_SIZE of the kernel */
#define MAX_JUMPS 16
/* Beyond this many boxes merging is worth its time only for many new ones */
#define MERGE_ALWAYS 1024

/**
 * struct visit - One rule at work
 * @next:	what goes on to the rule behind it
 * @back:	what leaves the chain without a verdict
 */
struct visit {
	uint32_t chain, rule;
	struct pw_boxes *next, *back;
};

int pw_eval_new(const struct pw_ruleset *rs, struct pw_eval **out)
{
	pw_owned(pw_eval_free) struct pw_eval *ev = calloc(1, sizeof(*ev));
	int err;

	if (!ev)
		return -ENOMEM;
	ev->rs = rs;
	err = pw_space_init(&ev->space);
	if (err)
		return err;
	ev->prepared = pw_prepared_new(rs);
	ev->sharing = pw_sharing_new(rs);
	if (!ev->prepared || !ev->sharing)
		return -ENOMEM;
	*out = PW_TAKE(ev);
	return 0;
}

static void clear_run(struct pw_run *run)
{
	pw_boxes_clear(&run->in);
	pw_boxes_clear(&run->back);
	pw_boxes_clear(&run->contexts);
	free(run->bases);
}

void pw_eval_free(struct pw_eval *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; i < ev->num_runs; i++)
		clear_run(&ev->runs[i]);
	free(ev->runs);
	pw_prepared_free(ev->prepared, ev->rs);
	pw_sharing_free(ev->sharing, ev->rs);
	pw_space_clear(&ev->space);
	free(ev->facts);
	free(ev->cells);
	free(ev->marks);
	free(ev);
}

void pw_eval_domain(struct pw_eval *ev, enum pw_hook hook, struct pw_box *out)
{
	*out = (struct pw_box){ .cond = PW_COND_ALWAYS };
	/* A packet that has no way out so far has the empty name there */
	if (hook != PW_HOOK_FORWARD)
		out->f[PW_F_OIFNAME] =
			pw_space_range(&ev->space, PW_F_OIFNAME, 0, 0);
}

uint32_t pw_eval_find_base(const struct pw_ruleset *rs, enum pw_hook hook)
{
	for (size_t i = 0; i < rs->num_chains; i++)
		if (rs->chains[i].hook == hook)
			return (uint32_t)i;
	return PW_NONE;
}

static void decide(struct pw_eval *ev, const struct pw_boxes *boxes,
		   enum pw_outcome outcome, uint32_t chain, uint32_t rule)
{
	for (size_t i = 0; i < boxes->num; i++) {
		struct pw_cell cell = {
			.box = boxes->items[i], .outcome = outcome,
			.chain = chain, .rule = rule, .run = ev->run,
		};

		if (PW_ARRAY_PUSH(ev->cells, ev->num_cells, ev->cap_cells,
				  cell))
			ev->space.err = -ENOMEM;
	}
}

/* Cut @box by the keys of @map: within go to @hits, the others to @misses */
static void split_keys(struct pw_eval *ev, const struct pw_prep_map *map,
		       const struct pw_box *box, struct pw_boxes *hits,
		       struct pw_boxes *misses)
{
	struct pw_boxes left = { 0 }, out = { 0 };
	struct pw_box hit;

	pw_boxes_push(&ev->space, &left, box);
	for (size_t k = 0; k < map->num_all; k++) {
		for (size_t i = 0; i < left.num; i++) {
			if (!pw_box_split(&ev->space, &left.items[i],
					  &map->all[k].cuts, &hit, &out))
				pw_boxes_push(&ev->space, &out, &left.items[i]);
			else if (hits)
				pw_boxes_push(&ev->space, hits, &hit);
		}
		left.num = 0;
		pw_boxes_append(&ev->space, &left, &out);
	}
	pw_boxes_append(&ev->space, misses, &left);
	pw_boxes_clear(&left);
	pw_boxes_clear(&out);
}

/* Within what the rule's facts say to @hits, the same packets else to @rest */
static void split_cond(struct pw_eval *ev, uint32_t cond,
		       const struct pw_box *box, struct pw_boxes *hits,
		       struct pw_boxes *rest)
{
	struct pw_conds *conds = ev->space.conds;
	struct pw_box part = *box;

	part.cond = pw_cond_and(conds, box->cond, cond);
	if (part.cond != PW_COND_NEVER)
		pw_boxes_push(&ev->space, hits, &part);
	part.cond = pw_cond_and(conds, box->cond, pw_cond_not(conds, cond));
	if (part.cond != PW_COND_NEVER)
		pw_boxes_push(&ev->space, rest, &part);
}

static void match_box(struct pw_eval *ev, const struct pw_prep_rule *prep,
		      const struct pw_box *box, struct pw_boxes *hits,
		      struct pw_boxes *rest)
{
	struct pw_boxes with_key = { 0 };
	struct pw_box hit;

	if (!pw_box_split(&ev->space, box, &prep->cuts, &hit, rest)) {
		pw_boxes_push(&ev->space, rest, box);
		return;
	}
	if (prep->keys == PW_NONE) {
		split_cond(ev, prep->cond, &hit, hits, rest);
		return;
	}
	split_keys(ev, pw_prepare_map(ev, prep->keys), &hit, &with_key, rest);
	for (size_t i = 0; i < with_key.num; i++)
		split_cond(ev, prep->cond, &with_key.items[i], hits, rest);
	pw_boxes_clear(&with_key);
}

static void run_chain(struct pw_eval *ev, uint32_t chain, struct pw_boxes *in,
		      struct pw_boxes *back);

static void enter(struct pw_eval *ev, uint32_t chain, struct pw_boxes *in,
		  struct pw_boxes *back, bool jump)
{
	if (!in->num)
		return;
	ev->jumps_deep += jump;
	ev->chains_deep++;
	if (ev->jumps_deep >= MAX_JUMPS ||
	    ev->chains_deep > ev->rs->num_chains)
		ev->space.err = -ELOOP;
	else
		run_chain(ev, chain, in, back);
	ev->chains_deep--;
	ev->jumps_deep -= jump;
}

static void run_verdict(struct pw_eval *ev, const struct visit *at,
			const struct pw_verdict *verdict,
			struct pw_boxes *hits);

static bool same_way(const struct pw_prep_key *a, const struct pw_prep_key *b)
{
	return a->verdict.kind == b->verdict.kind &&
	       a->verdict.chain == b->verdict.chain;
}

/* Each group of keys with one verdict is one step, however many keys it has */
static void run_map(struct pw_eval *ev, const struct visit *at, uint32_t index,
		    struct pw_boxes *in)
{
	const struct pw_prep_map *map = pw_prepare_map(ev, index);
	struct pw_boxes hits = { 0 };
	struct pw_meet meet;
	struct pw_box hit;

	pw_meet_init(ev, map, in, &meet);
	for (size_t k = 0; k < map->num_keys; k++) {
		const struct pw_prep_key *key = &map->keys[k];

		pw_meet_key(ev, &meet, key);
		for (size_t i = 0; i < meet.num_hits; i++)
			if (pw_box_split(&ev->space,
					 &in->items[meet.hits[i]], &key->cuts,
					 &hit, NULL))
				pw_boxes_push(&ev->space, &hits, &hit);
		if (k + 1 < map->num_keys && same_way(key, key + 1))
			continue;
		run_verdict(ev, at, &key->verdict, &hits);
		hits.num = 0;
	}
	for (size_t i = 0; i < in->num; i++)
		split_keys(ev, map, &in->items[i], NULL, at->next);
	pw_meet_clear(&meet);
	pw_boxes_clear(&hits);
}

static void run_verdict(struct pw_eval *ev, const struct visit *at,
			const struct pw_verdict *verdict, struct pw_boxes *hits)
{
	switch (verdict->kind) {
	case PW_V_NONE:
		pw_boxes_append(&ev->space, at->next, hits);
		break;
	case PW_V_ACCEPT:
		decide(ev, hits, PW_OUT_ACCEPT, at->chain, at->rule);
		break;
	case PW_V_DROP:
		decide(ev, hits, PW_OUT_DROP, at->chain, at->rule);
		break;
	case PW_V_REJECT_RST:
	case PW_V_REJECT_PORT:
	case PW_V_REJECT_PROTO:
		decide(ev, hits, PW_OUT_REFUSE, at->chain, at->rule);
		break;
	case PW_V_RETURN:
		pw_boxes_append(&ev->space, at->back, hits);
		break;
	case PW_V_JUMP:
		enter(ev, verdict->chain, hits, at->next, true);
		break;
	case PW_V_GOTO:
		enter(ev, verdict->chain, hits, at->back, false);
		break;
	case PW_V_MAP:
		run_map(ev, at, verdict->map, hits);
		break;
	}
}

/* @in becomes what goes on to the next rule */
static void run_rule(struct pw_eval *ev, uint32_t chain, size_t rule,
		     struct pw_boxes *in, struct pw_boxes *back)
{
	const struct pw_verdict *verdict =
		&ev->rs->chains[chain].rules[rule].verdict;
	struct pw_boxes hits = { 0 }, next = { 0 };
	struct visit at = { chain, (uint32_t)rule, &next, back };
	struct pw_prep_rule prep;
	size_t num_rest;

	pw_prepare_rule(ev, chain, rule, &prep);
	for (size_t i = 0; i < in->num; i++)
		match_box(ev, &prep, &in->items[i], &hits, &next);
	num_rest = next.num;
	if (hits.num)
		run_verdict(ev, &at, verdict, &hits);
	if (next.num > num_rest &&
	    (next.num < MERGE_ALWAYS || num_rest < next.num / 2))
		pw_boxes_merge(&ev->space, &next);
	pw_boxes_clear(&hits);
	pw_boxes_clear(in);
	*in = next;
}

static bool writes_set(const struct pw_rule *rule, uint32_t *set)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		if (rule->effects[i].kind == PW_E_UPDATE) {
			*set = rule->effects[i].set;
			return true;
		}
	return false;
}

/* A rule without a verdict changes no packet's way, but may remember it */
static void note_marks(struct pw_eval *ev, uint32_t chain, size_t rule,
		       const struct pw_boxes *in)
{
	struct pw_mark mark = { .chain = chain, .rule = (uint32_t)rule };
	struct pw_prep_rule prep;

	if (!writes_set(&ev->rs->chains[chain].rules[rule], &mark.set))
		return;
	pw_prepare_rule(ev, chain, rule, &prep);
	for (size_t i = 0; i < in->num; i++)
		if (pw_box_split(&ev->space, &in->items[i], &prep.cuts,
				 &mark.box, NULL) &&
		    PW_ARRAY_PUSH(ev->marks, ev->num_marks, ev->cap_marks,
				  mark))
			ev->space.err = -ENOMEM;
}

static void run_rules(struct pw_eval *ev, uint32_t chain, size_t from,
		      struct pw_boxes *in, struct pw_boxes *back)
{
	const struct pw_chain *c = &ev->rs->chains[chain];

	for (size_t i = from; i < c->num_rules && in->num; i++) {
		if (pw_space_error(&ev->space))
			return;
		if (pw_share_at(ev, chain, i))
			pw_share_rest(ev, chain, i, in, back, run_rules);
		else if (c->rules[i].verdict.kind == PW_V_NONE)
			note_marks(ev, chain, i, in);
		else
			run_rule(ev, chain, i, in, back);
	}
	pw_boxes_append(&ev->space, back, in);
}

/* Consumes @in; what reaches the end, or returns, is appended to @back */
static void run_chain(struct pw_eval *ev, uint32_t chain, struct pw_boxes *in,
		      struct pw_boxes *back)
{
	run_rules(ev, chain, 0, in, back);
}

int pw_eval_base(struct pw_eval *ev, uint32_t base, const struct pw_box *domain)
{
	struct pw_boxes in = { 0 }, back = { 0 };
	enum pw_verdict_kind policy = ev->rs->chains[base].policy;

	ev->base = base;
	pw_boxes_push(&ev->space, &in, domain);
	enter(ev, base, &in, &back, false);
	decide(ev, &back, policy == PW_V_DROP ? PW_OUT_DROP : PW_OUT_ACCEPT,
	       base, PW_NONE);
	pw_boxes_clear(&in);
	pw_boxes_clear(&back);
	return pw_space_error(&ev->space);
}
