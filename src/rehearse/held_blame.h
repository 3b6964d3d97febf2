/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule lets a packet in, for people who wonder. */
#ifndef REHEARSE_HELD_BLAME_H
#define REHEARSE_HELD_BLAME_H

#include "rehearse/held_try.h"

/*
 * "rule 3 of chain g1.local lets it in: COMMENT", by the evaluator; the caller
 * frees. NULL: it cannot be told (what is forwarded, or came from a
 * bridge)
 */
char *pw_try_blame(const struct pw_stage *stage, const struct pw_try *try);

#endif
