/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of ranges by number: equal sets are one, and no work is done twice. */
#include "change/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#define FIRST_SLOTS 64

enum op { OP_UNION, OP_INTERSECT, OP_SUBTRACT, OP_UNION_OF };
#define ASKED_WORDS 5

/* Of 64 bits each, as fast as memory: a million ranges are met twice */
static uint64_t hash_words(uint64_t hash, const void *bytes, size_t num)
{
	const uint64_t *words = bytes;

	for (size_t i = 0; i < num; i++) {
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash;
}

static uint64_t hash_of(const struct pw_rangeset *set)
{
	uint64_t hash = pw_mix64(set->bits ^ (uint64_t)set->num << 8);

	if (set->bits <= 32)
		return hash_words(hash, set->r32, set->num);
	return hash_words(hash, set->r128, 4 * set->num);
}

static size_t find_slot(const struct pw_sets *sets,
			const struct pw_rangeset *set, uint64_t hash)
{
	size_t mask = sets->num_slots - 1;
	size_t at = pw_mix64(hash) & mask;

	for (; sets->slots[at]; at = (at + 1) & mask) {
		uint32_t n = sets->slots[at];

		if (sets->hashes[n] == hash &&
		    pw_rangeset_equal(sets->list[n], set))
			break;
	}
	return at;
}

static int make_slots(struct pw_sets *sets)
{
	size_t num = sets->num_slots ? 2 * sets->num_slots : FIRST_SLOTS;
	uint32_t *slots;

	if (2 * (sets->num + 2) <= sets->num_slots)
		return 0;
	slots = calloc(num, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(sets->slots);
	sets->slots = slots;
	sets->num_slots = num;
	for (uint32_t n = 1; n < sets->num; n++) {
		size_t at = pw_mix64(sets->hashes[n]) & (num - 1);

		while (slots[at])
			at = (at + 1) & (num - 1);
		slots[at] = n;
	}
	return 0;
}

/* The first row stands for the empty set */
static int push(struct pw_sets *sets, struct pw_rangeset *set, uint64_t hash)
{
	size_t num = sets->num;
	int err = PW_ARRAY_PUSH(sets->hashes, num, sets->cap_hashes, hash);

	if (!err)
		err = PW_ARRAY_PUSH(sets->list, sets->num, sets->cap, set);
	return err;
}

void pw_sets_init(struct pw_sets *sets)
{
	*sets = (struct pw_sets){ .asked = { .width = ASKED_WORDS } };
	sets->err = push(sets, NULL, 0);
}

void pw_sets_clear(struct pw_sets *sets)
{
	for (size_t n = 0; n < sets->num; n++)
		pw_rangeset_free(sets->list[n]);
	free(sets->list);
	free(sets->hashes);
	free(sets->slots);
	free(sets->answers);
	pw_tuples_clear(&sets->asked);
}

static uint32_t lose(struct pw_sets *sets)
{
	sets->err = -ENOMEM;
	return PW_NO_SET;
}

uint32_t pw_sets_take(struct pw_sets *sets, struct pw_rangeset *set)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *mine = set;
	uint64_t hash;
	size_t at;

	if (!mine || sets->err)
		return lose(sets);
	if (pw_rangeset_empty(mine))
		return PW_NO_SET;
	if (make_slots(sets))
		return lose(sets);
	hash = hash_of(mine);
	at = find_slot(sets, mine, hash);
	if (sets->slots[at])
		return sets->slots[at];
	if (push(sets, mine, hash))
		return lose(sets);
	(void)PW_TAKE(mine);
	sets->slots[at] = (uint32_t)sets->num - 1;
	return sets->slots[at];
}

uint32_t pw_sets_add(struct pw_sets *sets, struct pw_rangeset *set)
{
	return pw_sets_take(sets, pw_rangeset_ref(set));
}

uint32_t pw_sets_all(struct pw_sets *sets, unsigned int bits)
{
	return pw_sets_take(sets, pw_rangeset_all(bits));
}

bool pw_sets_is_all(const struct pw_sets *sets, uint32_t n)
{
	return n && pw_rangeset_is_all(sets->list[n]);
}

static uint32_t compute(struct pw_sets *sets, enum op op, uint32_t a,
			uint32_t b)
{
	static int (*const functions[])(const struct pw_rangeset *,
					const struct pw_rangeset *,
					struct pw_rangeset **) = {
		[OP_UNION] = pw_rangeset_union,
		[OP_INTERSECT] = pw_rangeset_intersect,
		[OP_SUBTRACT] = pw_rangeset_subtract,
	};
	struct pw_rangeset *set = NULL;

	if (functions[op](sets->list[a], sets->list[b], &set))
		return lose(sets);
	return pw_sets_take(sets, set);
}

static uint32_t keep_answer(struct pw_sets *sets, uint32_t set)
{
	if (PW_ARRAY_PUSH(sets->answers, sets->num_answers, sets->cap_answers,
			  set))
		return lose(sets);
	return set;
}

/* Once for each pair */
static uint32_t answer(struct pw_sets *sets, enum op op, uint32_t a, uint32_t b)
{
	const uint32_t words[ASKED_WORDS] = { op, a, b };
	int64_t n = sets->err ? -1 : pw_tuples_add(&sets->asked, words);

	if (n < 0)
		return lose(sets);
	if ((size_t)n == sets->num_answers)
		return keep_answer(sets, compute(sets, op, a, b));
	return sets->answers[n];
}

uint32_t pw_sets_union(struct pw_sets *sets, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a ? a : b;
	if (a == b || pw_sets_is_all(sets, a))
		return a;
	if (pw_sets_is_all(sets, b))
		return b;
	return answer(sets, OP_UNION, a, b);
}

static uint32_t compute_union(struct pw_sets *sets, unsigned int bits,
			      const uint32_t *list, size_t num)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(bits);
	int err = set ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < num; i++)
		if (list[i] && (!i || list[i] != list[i - 1]))
			err = pw_rangeset_add_set(set, sets->list[list[i]]);
	if (err || pw_rangeset_normalise(set))
		return lose(sets);
	return pw_sets_take(sets, PW_TAKE(set));
}

