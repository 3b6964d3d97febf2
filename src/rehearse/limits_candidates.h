/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that a section could speak of, in a useful order. */
#ifndef REHEARSE_LIMITS_CANDIDATES_H
#define REHEARSE_LIMITS_CANDIDATES_H

#include "rehearse/rehearse.h"

/* True: it is enough */
typedef bool (*pw_candidate_fn)(void *arg, const struct pw_probe *probe);

/*
 * Interfaces, destinations, ports and sources that the section names: of long
 * lists the first ones. Sources change fastest.
 */
void pw_candidates_each(const struct pw_stage *stage, uint32_t section,
			pw_candidate_fn fn, void *arg);

/* Echo requests from the wire of each interface */
void pw_candidates_ping(const struct pw_stage *stage, pw_candidate_fn fn,
			void *arg);

#endif
