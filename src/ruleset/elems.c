// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements of a constant set one by one, as the kernel holds them. */
#include "ruleset/elems.h"

unsigned int pw_set_type_bits(enum pw_set_type type)
{
	static const uint8_t bits[PW_NUM_SET_TYPES] = {
		[PW_T_IPV4] = 32,   [PW_T_IPV6] = 128,	[PW_T_PORT] = 16,
		[PW_T_IFNAME] = 128, [PW_T_NFPROTO] = 8, [PW_T_MARK] = 32,
	};

	return bits[type];
}

/* The lowest @bytes bytes set */
static struct pw_value low_bytes(unsigned int bytes)
{
	return pw_value_max(bytes * 8);
}

/* Last value of the block of 256^@bytes values at @first, if it is aligned */
static bool block_end(struct pw_value first, unsigned int bytes,
		      struct pw_value *end)
{
	struct pw_value low = low_bytes(bytes);

	if ((first.hi & low.hi) || (first.lo & low.lo))
		return false;
	*end = (struct pw_value){ first.hi | low.hi, first.lo | low.lo };
	return true;
}

/* Largest glob (or name) that starts at @range's first and lies in @range */
static struct pw_range first_glob(const struct pw_range *range)
{
	struct pw_value end;

	for (unsigned int bytes = 15; bytes; bytes--) {
		if (block_end(range->first, bytes, &end) &&
		    pw_value_cmp(end, range->last) <= 0)
			return (struct pw_range){ range->first, end };
	}
	return (struct pw_range){ range->first, range->first };
}

bool pw_ifname_is_piece(const struct pw_range *range)
{
	struct pw_range glob = first_glob(range);

	return !pw_value_cmp(glob.last, range->last) &&
	       (range->first.hi || range->first.lo);
}

bool pw_set_next_piece(const struct pw_set *set, struct pw_set_iter *iter,
		       struct pw_range *out)
{
	struct pw_range rest;

	if (!set->elems || iter->range >= set->elems->num)
		return false;
	rest = pw_rangeset_get(set->elems, iter->range);
	if (iter->inside)
		rest.first = iter->next;
	if (!set->interval)
		*out = (struct pw_range){ rest.first, rest.first };
	else if (set->type == PW_T_IFNAME)
		*out = first_glob(&rest);
	else
		*out = rest;
	iter->inside = pw_value_cmp(out->last, rest.last) < 0;
	if (iter->inside)
		iter->next = pw_value_next(out->last);
	else
		iter->range++;
	return true;
}

static bool next_start(const struct pw_set *set, struct pw_set_iter *iter,
		       struct pw_set_elem *out)
{
	struct pw_range piece;
	struct pw_value max;

	if (!pw_set_next_piece(set, iter, &piece))
		return false;
	max = pw_value_max(pw_set_type_bits(set->type));
	iter->closing = set->interval && pw_value_cmp(piece.last, max);
	*out = (struct pw_set_elem){ .key = piece.first,
				     .open = set->interval && !iter->closing };
	iter->end = pw_value_next(piece.last);
	return true;
}

/* The closing element at 0 that nft puts before the first range */
static bool needs_floor(const struct pw_set *set)
{
	struct pw_value first;

	if (!set->interval || !set->elems || !set->elems->num)
		return false;
	first = pw_rangeset_get(set->elems, 0).first;
	return first.hi || first.lo;
}

bool pw_set_next_elem(const struct pw_set *set, struct pw_set_iter *iter,
		      struct pw_set_elem *out)
{
	if (!iter->begun) {
		iter->begun = true;
		if (needs_floor(set)) {
			*out = (struct pw_set_elem){ .interval_end = true };
			return true;
		}
	}
	if (iter->closing) {
		iter->closing = false;
		*out = (struct pw_set_elem){ iter->end, true, false };
		return true;
	}
	return next_start(set, iter, out);
}

uint32_t pw_set_count_elems(const struct pw_set *set)
{
	struct pw_set_iter iter = { 0 };
	struct pw_range piece;
	uint64_t num = 0;

	if (!set->elems)
		return 0;
	if (!set->interval) {
		num = pw_rangeset_count(set->elems);
	} else if (set->type != PW_T_IFNAME) {
		num = 2 * (uint64_t)set->elems->num + needs_floor(set);
	} else {
		while (pw_set_next_piece(set, &iter, &piece))
			num += 2;
		num += needs_floor(set);
	}
	return num < UINT32_MAX ? num : UINT32_MAX;
}
