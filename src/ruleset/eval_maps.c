/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps as regions: keys that lead to one verdict are one. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "ruleset/eval_prepare.h"

/* Which field holds the lower part of a key, which one its upper part */
static const struct key_fields {
	enum pw_field low, high;
	bool two;
} key_fields[PW_NUM_MAP_KEYS] = {
	[PW_K_PORT]	  = { PW_F_DPORT, 0, false },
	[PW_K_PROTO_PORT] = { PW_F_DPORT, PW_F_L4PROTO, true },
	[PW_K_PROTO]	  = { PW_F_L4PROTO, 0, false },
	[PW_K_FIB_DADDR]  = { PW_F_FIB_DADDR, 0, false },
};

static int verdict_cmp(const struct pw_verdict *a, const struct pw_verdict *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->chain < b->chain ? -1 : a->chain > b->chain;
}

static int elem_cmp(const void *pa, const void *pb)
{
	const struct pw_map_elem *a = pa, *b = pb;
	int order = verdict_cmp(&a->verdict, &b->verdict);

	if (order)
		return order;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* Upper part of a key: the protocol */
static uint32_t high_of(const struct key_fields *kf, uint32_t key)
{
	return kf->two ? key >> 16 : 0;
}

static uint32_t low_of(const struct key_fields *kf, uint32_t key)
{
	return kf->two ? key & 0xffff : key;
}

/* The region of @num keys of one upper part */
static void cut_keys(struct pw_eval *ev, const struct key_fields *kf,
		     const struct pw_map_elem *elems, size_t num,
		     struct pw_cuts *cuts)
{
	struct pw_rangeset *set = pw_rangeset_new(pw_box_bits(kf->low));
	uint32_t high = high_of(kf, elems[0].key);
	int err = set ? 0 : -ENOMEM;

	for (size_t i = 0; i < num && !err; i++) {
		uint32_t low = low_of(kf, elems[i].key);

		err = pw_rangeset_add32(set, low, low);
	}
	if (err || pw_rangeset_normalise(set)) {
		pw_rangeset_free(set);
		set = NULL;
	}
	pw_cuts_add(&ev->space, cuts, kf->low,
		    pw_values_take(ev->space.values, set));
	if (kf->two)
		pw_cuts_add(&ev->space, cuts, kf->high,
			    pw_space_range(&ev->space, kf->high, high, high));
}

/* Sorted @elems, cut wherever the upper part or (@apart) the verdict changes */
static void cut_runs(struct pw_eval *ev, const struct pw_map *map,
		     const struct pw_map_elem *elems, bool apart,
		     struct pw_prep_key **keys, size_t *num, size_t *cap)
{
	const struct key_fields *kf = &key_fields[map->key];

	for (size_t from = 0, to; from < map->num_elems; from = to) {
		struct pw_prep_key key = { .verdict = elems[from].verdict };

		for (to = from + 1; to < map->num_elems; to++)
			if (high_of(kf, elems[to].key) !=
				    high_of(kf, elems[from].key) ||
			    (apart && verdict_cmp(&elems[to].verdict,
						  &elems[from].verdict)))
				break;
		cut_keys(ev, kf, elems + from, to - from, &key.cuts);
		if (PW_ARRAY_PUSH(*keys, *num, *cap, key))
			ev->space.err = -ENOMEM;
	}
}

const struct pw_prep_map *pw_prepare_map(struct pw_eval *ev, uint32_t index)
{
	struct pw_prep_map *prep = &ev->prepared->maps[index];
	const struct pw_map *map = &ev->rs->maps[index];
	struct pw_map_elem *sorted;

	if (prep->done)
		return prep;
	prep->done = true;
	/* Elements of a map are sorted by key: protocols lie together */
	cut_runs(ev, map, map->elems, false, &prep->all, &prep->num_all,
		 &prep->cap_all);
	if (map->counters || !map->num_elems)
		return prep;
	sorted = calloc(map->num_elems, sizeof(*sorted));
	if (!sorted) {
		ev->space.err = -ENOMEM;
		return prep;
	}
	for (size_t i = 0; i < map->num_elems; i++)
		sorted[i] = map->elems[i];
	qsort(sorted, map->num_elems, sizeof(*sorted), elem_cmp);
	cut_runs(ev, map, sorted, true, &prep->keys, &prep->num_keys,
		 &prep->cap_keys);
	free(sorted);
	return prep;
}
