/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules under test with one thing changed, to be seen in due time. */
#ifndef REHEARSE_LIMITS_RULES_H
#define REHEARSE_LIMITS_RULES_H

#include "rehearse/rehearse.h"

/**
 * struct pw_change - What is changed in a copy of the rules
 * @slow_ns:	each rate of which one token takes longer than this is by the
 *		second, and at most @per_second of them; bursts stay. 0: none.
 *		Rates of logs and of refusals stay.
 * @lift_rates, @lift_connections: they let more through than is ever tried
 * @until_ns:	each comparison with the clock that ends later than @now_ns ends
 *		at @until_ns. 0: none
 */
struct pw_change {
	uint64_t slow_ns;
	uint32_t per_second;
	bool lift_rates, lift_connections;
	uint64_t now_ns, until_ns;
};

/*
 * Loads the rules with a change, as pw_stage_reload() does without; that is
 * what goes back to them. What is wrong in the rules is wrong here, too.
 */
int pw_stage_change(struct pw_stage *stage, const struct pw_change *change);

/* Has a rate what @slow_ns and @per_second say to change? It is done then */
bool pw_rate_quicken(const struct pw_change *change, struct pw_rate *rate);

/* How long one token takes */
uint64_t pw_rate_interval_ns(const struct pw_rate *rate);

#endif
