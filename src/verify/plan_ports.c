/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ports: those that sections name, their neighbours, some at random. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "verify/plan.h"

#define NUM_PORTS 65536u
#define RANDOM_PORTS 64

/* Of a longer range only the ends and one port within, where lists are short */
#define RANGE_WHOLE 64
/* Ranges of a section that are looked at, where lists are about classes */
#define SECTION_RANGES 16
/* Sections of a class or group that are looked at there */
#define LIST_SECTIONS 16

struct marks {
	uint64_t bits[NUM_PORTS / 64];
};

static void mark(struct marks *m, uint32_t port)
{
	m->bits[port / 64] |= UINT64_C(1) << port % 64;
}

static bool is_marked(const struct marks *m, uint32_t port)
{
	return m->bits[port / 64] >> port % 64 & 1;
}

/* A port and its neighbours */
static void mark_around(struct marks *m, uint32_t port)
{
	if (port > 0)
		mark(m, port - 1);
	mark(m, port);
	if (port < NUM_PORTS - 1)
		mark(m, port + 1);
}

static void mark_range(struct pw_planner *p, struct marks *m,
		       const struct pw_range32 *range, bool abridged)
{
	uint32_t len = range->last - range->first + 1;

	mark_around(m, range->first);
	mark_around(m, range->last);
	if (abridged && len > RANGE_WHOLE) {
		mark(m, range->first +
			(uint32_t)pw_dice_below(&p->dice, len));
		return;
	}
	for (uint32_t port = range->first; port < range->last; port++)
		mark(m, port);
}

static void mark_section(struct pw_planner *p, struct marks *m,
			 const struct pw_section *s, size_t max, bool abridged)
{
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		for (size_t i = 0; i < s->ports[t]->num && i < max; i++)
			mark_range(p, m, &s->ports[t]->r32[i], abridged);
}

static void mark_published(struct pw_planner *p, struct marks *m)
{
	const struct pw_scene *scene = p->places->scene;

	for (size_t i = 0; i < scene->num_publish; i++) {
		mark_around(m, scene->publish[i].port);
		mark_around(m, scene->publish[i].to);
	}
}

/* Others, as many as there are left if these are fewer */
static void mark_random(struct pw_planner *p, struct marks *m)
{
	size_t left = 0, num = 0;

	for (uint32_t port = 1; port < NUM_PORTS; port++)
		left += !is_marked(m, port);
	if (left > RANDOM_PORTS)
		left = RANDOM_PORTS;
	while (num < left) {
		uint32_t port = 1 + (uint32_t)pw_dice_below(&p->dice,
							    NUM_PORTS - 1);

		num += !is_marked(m, port);
		mark(m, port);
	}
}

static size_t count_marks(const struct marks *m)
{
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(m->bits); i++)
		num += (size_t)__builtin_popcountll(m->bits[i]);
	return num;
}

static int keep_list(struct pw_planner *p, const struct marks *m,
		     struct pw_port_list *out)
{
	size_t num = count_marks(m), at = 0;
	uint16_t *items = malloc((num + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < PW_ARRAY_SIZE(m->bits); i++)
		for (uint64_t left = m->bits[i]; left; left &= left - 1)
			items[at++] = (uint16_t)(i * 64 + (size_t)
						 __builtin_ctzll(left));
	if (PW_ARRAY_PUSH(p->lists->items, p->lists->num, p->lists->cap,
			  items)) {
		free(items);
		return -ENOMEM;
	}
	*out = (struct pw_port_list){ items, num };
	return 0;
}

static void mark_sections(struct pw_planner *p, struct marks *m,
			  const uint32_t *sections, size_t num)
{
	for (size_t i = 0; i < num && i < LIST_SECTIONS; i++)
		if (sections[i] < p->model->num_sections)
			mark_section(p, m, &p->model->sections[sections[i]],
				     SECTION_RANGES, true);
}

static void mark_class(struct pw_planner *p, struct marks *m, uint32_t class)
{
	const struct pw_source_class *c = &p->plan->classes[class];

	mark_sections(p, m, c->sections, c->num_sections);
}

/* What belongs to every list */
static int end_list(struct pw_planner *p, struct marks *m, bool random,
		    struct pw_port_list *out)
{
	mark_published(p, m);
	mark(m, 1);
	mark(m, NUM_PORTS - 1);
	if (random)
		mark_random(p, m);
	return keep_list(p, m, out);
}

int pw_ports_named(struct pw_planner *p, bool abridged,
		   struct pw_port_list *out)
{
	struct marks m = { 0 };

	for (size_t i = 0; i < p->model->num_sections; i++)
		mark_section(p, &m, &p->model->sections[i], SIZE_MAX,
			     abridged);
	return end_list(p, &m, true, out);
}

int pw_ports_about(struct pw_planner *p, uint32_t class, bool random,
		   struct pw_port_list *out)
{
	enum pw_family family = p->plan->classes[class].family;
	uint32_t anyone = p->plan->anyone[family];
	struct marks m = { 0 };

	mark_class(p, &m, anyone);
	for (uint32_t c = class ? class - 1 : 0;
	     c <= class + 1 && c < p->plan->num_classes; c++)
		if (c != anyone && p->plan->classes[c].family == family)
			mark_class(p, &m, c);
	return end_list(p, &m, random, out);
}

int pw_ports_on(struct pw_planner *p, uint32_t group, struct pw_port_list *out)
{
	const struct pw_divided *on =
		&p->places->names.classes[p->places->groups[group].class];
	struct marks m = { 0 };

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		mark_class(p, &m, p->plan->anyone[f]);
	mark_sections(p, &m, on->sections, on->num);
	return end_list(p, &m, true, out);
}

void pw_port_lists_free(struct pw_port_lists *lists)
{
	if (!lists)
		return;
	for (size_t i = 0; i < lists->num; i++)
		free(lists->items[i]);
	free(lists->items);
	free(lists);
}
