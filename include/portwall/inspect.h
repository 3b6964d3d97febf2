/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `portwall verify`: what of the running host, or another, is reachable. */
#ifndef PORTWALL_INSPECT_H
#define PORTWALL_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "diag.h"
#include "inject.h"
#include "model.h"
#include "openings.h"
#include "probe.h"
#include "report.h"
#include "ruleset.h"

/**
 * struct pw_inspection - What is asked
 * @model:	what the policy says; NULL: only what is reachable
 * @rules:	portwall's own in force, NULL: none, or not to be read
 * @in_force:	@rules are those of @model
 * @openings:	temporary ones beside the policy: what they let in is no
 *		violation; NULL: none
 * @ways:	see pw_injector_open(); 0: interfaces are not probed
 * @all:	all ports of UDP over loopback too, and all classes of source
 * @agree:	asked before rules of others are touched: go on? NULL: yes
 * @seed:	of random ports; 0: from the system
 */
struct pw_inspection {
	const struct pw_model *model;
	const struct pw_ruleset *rules;
	bool in_force;
	const struct pw_openings *openings;
	unsigned int ways;
	bool all;
	bool (*agree)(void *arg, const struct pw_foreign *list, size_t num);
	void *agree_arg;
	uint64_t seed;
	pw_progress progress;
	void *progress_arg;
};

/**
 * pw_inspect() - Probe the running host
 *
 * What is shown by proof or evaluator only (sections with rate, connections or
 * log, which probes would use up) is PW_RES_COMPUTED in the report.
 *
 * @report:	of pw_report_new("verify", model): filled
 *
 * Return: 0; -ECANCELED: not agreed; errors of the system with a message
 */
int pw_inspect(const struct pw_inspection *how, struct pw_report *report,
	       struct pw_diags *diags);

/**
 * struct pw_distance - Probe another host
 * @model:	of the policy that the target should have; NULL: none
 * @udp:	ports of UDP that the policy names, too
 */
struct pw_distance {
	const struct pw_model *model;
	enum pw_family family;
	struct pw_value target, source;
	uint32_t rate;
	bool udp;
	pw_progress progress;
	void *progress_arg;
};

/* As pw_inspect(); -EINVAL: the target is an address of this host */
int pw_inspect_target(const struct pw_distance *how, struct pw_report *report,
		      struct pw_diags *diags);

#endif
