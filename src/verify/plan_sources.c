/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that stand for a class: its ends, one within, and beside it. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/plan.h"

/* A source that other sources are compared with */
struct candidate {
	struct pw_source source;
	enum pw_family family;
};

struct candidates {
	struct candidate *items;
	size_t num, cap;
};

static int push(struct candidates *list, enum pw_family family,
		struct pw_value addr, uint32_t class, uint32_t about,
		enum pw_source_at at)
{
	struct candidate c = { { addr, class, about, at }, family };

	return PW_ARRAY_PUSH(list->items, list->num, list->cap, c);
}

/* Right beside a stretch; @base: of the family's classes in the plan */
static int push_beside(struct candidates *list, enum pw_family family,
		       uint32_t base, uint32_t about,
		       const struct pw_stretch *stretch, bool before,
		       bool after)
{
	int err = 0;

	if (before && stretch->has_before)
		err = push(list, family, stretch->before,
			   base + stretch->before_class, about, PW_AT_OUTSIDE);
	if (after && stretch->has_after && !err)
		err = push(list, family, stretch->after,
			   base + stretch->after_class, about, PW_AT_OUTSIDE);
	return err;
}

/* The ends of a stretch in the midst of its class */
static int push_ends(struct candidates *list, enum pw_family family,
		     uint32_t base, uint32_t about,
		     const struct pw_stretch *stretch)
{
	int err = push(list, family, stretch->range.first, about, about,
		       PW_AT_FIRST);

	if (!err)
		err = push(list, family, stretch->range.last, about, about,
			   PW_AT_LAST);
	if (!err)
		err = push_beside(list, family, base, about, stretch, true,
				  true);
	return err;
}

/*
 * Those of class "anyone" are beside others, and are asked for their sake; of
 * other classes some stretches more than the first and the last are looked at.
 */
static int push_class(struct candidates *list, enum pw_family family,
		      uint32_t base, uint32_t class,
		      const struct pw_spots *spots)
{
	uint32_t about = base + class;
	const struct pw_stretch *first = &spots->first[0];
	int err;

	if (!spots->num)
		return 0;
	if (!spots->num_first)
		first = &spots->last;
	err = push(list, family, first->range.first, about, about, PW_AT_FIRST);
	if (!err)
		err = push(list, family, spots->last.range.last, about, about,
			   PW_AT_LAST);
	if (!err)
		err = push(list, family, spots->inner, about, about,
			   PW_AT_INSIDE);
	if (!class || err)
		return err;
	err = push_beside(list, family, base, about, first, true, false);
	if (!err)
		err = push_beside(list, family, base, about, &spots->last,
				  false, true);
	for (size_t i = 0; i < spots->num_first && !err; i++)
		err = push_ends(list, family, base, about, &spots->first[i]);
	if (spots->num_first && !err)
		err = push_ends(list, family, base, about, &spots->last);
	return err;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* One address but once: as what comes first in enum pw_source_at */
static int by_addr(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;
	int cmp = order(a->family, b->family);

	if (!cmp)
		cmp = pw_value_cmp(a->source.addr, b->source.addr);
	if (!cmp)
		cmp = order(a->source.at, b->source.at);
	return cmp ? cmp : order(a->source.about, b->source.about);
}

static int by_about(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;
	int cmp = order(a->source.about, b->source.about);

	if (!cmp)
		cmp = order(a->source.at, b->source.at);
	return cmp ? cmp : pw_value_cmp(a->source.addr, b->source.addr);
}

static void drop_repeated(struct candidates *list)
{
	size_t num = 0;

	if (!list->num)
		return;
	qsort(list->items, list->num, sizeof(*list->items), by_addr);
	for (size_t i = 0; i < list->num; i++) {
		const struct candidate *c = &list->items[i];
		const struct candidate *last = &list->items[num - !!num];

		if (num && last->family == c->family &&
		    !pw_value_cmp(last->source.addr, c->source.addr))
			continue;
		list->items[num++] = *c;
	}
	list->num = num;
	qsort(list->items, list->num, sizeof(*list->items), by_about);
}

/* What stands for a class when one address must do: the one within it */
static void choose_faces(struct pw_planner *p)
{
	for (size_t c = 0; c < p->plan->num_classes; c++) {
		p->face[c] = UINT32_MAX;
		for (size_t i = p->about_first[c]; i < p->about_first[c + 1];
		     i++)
			if (p->by_about.items[i].class == c &&
			    (p->face[c] == UINT32_MAX ||
			     p->by_about.items[i].at == PW_AT_INSIDE))
				p->face[c] = (uint32_t)i;
	}
}

static int keep(struct pw_planner *p, const struct candidates *list)
{
	size_t num = p->plan->num_classes, at = 0;
	int err = 0;

	p->about_first = calloc(num + 1, sizeof(*p->about_first));
	p->face = calloc(num + 1, sizeof(*p->face));
	if (!p->about_first || !p->face)
		return -ENOMEM;
	for (size_t c = 0; c < num && !err; c++) {
		p->about_first[c] = p->by_about.num;
		while (at < list->num && list->items[at].source.about == c &&
		       !err)
			err = PW_ARRAY_PUSH(p->by_about.items, p->by_about.num,
					    p->by_about.cap,
					    list->items[at++].source);
	}
	p->about_first[num] = p->by_about.num;
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		p->family_first[f] = p->about_first[p->plan->anyone[f]];
	p->family_first[PW_NUM_FAMILIES] = p->by_about.num;
	choose_faces(p);
	return err;
}

int pw_planner_add_sources(struct pw_planner *p,
			   const struct pw_sources sources[PW_NUM_FAMILIES])
{
	struct candidates list = { 0 };
	int err = 0;

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		for (size_t c = 0; c < sources[f].num && !err; c++)
			err = push_class(&list, f, p->plan->anyone[f],
					 (uint32_t)c, &sources[f].spots[c]);
	drop_repeated(&list);
	if (!err)
		err = keep(p, &list);
	free(list.items);
	return err;
}
