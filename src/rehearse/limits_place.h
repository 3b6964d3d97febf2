/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where one section alone decides: from whom, to which port. */
#ifndef REHEARSE_LIMITS_PLACE_H
#define REHEARSE_LIMITS_PLACE_H

#include "rehearse/held_try.h"

/**
 * struct pw_places - What the search needs
 * @without:	the model, with one section that says nothing at a time
 * @nothing:	such a section
 * @later:	the model of a time when the section is over: it has to say there
 *		what is said without the section, too. NULL: no such time
 */
struct pw_places {
	struct pw_stage *stage;
	struct pw_model without;
	struct pw_section nothing;
	const struct pw_model *later;
};

/**
 * struct pw_place - A packet that a section alone lets through
 * @section:	PW_NO_SECTION: `[policy] ping`
 * @beyond:	what becomes of it without the section
 * @other:	a source of the same section with a memory of its own, when
 *		limits are per source
 * @near:	another one that shares the memory of @probe.src: of its /64
 */
struct pw_place {
	uint32_t section;
	struct pw_probe probe;
	enum pw_expected beyond;
	bool has_other, has_near;
	struct pw_value other, near;
};

/* 0; -ENOMEM. To be closed in either case */
int pw_places_open(struct pw_stage *stage, struct pw_places *out);
void pw_places_close(struct pw_places *places);

/**
 * pw_place_find() - Search for a place where @section decides alone
 * @want:	what it makes of the packet there; without it something else is
 *		to become of it, neither let through nor limited
 * @now_ns:	when; 0: now
 *
 * Return: 0; -ENOENT: there is none among those that were tried
 */
int pw_place_find(struct pw_places *places, uint32_t section,
		  enum pw_expected want, uint64_t now_ns,
		  struct pw_place *out);

/* The same for `[policy] ping = RATE` */
int pw_place_find_ping(struct pw_places *places, struct pw_place *out);

/* Sources that @section admits at the same place: sets @other and @near */
void pw_place_neighbours(struct pw_places *places, struct pw_place *place);

/* "tcp/22 from 192.0.2.1 on eth0"; returns @buf */
const char *pw_place_text(const struct pw_stage *stage,
			  const struct pw_place *place, char *buf, size_t len);

#endif
