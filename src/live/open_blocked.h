/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a [block] beat an opening? */
#ifndef LIVE_OPEN_BLOCKED_H
#define LIVE_OPEN_BLOCKED_H

#include "portwall/load.h"
#include "portwall/openings.h"

/**
 * pw_open_find_blocked() - Ask the blocks in force
 * @generation:	that is in force
 * @blocked:	by opening: a block drops new packets from its first or its
 *		last address; from anyone: from every address. On one of its
 *		ports, and where no interface is named on one of them, is
 *		enough for a named source.
 *
 * Return: 0; -EFBIG: there are too many blocks to look at; other errors: they
 *	   could not be read
 */
int pw_open_find_blocked(struct pw_nl *nl, uint32_t generation,
			 const struct pw_opening *list, size_t num,
			 bool *blocked);

#endif
