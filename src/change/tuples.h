/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short lists of numbers, each known by a number of its own. */
#ifndef CHANGE_TUPLES_H
#define CHANGE_TUPLES_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct pw_tuples - Tuples of one length, numbered from 0 as they come
 * @width:	words of a tuple
 * @words:	@num tuples, one behind the other
 * @slots:	hash table of 1 + number, 0: free; @num_slots is a power of two
 */
struct pw_tuples {
	size_t width;
	uint32_t *words;
	size_t num, cap;
	uint32_t *slots;
	size_t num_slots;
};

/* The number of @words, a new one if they were never seen; or -ENOMEM */
int64_t pw_tuples_add(struct pw_tuples *tuples, const uint32_t *words);
void pw_tuples_clear(struct pw_tuples *tuples);

static inline const uint32_t *pw_tuples_get(const struct pw_tuples *tuples,
					    uint32_t i)
{
	return tuples->words + (size_t)i * tuples->width;
}

/* Bits of @x spread over 64: for hashes, no secret */
static inline uint64_t pw_mix64(uint64_t x)
{
	/* splitmix64, Vigna, public domain */
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

#endif
