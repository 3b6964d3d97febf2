/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one generation of our table consists of and refers to. */
#ifndef PORTWALL_NFT_KERNEL_USED_H
#define PORTWALL_NFT_KERNEL_USED_H

#include <stdbool.h>
#include <stdint.h>

#include "portwall/ruleset.h"

/**
 * struct pw_used - One flag for each chain, set, map and object of a ruleset
 * @chains:	base chains and those of the generation
 * @maps:	maps of the generation, and counter maps that its rules use
 */
struct pw_used {
	bool *chains, *sets, *maps, *objs;
};

/* 0 or -ENOMEM; generation 0: nothing is used */
int pw_used_find(const struct pw_ruleset *rs, uint32_t generation,
		 struct pw_used *out);
void pw_used_clear(struct pw_used *used);	/* accepts a zeroed struct */

static inline void pw_used_clearp(struct pw_used *used)
{
	pw_used_clear(used);
}

#endif
