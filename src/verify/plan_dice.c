/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers of 128 bits within a range. */
#include "verify/plan_dice.h"

static struct pw_value minus(struct pw_value a, struct pw_value b)
{
	return (struct pw_value){ a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo };
}

static struct pw_value plus(struct pw_value a, struct pw_value b)
{
	uint64_t lo = a.lo + b.lo;

	return (struct pw_value){ a.hi + b.hi + (lo < a.lo), lo };
}

/* All bits up to the highest of @n */
static uint64_t mask_of(uint64_t n)
{
	return n ? ~UINT64_C(0) >> __builtin_clzll(n) : 0;
}

struct pw_value pw_dice_in(struct pw_dice *dice, const struct pw_range *range)
{
	struct pw_value span = minus(range->last, range->first);
	struct pw_value mask = { mask_of(span.hi),
				 span.hi ? ~UINT64_C(0) : mask_of(span.lo) };
	struct pw_value roll;

	do {		/* at least every second one fits */
		roll.hi = pw_dice_next(dice) & mask.hi;
		roll.lo = pw_dice_next(dice) & mask.lo;
	} while (pw_value_cmp(roll, span) > 0);
	return plus(range->first, roll);
}
