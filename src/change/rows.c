/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences as rows of numbers, and rows that say the same as one. */
#include "change/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BIT(column) (UINT32_C(1) << (column))
#define FROM (BIT(PW_COL_FROM + PW_IPV4) | BIT(PW_COL_FROM + PW_IPV6))
#define TO (BIT(PW_NUM_COLS) - BIT(PW_COL_TO))

/* Orders by all columns but those in @arg, a mask */
static int row_cmp(const void *a, const void *b, void *arg)
{
	const struct pw_row *x = a, *y = b;
	uint32_t mask = *(const uint32_t *)arg;

	for (unsigned int c = 0; c < PW_NUM_COLS; c++)
		if (!(mask & BIT(c)) && x->col[c] != y->col[c])
			return x->col[c] < y->col[c] ? -1 : 1;
	return 0;
}

/* The first of @num rows takes what the others have in columns of @mask */
static void join(struct pw_row *rows, size_t num, uint32_t mask,
		 struct pw_sets *sets, uint32_t *scratch)
{
	for (unsigned int c = 0; c < PW_NUM_COLS; c++) {
		if (!(mask & BIT(c)))
			continue;
		for (size_t i = 0; i < num; i++)
			scratch[i] = rows[i].col[c];
		rows->col[c] = pw_sets_union_of(sets, scratch, num);
	}
}

/*
 * Rows that agree in all columns but those of @mask become one: a union as long
 * as these are one dimension, which the kinds of destinations are.
 */
static void fold(struct pw_rows *rows, uint32_t mask, struct pw_sets *sets,
		 uint32_t *scratch)
{
	size_t num = 0, next;

	qsort_r(rows->list, rows->num, sizeof(*rows->list), row_cmp, &mask);
	for (size_t i = 0; i < rows->num; i = next) {
		struct pw_row *row = &rows->list[i];

		for (next = i + 1; next < rows->num; next++)
			if (row_cmp(row, &rows->list[next], &mask))
				break;
		if (next > i + 1)
			join(row, next - i, mask, sets, scratch);
		rows->list[num++] = *row;
	}
	rows->num = num;
}

static bool is_gone(const struct pw_row *row)
{
	return !row->col[PW_COL_FROM + PW_IPV4] &&
	       !row->col[PW_COL_FROM + PW_IPV6];
}

/* A row of the other family behind @row among those that agree with it */
static struct pw_row *find_other(struct pw_row *row, const struct pw_row *end,
				 uint32_t mask)
{
	bool is_ipv6 = row->col[PW_COL_FROM + PW_IPV6];
	unsigned int other = PW_COL_FROM + (is_ipv6 ? PW_IPV4 : PW_IPV6);

	for (struct pw_row *r = row + 1; r < end && !row_cmp(row, r, &mask);
	     r++)
		if (r->col[other])
			return r;
	return NULL;
}

/*
 * An IPv4 row and an IPv6 row about the same ports are one: an address of one
 * family never goes with one of the other.
 */
static void pair_families(struct pw_rows *rows)
{
	const struct pw_row *end = rows->list + rows->num;
	uint32_t mask = FROM | TO;
	size_t num = 0;

	qsort_r(rows->list, rows->num, sizeof(*rows->list), row_cmp, &mask);
	for (struct pw_row *row = rows->list; row < end; row++) {
		struct pw_row *other;

		if (is_gone(row))
			continue;
		other = find_other(row, end, mask);
		for (int c = PW_COL_FROM; other && c < PW_NUM_COLS; c++)
			row->col[c] |= other->col[c];
		if (other)
			memset(other->col + PW_COL_FROM, 0,
			       PW_NUM_FAMILIES * sizeof(*other->col));
		rows->list[num++] = *row;
	}
	rows->num = num;
}

int pw_rows_fold(struct pw_rows *rows, struct pw_sets *sets)
{
	static const uint32_t dimensions[] = {
		FROM, BIT(PW_COL_ON), TO, BIT(PW_COL_PORTS),
	};
	uint32_t *scratch;

	if (!rows->num)
		return 0;
	scratch = calloc(rows->num, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; i < PW_ARRAY_SIZE(dimensions); i++)
		fold(rows, dimensions[i], sets, scratch);
	pair_families(rows);
	fold(rows, BIT(PW_COL_PORTS), sets, scratch);
	free(scratch);
	return sets->err;
}
