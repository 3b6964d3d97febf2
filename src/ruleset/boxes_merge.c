/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging boxes: keeps their number small where rules cut and rejoin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "ruleset/boxes.h"

/* The last "field" is the condition */
#define NUM_KEYS (PW_NUM_FIELDS + 1)

struct entry {
	uint64_t hash;		/* of the box without the field in question */
	size_t box;
};

struct merge {
	struct pw_space *space;
	struct pw_boxes *boxes;
	struct entry *entries;
	uint64_t *hashes;	/* of each box with every field */
	uint32_t *ids;		/* values of one group */
	bool *gone;
};

static uint32_t key_of(const struct pw_box *box, int key)
{
	return key == PW_NUM_FIELDS ? box->cond : box->f[key];
}

/* Sums of these are hashes that a field can be taken out of */
static uint64_t hash_key(int key, uint32_t id)
{
	uint64_t h = ((uint64_t)(unsigned int)key << 32 | id) + 1;

	h *= 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u;
	return h ^ (h >> 32);
}

static uint64_t hash_box(const struct pw_box *box)
{
	uint64_t h = 0;

	for (int key = 0; key < NUM_KEYS; key++)
		h += hash_key(key, key_of(box, key));
	return h;
}

static bool same_but(const struct pw_box *a, const struct pw_box *b, int but)
{
	for (int key = 0; key < NUM_KEYS; key++)
		if (key != but && key_of(a, key) != key_of(b, key))
			return false;
	return true;
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->box < b->box ? -1 : a->box > b->box;
}

static bool join(struct merge *m, int key, size_t num, uint32_t *out)
{
	if (key == PW_NUM_FIELDS) {
		*out = PW_COND_NEVER;
		for (size_t i = 0; i < num; i++)
			*out = pw_cond_or(m->space->conds, *out, m->ids[i]);
		return true;
	}
	for (size_t i = 0; i < num; i++)
		if (m->ids[i] == PW_VALUE_ANY) {
			*out = PW_VALUE_ANY;
			return true;
		}
	if (!pw_values_union(m->space->values, m->ids, num, out))
		return false;
	if (*out == m->space->universe[key])
		*out = PW_VALUE_ANY;
	return true;
}

/* Entries [@from, @to) have one hash: join those that are alike in earnest */
static bool join_group(struct merge *m, int key, size_t from, size_t to)
{
	struct pw_box *first = &m->boxes->items[m->entries[from].box];
	size_t num = 0;
	uint32_t out;

	for (size_t i = from; i < to; i++) {
		const struct pw_box *box =
			&m->boxes->items[m->entries[i].box];

		if (!same_but(first, box, key))
			return false;	/* a hash in common, by chance */
		m->ids[num++] = key_of(box, key);
	}
	if (!join(m, key, num, &out))
		return false;
	for (size_t i = from + 1; i < to; i++)
		m->gone[m->entries[i].box] = true;
	if (key == PW_NUM_FIELDS)
		first->cond = out;
	else
		first->f[key] = out;
	m->hashes[m->entries[from].box] = hash_box(first);
	return true;
}

static void drop_gone(struct merge *m)
{
	size_t num = 0;

	for (size_t i = 0; i < m->boxes->num; i++) {
		if (m->gone[i])
			continue;
		m->hashes[num] = m->hashes[i];
		m->boxes->items[num++] = m->boxes->items[i];
	}
	m->boxes->num = num;
}

static bool varies(const struct pw_boxes *boxes, int key)
{
	for (size_t i = 1; i < boxes->num; i++)
		if (key_of(&boxes->items[i], key) !=
		    key_of(&boxes->items[0], key))
			return true;
	return false;
}

static bool merge_key(struct merge *m, int key)
{
	size_t num = m->boxes->num;
	bool any = false;

	if (!varies(m->boxes, key))
		return false;
	for (size_t i = 0; i < num; i++) {
		uint32_t id = key_of(&m->boxes->items[i], key);

		m->entries[i] = (struct entry){
			m->hashes[i] - hash_key(key, id), i };
		m->gone[i] = false;
	}
	qsort(m->entries, num, sizeof(*m->entries), entry_cmp);
	for (size_t from = 0, to; from < num; from = to) {
		for (to = from + 1; to < num; to++)
			if (m->entries[to].hash != m->entries[from].hash)
				break;
		if (to - from > 1)
			any |= join_group(m, key, from, to);
	}
	if (any)
		drop_gone(m);
	return any;
}

void pw_boxes_merge(struct pw_space *space, struct pw_boxes *boxes)
{
	struct merge m = { .space = space, .boxes = boxes };
	bool any = boxes->num > 1;

	if (!any)
		return;
	m.entries = calloc(boxes->num, sizeof(*m.entries));
	m.hashes = calloc(boxes->num, sizeof(*m.hashes));
	m.ids = calloc(boxes->num, sizeof(*m.ids));
	m.gone = calloc(boxes->num, sizeof(*m.gone));
	if (!m.entries || !m.hashes || !m.ids || !m.gone)
		space->err = -ENOMEM;
	for (size_t i = 0; i < boxes->num && !space->err; i++)
		m.hashes[i] = hash_box(&boxes->items[i]);
	while (any && !pw_space_error(space)) {
		any = false;
		for (int key = 0; key < NUM_KEYS; key++)
			any |= merge_key(&m, key);
	}
	free(m.entries);
	free(m.hashes);
	free(m.ids);
	free(m.gone);
}
