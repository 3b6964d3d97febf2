// SPDX-License-Identifier: GPL-2.0-or-later
/* How often rules are put back before it is a fight. */
#include "watch/limit.h"

bool pw_heal_allow(struct pw_heal_limit *limit, uint64_t now_ms, bool *gave_up)
{
	uint64_t *oldest = &limit->at_ms[limit->next];

	*gave_up = false;
	if (now_ms < limit->until_ms)
		return false;
	limit->until_ms = 0;
	if (*oldest && now_ms - *oldest < PW_HEALS_WITHIN_MS) {
		limit->until_ms = now_ms + PW_HEALS_PAUSE_MS;
		*gave_up = true;
		return false;
	}
	*oldest = now_ms;
	limit->next = (limit->next + 1) % PW_HEALS_MAX;
	return true;
}
