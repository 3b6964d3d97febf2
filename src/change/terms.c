/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sections of two policies say, in numbers that can be compared. */
#include "change/terms.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"

#define PORT_BITS 16
#define PROTO_BITS 8
#define NAME_BITS 128

unsigned int pw_row_bits(uint32_t row)
{
	return row < PW_NUM_TRANSPORTS ? PORT_BITS : PROTO_BITS;
}

uint64_t pw_grade_until(const uint32_t *grade)
{
	return (uint64_t)grade[PW_GRADE_UNTIL_HI] << 32 |
	       grade[PW_GRADE_UNTIL_LO];
}

static void set_limit(uint32_t *grade, enum pw_grade_word flag,
		      const struct pw_limit *limit)
{
	if (limit->set)
		grade[flag] = limit->per_source ? 3 : 1;
	if (limit->set)
		grade[flag + 1] = limit->rate.count;
}

/* NULL: no end, no limit, no block */
static int add_grade(struct pw_terms *terms, const struct pw_section *s,
		     const struct pw_limit *rate, uint32_t *out)
{
	uint64_t until = s && s->until_ns ? s->until_ns : UINT64_MAX;
	uint32_t grade[PW_GRADE_WORDS] = {
		[PW_GRADE_BLOCK] = s && s->block,
		[PW_GRADE_UNTIL_HI] = (uint32_t)(until >> 32),
		[PW_GRADE_UNTIL_LO] = (uint32_t)until,
	};
	int64_t n;

	set_limit(grade, PW_GRADE_RATE, rate);
	if (rate->set) {
		grade[PW_GRADE_RATE_UNIT] = rate->rate.unit_s;
		grade[PW_GRADE_RATE_BURST] = rate->rate.burst;
	}
	if (s)
		set_limit(grade, PW_GRADE_CONNS, &s->connections);
	n = pw_tuples_add(&terms->grades, grade);
	if (n < 0)
		return -ENOMEM;
	*out = (uint32_t)n;
	return 0;
}

/* Destinations: those of a kind that is named, else those that are listed */
static void set_to(struct pw_terms *terms, const struct pw_section *s,
		   struct pw_term *term)
{
	const bool named[PW_NUM_TO] = {
		[PW_TO_LOCAL] = s->to_local,
		[PW_TO_BROADCAST] = s->to_broadcast,
		[PW_TO_MULTICAST] = s->to_multicast,
	};

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		uint32_t to = pw_sets_add(&terms->sets, s->to.set[f]);

		for (int kind = 0; kind < PW_NUM_TO; kind++) {
			uint32_t all = terms->addrs[kind][f];

			term->to[kind][f] = s->any_to || named[kind] ? all :
				pw_sets_intersect(&terms->sets, to, all);
		}
	}
}

static void set_ports(struct pw_terms *terms, const struct pw_section *s,
		      struct pw_term *term)
{
	struct pw_sets *sets = &terms->sets;

	for (int row = 0; row < PW_NUM_ROWS; row++) {
		if (s->everything || (row == PW_ROW_PING && s->ping))
			term->ports[row] = pw_sets_all(sets, pw_row_bits(row));
		else if (row < PW_NUM_TRANSPORTS)
			term->ports[row] = pw_sets_add(sets, s->ports[row]);
		else if (row == PW_ROW_PROTOCOLS)
			term->ports[row] = pw_sets_add(sets, s->protocols);
	}
}

static int push(struct pw_terms *terms, struct pw_term *term)
{
	if (terms->sets.err)
		return terms->sets.err;
	return PW_ARRAY_PUSH(terms->list, terms->num, terms->cap, *term);
}

static int add_section(struct pw_terms *terms, enum side side,
		       const struct pw_section *s)
{
	struct pw_term term = { .section = s, .side = side };
	struct pw_sets *sets = &terms->sets;
	int err;

	if (s->until_ns && s->until_ns <= terms->now_ns)
		return 0;
	set_ports(terms, s, &term);
	set_to(terms, s, &term);
	term.on = s->any_on ? pw_sets_all(sets, NAME_BITS) :
			      pw_sets_add(sets, s->on);
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		term.from[f] = s->any_from ?
			       pw_sets_all(sets, pw_family_bits(f)) :
			       pw_sets_add(sets, s->from.set[f]);
	err = add_grade(terms, s, &s->rate, &term.grade);
	return err ? err : push(terms, &term);
}

/* To own addresses, from anyone */
static int add_ping(struct pw_terms *terms, enum side side,
		    const struct pw_model *model)
{
	const struct pw_limit rate = {
		.set = model->ping == PW_PING_RATE, .rate = model->ping_rate,
	};
	struct pw_term term = { .side = side };
	struct pw_sets *sets = &terms->sets;
	int err;

	if (model->ping == PW_PING_NO)
		return 0;
	term.ports[PW_ROW_PING] = pw_sets_all(sets, PROTO_BITS);
	term.on = pw_sets_all(sets, NAME_BITS);
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		term.to[PW_TO_LOCAL][f] = terms->addrs[PW_TO_LOCAL][f];
		term.from[f] = pw_sets_all(sets, pw_family_bits(f));
	}
	err = add_grade(terms, NULL, &rate, &term.grade);
	return err ? err : push(terms, &term);
}

static int add_model(struct pw_terms *terms, enum side side,
		     const struct pw_model *model)
{
	int err = 0;

	for (size_t i = 0; !err && i < model->num_sections; i++)
		err = add_section(terms, side, &model->sections[i]);
	return err ? err : add_ping(terms, side, model);
}

/* 224.0.0.0/4 and ff00::/8 are multicast, and IPv6 has no broadcast */
static void set_addrs(struct pw_terms *terms)
{
	static const struct {
		struct pw_value first, last;
	} multicast[PW_NUM_FAMILIES] = {
		[PW_IPV4] = { { 0, 0xe0000000 }, { 0, 0xefffffff } },
		[PW_IPV6] = { { UINT64_C(0xff) << 56, 0 },
			      { UINT64_MAX, UINT64_MAX } },
	};

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		unsigned int bits = pw_family_bits(f);
		struct pw_sets *sets = &terms->sets;
		uint32_t group = pw_sets_take(sets,
			pw_rangeset_of(bits, multicast[f].first,
				       multicast[f].last));
		uint32_t other = pw_sets_subtract(sets,
						  pw_sets_all(sets, bits),
						  group);

		terms->addrs[PW_TO_LOCAL][f] = other;
		terms->addrs[PW_TO_BROADCAST][f] =
			f == PW_IPV4 ? other : PW_NO_SET;
		terms->addrs[PW_TO_MULTICAST][f] = group;
		terms->addrs[PW_TO_OTHER][f] = other;
	}
}

int pw_terms_init(struct pw_terms *terms, const struct pw_model *before,
		  const struct pw_model *after)
{
	int err = 0;

	*terms = (struct pw_terms){
		.before = before, .after = after, .now_ns = after->now_ns,
		.grades = { .width = PW_GRADE_WORDS },
	};
	pw_sets_init(&terms->sets);
	set_addrs(terms);
	if (before)
		err = add_model(terms, SIDE_BEFORE, before);
	return err ? err : add_model(terms, SIDE_AFTER, after);
}

void pw_terms_clear(struct pw_terms *terms)
{
	pw_sets_clear(&terms->sets);
	pw_tuples_clear(&terms->grades);
	free(terms->list);
}
