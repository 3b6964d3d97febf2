/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging boxes: keeps their number small where rules cut and rejoin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset/boxes.h"

/* The last "field" is the condition */
#define NUM_KEYS (PW_NUM_FIELDS + 1)

#define NO_BOX UINT32_MAX

/**
 * struct merge - Boxes that are alike but for one key, found by hash
 * @hashes:	of each box with every key: a sum that one key can be taken from
 * @slots:	first box of a group, NO_BOX: free; @num_slots a power of two
 * @next:	the next box of its group, NO_BOX: the last
 * @ids:	values of one group
 */
struct merge {
	struct pw_space *space;
	struct pw_boxes *boxes;
	uint64_t *hashes;
	uint32_t *slots;
	size_t num_slots;
	uint32_t *next;
	uint32_t *ids;
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

/* Boxes from @first on along @next are alike but for @key */
static bool join_group(struct merge *m, int key, uint32_t first)
{
	struct pw_box *box = &m->boxes->items[first];
	size_t num = 0;
	uint32_t out;

	for (uint32_t i = first; i != NO_BOX; i = m->next[i])
		m->ids[num++] = key_of(&m->boxes->items[i], key);
	if (num < 2 || !join(m, key, num, &out))
		return false;
	for (uint32_t i = m->next[first]; i != NO_BOX; i = m->next[i])
		m->gone[i] = true;
	if (key == PW_NUM_FIELDS)
		box->cond = out;
	else
		box->f[key] = out;
	m->hashes[first] = hash_box(box);
	return true;
}

/* Puts box @i in front of its group, which may be new */
static void group_box(struct merge *m, int key, uint32_t i)
{
	const struct pw_box *box = &m->boxes->items[i];
	uint64_t h = m->hashes[i] - hash_key(key, key_of(box, key));
	size_t at = (h ^ h >> 32) & (m->num_slots - 1);

	while (m->slots[at] != NO_BOX &&
	       !same_but(&m->boxes->items[m->slots[at]], box, key))
		at = (at + 1) & (m->num_slots - 1);
	m->next[i] = m->slots[at];
	m->slots[at] = i;
	m->gone[i] = false;
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
	bool any = false;

	if (!varies(m->boxes, key))
		return false;
	memset(m->slots, 0xff, m->num_slots * sizeof(*m->slots));
	for (uint32_t i = 0; i < m->boxes->num; i++)
		group_box(m, key, i);
	for (size_t i = 0; i < m->num_slots; i++)
		if (m->slots[i] != NO_BOX)
			any |= join_group(m, key, m->slots[i]);
	if (any)
		drop_gone(m);
	return any;
}

/* Round the keys until none of them finds anything any more */
static void merge_keys(struct merge *m)
{
	int idle = 0;

	for (size_t i = 0; i < m->boxes->num; i++)
		m->hashes[i] = hash_box(&m->boxes->items[i]);
	for (int key = 0; idle < NUM_KEYS && m->boxes->num > 1 &&
	     !pw_space_error(m->space); key = (key + 1) % NUM_KEYS)
		idle = merge_key(m, key) ? 0 : idle + 1;
}

void pw_boxes_merge(struct pw_space *space, struct pw_boxes *boxes)
{
	struct merge m = { .space = space, .boxes = boxes, .num_slots = 8 };

	if (boxes->num < 2)
		return;
	while (m.num_slots < boxes->num * 2)
		m.num_slots *= 2;
	m.hashes = calloc(boxes->num, sizeof(*m.hashes));
	m.slots = calloc(m.num_slots, sizeof(*m.slots));
	m.next = calloc(boxes->num, sizeof(*m.next));
	m.ids = calloc(boxes->num, sizeof(*m.ids));
	m.gone = calloc(boxes->num, sizeof(*m.gone));
	if (m.hashes && m.slots && m.next && m.ids && m.gone)
		merge_keys(&m);
	else
		space->err = -ENOMEM;
	free(m.hashes);
	free(m.slots);
	free(m.next);
	free(m.ids);
	free(m.gone);
}
