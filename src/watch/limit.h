/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often rules are put back before it is a fight. */
#ifndef WATCH_LIMIT_H
#define WATCH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PW_HEALS_MAX 5u			/* within .. */
#define PW_HEALS_WITHIN_MS (60u * 1000)
#define PW_HEALS_PAUSE_MS (600u * 1000)

/**
 * struct pw_heal_limit - Zero-initialised
 * @at_ms:	the last heals, monotonic; the next overwrites @at_ms[@next]
 * @until_ms:	not before then, 0: at once
 */
struct pw_heal_limit {
	uint64_t at_ms[PW_HEALS_MAX];
	size_t next;
	uint64_t until_ms;
};

/* May it be done now? Counts it if so; @gave_up: this is the first refusal */
bool pw_heal_allow(struct pw_heal_limit *limit, uint64_t now_ms,
		   bool *gave_up);

#endif
