/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Senders of probes: of a class, and such that routing lets them in. */
#ifndef INSPECT_SOURCE_H
#define INSPECT_SOURCE_H

#include "inspect/tour.h"

/**
 * struct pw_search - For a source that packets may come from at a gate
 * @class:	of @tour->plan; nothing without a plan
 * @set:	of the class, NULL: anything
 * @best:	found so far; @path says how good: 0, -EXDEV: the reverse-path
 *		filter refuses it, -ENOENT: none yet
 */
struct pw_search {
	const struct pw_tour *tour;
	const struct pw_gate *gate;
	uint32_t class;
	const struct pw_rangeset *set;
	struct pw_value best;
	int path;
};

/* Takes @addr if it is better than @best; true: nothing can be better */
bool pw_search_try(struct pw_search *s, struct pw_value addr);

/* A source of the class for this gate. 0; -EXDEV; -ENOENT: there is none */
int pw_search_find(struct pw_search *s);

/* Is it an address of this host? */
bool pw_tour_owns(const struct pw_tour *tour, enum pw_family family,
		  struct pw_value addr);

#endif
