/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells by the rule that decided, and runs that stand for many base chains. */
#include <errno.h>
#include <stdlib.h>

#include "compile/prove.h"
#include "portwall/array.h"

/* Who judges what a rule decides: all of a base chain, or a stage of it */
struct judge {
	const struct base *base;
	enum stage stage;
	enum dest dest;
};

static void ask(struct proof *p, const struct judge *judge,
		struct pw_boxes *items)
{
	if (judge->base)
		judge->base->judge(p, items);
	else
		pw_judge_from(p, items, judge->stage, judge->dest);
}

static int cell_cmp(const void *pa, const void *pb)
{
	const struct pw_cell *a = pa, *b = pb;

	if (a->run != b->run)
		return a->run < b->run ? -1 : 1;
	if (a->chain != b->chain)
		return a->chain < b->chain ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	/* One rule decides both ways when its verdict is a map's */
	return (a->outcome > b->outcome) - (a->outcome < b->outcome);
}

/* What one rule decides is judged at once: it may have been reached often */
static void judge_rule(struct proof *p, const struct judge *judge,
		       const struct pw_cell *cells, size_t num)
{
	struct pw_boxes items = { 0 };

	for (size_t i = 0; i < num; i++)
		pw_boxes_push(&p->ev->space, &items, &cells[i].box);
	pw_boxes_merge(&p->ev->space, &items);
	p->cell = &cells[0];
	ask(p, judge, &items);
	p->cell = NULL;
	pw_boxes_clear(&items);
	if (!p->err)
		p->err = pw_space_error(&p->ev->space);
}

/* Sorted cells, rule by rule */
static int judge_sorted(struct proof *p, const struct judge *judge,
			const struct pw_cell *cells, size_t num)
{
	for (size_t from = 0, to; from < num && !p->err && !p->differs;
	     from = to) {
		for (to = from + 1; to < num; to++)
			if (cell_cmp(&cells[from], &cells[to]))
				break;
		judge_rule(p, judge, cells + from, to - from);
	}
	return p->err;
}

int pw_proof_judge_cells(struct proof *p, const struct base *base,
			 struct pw_cell *cells, size_t num)
{
	struct judge judge = { .base = base };
	size_t plain = 0;

	qsort(cells, num, sizeof(*cells), cell_cmp);
	while (plain < num && !cells[plain].run)
		plain++;
	return judge_sorted(p, &judge, cells, plain);
}

static const struct base *base_at(const struct proof *p, uint32_t chain)
{
	const struct base *base = pw_proof_bases;

	while (base->hook != p->rs->chains[chain].hook)
		base++;
	return base;
}

/* By stage: the kinds of destination, enum dest */
struct reached {
	unsigned int dests[NUM_STAGES];
};

static bool context_reaches(struct proof *p, const struct pw_run *run, size_t i,
			    struct reached *out)
{
	const struct pw_box *context = &run->contexts.items[i];
	struct pw_boxes items = { 0 };
	enum stage stage = STAGE_HOOK;
	enum dest dest = 0;

	for (size_t j = 0; j < run->in.num; j++) {
		struct pw_box box;

		pw_run_expand(p->ev, context, &run->in.items[j], &box);
		pw_boxes_push(&p->ev->space, &items, &box);
	}
	if (!pw_proof_asked_limit(p, context->cond))
		stage = pw_judge_reaches(p, base_at(p, run->bases[i])->hook,
					 &items, &dest);
	pw_boxes_clear(&items);
	out->dests[stage] |= dest;
	return stage != STAGE_HOOK;
}

/*
 * Holds for all packets of a run, so for those in its contexts too. Contexts
 * are given up in favour of the stages of the reading that they reach.
 */
static bool holds_at_large(struct proof *p, const struct pw_run *run,
			   const struct pw_cell *cells, size_t num)
{
	struct reached reached = { 0 };

	for (size_t i = 0; i < run->contexts.num; i++)
		if (!context_reaches(p, run, i, &reached))
			return false;
	p->quiet = true;
	for (int i = 0; i < NUM_STAGES * 2; i++) {
		struct judge judge = { .stage = (enum stage)(i / 2),
				       .dest = i % 2 ? DEST_OTHER : DEST_OWN };

		if (reached.dests[judge.stage] & judge.dest)
			judge_sorted(p, &judge, cells, num);
	}
	p->quiet = false;
	return !p->differs;
}

/* In each context on its own */
static int judge_spelled_out(struct proof *p, const struct pw_run *run,
			     const struct pw_cell *cells, size_t num)
{
	struct pw_cell *out = calloc(num + 1, sizeof(*out));

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < run->contexts.num && !p->err; i++) {
		struct judge judge = { .base = base_at(p, run->bases[i]) };

		for (size_t j = 0; j < num; j++) {
			out[j] = cells[j];
			pw_run_expand(p->ev, &run->contexts.items[i],
				      &cells[j].box, &out[j].box);
		}
		judge_sorted(p, &judge, out, num);
	}
	free(out);
	return p->err;
}

static int judge_run(struct proof *p, const struct pw_run *run,
		     const struct pw_cell *cells, size_t num)
{
	if (holds_at_large(p, run, cells, num))
		return p->err;
	p->differs = false;
	return judge_spelled_out(p, run, cells, num);
}

/* Cells are sorted by run within those of each base chain */
int pw_proof_judge_runs(struct proof *p)
{
	const struct pw_cell *cells = p->ev->cells;

	for (size_t from = 0, to; from < p->ev->num_cells && !p->err;
	     from = to) {
		uint32_t run = cells[from].run;

		for (to = from + 1; to < p->ev->num_cells; to++)
			if (cells[to].run != run)
				break;
		if (run)
			judge_run(p, &p->ev->runs[run - 1], cells + from,
				  to - from);
	}
	return p->err;
}
