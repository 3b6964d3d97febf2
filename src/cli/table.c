// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables that fit the terminal: long cells go on below themselves. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/table.h"
#include "portwall/array.h"

#define MIN_WIDTH 8

static void row_clear(struct table_row *row)
{
	for (size_t i = 0; i < TABLE_MAX_COLS; i++)
		free(row->cell[i]);
	free(row->note);
}

int table_add(struct table *table, struct table_row *row)
{
	int err = PW_ARRAY_PUSH(table->rows, table->num, table->cap, *row);

	if (err)
		row_clear(row);
	return err;
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->num; i++)
		row_clear(&table->rows[i]);
	free(table->rows);
}

size_t wrap_piece(const char *text, size_t width)
{
	size_t len = strlen(text), cut = width;

	if (len <= width)
		return len;
	while (cut && text[cut] != ' ')
		cut--;
	return cut ? cut : width;
}

void print_wrapped(const char *text, size_t used, size_t indent, FILE *out)
{
	size_t len = wrap_piece(text, OUTPUT_WIDTH - used);

	fprintf(out, "%.*s\n", (int)len, text);
	for (text += len; *text; text += len) {
		text += strspn(text, " ");
		len = wrap_piece(text, OUTPUT_WIDTH - indent);
		fprintf(out, "%*s%.*s\n", (int)indent, "", (int)len, text);
	}
}

/* How the lines of a table are divided: columns for each cell, and between */
struct layout {
	size_t width[TABLE_MAX_COLS];
	size_t gap;
};

static size_t total(const struct table *table, const struct layout *layout)
{
	size_t sum = table->indent + layout->gap * (table->num_cols - 1);

	for (size_t c = 0; c < table->num_cols; c++)
		sum += layout->width[c];
	return sum;
}

static void shrink_widest(const struct table *table, struct layout *layout)
{
	size_t widest = 0;

	for (size_t c = 1; c < table->num_cols; c++)
		if (layout->width[c] > layout->width[widest])
			widest = c;
	if (layout->width[widest] > MIN_WIDTH)
		layout->width[widest]--;
}

static struct layout find_layout(const struct table *table)
{
	struct layout layout = { .gap = 2 };

	for (size_t c = 0; c < table->num_cols; c++) {
		size_t *width = &layout.width[c];

		*width = table->heading ? strlen(table->heading[c]) : 0;
		for (size_t r = 0; r < table->num; r++) {
			const char *cell = table->rows[r].cell[c];

			if (cell && strlen(cell) > *width)
				*width = strlen(cell);
		}
	}
	if (total(table, &layout) > OUTPUT_WIDTH)
		layout.gap = 1;
	while (total(table, &layout) > OUTPUT_WIDTH)
		shrink_widest(table, &layout);
	return layout;
}

/* One line of a row, from where each cell has got to; false: nothing left */
static bool print_line(const struct table *table, const struct layout *layout,
		       const char **at, const char *note, FILE *out)
{
	size_t pad = table->indent;
	bool more = false;

	for (size_t c = 0; c < table->num_cols; c++) {
		size_t width = layout->width[c];
		size_t len = wrap_piece(at[c], width);

		if (table->right && c + 1 == table->num_cols)
			pad += width - len;
		if (len)
			fprintf(out, "%*s%.*s", (int)pad, "", (int)len, at[c]);
		pad = (len ? width - len : pad + width) + layout->gap;
		at[c] += len;
		at[c] += strspn(at[c], " ");
		more |= *at[c] != '\0';
	}
	if (note)
		fprintf(out, "   %s", note);
	putc('\n', out);
	return more;
}

static void print_row(const struct table *table, const struct table_row *row,
		      const struct layout *layout, FILE *out)
{
	const char *at[TABLE_MAX_COLS], *note = row->note;
	size_t indent = table->indent + layout->width[0] + layout->gap;
	bool below = note && total(table, layout) + 3 + strlen(note) >
				     OUTPUT_WIDTH;

	if (below)
		note = NULL;
	for (size_t c = 0; c < table->num_cols; c++)
		at[c] = row->cell[c] ? row->cell[c] : "";
	while (print_line(table, layout, at, note, out))
		note = NULL;
	if (below) {
		fprintf(out, "%*s", (int)indent, "");
		print_wrapped(row->note, indent, indent, out);
	}
}

static void print_heading(const struct table *table,
			  const struct layout *layout, FILE *out)
{
	const char *at[TABLE_MAX_COLS];

	for (size_t c = 0; c < table->num_cols; c++)
		at[c] = table->heading[c];
	print_line(table, layout, at, NULL, out);
}

/* There are few ranks: a pass for each keeps the rows of a rank in order */
size_t table_print(const struct table *table, FILE *out)
{
	const struct layout layout = find_layout(table);
	size_t printed = 0;

	if (table->heading)
		print_heading(table, &layout, out);
	for (int rank = 0; printed < table->num; rank++) {
		for (size_t r = 0; r < table->num; r++) {
			if (table->rows[r].rank != rank)
				continue;
			print_row(table, &table->rows[r], &layout, out);
			printed++;
		}
	}
	return total(table, &layout);
}
