/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What storage and algebra of range sets share. */
#ifndef NET_RANGESET_PRIV_H
#define NET_RANGESET_PRIV_H

#include "portwall/rangeset.h"

static inline bool rangeset_is_narrow(const struct pw_rangeset *set)
{
	return set->bits <= 32;
}

static inline size_t rangeset_item_size(const struct pw_rangeset *set)
{
	return rangeset_is_narrow(set) ? sizeof(*set->r32)
				       : sizeof(*set->r128);
}

/* Does @v come right behind the end @last, or before it? No overflow at max */
static inline bool value_touches(struct pw_value last, struct pw_value v)
{
	return pw_value_cmp(v, last) <= 0 ||
	       !pw_value_cmp(pw_value_prev(v), last);
}

/* Room for @num more ranges: 0 or -ENOMEM */
int rangeset_reserve(struct pw_rangeset *set, size_t num);

/* rangeset_narrow.c: append to the empty @set; 0 or -ENOMEM */
int rangeset_common32(struct pw_rangeset *set, const struct pw_rangeset *a,
		      const struct pw_rangeset *b);
int rangeset_difference32(struct pw_rangeset *set, const struct pw_rangeset *a,
			  const struct pw_rangeset *b);

#endif
