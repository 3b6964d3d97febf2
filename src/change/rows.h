/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences as rows of numbers, and rows that say the same as one. */
#ifndef CHANGE_ROWS_H
#define CHANGE_ROWS_H

#include "change/terms.h"

/* A set is one of pw_sets; of a family that a row is not about: none */
enum pw_column {
	PW_COL_KIND,		/* enum pw_change_kind */
	PW_COL_ROW,		/* enum pw_row_of */
	PW_COL_TERM,		/* 1 + term that decides; 0: none */
	PW_COL_ADMITS,		/* let in today, by the new policy */
	PW_COL_TEXT,		/* 1 + text; 0: none */
	PW_COL_PORTS,
	PW_COL_ON,
	PW_COL_FROM,		/* by family */
	PW_COL_TO = PW_COL_FROM + PW_NUM_FAMILIES,	/* kind, family */
	PW_NUM_COLS = PW_COL_TO + PW_NUM_TO * PW_NUM_FAMILIES
};

struct pw_row {
	uint32_t col[PW_NUM_COLS];
};

struct pw_rows {
	struct pw_row *list;
	size_t num, cap;
};

static inline unsigned int pw_col_to(unsigned int kind, unsigned int family)
{
	return PW_COL_TO + kind * PW_NUM_FAMILIES + family;
}

/* Joins rows that differ in one dimension only, and families; 0 or -ENOMEM */
int pw_rows_fold(struct pw_rows *rows, struct pw_sets *sets);

#endif
