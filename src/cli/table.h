/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that fit the terminal: long cells go on below themselves. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_MAX_COLS 6

/**
 * struct table_row
 * @cell:	printable ASCII, NULL: empty
 * @note:	behind the last column if there is room, else below; NULL: none
 * @rank:	rows with a lower one come first
 */
struct table_row {
	char *cell[TABLE_MAX_COLS];
	char *note;
	int rank;
};

/**
 * struct table - Rows under a heading
 * @heading:	NULL: none
 * @indent:	columns that stay free on the left
 * @right:	the last column is aligned to the right
 */
struct table {
	const char *const *heading;
	size_t num_cols;
	size_t indent;
	bool right;
	struct table_row *rows;
	size_t num, cap;
};

/* Takes the strings of @row, also on failure; 0 or -ENOMEM */
int table_add(struct table *table, struct table_row *row);
/* Returns the columns of a line */
size_t table_print(const struct table *table, FILE *out);
void table_clear(struct table *table);

/* Bytes of @text for a line of @width columns: up to a space if there is one */
size_t wrap_piece(const char *text, size_t width);

/*
 * Prints @text and a newline, broken at spaces where it would be too wide.
 * @used: columns taken on the first line; @indent: before the others
 */
void print_wrapped(const char *text, size_t used, size_t indent, FILE *out);

#endif
