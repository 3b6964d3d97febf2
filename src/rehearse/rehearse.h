/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rehearsal while it plays: what its acts share. */
#ifndef REHEARSE_REHEARSE_H
#define REHEARSE_REHEARSE_H

#include <stdint.h>

#include "portwall/expect.h"
#include "portwall/load.h"
#include "portwall/rehearse.h"
#include "portwall/sandbox.h"

/**
 * struct pw_stage
 * @plan:	owns the scene
 * @rules:	under test, generation 1
 * @nl:	socket in the private host; open until the end, since closing it
 *		waits for the kernel
 * @done, @total: probes of the acts so far, for @how->progress
 */
struct pw_stage {
	const struct pw_model *model;
	const struct pw_ruleset *rules;
	const struct pw_rehearsal *how;
	struct pw_plan *plan;
	struct pw_sandbox *sb;
	struct pw_nl *nl;
	struct pw_report *report;
	struct pw_diags *diags;
	uint64_t seed;
	uint64_t done, total;
};

/*
 * Loads the rules anew: limits and sets that change as if never asked, no
 * connection known. 0; errors with a message
 */
int pw_stage_reload(struct pw_stage *stage);

/* More probes are done; tells whoever wants to know */
void pw_stage_tell(struct pw_stage *stage, const char *what, uint64_t probes);

/*
 * The acts. What they find is in the report; an error means that they could not
 * look. Each begins with pw_stage_reload() if it needs fresh rules, and leaves
 * the rules under test loaded.
 */
int pw_stage_held(struct pw_stage *stage);	/* what every policy does */
int pw_stage_replies(struct pw_stage *stage);	/* own connections */
int pw_stage_limits(struct pw_stage *stage);	/* rate, connections */
int pw_stage_firsts(struct pw_stage *stage);	/* fresh limits, all classes */
int pw_stage_until(struct pw_stage *stage);

/* `--computed`: proof and evaluator, nothing is sent */
int pw_rehearse_computed(const struct pw_model *model,
			 const struct pw_ruleset *rules,
			 const struct pw_plan *plan,
			 const struct pw_rehearsal *how,
			 struct pw_report *report);

/* packet.c: the packet of an arrival as the evaluator takes it */
struct pw_packet;
void pw_packet_of(const struct pw_arrival *arrival, struct pw_packet *out);

#endif
