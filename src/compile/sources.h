/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alternatives of one condition: each becomes a rule of its own. */
#ifndef COMPILE_SOURCES_H
#define COMPILE_SOURCES_H

#include "compile/parts.h"

#define ANY_FAMILY PW_NUM_FAMILIES

/**
 * struct alt - One match that satisfies the condition
 * @always:	the condition holds for every packet; @match is not used
 * @family:	that the match implies, or ANY_FAMILY
 */
struct alt {
	bool always;
	enum pw_family family;
	struct pw_match match;
};

struct alts {
	struct alt items[2 * INLINE_MAX + 4];
	size_t num;
};

/* Sources: @any, or addresses in @addrs; @label: name for sets ("web") */
void pw_alts_from(struct build *b, bool any, const struct pw_addrs *addrs,
		  const char *label, struct alts *out);
void pw_alts_on(struct build *b, const struct pw_section *s, struct alts *out);
void pw_alts_to(struct build *b, const struct pw_section *s, enum scope scope,
		struct alts *out);

#endif
