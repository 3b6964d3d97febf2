// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash from names to positions in an array of a ruleset. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/ruleset.h"
#include "ruleset/index.h"

/* FNV-1a; the names are the administrator's own, so no keyed hash is needed */
static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return h;
}

/* The slot that holds @name, or the free one where it belongs */
static uint32_t *slot_of(const struct index *index, index_name_fn name_of,
			 const void *array, const char *name)
{
	size_t i = hash(name) & (index->cap - 1);

	while (index->slots[i] &&
	       strcmp(name_of(array, index->slots[i] - 1), name))
		i = (i + 1) & (index->cap - 1);
	return &index->slots[i];
}

uint32_t index_find(const struct index *index, index_name_fn name_of,
		    const void *array, const char *name)
{
	uint32_t slot;

	if (!index->cap)
		return PW_NONE;
	slot = *slot_of(index, name_of, array, name);
	return slot ? slot - 1 : PW_NONE;
}

void index_add(struct index *index, index_name_fn name_of, const void *array,
	       uint32_t pos)
{
	uint32_t *slot = slot_of(index, name_of, array, name_of(array, pos));

	if (*slot)
		return;
	*slot = pos + 1;
	index->num++;
}

int index_reserve(struct index *index, index_name_fn name_of,
		  const void *array)
{
	struct index grown = { .cap = index->cap ? index->cap * 2 : 16 };

	if (2 * (index->num + 1) <= index->cap)
		return 0;
	grown.slots = calloc(grown.cap, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < index->cap; i++) {
		if (index->slots[i])
			index_add(&grown, name_of, array, index->slots[i] - 1);
	}
	index_free(index);
	*index = grown;
	return 0;
}

void index_reset(struct index *index)
{
	if (index->cap)
		memset(index->slots, 0, index->cap * sizeof(*index->slots));
	index->num = 0;
}

void index_free(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}
