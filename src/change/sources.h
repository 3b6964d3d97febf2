/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last dimension: sources, and what becomes of their packets. */
#ifndef CHANGE_SOURCES_H
#define CHANGE_SOURCES_H

#include "change/regions.h"

/* What a number of @rests stands for, in its first word: what is left */
enum pw_rest { PW_REST_ALL, PW_REST_NAME, PW_REST_SOURCE };
#define PW_REST_WORDS (6 + PW_NUM_TO * PW_NUM_FAMILIES)

/*
 * Divide the sources of @family by @members, whose @rest tells whether they say
 * the same of sources, and add a row like @row for each part that changes, the
 * sources in column @from. @members is used up.
 */
int pw_sources_divide(struct pw_regions *regions, const struct pw_row *row,
		      unsigned int from, enum pw_family family,
		      struct pw_member *members, size_t num);

#endif
