/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one evaluator: what rules do with whole regions of packets. */
#ifndef RULESET_EVAL_H
#define RULESET_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/eval.h"
#include "portwall/own.h"
#include "portwall/ruleset.h"
#include "ruleset/boxes.h"

enum pw_fact_kind {
	PW_FACT_LIMIT,		/* limit object @name is within @rate */
	PW_FACT_INLINE,		/* the limit of one rule, @chain and @rule */
	PW_FACT_ELEMENT,	/* element @key of dynamic set @name: has room, is
				 * within @rate, has at most @conns connections */
	PW_FACT_MEMBER,		/* what @field says is in the set @name */
};

/**
 * struct pw_fact - What the fate of a packet may depend on beside the packet
 * @name:	of the object or set, borrowed
 * @rate:	count 0: none
 * @conns:	0: none; the element has at most this many
 * @by:		PW_FACT_ELEMENT: type of the set
 *
 * One fact is one variable of the conditions. A limit is taken to answer the
 * same when it is asked twice for one packet.
 */
struct pw_fact {
	enum pw_fact_kind kind;
	const char *name;
	uint32_t key;
	struct pw_rate rate;
	uint32_t conns;
	uint64_t timeout_ms;
	bool add;
	enum pw_set_type by;
	enum pw_field field;
	uint32_t chain, rule;
};

/**
 * struct pw_mark - Packets whose destination a rule writes into a set
 * @set:	index of the set
 *
 * Of rules without a verdict; a fact that such a rule asks does not count.
 */
struct pw_mark {
	struct pw_box box;
	uint32_t set, chain, rule;
};

/**
 * struct pw_cell - Packets that share one fate
 * @rule:	that decided, of @chain; PW_NONE: the base chain's policy
 * @run:	0, or number of the run that it belongs to, from 1
 */
struct pw_cell {
	struct pw_box box;
	uint32_t run;
	enum pw_outcome outcome;
	uint32_t chain, rule;
};

/**
 * struct pw_run - The end of a chain, evaluated once for many ways to get there
 * @rule:	from this rule of @chain on
 * @in:		what arrives, without the fields that no rule asks from there on
 * @back:	what no rule decides, likewise
 * @contexts:	these fields and the conditions, for each way to arrive; all
 *		combinations of @in and @contexts arrive
 * @bases:	by context: index of its base chain
 *
 * Sections are asked in several base chains, each with packets that differ in
 * nothing that a section speaks of: the cells of a run stand for all of them.
 */
struct pw_run {
	uint32_t chain, rule;
	struct pw_boxes in, back, contexts;
	uint32_t *bases;
	size_t num_bases, cap_bases;
};

struct pw_prepared;
struct pw_sharing;

/**
 * struct pw_eval - Evaluations of one ruleset
 * @facts:	by variable
 * @cells:	of every pw_eval_base() so far, as @marks
 * @share:	rules and map elements that make a run worth it; 0: no runs,
 *		every cell is spelled out
 * @run:	that is evaluated now, from 1, 0: none
 * @chains_deep, @jumps_deep: where the evaluation stands
 */
struct pw_eval {
	const struct pw_ruleset *rs;
	struct pw_space space;
	struct pw_fact *facts;
	size_t num_facts, cap_facts;
	struct pw_cell *cells;
	size_t num_cells, cap_cells;
	struct pw_mark *marks;
	size_t num_marks, cap_marks;
	struct pw_run *runs;
	size_t num_runs, cap_runs;
	uint32_t share, run, base;
	struct pw_prepared *prepared;
	struct pw_sharing *sharing;
	size_t chains_deep, jumps_deep;
};

/* -ENOMEM */
int pw_eval_new(const struct pw_ruleset *rs, struct pw_eval **out);
void pw_eval_free(struct pw_eval *ev);
PW_DEFINE_OWNED(struct pw_eval, pw_eval_free)

/* @box of a run in one of its contexts */
void pw_run_expand(struct pw_eval *ev, const struct pw_box *context,
		   const struct pw_box *box, struct pw_box *out);

/* Every packet that a base chain at @hook may meet */
void pw_eval_domain(struct pw_eval *ev, enum pw_hook hook, struct pw_box *out);

/**
 * pw_eval_base() - The fate of every packet of @domain in one base chain
 * @base:	index of a base chain
 * @domain:	made of values of @ev->space
 *
 * Appends to @ev->cells. They are disjoint and cover @domain: every packet,
 * whatever the facts, is in exactly one. Verdicts, jump, goto, return, maps and
 * policy count as in net/netfilter/nf_tables_core.c. A rule with a limit
 * matches while the limit has room.
 *
 * Return: 0; -ENOMEM; -ELOOP: jumps deeper than the kernel's 16; -EPROTO: a
 *	   rule that has no meaning (pw_ruleset_check() refuses these)
 */
int pw_eval_base(struct pw_eval *ev, uint32_t base,
		 const struct pw_box *domain);

/* Variable of a fact that was asked about, PW_COND_NO_VAR if it was not */
uint32_t pw_eval_find_fact(const struct pw_eval *ev,
			   const struct pw_fact *fact);

/* The base chain at @hook, PW_NONE if there is none, the first if several */
uint32_t pw_eval_find_base(const struct pw_ruleset *rs, enum pw_hook hook);

#endif
