/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The proof's reading of a section: which packets it speaks of. */
#include <errno.h>
#include <stdlib.h>

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "compile/prove.h"
#include "portwall/array.h"

#define SECOND_NS 1000000000u

static const enum pw_field saddr[PW_NUM_FAMILIES] = { PW_F_SADDR4,
						      PW_F_SADDR6 };
static const enum pw_field daddr[PW_NUM_FAMILIES] = { PW_F_DADDR4,
						      PW_F_DADDR6 };
static const uint8_t nfproto[PW_NUM_FAMILIES] = { NFPROTO_IPV4, NFPROTO_IPV6 };

void pw_areas_push(struct proof *p, struct areas *areas,
		   const struct area *area)
{
	if (area->cuts.empty)
		return;
	if (PW_ARRAY_PUSH(areas->items, areas->num, areas->cap, *area))
		p->ev->space.err = -ENOMEM;
}

static void restrict_number(struct proof *p, struct area *area,
			    enum pw_field field, uint64_t first, uint64_t last)
{
	pw_cuts_add(&p->ev->space, &area->cuts, field,
		    pw_space_range(&p->ev->space, field, first, last));
}

static void restrict_set(struct proof *p, struct area *area,
			 enum pw_field field, struct pw_rangeset *set)
{
	pw_cuts_add(&p->ev->space, &area->cuts, field,
		    pw_values_add(p->ev->space.values, set));
}

/* What is judged as own is nothing else for allows, whatever fib says now */
static void push_kind(struct proof *p, struct areas *out,
		      const struct area *from, bool block, uint32_t rtn)
{
	struct area area = *from;

	area.dests = block ? DEST_OWN | DEST_OTHER : DEST_OTHER;
	restrict_number(p, &area, PW_F_FIB_DADDR, rtn, rtn);
	pw_areas_push(p, out, &area);
}

/* One area for each way in which @s can mean a packet's destination */
static void push_destinations(struct proof *p, const struct pw_section *s,
			      const struct area *from, struct areas *out)
{
	struct area area = *from;

	if (s->any_to) {
		area.dests = DEST_OWN | DEST_OTHER;
		pw_areas_push(p, out, &area);
		return;
	}
	if (s->to_local && s->block) {
		push_kind(p, out, from, true, RTN_LOCAL);
	} else if (s->to_local) {
		area.dests = DEST_OWN;
		pw_areas_push(p, out, &area);
	}
	if (s->to_broadcast)
		push_kind(p, out, from, s->block, RTN_BROADCAST);
	if (s->to_multicast)
		push_kind(p, out, from, s->block, RTN_MULTICAST);
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		if (pw_rangeset_empty(s->to.set[f]))
			continue;
		area = *from;
		area.dests = DEST_OWN | DEST_OTHER;
		restrict_set(p, &area, daddr[f], s->to.set[f]);
		pw_areas_push(p, out, &area);
	}
}

static void push_sources(struct proof *p, const struct pw_section *s,
			 const struct area *from, struct areas *out)
{
	bool apart = s->rate.set || s->connections.set;

	if (s->any_from && !apart) {
		push_destinations(p, s, from, out);
		return;
	}
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		struct area area = *from;

		if (s->any_from)
			restrict_number(p, &area, PW_F_NFPROTO, nfproto[f],
					nfproto[f]);
		else if (!pw_rangeset_empty(s->from.set[f]))
			restrict_set(p, &area, saddr[f], s->from.set[f]);
		else
			continue;
		push_destinations(p, s, &area, out);
	}
}

/* L4PROTO has more bits here than in the model */
static uint32_t protocols_value(struct proof *p, const struct pw_rangeset *set)
{
	struct pw_rangeset *wide = pw_rangeset_new(PW_L4PROTO_BITS);
	int err = wide ? 0 : -ENOMEM;

	for (size_t i = 0; i < set->num && !err; i++)
		err = pw_rangeset_add32(wide, set->r32[i].first,
					set->r32[i].last);
	if (err) {
		pw_rangeset_free(wide);
		wide = NULL;
	}
	return pw_values_take(p->ev->space.values, wide);
}

