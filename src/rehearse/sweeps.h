/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sweeps of a plan, in the order in which they become cases. */
#ifndef REHEARSE_SWEEPS_H
#define REHEARSE_SWEEPS_H

#include <stddef.h>
#include <stdint.h>

#include "portwall/expect.h"
#include "portwall/report.h"
#include "portwall/ruleset.h"

/* Indices of @plan's sweeps, those of one case side by side; NULL: no memory */
uint32_t *pw_sweeps_order(const struct pw_plan *plan);

/* Do these two belong to one case? */
bool pw_sweeps_alike(const struct pw_sweep *a, const struct pw_sweep *b);

static inline size_t pw_sweep_num(const struct pw_sweep *sweep)
{
	return sweep->ports ? sweep->num_ports : 65536;
}

/* The case that @sweep belongs to: its index; -ENOMEM */
int64_t pw_sweep_case(const struct pw_plan *plan, const struct pw_sweep *sweep,
		      struct pw_report *report);

/**
 * pw_sweep_judge() - What came of one sweep
 * @evidence:	by place in its ports; what the kernel refuses by itself is
 *		taken out
 * @rules:	for the name of the rule that let in what must not be
 * @expected:	room for the expectation
 */
int pw_sweep_judge(const struct pw_model *model, const struct pw_plan *plan,
		   const struct pw_sweep *sweep, uint8_t *evidence,
		   const struct pw_ruleset *rules, uint32_t of_case,
		   struct pw_ports_expected *expected,
		   struct pw_report *report);

#endif
