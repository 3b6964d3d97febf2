/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks and sections: what they say of a region, by protocol and port. */
#include <stdint.h>

#include "compile/prove.h"

#define NOBODY SIZE_MAX

bool pw_proof_asked_limit(const struct proof *p, uint32_t cond)
{
	const struct pw_conds *conds = p->ev->space.conds;

	if (cond <= PW_COND_ALWAYS)
		return false;
	return p->ev->facts[pw_cond_top(conds, cond)].kind != PW_FACT_MEMBER ||
	       pw_proof_asked_limit(p, pw_cond_then(conds, cond, true)) ||
	       pw_proof_asked_limit(p, pw_cond_then(conds, cond, false));
}

/* What no limit guards costs no limit anything */
static void check_unlimited(struct proof *p, const struct pw_boxes *items,
			    struct want *want)
{
	pw_proof_check(p, items, want);
	for (size_t i = 0; i < items->num && p->cell && !p->err; i++) {
		if (!pw_proof_asked_limit(p, items->items[i].cond))
			continue;
		want->why = "admits without asking a limit";
		pw_proof_differs(p, &items->items[i], want);
	}
}

static void settle_open(struct proof *p, struct pw_boxes *items,
			const struct areas *areas, enum dest dest)
{
	struct want open = { PW_OUT_ACCEPT, PW_V_NONE, "admits", NOBODY };
	struct pw_boxes hits = { 0 };

	for (size_t i = 0; i < areas->num && items->num; i++) {
		if (!(areas->items[i].dests & dest))
			continue;
		open.section = areas->items[i].section;
		pw_proof_take(p, items, &areas->items[i].cuts, &hits);
		check_unlimited(p, &hits, &open);
		hits.num = 0;
	}
	pw_boxes_clear(&hits);
}

static enum pw_family family_of(struct proof *p, const struct pw_box *box)
{
	return pw_space_and(&p->ev->space, box->f[PW_F_NFPROTO],
			    p->steps[STEP_IPV4].items[0].value) ==
			       PW_VALUE_EMPTY
		? PW_IPV6 : PW_IPV4;
}

/* A rule that admits does so for one reason: its limits are charged */
static void check_within(struct proof *p, const struct pw_box *item,
			 const struct pw_boxes *within,
			 const struct want *want)
{
	const struct want first = { PW_OUT_ACCEPT, PW_V_NONE,
				    "charges to the limits of",
				    want->section };

	pw_proof_check(p, within, want);
	if (!p->err && within->num &&
	    within->items[0].cond != item->cond &&
	    p->cell->outcome == PW_OUT_ACCEPT)
		pw_proof_differs(p, item, &first);
}

/* Limited sections in the order of their names; beyond: to the next one */
static void settle_limited(struct proof *p, struct pw_boxes *items,
			   const struct areas *areas, enum dest dest)
{
	struct pw_boxes hits = { 0 }, within = { 0 };

	for (size_t i = 0; i < areas->num && items->num; i++) {
		const struct area *area = &areas->items[i];
		struct want want = { PW_OUT_ACCEPT, PW_V_NONE,
				     "admits within the limits of",
				     area->section };

		if (!(area->dests & dest))
			continue;
		pw_proof_take(p, items, &area->cuts, &hits);
		for (size_t j = 0; j < hits.num; j++) {
			struct pw_boxes one = { &hits.items[j], 1, 1 };
			struct pw_box whole = hits.items[j];

			pw_proof_take_cond(p, &one,
				     p->sections[area->section]
					     .within[family_of(p, &whole)],
				     &within);
			check_within(p, &whole, &within, &want);
			within.num = 0;
			if (one.num)
				pw_boxes_push(&p->ev->space, items,
					      &one.items[0]);
		}
		hits.num = 0;
	}
	pw_boxes_clear(&hits);
	pw_boxes_clear(&within);
}

/* A region of one family */
static void settle_opened_of(struct proof *p, struct pw_boxes *items,
			     enum pw_family family)
{
	struct want open = { PW_OUT_ACCEPT, PW_V_NONE,
			     "admits while it is opened", NOBODY };
	struct pw_boxes hits = { 0 };

	pw_proof_take_cond(p, items, p->opened[family], &hits);
	check_unlimited(p, &hits, &open);
	pw_boxes_clear(&hits);
}

