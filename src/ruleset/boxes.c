/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions of packets as boxes: one set per field, and a condition. */
#include "ruleset/boxes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <linux/netfilter.h>

#include "portwall/array.h"

#define MAX_SPANS 4

#define ONE(n)	{ (n), (n) }
#define IPV4	ONE(NFPROTO_IPV4)
#define IPV6	ONE(NFPROTO_IPV6)
#define TRACKED	{ PW_CT_ESTABLISHED, PW_CT_NEW }

/* Fields that do not have every number of their width as a value */
static const struct limited {
	enum pw_field field;
	struct pw_range32 spans[MAX_SPANS];
	uint32_t absent;	/* 0: none */
} limited[] = {
	{ PW_F_NFPROTO, { IPV4, IPV6 }, 0 },
	{ PW_F_L4PROTO, { { 0, 255 } }, PW_L4PROTO_NONE },
	{ PW_F_CT_STATE, { { 0, PW_NUM_CT_STATES - 1 } }, 0 },
	{ PW_F_CT_DNAT, { { 0, 1 } }, 0 },
	{ PW_F_TCP_SYNACK, { { 0, 0 }, { 2, 2 }, { 16, 16 }, { 18, 18 } }, 0 },
	{ PW_F_SOCKET_WILDCARD, { { 0, 1 } }, PW_SOCKET_NONE },
};

/* A packet has @field if and only if @of is among @spans */
static const struct implied {
	enum pw_field field, of;
	struct pw_range32 spans[MAX_SPANS];
} implied[] = {
	{ PW_F_CT_DNAT, PW_F_CT_STATE, { TRACKED } },
	{ PW_F_TCP_SYNACK, PW_F_L4PROTO, { ONE(IPPROTO_TCP) } },
	{ PW_F_ICMP_TYPE, PW_F_NFPROTO, { IPV4 } },
	{ PW_F_ICMP_TYPE, PW_F_L4PROTO, { ONE(IPPROTO_ICMP) } },
	{ PW_F_ICMPV6_TYPE, PW_F_NFPROTO, { IPV6 } },
	{ PW_F_ICMPV6_TYPE, PW_F_L4PROTO, { ONE(IPPROTO_ICMPV6) } },
	{ PW_F_TTL, PW_F_NFPROTO, { IPV4 } },
	{ PW_F_HOPLIMIT, PW_F_NFPROTO, { IPV6 } },
	{ PW_F_SPORT, PW_F_L4PROTO,
	  { ONE(IPPROTO_TCP), ONE(IPPROTO_UDP), ONE(IPPROTO_SCTP) } },
	{ PW_F_DPORT, PW_F_L4PROTO,
	  { ONE(IPPROTO_TCP), ONE(IPPROTO_UDP), ONE(IPPROTO_SCTP) } },
	{ PW_F_SADDR4, PW_F_NFPROTO, { IPV4 } },
	{ PW_F_DADDR4, PW_F_NFPROTO, { IPV4 } },
	{ PW_F_SADDR6, PW_F_NFPROTO, { IPV6 } },
	{ PW_F_DADDR6, PW_F_NFPROTO, { IPV6 } },
	/* A look at the tuple of a connection that is not there fails */
	{ PW_F_CT_ORIG_DADDR4, PW_F_NFPROTO, { IPV4 } },
	{ PW_F_CT_ORIG_DADDR4, PW_F_CT_STATE, { TRACKED } },
	{ PW_F_CT_ORIG_DADDR6, PW_F_NFPROTO, { IPV6 } },
	{ PW_F_CT_ORIG_DADDR6, PW_F_CT_STATE, { TRACKED } },
};

_Static_assert(PW_ARRAY_SIZE(implied) == PW_NUM_IMPLIED, "rows of implied");

unsigned int pw_box_bits(enum pw_field field)
{
	if (field == PW_F_L4PROTO)
		return PW_L4PROTO_BITS;
	return pw_field_info(field)->bits;
}

uint32_t pw_fields_of(enum pw_field field)
{
	uint32_t fields = 1u << field;

	for (size_t i = 0; i < PW_ARRAY_SIZE(implied); i++)
		if (implied[i].field == field)
			fields |= 1u << implied[i].of;
	return fields;
}

/* Unused spans are { 0, 0 }: only the first may be that in earnest */
static uint32_t spans_value(struct pw_space *space, enum pw_field field,
			    const struct pw_range32 spans[MAX_SPANS],
			    uint32_t more)
{
	struct pw_rangeset *set = pw_rangeset_new(pw_box_bits(field));
	int err = set ? 0 : -ENOMEM;

	for (int i = 0; i < MAX_SPANS && !err; i++)
		if (!i || spans[i].last)
			err = pw_rangeset_add32(set, spans[i].first,
						spans[i].last);
	if (!err && more)
		err = pw_rangeset_add32(set, more, more);
	if (err || pw_rangeset_normalise(set)) {
		pw_rangeset_free(set);
		set = NULL;
	}
	return pw_values_take(space->values, set);
}

