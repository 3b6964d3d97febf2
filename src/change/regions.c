/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where two policies differ: the space of packets divided one dimension after
 * the other (protocol and port, destination, interface, source), and only where
 * the sections that are left do not say the same on both sides.
 */
#include "change/regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change/sources.h"
#include "portwall/array.h"

#define NAME_BITS 128

/* A division on its way: where it has got to, as a row that is not complete */
struct place {
	struct pw_regions *regions;
	struct pw_row row;
	enum pw_family family;
	unsigned int kind;		/* of destinations */
};

typedef int (*on_part_fn)(struct place *place, struct pw_part *part);

/* The number of what a term says, as far as @words go */
static int number(struct pw_regions *regions, const uint32_t words[],
		  uint32_t *out)
{
	int64_t n = pw_tuples_add(&regions->rests, words);

	if (n < 0)
		return -ENOMEM;
	*out = (uint32_t)n;
	return 0;
}

/* Divide, and go on with each part */
static int divide(struct place *place, unsigned int bits, uint32_t within,
		  const struct pw_member *members, size_t num,
		  on_part_fn on_part)
{
	struct pw_split split = { 0 };
	int err = pw_split(&place->regions->terms->sets, bits, within, members,
			   num, &split);

	for (size_t i = 0; !err && i < split.num; i++)
		err = on_part(place, &split.parts[i]);
	pw_split_clear(&split);
	return err;
}

static const struct pw_term *term_of(const struct place *place,
				     const struct pw_member *m)
{
	return &place->regions->terms->list[m->entry];
}

/* Interfaces are known: divide the sources, and judge */
static int on_names(struct place *place, struct pw_part *part)
{
	unsigned int from = PW_COL_FROM + place->family;
	struct pw_row row = place->row;

	row.col[PW_COL_ON] = part->set;
	return pw_sources_divide(place->regions, &row, from, place->family,
				 part->members, part->num);
}

static int on_destinations(struct place *place, struct pw_part *part)
{
	struct pw_sets *sets = &place->regions->terms->sets;

	for (size_t i = 0; i < part->num; i++) {
		struct pw_member *m = &part->members[i];
		const struct pw_term *term = term_of(place, m);
		const uint32_t rest[PW_REST_WORDS] = {
			PW_REST_SOURCE, term->from[place->family], term->grade,
		};
		int err = number(place->regions, rest, &m->rest);

		if (err)
			return err;
		m->set = term->on;
	}
	place->row.col[pw_col_to(place->kind, place->family)] = part->set;
	return divide(place, NAME_BITS, pw_sets_all(sets, NAME_BITS),
		      part->members, part->num, on_names);
}

/* Those that speak of a family and a kind of destinations; 0: nobody opens */
static int members_of(struct place *place, const struct pw_part *part,
		      struct pw_member *members, size_t *num)
{
	struct pw_terms *terms = place->regions->terms;
	bool opens = false;
	size_t n = 0;

	for (size_t i = 0; i < part->num; i++) {
		struct pw_member m = part->members[i];
		const struct pw_term *term = term_of(place, &m);
		const uint32_t rest[PW_REST_WORDS] = {
			PW_REST_NAME, term->on, term->from[place->family],
			term->grade,
		};
		int err = number(place->regions, rest, &m.rest);

		if (err)
			return err;
		m.set = term->to[place->kind][place->family];
		if (!m.set || !term->from[place->family] || !term->on)
			continue;
		opens |= !pw_tuples_get(&terms->grades,
					term->grade)[PW_GRADE_BLOCK];
		members[n++] = m;
	}
	*num = opens ? n : 0;
	return 0;
}

static int divide_destinations(struct place *place, const struct pw_part *part,
			       struct pw_member *members)
{
	struct pw_terms *terms = place->regions->terms;
	size_t num = 0;
	int err = members_of(place, part, members, &num);

	if (err || !num)
		return err;
	return divide(place, pw_family_bits(place->family),
		      terms->addrs[place->kind][place->family], members, num,
		      on_destinations);
}

static int on_ports(struct place *place, struct pw_part *part)
{
	const struct pw_row row = place->row;
	struct pw_regions *regions = place->regions;
	int err = pw_near_keep(&regions->near, part->members,
				    &part->num, regions->rests.num);
	struct pw_member *members = calloc(part->num + 1, sizeof(*members));

	if (!members)
		err = -ENOMEM;

	for (unsigned int i = 0; !err && i < PW_NUM_TO * PW_NUM_FAMILIES; i++) {
		place->row = row;
		place->row.col[PW_COL_PORTS] = part->set;
		place->kind = i / PW_NUM_FAMILIES;
		place->family = i % PW_NUM_FAMILIES;
		err = divide_destinations(place, part, members);
	}
	place->row = row;
	free(members);
	return err;
}

/* All that a term says; of ports that they are @ports, 0: whatever they are */
static int number_term(struct pw_regions *regions, const struct pw_term *term,
		       uint32_t ports, uint32_t *out)
{
	uint32_t rest[PW_REST_WORDS] = {
		PW_REST_ALL, ports, term->on, term->from[PW_IPV4],
		term->from[PW_IPV6], term->grade,
	};

	memcpy(rest + 6, term->to, sizeof(term->to));
	return number(regions, rest, out);
}

/* Those that speak of a row, told apart by all that they say */
static int row_members(struct pw_regions *regions, enum pw_row_of row,
		       struct pw_member *members, size_t *num)
{
	const struct pw_terms *terms = regions->terms;
	int err = 0;

	*num = 0;
	for (uint32_t i = 0; !err && i < terms->num; i++) {
		const struct pw_term *term = &terms->list[i];
		struct pw_member m = {
			.set = term->ports[row], .entry = i, .side = term->side,
		};

		if (!m.set)
			continue;
		err = number_term(regions, term, m.set, &m.rest);
		members[(*num)++] = m;
	}
	return err;
}

static int divide_row(struct pw_regions *regions, enum pw_row_of row,
		      struct pw_member *members)
{
	struct pw_terms *terms = regions->terms;
	struct place place = {
		.regions = regions, .row.col[PW_COL_ROW] = row,
	};
	unsigned int bits = pw_row_bits(row);
	size_t num;
	int err = row_members(regions, row, members, &num);

	if (!err)
		err = pw_near_keep(&regions->near, members, &num,
				   regions->rests.num);
	for (size_t i = 0; !err && i < num; i++)
		err = number_term(regions, term_of(&place, &members[i]), 0,
				  &members[i].rest);
	return err ? err : divide(&place, bits, pw_sets_all(&terms->sets, bits),
				  members, num, on_ports);
}

int pw_regions_find(struct pw_regions *regions, struct pw_terms *terms)
{
	struct pw_member *members = calloc(terms->num + 1, sizeof(*members));
	int err = members ? 0 : -ENOMEM;

	*regions = (struct pw_regions){
		.terms = terms, .near.terms = terms,
		.rests = { .width = PW_REST_WORDS },
		.text_hashes = { .width = 4 },
	};
	for (int row = 0; !err && row < PW_NUM_ROWS; row++)
		err = divide_row(regions, row, members);
	free(members);
	return err ? err : terms->sets.err;
}

void pw_regions_clear(struct pw_regions *regions)
{
	free(regions->rows.list);
	pw_near_clear(&regions->near);
	pw_tuples_clear(&regions->rests);
	pw_tuples_clear(&regions->text_hashes);
	for (size_t i = 0; i < regions->num_texts; i++)
		free(regions->texts[i]);
	free(regions->texts);
}
