/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of many boxes can meet the ports of a map's key. */
#include "ruleset/eval_meet.h"

#include <errno.h>
#include <stdlib.h>

#define NUM_PORTS 65536u
/* Fewer pairs of a box and a key are tried faster than sorted */
#define PAIRS_MIN 65536u
/* A box with more ports is tried with every key, in place of entries */
#define PORTS_MAX 64

/* NULL: the box holds many ports */
static const struct pw_rangeset *few_ports(struct pw_eval *ev,
					   const struct pw_box *box)
{
	const struct pw_rangeset *ports;

	if (box->f[PW_F_DPORT] == PW_VALUE_ANY)
		return NULL;
	ports = pw_values_set(ev->space.values, box->f[PW_F_DPORT]);
	return ports && pw_rangeset_count(ports) <= PORTS_MAX ? ports : NULL;
}

/* The ports of @key, NULL: it says nothing of ports */
static const struct pw_rangeset *key_ports(struct pw_eval *ev,
					   const struct pw_prep_key *key)
{
	for (size_t i = 0; i < key->cuts.num; i++)
		if (key->cuts.items[i].field == PW_F_DPORT)
			return pw_values_set(ev->space.values,
					     key->cuts.items[i].value);
	return NULL;
}

static void count_ports(struct pw_meet *meet, const struct pw_rangeset *ports)
{
	for (size_t i = 0; i < ports->num; i++)
		for (uint32_t port = ports->r32[i].first;
		     port <= ports->r32[i].last; port++)
			meet->starts[port]++;
}

/* Each port's entries are filled from the last to the first */
static void put_box(struct pw_meet *meet, const struct pw_rangeset *ports,
		    size_t box)
{
	for (size_t i = 0; i < ports->num; i++)
		for (uint32_t port = ports->r32[i].first;
		     port <= ports->r32[i].last; port++)
			meet->boxes[--meet->starts[port]] = (uint32_t)box;
}

static int sort_boxes(struct pw_eval *ev, struct pw_meet *meet)
{
	const struct pw_rangeset *ports;

	for (size_t i = 0; i < meet->in->num; i++) {
		ports = few_ports(ev, &meet->in->items[i]);
		if (ports)
			count_ports(meet, ports);
		else
			meet->wide[meet->num_wide++] = (uint32_t)i;
	}
	for (uint32_t port = 0; port < NUM_PORTS; port++)
		meet->starts[port + 1] += meet->starts[port];
	meet->boxes = calloc(meet->starts[NUM_PORTS] + 1, sizeof(*meet->boxes));
	if (!meet->boxes)
		return -ENOMEM;
	for (size_t i = 0; i < meet->in->num; i++) {
		ports = few_ports(ev, &meet->in->items[i]);
		if (ports)
			put_box(meet, ports, i);
	}
	return 0;
}

static int begin(struct pw_eval *ev, const struct pw_prep_map *map,
		 struct pw_meet *meet)
{
	size_t num = meet->in->num;

	meet->wide = calloc(num + 1, sizeof(*meet->wide));
	meet->seen = calloc(num + 1, sizeof(*meet->seen));
	meet->hits = calloc(num + 1, sizeof(*meet->hits));
	if (!meet->wide || !meet->seen || !meet->hits)
		return -ENOMEM;
	if (num * map->num_keys >= PAIRS_MIN && key_ports(ev, &map->keys[0])) {
		meet->starts = calloc(NUM_PORTS + 1, sizeof(*meet->starts));
		return meet->starts ? sort_boxes(ev, meet) : -ENOMEM;
	}
	for (size_t i = 0; i < num; i++)
		meet->wide[meet->num_wide++] = (uint32_t)i;
	return 0;
}

void pw_meet_init(struct pw_eval *ev, const struct pw_prep_map *map,
		  const struct pw_boxes *in, struct pw_meet *out)
{
	*out = (struct pw_meet){ .in = in };
	if (!begin(ev, map, out))
		return;
	pw_meet_clear(out);
	ev->space.err = -ENOMEM;
}

void pw_meet_clear(struct pw_meet *meet)
{
	free(meet->starts);
	free(meet->boxes);
	free(meet->wide);
	free(meet->seen);
	free(meet->hits);
	*meet = (struct pw_meet){ 0 };
}

/* Once for each key, however many ports they share */
static void add_hit(struct pw_meet *meet, uint32_t box)
{
	if (meet->seen[box] == meet->num_keys)
		return;
	meet->seen[box] = meet->num_keys;
	meet->hits[meet->num_hits++] = box;
}

void pw_meet_key(struct pw_eval *ev, struct pw_meet *meet,
		 const struct pw_prep_key *key)
{
	const struct pw_rangeset *ports =
		meet->starts ? key_ports(ev, key) : NULL;

	meet->num_hits = 0;
	meet->num_keys++;
	for (size_t i = 0; i < meet->num_wide; i++)
		add_hit(meet, meet->wide[i]);
	for (size_t i = 0; ports && i < ports->num; i++)
		for (uint32_t port = ports->r32[i].first;
		     port <= ports->r32[i].last; port++)
			for (uint32_t at = meet->starts[port];
			     at < meet->starts[port + 1]; at++)
				add_hit(meet, meet->boxes[at]);
}