/* Once for each list */
static uint32_t union_of_many(struct pw_sets *sets, unsigned int bits,
			      const uint32_t *list, size_t num)
{
	uint32_t words[ASKED_WORDS] = { OP_UNION_OF };
	uint64_t hash[2] = { num, ~num };
	int64_t n;

	for (size_t i = 0; i < num; i++) {
		hash[0] = pw_mix64(hash[0] ^ list[i]);
		hash[1] = pw_mix64(hash[1] ^ list[i]);
	}
	memcpy(words + 1, hash, sizeof(hash));
	n = sets->err ? -1 : pw_tuples_add(&sets->asked, words);
	if (n < 0)
		return lose(sets);
	if ((size_t)n == sets->num_answers)
		return keep_answer(sets, compute_union(sets, bits, list, num));
	return sets->answers[n];
}

uint32_t pw_sets_union_of(struct pw_sets *sets, const uint32_t *list,
			  size_t num)
{
	uint32_t some = PW_NO_SET;
	bool many = false;

	for (size_t i = 0; i < num; i++) {
		if (pw_sets_is_all(sets, list[i]))
			return list[i];
		many |= some && list[i] && some != list[i];
		if (list[i])
			some = list[i];
	}
	return many ? union_of_many(sets, sets->list[some]->bits, list, num) :
		      some;
}

uint32_t pw_sets_intersect(struct pw_sets *sets, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return PW_NO_SET;
	if (a == b || pw_sets_is_all(sets, b))
		return a;
	if (pw_sets_is_all(sets, a))
		return b;
	return answer(sets, OP_INTERSECT, a, b);
}

uint32_t pw_sets_subtract(struct pw_sets *sets, uint32_t a, uint32_t b)
{
	if (!a || a == b || pw_sets_is_all(sets, b))
		return PW_NO_SET;
	return b ? answer(sets, OP_SUBTRACT, a, b) : a;
}
