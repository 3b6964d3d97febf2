/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions that are decided are taken out of a list and compared with the cell. */
#include "compile/prove.h"

void pw_proof_take(struct proof *p, struct pw_boxes *items,
		   const struct pw_cuts *cuts, struct pw_boxes *hits)
{
	struct pw_boxes rest = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < items->num; i++) {
		struct pw_box hit;

		if (pw_box_split(&p->ev->space, &items->items[i], cuts, &hit,
				 &rest))
			pw_boxes_push(&p->ev->space, hits, &hit);
		else
			items->items[kept++] = items->items[i];
	}
	items->num = kept;
	pw_boxes_append(&p->ev->space, items, &rest);
	pw_boxes_clear(&rest);
}

static bool agrees(const struct proof *p, const struct want *want)
{
	const struct pw_cell *cell = p->cell;

	/* The policy of a base chain is a backstop: rules decide by themselves */
	if (cell->outcome != want->outcome ||
	    (cell->rule == PW_NONE && p->rs->chains[cell->chain].num_rules))
		return false;
	return cell->outcome != PW_OUT_REFUSE ||
	       p->rs->chains[cell->chain].rules[cell->rule].verdict.kind ==
		       want->how;
}

void pw_proof_check(struct proof *p, const struct pw_boxes *items,
		    const struct want *want)
{
	if (!items->num || p->err || p->differs)
		return;
	if (!p->cell)
		p->touched = true;
	else if (!agrees(p, want))
		pw_proof_differs(p, &items->items[0], want);
}

/* Everything left meets @want */
void pw_settle_all(struct proof *p, struct pw_boxes *items,
			  const struct want *want)
{
	pw_proof_check(p, items, want);
	items->num = 0;
}

void pw_settle(struct proof *p, struct pw_boxes *items,
		      const struct pw_cuts *cuts, const struct want *want)
{
	struct pw_boxes hits = { 0 };

	pw_proof_take(p, items, cuts, &hits);
	pw_proof_check(p, &hits, want);
	pw_boxes_clear(&hits);
}

void pw_settle_steps(struct proof *p, struct pw_boxes *items,
			    enum step first, enum step last,
			    const struct want *want)
{
	for (int step = first; step <= (int)last; step++)
		pw_settle(p, items, &p->steps[step], want);
}

/* While @cond holds to @hits, otherwise what is left */
void pw_proof_take_cond(struct proof *p, struct pw_boxes *items, uint32_t cond,
			 struct pw_boxes *hits)
{
	struct pw_conds *conds = p->ev->space.conds;
	size_t kept = 0;

	for (size_t i = 0; i < items->num; i++) {
		struct pw_box box = items->items[i];
		uint32_t before = box.cond;

		box.cond = pw_cond_and(conds, before, cond);
		if (box.cond != PW_COND_NEVER)
			pw_boxes_push(&p->ev->space, hits, &box);
		box.cond = pw_cond_and(conds, before,
				       pw_cond_not(conds, cond));
		if (box.cond != PW_COND_NEVER)
			items->items[kept++] = box;
	}
	items->num = kept;
}

/* While a fact holds the packets within @cuts meet @want */
void pw_settle_gate(struct proof *p, struct pw_boxes *items,
			   const struct pw_cuts *cuts, uint32_t cond,
			   const struct want *want)
{
	struct pw_boxes within = { 0 }, hits = { 0 };

	pw_proof_take(p, items, cuts, &within);
	pw_proof_take_cond(p, &within, cond, &hits);
	pw_proof_check(p, &hits, want);
	pw_boxes_append(&p->ev->space, items, &within);
	pw_boxes_clear(&within);
	pw_boxes_clear(&hits);
}

void pw_settle_areas(struct proof *p, struct pw_boxes *items,
			    const struct areas *areas, enum dest dest,
			    const struct want *want)
{
	for (size_t i = 0; i < areas->num && items->num; i++) {
		struct want by = *want;

		by.section = areas->items[i].section;
		if (areas->items[i].dests & dest)
			pw_settle(p, items, &areas->items[i].cuts, &by);
	}
}
