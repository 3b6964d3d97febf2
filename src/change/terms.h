/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sections of two policies say, in numbers that can be compared. */
#ifndef CHANGE_TERMS_H
#define CHANGE_TERMS_H

#include "change/split.h"
#include "portwall/change.h"

/* Protocols as rows of ports: the transports, those without ports, and ping */
enum pw_row_of { PW_ROW_PROTOCOLS = PW_NUM_TRANSPORTS, PW_ROW_PING,
		 PW_NUM_ROWS };

/* Width of the numbers of a row */
unsigned int pw_row_bits(uint32_t row);

/* Words of a grade: how far something is let in, or that it is refused */
enum pw_grade_word {
	PW_GRADE_BLOCK,
	PW_GRADE_UNTIL_HI, PW_GRADE_UNTIL_LO,	/* all ones: no end */
	PW_GRADE_RATE, PW_GRADE_RATE_COUNT,	/* 1: set, 2: per source */
	PW_GRADE_RATE_UNIT, PW_GRADE_RATE_BURST,
	PW_GRADE_CONNS, PW_GRADE_CONNS_COUNT,
	PW_GRADE_WORDS
};

/**
 * struct pw_term - What one section says; a number is one of pw_sets
 * @section:	NULL: ping of [policy]
 * @ports:	by row
 * @to:		by kind and family
 * @grade:	of pw_terms
 */
struct pw_term {
	const struct pw_section *section;
	enum side side;
	uint32_t ports[PW_NUM_ROWS];
	uint32_t to[PW_NUM_TO][PW_NUM_FAMILIES];
	uint32_t on;
	uint32_t from[PW_NUM_FAMILIES];
	uint32_t grade;
};

/**
 * struct pw_terms - Both policies
 * @now_ns:	what ended before it says nothing, and is no term
 * @list:	first those of before
 * @addrs:	all addresses a destination of a kind can have, by family
 */
struct pw_terms {
	const struct pw_model *before, *after;
	uint64_t now_ns;
	struct pw_sets sets;
	struct pw_tuples grades;
	struct pw_term *list;
	size_t num, cap;
	uint32_t addrs[PW_NUM_TO][PW_NUM_FAMILIES];
};

/* @before may be NULL; 0 or -ENOMEM, clear it in any case */
int pw_terms_init(struct pw_terms *terms, const struct pw_model *before,
		  const struct pw_model *after);
void pw_terms_clear(struct pw_terms *terms);

/* UINT64_MAX: no end */
uint64_t pw_grade_until(const uint32_t *grade);
static inline bool pw_grade_is_limited(const uint32_t *grade)
{
	return grade[PW_GRADE_RATE] || grade[PW_GRADE_CONNS];
}

#endif
