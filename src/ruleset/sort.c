// SPDX-License-Identifier: GPL-2.0-or-later
/* Canonical order: arrays by name, elements by key, references rewritten. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset/inner.h"

/* What qsort_r() compares by: positions in @array */
struct by_name {
	const void *array;
	index_name_fn name_of;
	bool chains;		/* base chains come first */
};

static int cmp_pos(const void *a, const void *b, void *arg)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct by_name *by = arg;

	if (by->chains) {
		const struct pw_chain *chains = by->array;
		bool x_base = chains[x].hook != PW_HOOK_NONE;
		bool y_base = chains[y].hook != PW_HOOK_NONE;

		if (x_base != y_base)
			return x_base ? -1 : 1;
	}
	return strcmp(by->name_of(by->array, x), by->name_of(by->array, y));
}

/* order[i] is the position of what belongs at i; NULL when memory is short */
static uint32_t *order_by_name(struct by_name *by, size_t num)
{
	uint32_t *order = calloc(num + 1, sizeof(*order));

	if (!order)
		return NULL;
	for (size_t i = 0; i < num; i++)
		order[i] = i;
	qsort_r(order, num, sizeof(*order), cmp_pos, by);
	return order;
}

/* The array in its new order; NULL when memory is short */
static void *permuted(const void *array, size_t num, size_t size,
		      const uint32_t *order)
{
	char *to = calloc(num + 1, size);

	for (size_t i = 0; to && i < num; i++)
		memcpy(to + i * size, (const char *)array + order[i] * size,
		       size);
	return to;
}

/* Turns "what belongs at i" into "where i goes" */
static int invert(uint32_t *order, size_t num)
{
	uint32_t *to = calloc(num + 1, sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++)
		to[order[i]] = i;
	memcpy(order, to, num * sizeof(*to));
	free(to);
	return 0;
}

/**
 * struct part - One array of the ruleset while it is put in order
 * @sorted:	the new array, owned
 * @moved:	new position of each old one, owned
 */
struct part {
	void **array;
	size_t num, size;
	struct by_name by;
	struct index *index;
	void *sorted;
	uint32_t *moved;
};

enum { CHAINS, SETS, MAPS, OBJS, NUM_PARTS };

static int prepare(struct part *part)
{
	part->moved = order_by_name(&part->by, part->num);
	if (!part->moved)
		return -ENOMEM;
	part->sorted = permuted(*part->array, part->num, part->size,
				part->moved);
	if (!part->sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < part->num; i++) {
		const char *name = part->by.name_of(*part->array, i);

		if (index_find(part->index, part->by.name_of, *part->array,
			       name) != i)
			return -EEXIST;
	}
	return invert(part->moved, part->num);
}

static void move(uint32_t *ref, const struct part *part)
{
	if (*ref < part->num)
		*ref = part->moved[*ref];
}

static void move_verdict(struct pw_verdict *verdict, const struct part *parts)
{
	if (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO)
		move(&verdict->chain, &parts[CHAINS]);
	if (verdict->kind == PW_V_MAP)
		move(&verdict->map, &parts[MAPS]);
}

static void move_effect(struct pw_effect *effect, const struct part *parts)
{
	switch (effect->kind) {
	case PW_E_COUNTER:
	case PW_E_LIMIT:
		move(&effect->obj, &parts[OBJS]);
		break;
	case PW_E_COUNTER_MAP:
		move(&effect->map, &parts[MAPS]);
		break;
	case PW_E_UPDATE:
		move(&effect->set, &parts[SETS]);
		break;
	default:
		break;
	}
}

static void move_rule(struct pw_rule *rule, const struct part *parts)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		move(&rule->matches[i].set, &parts[SETS]);
	for (size_t i = 0; i < rule->num_effects; i++)
		move_effect(&rule->effects[i], parts);
	move_verdict(&rule->verdict, parts);
}

static void move_map(struct pw_map *map, const struct part *parts)
{
	for (size_t i = 0; i < map->num_elems; i++) {
		if (map->counters)
			move(&map->elems[i].obj, &parts[OBJS]);
		else
			move_verdict(&map->elems[i].verdict, parts);
	}
}

static void move_refs(struct pw_ruleset *rs, const struct part *parts)
{
	for (size_t i = 0; i < rs->num_chains; i++) {
		struct pw_chain *chain = &rs->chains[i];

		for (size_t j = 0; j < chain->num_rules; j++)
			move_rule(&chain->rules[j], parts);
	}
	for (size_t i = 0; i < rs->num_maps; i++)
		move_map(&rs->maps[i], parts);
}

/* From here on nothing can fail */
static void commit(struct part *part, size_t *cap)
{
	free(*part->array);
	*part->array = PW_TAKE(part->sorted);
	*cap = part->num + 1;
	part->by.array = *part->array;
	index_reset(part->index);
	for (uint32_t i = 0; i < part->num; i++)
		index_add(part->index, part->by.name_of, *part->array, i);
}

static int cmp_key(const void *a, const void *b)
{
	const struct pw_map_elem *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int sort_elems(struct pw_map *map)
{
	if (map->num_elems > 1)
		qsort(map->elems, map->num_elems, sizeof(*map->elems),
		      cmp_key);
	for (size_t i = 1; i < map->num_elems; i++) {
		if (map->elems[i - 1].key == map->elems[i].key)
			return -EEXIST;
	}
	return 0;
}

int pw_ruleset_sort(struct pw_ruleset *rs)
{
	struct ruleset *all = (struct ruleset *)rs;
	struct part parts[NUM_PARTS] = {
		[CHAINS] = { (void **)&rs->chains, rs->num_chains,
			     sizeof(*rs->chains),
			     { rs->chains, chain_name, true },
			     &all->chains, NULL, NULL },
		[SETS] = { (void **)&rs->sets, rs->num_sets, sizeof(*rs->sets),
			   { rs->sets, set_name, false },
			   &all->sets, NULL, NULL },
		[MAPS] = { (void **)&rs->maps, rs->num_maps, sizeof(*rs->maps),
			   { rs->maps, map_name, false },
			   &all->maps, NULL, NULL },
		[OBJS] = { (void **)&rs->objs, rs->num_objs, sizeof(*rs->objs),
			   { rs->objs, obj_name, false },
			   &all->objs, NULL, NULL },
	};
	size_t *caps[NUM_PARTS] = { &rs->cap_chains, &rs->cap_sets,
				    &rs->cap_maps, &rs->cap_objs };
	int err = 0;

	for (size_t i = 0; i < rs->num_maps && !err; i++)
		err = sort_elems(&rs->maps[i]);
	for (size_t i = 0; i < NUM_PARTS && !err; i++)
		err = prepare(&parts[i]);
	if (!err)
		move_refs(rs, parts);
	for (size_t i = 0; i < NUM_PARTS; i++) {
		if (!err)
			commit(&parts[i], caps[i]);
		free(parts[i].sorted);
		free(parts[i].moved);
	}
	return err;
}
