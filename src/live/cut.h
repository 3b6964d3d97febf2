/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that live on although the rules would not let them in now. */
#ifndef LIVE_CUT_H
#define LIVE_CUT_H

#include "portwall/live.h"

/**
 * pw_cut_judge() - Find them, and end them if asked
 * @rules:	in force from now on, with the elements of constant sets; NULL:
 *		nothing is in force, all are let in
 * @unless:	only those that these rules do let in (a trial's candidate), NULL:
 *		all
 * @openings:	let in what they name; NULL: none
 * @now_ns:	clock, for until
 * @end:	end them
 *
 * Each is asked as a new connection from its first packet, arriving on the
 * interface that leads to its peer. What a limit admits while there is room
 * counts as let in. Where conntrack cannot be read @out->known is false and a
 * warning says so. Whatever @end is, bars (see flows.h) of what would be let in
 * are lifted, so this is to be called whenever other rules are in force.
 *
 * Return: 0; -ENOMEM; errors of pw_eval_packet(). What could not be ended is a
 *	   warning.
 */
int pw_cut_judge(const struct pw_ruleset *rules,
		 const struct pw_ruleset *unless,
		 const struct pw_openings *openings, uint64_t now_ns, bool end,
		 struct pw_cut *out, struct pw_diags *diags);

/*
 * Lift the bars of what @open lets in and no block beats: who was cut off may
 * come back from the same port. 0; -ENOMEM; what goes wrong else is a warning
 */
int pw_cut_lift(const struct pw_open *open, const bool *blocked,
		struct pw_diags *diags);

#endif
