/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which classes of sources are told from anyone on which groups of interfaces.
 * Most sections hold for all interfaces or for few: what tells a class on some
 * alone is looked up by section.
 */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/plan.h"

/* Pairs of what holds on every interface, before only some are looked at */
#define WIDE_MAX 200000

/**
 * struct pairing
 * @first:	by section: its first one in @classes; one more at the end
 * @classes:	those that a section tells, which does not hold everywhere
 * @wide:	classes that are told on groups that nothing names, or that
 *		cannot be left to those
 * @found:	of the group at hand, @num_found
 * @seen:	by class: the last group that found it, + 1
 * @at:		of wide ones, counted over all groups
 */
struct pairing {
	struct pw_planner *p;
	size_t *first;
	uint32_t *classes;
	uint32_t *wide;
	size_t num_wide;
	uint32_t *found;
	size_t num_found;
	uint32_t *seen;
	size_t at;
};

static bool holds_everywhere(const struct pw_planner *p, uint32_t section)
{
	return p->places->names.common[section];
}

/* Without "anyone" to stand for it each class is looked at everywhere */
static bool is_wide(const struct pw_planner *p, uint32_t class)
{
	const struct pw_source_class *c = &p->plan->classes[class];

	if (p->all || !c->listed || class == p->anyone[c->family] ||
	    p->anyone[c->family] != p->plan->anyone[c->family])
		return true;
	for (size_t i = 0; i < c->num_sections; i++)
		if (holds_everywhere(p, c->sections[i]))
			return true;
	return false;
}

static void find_wide(struct pairing *pg)
{
	const struct pw_planner *p = pg->p;

	for (uint32_t c = 0; c < p->plan->num_classes; c++)
		if (p->face[c] != UINT32_MAX && is_wide(p, c))
			pg->wide[pg->num_wide++] = c;
}

static bool is_indexed(const struct pw_planner *p, uint32_t class)
{
	return p->face[class] != UINT32_MAX &&
	       class != p->plan->anyone[p->plan->classes[class].family];
}

/* Counts, then fills: @first is one place ahead in between */
static int index_sections(struct pairing *pg)
{
	const struct pw_planner *p = pg->p;
	size_t num = p->model->num_sections, sum = 0;

	for (uint32_t c = 0; c < p->plan->num_classes; c++)
		for (size_t i = 0; i < p->plan->classes[c].num_sections; i++)
			if (is_indexed(p, c))
				pg->first[p->plan->classes[c].sections[i]]++;
	for (size_t s = 0; s <= num; s++) {
		size_t classes = pg->first[s];

		if (s < num && holds_everywhere(p, (uint32_t)s))
			classes = 0;
		pg->first[s] = sum;
		sum += classes;
	}
	pg->classes = calloc(sum + 1, sizeof(*pg->classes));
	if (!pg->classes)
		return -ENOMEM;
	for (uint32_t c = 0; c < p->plan->num_classes; c++)
		for (size_t i = 0; i < p->plan->classes[c].num_sections; i++) {
			uint32_t s = p->plan->classes[c].sections[i];

			if (is_indexed(p, c) && !holds_everywhere(p, s))
				pg->classes[pg->first[s]++] = c;
		}
	for (size_t s = num; s > 0; s--)
		pg->first[s] = pg->first[s - 1];
	pg->first[0] = 0;
	return 0;
}

static void find(struct pairing *pg, uint32_t group, uint32_t class)
{
	if (pg->seen[class] == group + 1)
		return;
	pg->seen[class] = group + 1;
	pg->found[pg->num_found++] = class;
}

/* "Anyone" is never left out */
static void find_in_wide(struct pairing *pg, uint32_t group, size_t step)
{
	const struct pw_planner *p = pg->p;

	for (size_t i = 0; i < pg->num_wide; i++) {
		uint32_t c = pg->wide[i];

		if (c == p->anyone[PW_IPV4] || c == p->anyone[PW_IPV6] ||
		    !(pg->at++ % step))
			find(pg, group, c);
	}
}

static void find_by_section(struct pairing *pg, uint32_t group)
{
	const struct pw_planner *p = pg->p;
	const struct pw_divided *on =
		&p->places->names.classes[p->places->groups[group].class];

	for (size_t i = 0; i < on->num; i++) {
		uint32_t s = on->sections[i];

		/* `bridges` stand behind the last section */
		if (s >= p->model->num_sections)
			continue;
		for (size_t k = pg->first[s]; k < pg->first[s + 1]; k++)
			find(pg, group, pg->classes[k]);
	}
}

static int class_cmp(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Classes that no section tells apart on this group reach what anyone does */
static bool is_worth(struct pw_planner *p, uint32_t group, uint32_t class)
{
	enum pw_family family = p->plan->classes[class].family;

	return p->all || class == p->anyone[family] ||
	       p->anyone[family] != p->plan->anyone[family] ||
	       pw_planner_concerns(p, group, class);
}

static int add_found(struct pairing *pg, uint32_t group)
{
	struct pw_planner *p = pg->p;
	int err = 0;

	if (pg->num_found)
		qsort(pg->found, pg->num_found, sizeof(*pg->found), class_cmp);
	for (size_t i = 0; i < pg->num_found && !err; i++) {
		struct pw_pair pair = { group, pg->found[i] };

		if (!is_worth(p, group, pair.class))
			continue;
		p->groups_of[pair.class]++;
		err = PW_ARRAY_PUSH(p->pairs, p->num_pairs, p->cap_pairs,
				    pair);
	}
	pg->num_found = 0;
	return err;
}

static int find_pairs(struct pairing *pg)
{
	const struct pw_planner *p = pg->p;
	size_t groups = p->places->num_groups, step;
	int err = index_sections(pg);

	if (err)
		return err;
	find_wide(pg);
	step = p->all ? 1 : groups * pg->num_wide / WIDE_MAX + 1;
	for (uint32_t g = 0; g < groups && !err; g++) {
		find_in_wide(pg, g, step);
		find_by_section(pg, g);
		err = add_found(pg, g);
	}
	return err;
}

int pw_planner_find_pairs(struct pw_planner *p)
{
	size_t num = p->plan->num_classes + 1;
	struct pairing pg = {
		.p = p,
		.first = calloc(p->model->num_sections + 2, sizeof(*pg.first)),
		.wide = calloc(num, sizeof(*pg.wide)),
		.found = calloc(num, sizeof(*pg.found)),
		.seen = calloc(num, sizeof(*pg.seen)),
	};
	int err = -ENOMEM;

	p->groups_of = calloc(num, sizeof(*p->groups_of));
	if (pg.first && pg.wide && pg.found && pg.seen && p->groups_of)
		err = find_pairs(&pg);
	free(pg.first);
	free(pg.classes);
	free(pg.wide);
	free(pg.found);
	free(pg.seen);
	return err;
}
