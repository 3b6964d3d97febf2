/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept beside the bundle of a trial, for when it is confirmed. */
#ifndef STATE_TRIAL_H
#define STATE_TRIAL_H

#include "state/store.h"

#define PW_TRIAL_NAME_LEN 24

/* Name of a trial's history entry in the history, and of its policy for
 * emergencies at the top */
void pw_trial_name(uint32_t entry, char name[static PW_TRIAL_NAME_LEN]);

/* Remove those of all other trials; 0: of every one */
int pw_trial_keep_parts(const struct pw_state *state, uint32_t entry);

#endif
