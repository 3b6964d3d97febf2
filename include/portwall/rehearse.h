/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `portwall test`: load the rules into a private host and send packets. */
#ifndef PORTWALL_REHEARSE_H
#define PORTWALL_REHEARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "model.h"
#include "probe.h"
#include "report.h"
#include "ruleset.h"

/**
 * struct pw_rehearsal - What is asked
 * @all:	`--full`: all ports from all sources
 * @computed:	`--computed`: proof and evaluator, nothing is sent
 * @seed:	of random ports; 0: from the system
 * @progress:	or NULL
 */
struct pw_rehearsal {
	bool all, computed;
	uint64_t seed;
	pw_progress progress;
	void *progress_arg;
};

/**
 * pw_rehearse() - Does a host with these rules behave as the policy says?
 * @rules:	generation 1, as compiled; a test hands in others
 * @report:	of pw_report_new("test", @model): filled
 *
 * Unless @computed the process is in another network afterwards, see
 * pw_sandbox_open(); what it finds is in the report, an error means that it
 * could not look.
 *
 * Return: 0; errors as pw_sandbox_open(), pw_load_fill() and of memory
 */
int pw_rehearse(const struct pw_model *model, const struct pw_ruleset *rules,
		const struct pw_rehearsal *how, struct pw_report *report,
		struct pw_diags *diags);

#endif
