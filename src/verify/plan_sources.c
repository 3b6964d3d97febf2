/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that stand for a class: its ends, one within, and beside it. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/plan.h"

/**
 * struct adding
 * @from:	where those of the family at hand begin in @list
 * @base:	index in the plan of the family's first class
 */
struct adding {
	struct pw_source_list *list;
	size_t from;
	uint32_t base;
};

static int push(struct adding *a, struct pw_value addr, uint32_t class,
		uint32_t about, enum pw_source_at at)
{
	struct pw_source source = {
		.addr = addr, .class = a->base + class,
		.about = a->base + about, .at = at,
	};

	return PW_ARRAY_PUSH(a->list->items, a->list->num, a->list->cap,
			     source);
}

static int push_before(struct adding *a, uint32_t about,
		       const struct pw_stretch *stretch)
{
	if (!stretch->has_before)
		return 0;
	return push(a, stretch->before, stretch->before_class, about,
		    PW_AT_OUTSIDE);
}

static int push_after(struct adding *a, uint32_t about,
		      const struct pw_stretch *stretch)
{
	if (!stretch->has_after)
		return 0;
	return push(a, stretch->after, stretch->after_class, about,
		    PW_AT_OUTSIDE);
}

/* A stretch in the midst of its class: where it begins and ends */
static int push_stretch(struct adding *a, uint32_t about,
			const struct pw_stretch *stretch)
{
	int err = push(a, stretch->range.first, about, about, PW_AT_FIRST);

	if (!err)
		err = push(a, stretch->range.last, about, about, PW_AT_LAST);
	if (!err)
		err = push_before(a, about, stretch);
	return err ? err : push_after(a, about, stretch);
}

/* Where the class begins and ends, and one address within */
static int push_ends(struct adding *a, uint32_t class,
		     const struct pw_spots *spots,
		     const struct pw_stretch *first)
{
	int err = push(a, first->range.first, class, class, PW_AT_FIRST);

	if (!err)
		err = push(a, spots->last.range.last, class, class,
			   PW_AT_LAST);
	return err ? err : push(a, spots->inner, class, class, PW_AT_INSIDE);
}

/*
 * What is beside "anyone" is of other classes, and is asked for their sake. Of
 * these more stretches are looked at than the first and the last.
 */
static int push_class(struct adding *a, uint32_t class,
		      const struct pw_spots *spots)
{
	const struct pw_stretch *first =
		spots->num_first ? &spots->first[0] : &spots->last;
	int err;

	if (!spots->num)
		return 0;
	err = push_ends(a, class, spots, first);
	if (!class || err)
		return err;
	err = push_before(a, class, first);
	if (!err)
		err = push_after(a, class, &spots->last);
	for (size_t i = 0; i < spots->num_first && !err; i++)
		err = push_stretch(a, class, &spots->first[i]);
	if (spots->num_first && !err)
		err = push_stretch(a, class, &spots->last);
	return err;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* One address but once: as what comes first in enum pw_source_at */
static int by_addr(const void *pa, const void *pb)
{
	const struct pw_source *a = pa, *b = pb;
	int cmp = pw_value_cmp(a->addr, b->addr);

	if (!cmp)
		cmp = order(a->at, b->at);
	return cmp ? cmp : order(a->about, b->about);
}

static int by_about(const void *pa, const void *pb)
{
	const struct pw_source *a = pa, *b = pb;
	int cmp = order(a->about, b->about);

	if (!cmp)
		cmp = order(a->at, b->at);
	return cmp ? cmp : pw_value_cmp(a->addr, b->addr);
}

static void drop_repeated(struct pw_source *items, size_t *num_items)
{
	size_t num = 0;

	if (!*num_items)
		return;
	qsort(items, *num_items, sizeof(*items), by_addr);
	for (size_t i = 0; i < *num_items; i++)
		if (!num || pw_value_cmp(items[num - 1].addr, items[i].addr))
			items[num++] = items[i];
	*num_items = num;
	qsort(items, num, sizeof(*items), by_about);
}

int pw_planner_add_sources(struct pw_planner *p, enum pw_family family,
			   const struct pw_sources *sources)
{
	struct adding a = {
		.list = &p->by_about, .from = p->by_about.num,
		.base = p->plan->anyone[family],
	};
	size_t num;
	int err = 0;

	for (uint32_t c = 0; c < sources->num && !err; c++)
		err = push_class(&a, c, &sources->spots[c]);
	num = p->by_about.num - a.from;
	if (num)
		drop_repeated(p->by_about.items + a.from, &num);
	p->by_about.num = a.from + num;
	return err;
}

/* What stands for a class when one address must do: the one within it */
static void choose_face(struct pw_planner *p, size_t class)
{
	p->face[class] = UINT32_MAX;
	for (size_t i = p->about_first[class]; i < p->about_first[class + 1];
	     i++) {
		const struct pw_source *source = &p->by_about.items[i];

		if (source->class == class &&
		    (p->face[class] == UINT32_MAX ||
		     source->at == PW_AT_INSIDE))
			p->face[class] = (uint32_t)i;
	}
}

/* Those whom no section tells from others, if there are any */
static void choose_anyone(struct pw_planner *p)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		p->anyone[f] = UINT32_MAX;
	for (size_t c = p->plan->num_classes; c-- > 0;)
		if (p->face[c] != UINT32_MAX)
			p->anyone[p->plan->classes[c].family] = (uint32_t)c;
}

int pw_planner_index_sources(struct pw_planner *p)
{
	size_t num = p->plan->num_classes, at = 0;

	p->about_first = calloc(num + 1, sizeof(*p->about_first));
	p->face = calloc(num + 1, sizeof(*p->face));
	if (!p->about_first || !p->face)
		return -ENOMEM;
	for (size_t c = 0; c < num; c++) {
		p->about_first[c] = at;
		while (at < p->by_about.num && p->by_about.items[at].about == c)
			at++;
	}
	p->about_first[num] = at;
	for (size_t c = 0; c < num; c++)
		choose_face(p, c);
	choose_anyone(p);
	return 0;
}
