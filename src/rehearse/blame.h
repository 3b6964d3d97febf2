/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule lets a packet in, for people who wonder. */
#ifndef REHEARSE_BLAME_H
#define REHEARSE_BLAME_H

#include "portwall/eval.h"

/* A sentence that the caller frees; NULL: none does, or there is no memory */
char *pw_blame_rule(const struct pw_ruleset *rules,
		    const struct pw_packet *packet);

#endif
