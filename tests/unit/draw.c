// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers for tests: the same in each run. */
#include "draw.h"

/* Any but 0, which xorshift64 never leaves */
static uint64_t random_state = 88172645463325252u;

void draw_seed(uint64_t seed)
{
	random_state = seed;
}

uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}