static void read_section(struct proof *p, size_t index)
{
	const struct pw_section *s = &p->model->sections[index];
	struct section *sect = &p->sections[index];
	struct area all = { .section = index };

	sect->limited = s->rate.set || s->connections.set;
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		sect->ports[t] = pw_values_add(p->ev->space.values,
					       s->ports[t]);
	sect->protocols = protocols_value(p, s->protocols);
	if (s->until_ns && s->until_ns <= p->model->now_ns)
		return;			/* over: it says nothing */
	/* nft writes whole seconds */
	if (s->until_ns)
		restrict_number(p, &all, PW_F_TIME,
				p->model->now_ns - p->model->now_ns % SECOND_NS,
				s->until_ns - 1);
	if (!s->any_on)
		restrict_set(p, &all, PW_F_IIFNAME, s->on);
	push_sources(p, s, &all, &sect->areas);
}

int pw_proof_read_sections(struct proof *p)
{
	p->sections = calloc(p->model->num_sections + 1, sizeof(*p->sections));
	if (!p->sections)
		return -ENOMEM;
	for (size_t i = 0; i < p->model->num_sections; i++)
		read_section(p, i);
	return pw_space_error(&p->ev->space);
}

static bool is_source(uint32_t field)
{
	return field == PW_F_SADDR4 || field == PW_F_SADDR6;
}

/* Order by everything but the sources; areas that are alike come together */
static int area_cmp(const void *pa, const void *pb)
{
	const struct area *a = pa, *b = pb;
	size_t num = a->cuts.num < b->cuts.num ? a->cuts.num : b->cuts.num;

	if (a->dests != b->dests)
		return a->dests < b->dests ? -1 : 1;
	for (size_t i = 0; i < num; i++) {
		uint32_t fa = a->cuts.items[i].field;
		uint32_t fb = b->cuts.items[i].field;

		if (fa != fb)
			return fa < fb ? -1 : 1;
		if (!is_source(fa) &&
		    a->cuts.items[i].value != b->cuts.items[i].value)
			return a->cuts.items[i].value < b->cuts.items[i].value
				? -1 : 1;
	}
	return a->cuts.num < b->cuts.num ? -1 : a->cuts.num > b->cuts.num;
}

static size_t source_cut(const struct area *area)
{
	size_t i = 0;

	while (i < area->cuts.num && !is_source(area->cuts.items[i].field))
		i++;
	return i;
}

/* Areas [0, @num) of @from are alike but for their sources: one area */
static void unite_run(struct proof *p, struct area *from, size_t num,
		      uint32_t *ids)
{
	size_t cut = source_cut(&from[0]);

	if (num < 2 || cut == from[0].cuts.num)
		return;
	for (size_t i = 0; i < num; i++)
		ids[i] = from[i].cuts.items[cut].value;
	pw_values_union(p->ev->space.values, ids, num,
			&from[0].cuts.items[cut].value);
}

void pw_areas_unite(struct proof *p, struct areas *areas)
{
	uint32_t *ids;
	size_t num = 0;

	if (areas->num < 2)
		return;
	ids = calloc(areas->num, sizeof(*ids));
	if (!ids) {
		p->ev->space.err = -ENOMEM;
		return;
	}
	qsort(areas->items, areas->num, sizeof(*areas->items), area_cmp);
	for (size_t from = 0, to; from < areas->num; from = to) {
		for (to = from + 1; to < areas->num; to++)
			if (area_cmp(&areas->items[from], &areas->items[to]))
				break;
		unite_run(p, &areas->items[from], to - from, ids);
		areas->items[num++] = areas->items[from];
	}
	areas->num = num;
	free(ids);
}

void pw_areas_push_within(struct proof *p, struct areas *areas,
			  const struct area *area, enum pw_field field,
			  uint32_t value, uint32_t proto)
{
	struct area within = *area;

	if (value == PW_VALUE_EMPTY)
		return;
	pw_cuts_add(&p->ev->space, &within.cuts, field, value);
	if (field == PW_F_DPORT)
		restrict_number(p, &within, PW_F_L4PROTO, proto, proto);
	pw_areas_push(p, areas, &within);
}
