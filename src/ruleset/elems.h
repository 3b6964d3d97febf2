/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of a constant set one by one, as the kernel holds them. */
#ifndef RULESET_ELEMS_H
#define RULESET_ELEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/ruleset.h"

/**
 * struct pw_set_elem - One element of the kernel's
 * @key:	as a number of the set's width; see pw_set_key() for bytes
 * @interval_end: closes a range: the first value behind it
 * @open:	begins a range that ends with the largest value and is not
 *		closed; nft marks it in the element's user data
 */
struct pw_set_elem {
	struct pw_value key;
	bool interval_end;
	bool open;
};

/**
 * struct pw_set_iter - Where a walk over the elements of a set stands
 *
 * Zeroed: at the start. The members are private.
 */
struct pw_set_iter {
	size_t range;
	struct pw_value next;
	struct pw_value end;
	bool inside, begun, closing;
};

/**
 * pw_set_next_piece() - Next range of a set as nft can write it
 *
 * Ranges of an interval set as they are, but those of interface names cut into
 * names and globs; single values of a set without interval.
 *
 * Return: false at the end; always false when the set has no elements
 */
bool pw_set_next_piece(const struct pw_set *set, struct pw_set_iter *iter,
		       struct pw_range *out);

/**
 * pw_set_next_elem() - Next element to send
 *
 * The same elements as nft 1.0.6 makes of pw_nft_print()'s text: an interval
 * set begins with a closing element at 0 unless its first range starts there; a
 * range that ends with the largest value has no closing element. Not to be
 * mixed with pw_set_next_piece() on one @iter.
 *
 * Return: false at the end
 */
bool pw_set_next_elem(const struct pw_set *set, struct pw_set_iter *iter,
		      struct pw_set_elem *out);

/*
 * The size that nft declares for the set: its elements, and one for a range
 * that is not closed. Saturates at UINT32_MAX.
 */
uint32_t pw_set_count_elems(const struct pw_set *set);

/* Width of the numbers of a set type in bits; MARK_IPV4, MARK_IPV6: 0 */
unsigned int pw_set_type_bits(enum pw_set_type type);

/* Is it a name or a glob of an interface, and not everything? */
bool pw_ifname_is_piece(const struct pw_range *range);

#endif
