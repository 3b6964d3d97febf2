/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions of packets as boxes: one set per field, and a condition. */
#ifndef RULESET_BOXES_H
#define RULESET_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/ruleset.h"
#include "ruleset/conds.h"
#include "ruleset/values.h"

/*
 * Values beyond the fields of a rule. A protocol that cannot be told (a broken
 * chain of extension headers) is a value of its own, so L4PROTO has 16 bits
 * here. Everything else that a packet may lack follows from its protocols and
 * its state, and a box that restricts such a field restricts these as well.
 */
#define PW_L4PROTO_BITS 16
#define PW_L4PROTO_NONE 256
#define PW_SOCKET_NONE	2
#define PW_NUM_IMPLIED	18

/**
 * struct pw_box - Packets: the product of one set per field
 * @f:		numbers in the pool, PW_VALUE_ANY: every value, or none
 * @cond:	and this holds
 */
struct pw_box {
	uint32_t f[PW_NUM_FIELDS];
	uint32_t cond;
};

struct pw_boxes {
	struct pw_box *items;
	size_t num, cap;
};

/**
 * struct pw_space - What boxes are made of
 * @universe:	all values a field can have
 * @present:	all values of a packet that has it (differs: L4PROTO, SOCKET)
 * @implied:	by row of the table in boxes.c
 * @err:	-ENOMEM once memory was short, see values.h; -EPROTO: rules
 *		without a meaning
 */
struct pw_space {
	struct pw_values *values;
	struct pw_conds *conds;
	uint32_t universe[PW_NUM_FIELDS];
	uint32_t present[PW_NUM_FIELDS];
	uint32_t implied[PW_NUM_IMPLIED];
	int err;
};

int pw_space_init(struct pw_space *space);
void pw_space_clear(struct pw_space *space);
/* 0, or the first error of space, values and conditions */
int pw_space_error(const struct pw_space *space);

/* Bits of a field's sets in a box */
unsigned int pw_box_bits(enum pw_field field);

/* Bits of @field and of the fields that its presence follows from */
uint32_t pw_fields_of(enum pw_field field);

/* One range of a field, cut to what the field can be */
uint32_t pw_space_range(struct pw_space *space, enum pw_field field,
			uint64_t first, uint64_t last);

/* PW_VALUE_ANY is taken and given */
uint32_t pw_space_and(struct pw_space *space, uint32_t a, uint32_t b);
uint32_t pw_space_minus(struct pw_space *space, enum pw_field field,
			uint32_t a, uint32_t b);

/**
 * struct pw_cuts - A region by the fields that it restricts
 *
 * pw_cuts_add() also restricts what the field's presence follows from, so that
 * what remains outside is complete. Restricting a field twice means both.
 */
struct pw_cuts {
	struct { uint32_t field, value; } items[PW_NUM_FIELDS];
	size_t num;
	bool empty;
};

void pw_cuts_add(struct pw_space *space, struct pw_cuts *cuts,
		 enum pw_field field, uint32_t value);

/*
 * The part of @box within @cuts goes to @hit, the rest is appended to @rest
 * (NULL: not wanted). false: no part is within, and nothing was appended.
 */
bool pw_box_split(struct pw_space *space, const struct pw_box *box,
		  const struct pw_cuts *cuts, struct pw_box *hit,
		  struct pw_boxes *rest);

void pw_boxes_push(struct pw_space *space, struct pw_boxes *boxes,
		   const struct pw_box *box);
/* Moves everything behind @into */
void pw_boxes_append(struct pw_space *space, struct pw_boxes *into,
		     struct pw_boxes *from);
void pw_boxes_clear(struct pw_boxes *boxes);

/* Boxes that differ in one field, or in their condition alone, become one */
void pw_boxes_merge(struct pw_space *space, struct pw_boxes *boxes);

#endif
