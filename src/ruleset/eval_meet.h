/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of many boxes can meet the ports of a map's key. */
#ifndef RULESET_EVAL_MEET_H
#define RULESET_EVAL_MEET_H

#include "ruleset/eval_prepare.h"

/**
 * struct pw_meet - Boxes by the ports that they hold
 * @starts:	by port: where its boxes begin in @boxes; NULL: all are @wide
 * @boxes:	indices of boxes with few ports, port by port
 * @wide:	indices of those with many: every key may meet them
 * @seen:	by box: number of the last key that met it, from 1
 * @hits:	of one key
 *
 * Thousands of blocks cut what reaches the map of the openings into as many
 * boxes, of which each key meets a few.
 */
struct pw_meet {
	const struct pw_boxes *in;
	uint32_t *starts, *boxes, *wide, *seen, *hits;
	size_t num_wide, num_hits;
	uint32_t num_keys;
};

/* Lack of memory is an error of @ev->space: no key meets any box then */
void pw_meet_init(struct pw_eval *ev, const struct pw_prep_map *map,
		  const struct pw_boxes *in, struct pw_meet *out);
void pw_meet_clear(struct pw_meet *meet);

/* @meet->hits: in no order, every box that can meet @key, and maybe others */
void pw_meet_key(struct pw_eval *ev, struct pw_meet *meet,
		 const struct pw_prep_key *key);

#endif
