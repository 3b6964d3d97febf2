/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that a seed repeats. */
#ifndef VERIFY_PLAN_DICE_H
#define VERIFY_PLAN_DICE_H

#include <portwall/rangeset.h>

/* Finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, 2014): every bit of the result hangs on every bit of @n */
static inline uint64_t pw_dice_mix(uint64_t n)
{
	n += 0x9e3779b97f4a7c15u;
	n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
	n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
	return n ^ (n >> 31);
}

struct pw_dice {
	uint64_t state;
};

/* Any 64 bits */
static inline uint64_t pw_dice_next(struct pw_dice *dice)
{
	return pw_dice_mix(dice->state++);
}

/* Below @num, which is small beside 2^64 */
static inline uint64_t pw_dice_below(struct pw_dice *dice, uint64_t num)
{
	return pw_dice_next(dice) % num;
}

/* From 0 to less than 1 */
static inline double pw_dice_share(struct pw_dice *dice)
{
	return (double)(pw_dice_next(dice) >> 11) * 0x1p-53;
}

/* One of the range's numbers */
struct pw_value pw_dice_in(struct pw_dice *dice, const struct pw_range *range);

#endif
