// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes in ports: the lines of plan and apply. */
#include "cli/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "portwall/array.h"
#include "portwall/text.h"

#define MAX_LINES 40
#define MAX_PORTS 18	/* columns for the ports of one line */
#define NAME_WIDTH 7	/* columns for names of sections that are short */

/**
 * struct line - Changes that differ in their ports alone
 * @at:		of the first of them in the list: lines are in that order
 * @first, @num: positions in the order of struct lines
 */
struct line {
	size_t at, first, num;
};

/**
 * struct lines - How changes are shown
 * @order:	positions in the list, those of one line together
 */
struct lines {
	const struct changes_view *view;
	size_t *order;
	size_t num_order;
	struct line *list;
	size_t num, cap;
};

static int text_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Do two changes belong on one line, or which comes first? */
static int line_cmp(const struct changes_view *view, const struct pw_change *x,
		    const struct pw_change *y)
{
	struct change_words p = change_words(view, x);
	struct change_words q = change_words(view, y);
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	if (x->section != y->section)
		return (uintptr_t)x->section < (uintptr_t)y->section ? -1 : 1;
	order = text_cmp(x->from_text, y->from_text);
	if (!order)
		order = text_cmp(x->on_text, y->on_text);
	if (!order)
		order = text_cmp(x->to_text, y->to_text);
	if (!order)
		order = text_cmp(x->text, y->text);
	if (!order)
		order = strcmp(p.before, q.before);
	return order ? order : strcmp(p.after, q.after);
}

static int order_cmp(const void *a, const void *b, void *arg)
{
	const struct changes_view *view = *(const struct changes_view **)arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int order = line_cmp(view, &view->changes->list[i],
			     &view->changes->list[j]);

	return order ? order : i < j ? -1 : i > j;
}

static int at_cmp(const void *a, const void *b)
{
	size_t i = ((const struct line *)a)->at;
	size_t j = ((const struct line *)b)->at;

	return i < j ? -1 : i > j;
}

static const struct pw_change *change_at(const struct lines *lines, size_t i)
{
	return &lines->view->changes->list[lines->order[i]];
}

/* "8443", "6000-6010"; returns its length */
static int format_ports(const struct pw_change *change, char buf[static 16])
{
	if (change->first == change->last)
		return snprintf(buf, 16, "%u", change->first);
	return snprintf(buf, 16, "%u-%u", change->first, change->last);
}

/* How many changes from @first on share a line */
static size_t line_len(const struct lines *lines, size_t first)
{
	const struct pw_change *change = change_at(lines, first);
	char buf[16];
	size_t num = 1;
	int width = format_ports(change, buf);

	while (change->first && first + num < lines->num_order) {
		const struct pw_change *next = change_at(lines, first + num);

		width += 1 + format_ports(next, buf);
		if (width > MAX_PORTS || line_cmp(lines->view, change, next))
			break;
		num++;
	}
	return num;
}

static int make_lines(struct lines *lines)
{
	const struct pw_changes *changes = lines->view->changes;
	int err = 0;

	lines->order = calloc(changes->num + 1, sizeof(*lines->order));
	if (!lines->order)
		return -ENOMEM;
	for (size_t i = 0; i < changes->num; i++)
		if (changes->list[i].kind != PW_CHANGE_SETTING)
			lines->order[lines->num_order++] = i;
	qsort_r(lines->order, lines->num_order, sizeof(*lines->order),
		order_cmp, &lines->view);
	for (size_t i = 0; !err && i < lines->num_order;) {
		struct line line = { lines->order[i], i, line_len(lines, i) };

		err = PW_ARRAY_PUSH(lines->list, lines->num, lines->cap, line);
		i += line.num;
	}
	if (!err && lines->num)
		qsort(lines->list, lines->num, sizeof(*lines->list), at_cmp);
	return err;
}

/* "tcp/80,443", "gre", "ping" */
static void put_ports(const struct lines *lines, const struct line *line,
		      FILE *out)
{
	const struct pw_change *change = change_at(lines, line->first);
	char buf[16];

	if (change->kind == PW_CHANGE_REST) {
		fputs("everything else", out);
		return;
	}
	fputs(change_proto(change, buf), out);
	for (size_t i = 0; change->first && i < line->num; i++) {
		format_ports(change_at(lines, line->first + i), buf);
		fprintf(out, "%s%s", i ? "," : "/", buf);
	}
}

static void put_text(const char *text, FILE *out)
{
	pw_escape_put(text, strlen(text), out);
}

static void put_whom(const struct lines *lines, const struct line *line,
		     FILE *out)
{
	const struct pw_change *change = change_at(lines, line->first);

	put_text(change->from_text ? change->from_text : "anyone", out);
	if (change->on_text) {
		fputs(" on ", out);
		put_text(change->on_text, out);
	}
	if (change->to_text) {
		fputs(" to ", out);
		put_text(change->to_text, out);
	}
}

