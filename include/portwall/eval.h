/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules mean: the one evaluator, for whole regions of packets at once. */
#ifndef PORTWALL_EVAL_H
#define PORTWALL_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "own.h"
#include "rangeset.h"
#include "ruleset.h"

/**
 * struct pw_box - A region of packets: the product of one set per field
 * @field:	borrowed or interned sets; NULL: every value, and also packets
 *		that lack the field. Not NULL: the packet has the field and its
 *		value is in the set.
 */
struct pw_box {
	const struct pw_rangeset *field[PW_NUM_FIELDS];
};

enum pw_outcome { PW_OUT_ACCEPT, PW_OUT_DROP, PW_OUT_REFUSE };

/**
 * struct pw_limit_ref - A limit on the way of a packet
 * @obj:	name of the limit object (borrowed), or NULL
 * @key:	constant key of a dynamic set's element; valid when @obj is NULL
 * @set:	name of that dynamic set (borrowed), or NULL
 * A match in a set that is not constant ("adopt") is a ref with @set alone.
 */
struct pw_limit_ref {
	const char *obj;
	const char *set;
	uint32_t key;
};

/**
 * struct pw_cell - Packets that share one fate
 * @outcome:	in this base chain alone
 * @limits:	what had to hold on the way; num_limits 0: unconditional
 * @chain, @rule: what decided; @rule == PW_NONE: the base chain's policy
 *
 * Unconditional cells (no limits) partition the region asked for. Cells with
 * limits lie above them: while these limits hold, this is the fate instead.
 */
struct pw_cell {
	struct pw_box box;
	enum pw_outcome outcome;
	struct pw_limit_ref *limits;
	size_t num_limits;
	uint32_t chain, rule;
};

struct pw_cells;

/**
 * pw_eval() - The fate of every packet of @domain in one base chain
 * @base:	index of a base chain
 * @domain:	what may arrive; sets are borrowed while the result lives
 *
 * Every verdict, jump, goto, return, map and default counts as in
 * net/netfilter/nf_tables_core.c. Reject is PW_OUT_REFUSE; a final accept of
 * this base chain is PW_OUT_ACCEPT.
 *
 * Return: 0; -ENOMEM; -ELOOP: jumps deeper than the kernel's 16
 */
int pw_eval(const struct pw_ruleset *rs, uint32_t base,
	    const struct pw_box *domain, struct pw_cells **out);

size_t pw_cells_count(const struct pw_cells *cells);
const struct pw_cell *pw_cells_get(const struct pw_cells *cells, size_t i);
void pw_cells_free(struct pw_cells *cells);
PW_DEFINE_OWNED(struct pw_cells, pw_cells_free)

#endif