int pw_space_init(struct pw_space *space)
{
	*space = (struct pw_space){
		.values = pw_values_new(), .conds = pw_conds_new(),
	};
	if (!space->values || !space->conds) {
		pw_space_clear(space);
		return -ENOMEM;
	}
	for (int f = 0; f < PW_NUM_FIELDS; f++) {
		space->universe[f] = pw_values_take(
			space->values, pw_rangeset_all(pw_box_bits(f)));
		space->present[f] = space->universe[f];
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(limited); i++) {
		const struct limited *l = &limited[i];

		space->universe[l->field] =
			spans_value(space, l->field, l->spans, l->absent);
		space->present[l->field] =
			spans_value(space, l->field, l->spans, 0);
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(implied); i++)
		space->implied[i] = spans_value(space, implied[i].of,
						implied[i].spans, 0);
	return pw_space_error(space);
}

void pw_space_clear(struct pw_space *space)
{
	pw_values_free(space->values);
	pw_conds_free(space->conds);
	*space = (struct pw_space){ 0 };
}

int pw_space_error(const struct pw_space *space)
{
	if (space->err)
		return space->err;
	if (pw_values_error(space->values))
		return pw_values_error(space->values);
	return pw_conds_error(space->conds);
}

uint32_t pw_space_and(struct pw_space *space, uint32_t a, uint32_t b)
{
	if (a == PW_VALUE_ANY)
		return b;
	if (b == PW_VALUE_ANY)
		return a;
	return pw_values_and(space->values, a, b);
}

uint32_t pw_space_minus(struct pw_space *space, enum pw_field field, uint32_t a,
			uint32_t b)
{
	uint32_t left;

	if (b == PW_VALUE_ANY)
		return PW_VALUE_EMPTY;
	if (a == PW_VALUE_ANY)
		a = space->universe[field];
	left = pw_values_minus(space->values, a, b);
	return left == space->universe[field] ? PW_VALUE_ANY : left;
}

uint32_t pw_space_range(struct pw_space *space, enum pw_field field,
			uint64_t first, uint64_t last)
{
	return pw_values_range(space->values, pw_box_bits(field),
			       (struct pw_value){ 0, first },
			       (struct pw_value){ 0, last });
}

static void restrict_field(struct pw_space *space, struct pw_cuts *cuts,
			   enum pw_field field, uint32_t value)
{
	size_t at = 0;

	while (at < cuts->num && cuts->items[at].field < (uint32_t)field)
		at++;
	if (at < cuts->num && cuts->items[at].field == (uint32_t)field) {
		value = pw_space_and(space, cuts->items[at].value, value);
	} else {
		for (size_t i = cuts->num++; i > at; i--)
			cuts->items[i] = cuts->items[i - 1];
		cuts->items[at].field = field;
	}
	cuts->items[at].value = value;
	if (value == PW_VALUE_EMPTY)
		cuts->empty = true;
}

void pw_cuts_add(struct pw_space *space, struct pw_cuts *cuts,
		 enum pw_field field, uint32_t value)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(implied); i++)
		if (implied[i].field == field)
			restrict_field(space, cuts, implied[i].of,
				       space->implied[i]);
	if (value != PW_VALUE_ANY && value != space->universe[field])
		restrict_field(space, cuts, field, value);
}

bool pw_box_split(struct pw_space *space, const struct pw_box *box,
		  const struct pw_cuts *cuts, struct pw_box *hit,
		  struct pw_boxes *rest)
{
	uint32_t both[PW_NUM_FIELDS];
	struct pw_box left = *box;

	if (cuts->empty)
		return false;
	for (size_t i = 0; i < cuts->num; i++) {
		both[i] = pw_space_and(space, box->f[cuts->items[i].field],
				       cuts->items[i].value);
		if (both[i] == PW_VALUE_EMPTY)
			return false;
	}
	for (size_t i = 0; i < cuts->num; i++) {
		uint32_t field = cuts->items[i].field;
		uint32_t out;

		if (both[i] == left.f[field])
			continue;
		out = rest ? pw_space_minus(space, field, left.f[field],
					    cuts->items[i].value)
			   : PW_VALUE_EMPTY;
		if (out != PW_VALUE_EMPTY) {
			left.f[field] = out;
			pw_boxes_push(space, rest, &left);
		}
		left.f[field] = both[i] == space->universe[field]
					? PW_VALUE_ANY : both[i];
	}
	*hit = left;
	return true;
}

void pw_boxes_push(struct pw_space *space, struct pw_boxes *boxes,
		   const struct pw_box *box)
{
	if (PW_ARRAY_PUSH(boxes->items, boxes->num, boxes->cap, *box))
		space->err = -ENOMEM;
}

void pw_boxes_append(struct pw_space *space, struct pw_boxes *into,
		     struct pw_boxes *from)
{
	if (!into->num) {
		struct pw_boxes empty = *into;

		*into = *from;
		*from = empty;
		return;
	}
	for (size_t i = 0; i < from->num; i++)
		pw_boxes_push(space, into, &from->items[i]);
	from->num = 0;
}

void pw_boxes_clear(struct pw_boxes *boxes)
{
	free(boxes->items);
	*boxes = (struct pw_boxes){ 0 };
}
