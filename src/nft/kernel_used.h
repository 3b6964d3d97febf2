/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What generations of our table consist of and refer to. */
#ifndef PORTWALL_NFT_KERNEL_USED_H
#define PORTWALL_NFT_KERNEL_USED_H

#include <stdbool.h>
#include <stdint.h>

#include "portwall/ruleset.h"

/**
 * struct pw_used - One flag for each chain, set, map and object of a ruleset
 * @chains:	base chains and those of the generations
 * @maps:	maps of the generations, and counter maps that their rules use
 */
struct pw_used {
	bool *chains, *sets, *maps, *objs;
};

/*
 * Of generation @n, and of @also; 0: none, and of none nothing is used. Rules
 * that lead to generations, on trial or for good, use nothing by themselves.
 * 0 or -ENOMEM
 */
int pw_used_find(const struct pw_ruleset *rs, uint32_t n, uint32_t also,
		 struct pw_used *out);
void pw_used_clear(struct pw_used *used);	/* accepts a zeroed struct */

static inline void pw_used_clearp(struct pw_used *used)
{
	pw_used_clear(used);
}

#endif
