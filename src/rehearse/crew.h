/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweeps by several processes, each in a private host of its own. */
#ifndef REHEARSE_CREW_H
#define REHEARSE_CREW_H

#include "rehearse/rehearse.h"

/**
 * struct pw_crew - The sweeps of a plan, and who does them
 *
 * Sweeps are put into volleys; whoever is free takes the next one. Evidence
 * lies in memory that all share. A sandbox has one thread and one processor,
 * so that silence can be told from loss; two of them do not disturb each other.
 */
struct pw_crew;

/* Only as many processes as there are processors and work for them */
int pw_crew_new(const struct pw_plan *plan, struct pw_crew **out);
void pw_crew_free(struct pw_crew *crew);
PW_DEFINE_OWNED(struct pw_crew, pw_crew_free)

/**
 * pw_crew_hire() - Begin the sweeps in other processes
 * @prepare:	brings a copy of @stage into a private host, in each of them
 *
 * Before this process enters its own. A process that fails, or cannot be had,
 * leaves its volleys to the others.
 */
void pw_crew_hire(struct pw_crew *crew, const struct pw_stage *stage,
		  int (*prepare)(struct pw_stage *stage));

/* Take part until all sweeps are done, then judge them into the report */
int pw_crew_finish(struct pw_crew *crew, struct pw_stage *stage);

#endif
