/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps over all ports: one for each set of reachable ports that a group, a
 * family and a protocol have; those first that differ most from what anyone
 * reaches.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/plan.h"

/*
 * What a rehearsal of a very large policy has time for: a sweep takes some
 * 0.2 s of one processor.
 */
#define FULL_MAX 100

#define NUM_PORTS 65536u

static const uint8_t protos[PW_FULL_PROTOS] = { IPPROTO_TCP, IPPROTO_UDP };

struct full {
	uint64_t weight, key;
	uint32_t group, class, dest, order;
	uint8_t proto;
	bool anyone;
};

struct fulls {
	struct full *items;
	size_t num, cap;
};

static size_t key_slot(const struct pw_planner *p, uint64_t key)
{
	size_t i = (size_t)key & (p->cap_keys - 1);

	while (p->keys[i] && p->keys[i] != key)
		i = (i + 1) & (p->cap_keys - 1);
	return i;
}

static int grow_keys(struct pw_planner *p)
{
	uint64_t *old = p->keys;
	size_t num = p->cap_keys;

	p->keys = calloc(num ? 2 * num : 64, sizeof(*p->keys));
	if (!p->keys) {
		p->keys = old;
		return -ENOMEM;
	}
	p->cap_keys = num ? 2 * num : 64;
	for (size_t i = 0; i < num; i++)
		if (old[i])
			p->keys[key_slot(p, old[i])] = old[i];
	free(old);
	return 0;
}

/* 1: nothing had this key so far; 0; -ENOMEM */
static int add_key(struct pw_planner *p, uint64_t key)
{
	size_t slot;
	int err = 2 * (p->num_keys + 1) > p->cap_keys ? grow_keys(p) : 0;

	if (err)
		return err;
	slot = key_slot(p, key);
	if (p->keys[slot])
		return 0;
	p->keys[slot] = key;
	p->num_keys++;
	return 1;
}

static int push_full(struct fulls *fulls, const struct pw_planner *p,
		     struct full full, const struct pw_asked *asked)
{
	enum pw_family family = p->dests[full.dest].family;

	full.weight = asked->weight;
	full.key = asked->key;
	full.order = (uint32_t)fulls->num;
	full.anyone = full.class == p->anyone[family];
	return PW_ARRAY_PUSH(fulls->items, fulls->num, fulls->cap, full);
}

/* All that a class may reach on a group: what nothing else reached is new */
static int look_at(struct pw_planner *p, struct fulls *fulls, uint32_t group,
		   uint32_t class, size_t dest)
{
	int err = 0;

	for (int i = 0; i < PW_FULL_PROTOS && err >= 0; i++) {
		struct full full = {
			.group = group, .class = class, .dest = (uint32_t)dest,
			.proto = protos[i],
		};
		struct pw_asked asked;

		err = pw_planner_ask(p, group, class, dest, protos[i], &asked);
		if (!err && asked.key)
			err = add_key(p, asked.key);
		else if (!err && !p->all)
			p->plan->left_out += NUM_PORTS;
		if (err > 0 || (!err && p->all && !p->dests[dest].fixed))
			err = push_full(fulls, p, full, &asked);
	}
	return err < 0 ? err : 0;
}

static int look_everywhere(struct pw_planner *p, struct fulls *fulls,
			   const struct pw_pair *pair)
{
	enum pw_family family = p->plan->classes[pair->class].family;
	int err = 0;

	for (size_t d = 0; d < p->num_dests && !err; d++)
		if (p->dests[d].family == family &&
		    p->dests[d].kind == PW_DST_LOCAL)
			err = look_at(p, fulls, pair->group, pair->class, d);
	return err;
}

static int full_cmp(const void *pa, const void *pb)
{
	const struct full *a = pa, *b = pb;

	if (a->anyone != b->anyone)
		return a->anyone ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* The group's interface on which the fewest were made so far */
static uint32_t choose_iface(struct pw_planner *p, uint32_t group)
{
	const struct pw_group *g = &p->places->groups[group];
	uint32_t best = g->ifaces[0];

	for (size_t i = 1; i < g->num; i++)
		if (p->fulls[g->ifaces[i]] < p->fulls[best])
			best = g->ifaces[i];
	p->fulls[best]++;
	return best;
}

static int sweep(struct pw_planner *p, const struct full *full)
{
	const struct pw_source *face =
		&p->by_about.items[p->face[full->class]];
	int err = pw_planner_add_sweep(p, choose_iface(p, full->group),
				       full->dest, full->proto, face, NULL,
				       full->key);

	if (err)
		return err;
	p->full_by[full->class] |= full->proto == IPPROTO_TCP ? 1 : 2;
	if (p->full_by[full->class] == 3)
		p->plan->classes[full->class].full = true;
	p->plan->full++;
	return 0;
}

int pw_planner_sweep_all(struct pw_planner *p)
{
	struct fulls fulls = { 0 };
	size_t num;
	int err = 0;

	for (size_t i = 0; i < p->num_pairs && !err; i++)
		err = look_everywhere(p, &fulls, &p->pairs[i]);
	if (fulls.num)
		qsort(fulls.items, fulls.num, sizeof(*fulls.items), full_cmp);
	num = !p->all && fulls.num > FULL_MAX ? FULL_MAX : fulls.num;
	for (size_t i = 0; i < num && !err; i++)
		err = sweep(p, &fulls.items[i]);
	p->plan->left_out += (uint64_t)(fulls.num - num) * NUM_PORTS;
	free(fulls.items);
	return err;
}
