/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short lists of numbers, each known by a number of its own. */
#include "change/tuples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#define FIRST_SLOTS 64

static uint64_t hash_of(const struct pw_tuples *tuples, const uint32_t *words)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < tuples->width; i++)
		hash = pw_mix64(hash ^ words[i]);
	return hash;
}

/* The slot that holds @words, or the free one where they belong */
static size_t find_slot(const struct pw_tuples *tuples, const uint32_t *words)
{
	size_t mask = tuples->num_slots - 1;
	size_t at = hash_of(tuples, words) & mask;

	while (tuples->slots[at] &&
	       memcmp(pw_tuples_get(tuples, tuples->slots[at] - 1), words,
		      tuples->width * sizeof(*words)))
		at = (at + 1) & mask;
	return at;
}

/* At most half of the slots are taken */
static int make_slots(struct pw_tuples *tuples)
{
	size_t num = tuples->num_slots ? 2 * tuples->num_slots : FIRST_SLOTS;
	uint32_t *slots;

	if (2 * (tuples->num + 1) <= tuples->num_slots)
		return 0;
	slots = calloc(num, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(tuples->slots);
	tuples->slots = slots;
	tuples->num_slots = num;
	for (uint32_t i = 0; i < tuples->num; i++)
		slots[find_slot(tuples, pw_tuples_get(tuples, i))] = i + 1;
	return 0;
}

static int append(struct pw_tuples *tuples, const uint32_t *words)
{
	uint32_t *grown = tuples->words;

	if (tuples->num == tuples->cap)
		grown = pw_array_grow(tuples->words, &tuples->cap,
				      tuples->num + 1,
				      tuples->width * sizeof(*words));
	if (!grown)
		return -ENOMEM;
	tuples->words = grown;
	memcpy(grown + tuples->num++ * tuples->width, words,
	       tuples->width * sizeof(*words));
	return 0;
}

int64_t pw_tuples_add(struct pw_tuples *tuples, const uint32_t *words)
{
	size_t at;

	if (tuples->num >= UINT32_MAX - 1 || make_slots(tuples))
		return -ENOMEM;
	at = find_slot(tuples, words);
	if (tuples->slots[at])
		return tuples->slots[at] - 1;
	if (append(tuples, words))
		return -ENOMEM;
	tuples->slots[at] = (uint32_t)tuples->num;
	return (int64_t)tuples->num - 1;
}

void pw_tuples_clear(struct pw_tuples *tuples)
{
	free(tuples->words);
	free(tuples->slots);
	*tuples = (struct pw_tuples){ .width = tuples->width };
}