/* Can any of them be let in by a temporary opening? */
static bool may_be_opened(struct proof *p, const struct pw_boxes *items)
{
	struct pw_conds *conds = p->ev->space.conds;

	for (size_t i = 0; i < items->num; i++)
		for (int f = 0; f < PW_NUM_FAMILIES; f++)
			if (pw_cond_and(conds, items->items[i].cond,
					p->opened[f]) != PW_COND_NEVER)
				return true;
	return false;
}

/* What is opened for a while, beside what the policy says of its ports */
static void settle_opened(struct proof *p, struct pw_boxes *items)
{
	struct pw_boxes v4 = { 0 };

	if (!may_be_opened(p, items))
		return;
	pw_proof_take(p, items, &p->steps[STEP_IPV4], &v4);
	settle_opened_of(p, &v4, PW_IPV4);
	settle_opened_of(p, items, PW_IPV6);
	pw_boxes_append(&p->ev->space, items, &v4);
	pw_boxes_clear(&v4);
}

const struct want pw_proof_blocks = { PW_OUT_DROP, PW_V_NONE, "blocks",
				      NOBODY };

void pw_settle_class(struct proof *p, struct pw_boxes *items,
			    struct class *class, int transport, enum dest dest)
{
	pw_class_prepare(p, class, transport);
	pw_settle_areas(p, items, &class->drop, dest, &pw_proof_blocks);
	if (transport >= 0 && dest == DEST_OWN)
		settle_opened(p, items);
	settle_open(p, items, &class->open, dest);
	settle_limited(p, items, &class->limited, dest);
}

/* A class of @box: what its sections do not decide is appended to @undecided */
static void settle_part(struct proof *p, const struct pw_box *box,
			struct class *class, int transport, enum dest dest,
			struct pw_boxes *undecided)
{
	struct pw_boxes part = { 0 };
	struct pw_box hit;

	if (!pw_box_split(&p->ev->space, box, &class->where, &hit, NULL))
		return;
	pw_boxes_push(&p->ev->space, &part, &hit);
	pw_settle_class(p, &part, class, transport, dest);
	pw_boxes_append(&p->ev->space, undecided, &part);
	pw_boxes_clear(&part);
}

/* Each class that some port in @ports belongs to, once */
static void settle_classes(struct proof *p, const struct pw_box *box,
			   const struct pw_rangeset *ports, int transport,
			   enum dest dest, struct pw_boxes *undecided)
{
	struct transport *tr = &p->transports[transport];

	tr->round++;
	for (size_t i = 0; i < ports->num; i++)
		for (uint32_t port = ports->r32[i].first;
		     port <= ports->r32[i].last; port++) {
			uint32_t class = tr->class_of[port];

			if (!class || tr->seen[class] == tr->round)
				continue;
			tr->seen[class] = tr->round;
			settle_part(p, box, &tr->classes[class], transport,
				    dest, undecided);
		}
}

static void settle_ports(struct proof *p, const struct pw_boxes *items,
			 int transport, enum dest dest,
			 struct pw_boxes *undecided)
{
	struct transport *tr = &p->transports[transport];
	struct pw_space *space = &p->ev->space;

	for (size_t i = 0; i < items->num; i++) {
		uint32_t ports = items->items[i].f[PW_F_DPORT];
		const struct pw_rangeset *set;

		set = pw_values_set(space->values,
				    pw_space_and(space, ports, tr->narrow));
		if (!set)
			return;
		settle_classes(p, &items->items[i], set, transport, dest,
			       undecided);
		settle_part(p, &items->items[i], &tr->classes[0], transport,
			    dest, undecided);
	}
}

/* Blocks and sections; what none of them speaks of is left */
void pw_settle_sections(struct proof *p, struct pw_boxes *items,
			       enum dest dest)
{
	struct pw_boxes undecided = { 0 };

	pw_settle_areas(p, items, &p->silent, dest, &pw_proof_blocks);
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		struct pw_boxes hits = { 0 };

		pw_proof_take(p, items, &p->transports[t].where, &hits);
		settle_ports(p, &hits, t, dest, &undecided);
		pw_boxes_clear(&hits);
	}
	for (size_t i = 0; i < p->num_protocols; i++) {
		struct class *class = &p->protocols[i];
		struct pw_boxes hits = { 0 };

		pw_proof_take(p, items, &class->where, &hits);
		pw_settle_class(p, &hits, class, -1, dest);
		pw_boxes_append(&p->ev->space, &undecided, &hits);
		pw_boxes_clear(&hits);
	}
	pw_boxes_append(&p->ev->space, items, &undecided);
	pw_boxes_clear(&undecided);
}