static void put_states(const struct lines *lines, const struct line *line,
		       FILE *out)
{
	const struct pw_change *change = change_at(lines, line->first);
	struct change_words words = change_words(lines->view, change);

	fprintf(out, "%-8s -> %s", words.before, words.after);
}

static void put_gone(const struct pw_section *s, FILE *out)
{
	fputs(s->block ? "(block '" : "(section '", out);
	put_text(s->name, out);
	fputs("' is gone)", out);
}

/* "web line 24"; where it is in another file than the policy's own, that too */
static void put_why(const struct lines *lines, const struct line *line,
		    FILE *out)
{
	const struct pw_section *s = change_at(lines, line->first)->section;
	int pad;

	if (!s && change_at(lines, line->first)->kind == PW_CHANGE_REST)
		return;
	if (!s) {
		fputs("[policy]", out);
		return;
	}
	if (change_at(lines, line->first)->gone) {
		put_gone(s, out);
		return;
	}
	pad = NAME_WIDTH - (int)strlen(s->name);
	fputs(s->block ? "block " : "", out);
	put_text(s->name, out);
	fprintf(out, "%*s line %u", pad > 0 && !s->block ? pad : 0, "",
		s->line);
	if (strcmp(s->file, lines->view->after->source)) {
		fputs(" of ", out);
		put_text(s->file, out);
	}
}

static int add_line(struct table *table, const struct lines *lines,
		    const struct line *line)
{
	static void (*const cells[])(const struct lines *, const struct line *,
				     FILE *) = {
		put_ports, put_whom, put_states, put_why,
	};
	const char *text = change_at(lines, line->first)->text;
	struct table_row row = { .rank = 0 };
	int err = 0;

	for (size_t c = 0; c < PW_ARRAY_SIZE(cells); c++) {
		size_t len;
		FILE *out = pw_text_open(&row.cell[c], &len);

		if (!out) {
			err = -ENOMEM;
			break;
		}
		cells[c](lines, line, out);
		err = pw_text_close(out, &row.cell[c]) ? -ENOMEM : err;
	}
	if (!err && text)
		row.note = pw_escape(text);
	if (text && !row.note)
		err = -ENOMEM;
	return table_add(table, &row) ? -ENOMEM : err;
}

static size_t widest(const struct table *table, size_t c)
{
	size_t width = 0;

	for (size_t r = 0; r < table->num; r++)
		if (strlen(table->rows[r].cell[c]) > width)
			width = strlen(table->rows[r].cell[c]);
	return width;
}

/* What is gone has a long name for that: below, unless all have room */
static void move_gone(struct table *table)
{
	size_t width = table->indent + 2 * (table->num_cols - 1);

	for (size_t c = 0; c < table->num_cols; c++)
		width += widest(table, c);
	for (size_t r = 0; width > OUTPUT_WIDTH && r < table->num; r++) {
		struct table_row *row = &table->rows[r];

		if (row->cell[table->num_cols - 1][0] == '(' && !row->note)
			row->note = PW_TAKE(row->cell[table->num_cols - 1]);
	}
}

static int print_lines(const struct lines *lines)
{
	struct table table = { .num_cols = 4, .indent = 2 };
	size_t num = lines->num < MAX_LINES ? lines->num : MAX_LINES;
	int err = 0;

	for (size_t i = 0; !err && i < num; i++)
		err = add_line(&table, lines, &lines->list[i]);
	if (!err)
		move_gone(&table);
	if (!err && num)
		table_print(&table, stdout);
	table_clear(&table);
	if (!err && lines->num > num)
		printf("  and %zu more (portwall plan --json has all)\n",
		       lines->num - num);
	return err;
}

static int print_settings(const struct changes_view *view)
{
	for (size_t i = 0; i < view->changes->num; i++) {
		const struct pw_change *change = &view->changes->list[i];
		char *text;

		if (change->kind != PW_CHANGE_SETTING)
			continue;
		text = pw_escape(change->text);
		if (!text)
			return -ENOMEM;
		fputs("  ", stdout);
		print_wrapped(text, 2, 4, stdout);
		free(text);
	}
	return 0;
}

int changes_print(const struct changes_view *view)
{
	struct lines lines = { .view = view };
	int err = make_lines(&lines);

	if (!err)
		err = print_lines(&lines);
	if (!err)
		err = print_settings(view);
	if (!err && !lines.num)
		puts("no port changed");
	free(lines.order);
	free(lines.list);
	return err;
}

int changes_show(struct cli *cli, const struct pw_model *before,
		 const struct pw_model *after, bool here, size_t *num)
{
	pw_owned(pw_changes_free) struct pw_changes *changes = NULL;
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;
	struct changes_view view = { .after = after };
	int err = pw_changes_find(before, after, &changes);

	if (!err && here && changes->num)
		err = pw_listeners_ports(&listeners);
	if (err)
		return err;
	view.changes = changes;
	view.listeners = listeners;
	if (num)
		*num = changes->num;
	if (cli->doc)
		doc_set(cli->doc, "changes", changes_json(&view));
	else if (!cli->quiet)
		err = changes_print(&view);
	return err;
}
