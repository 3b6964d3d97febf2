/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what nobody needs any more. */
#ifndef STATE_PRUNE_H
#define STATE_PRUNE_H

#include "state/store.h"

/*
 * The history beyond PW_HISTORY_LEN, objects that no bundle names, and what
 * killed runs have left. What cannot be removed now stays for the next time.
 */
void pw_state_prune(const struct pw_state *state);

#endif
