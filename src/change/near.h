/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections that are the same on both sides and far from what is not. */
#ifndef CHANGE_NEAR_H
#define CHANGE_NEAR_H

#include "change/terms.h"

/* Which sets overlap one of them, remembered while that stays the same */
struct pw_overlaps {
	uint32_t with;
	uint8_t *known;		/* by set: 0: not asked yet, 1: no, 2: yes */
	size_t num;
};

/**
 * struct pw_near - What is kept from one place to the next
 * @counts:	by number of what a member says: after less before; all 0
 */
struct pw_near {
	struct pw_terms *terms;
	struct pw_overlaps from[PW_NUM_FAMILIES], on;
	int32_t *counts;
	size_t num_counts;
	uint32_t *scratch;
	size_t num_scratch;
};

/**
 * pw_near_keep() - Drop members that cannot matter
 * @members:	their @rest tells them apart as in pw_split()
 * @num:	set to how many are left, in their order
 * @num_rests:	above each @rest
 *
 * A policy may have thousands of sections that speak of each port: those that
 * both sides have, and that share no source or no interface with any that only
 * one has, are dropped before anything is divided.
 *
 * Return: 0; -ENOMEM
 */
int pw_near_keep(struct pw_near *near, struct pw_member *members,
		      size_t *num, size_t num_rests);
void pw_near_clear(struct pw_near *near);

#endif
