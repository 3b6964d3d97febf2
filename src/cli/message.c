// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages with their place: quoted line, caret, what to do. */
#include <string.h>
#include <unistd.h>

#include "cli/output.h"

#define QUOTE_WIDTH (OUTPUT_WIDTH - 8)	/* beside "   14 | " */
#define QUOTE_BEFORE 40			/* columns kept before the place */
#define PREFIX "portwall: "

static const struct severity_row {
	const char *word;
	enum mark mark;
} severities[] = {
	[PW_ERROR] = { "error", MARK_ERROR },
	[PW_WARNING] = { "warning", MARK_WARNING },
	[PW_NOTE] = { "note", MARK_NOTE },
};

/* Part of a line that fits beside its number */
struct window {
	const char *text;
	size_t len;		/* bytes */
	bool cut_before, cut_after;
	size_t caret, caret_len;	/* columns */
};

static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += pw_escape_width(text[i]);
	return width;
}

/* Bytes of @text that fit in @width columns */
static size_t fitting(const char *text, size_t len, size_t width)
{
	size_t used = 0, i;

	for (i = 0; i < len; i++) {
		used += pw_escape_width(text[i]);
		if (used > width)
			break;
	}
	return i;
}

static struct window window_of(const struct pw_diag *diag)
{
	size_t len = strlen(diag->quote), start = 0, room = QUOTE_WIDTH;
	size_t at = diag->col ? diag->col - 1 : 0;
	size_t mark = diag->len ? diag->len : 1;
	struct window w = { 0 };

	if (at > len)
		at = len;
	if (width_of(diag->quote, len) > QUOTE_WIDTH) {
		for (size_t before = width_of(diag->quote, at);
		     before > QUOTE_BEFORE; start++)
			before -= pw_escape_width(diag->quote[start]);
		w.cut_before = start > 0;
		room -= 3 + (w.cut_before ? 3 : 0);
	}
	w.text = diag->quote + start;
	w.len = fitting(w.text, len - start, room);
	w.cut_after = start + w.len < len;
	w.caret = (w.cut_before ? 3 : 0) + width_of(w.text, at - start);
	if (mark > w.len - (at - start))
		mark = w.len - (at - start);
	w.caret_len = width_of(w.text + (at - start), mark);
	return w;
}

static void print_quote(const struct pw_diag *diag)
{
	struct window w = window_of(diag);

	fprintf(stderr, "%5u | %s", diag->line, w.cut_before ? "..." : "");
	pw_escape_put(w.text, w.len, stderr);
	fprintf(stderr, "%s\n      | %*s^", w.cut_after ? "..." : "",
		(int)w.caret, "");
	for (size_t i = 1; i < w.caret_len; i++)
		putc('~', stderr);
	putc('\n', stderr);
}

/**
 * struct lines - Text on standard error, whose lines begin below each other
 * @indent:	of every line but the first
 * @col:	columns that are written of this one
 * @width:	columns of a line; a terminal's lines end between words
 */
struct lines {
	const char *indent;
	size_t col, width;
};

static struct lines lines_from(const char *indent, size_t col)
{
	return (struct lines){
		.indent = indent, .col = col,
		.width = isatty(STDERR_FILENO) ? OUTPUT_WIDTH : SIZE_MAX,
	};
}

static void next_line(struct lines *l)
{
	fprintf(stderr, "\n%s", l->indent);
	l->col = strlen(l->indent);
}

/* A word and the spaces before it */
static void print_word(struct lines *l, const char *text, size_t len)
{
	size_t spaces = strspn(text, " ");

	if (l->col + width_of(text, len) > l->width &&
	    l->col > strlen(l->indent)) {
		next_line(l);
		text += spaces;
		len -= spaces;
	}
	pw_escape_put(text, len, stderr);
	l->col += width_of(text, len);
}

/* A newline in it came with the text of others, and is escaped */
static void print_line(struct lines *l, const char *text, size_t len)
{
	const char *end = text + len;

	for (size_t word; text < end; text += word) {
		word = strspn(text, " ");
		while (text + word < end && text[word] != ' ')
			word++;
		print_word(l, text, word);
	}
}

static void print_text(const char *text, const char *indent, size_t col)
{
	struct lines l = lines_from(indent, col);

	print_line(&l, text, strlen(text));
	putc('\n', stderr);
}

/* Returns the columns it took */
static size_t print_place(const struct pw_diag *diag)
{
	size_t len = strlen(diag->where);
	int more = 0;

	pw_escape_put(diag->where, len, stderr);
	if (diag->line && diag->col)
		more = fprintf(stderr, ":%u:%u: ", diag->line, diag->col);
	else if (diag->line)
		more = fprintf(stderr, ":%u: ", diag->line);
	else
		more = fprintf(stderr, ": ");
	return width_of(diag->where, len) + (size_t)more;
}

static size_t print_severity(const struct cli *cli,
			     const struct severity_row *row)
{
	put_marked(cli, row->mark, row->word, stderr);
	fputs(": ", stderr);
	return strlen(row->word) + 2;
}

static void print_hint(const struct pw_diag *diag, const char *indent)
{
	struct lines l;
	size_t len;

	if (!diag->hint)
		return;
	fputs(indent, stderr);
	l = lines_from(indent, strlen(indent));
	for (const char *line = diag->hint;; line += len + 1) {
		len = strcspn(line, "\n");
		print_line(&l, line, len);
		if (!line[len])
			break;
		next_line(&l);
	}
	putc('\n', stderr);
}

static void print_placed(const struct cli *cli, const struct pw_diag *diag)
{
	static const char indent[] = "      = ";
	size_t col = print_place(diag);

	col += print_severity(cli, &severities[diag->severity]);
	print_text(diag->text, indent, col);
	if (diag->quote && diag->line)
		print_quote(diag);
	print_hint(diag, indent);
}

/* Lines after the first stand below its text */
static void print_placeless(const struct cli *cli, const struct pw_diag *diag)
{
	static const char indent[] = "          ";
	size_t col = strlen(PREFIX);

	fputs(PREFIX, stderr);
	if (diag->severity != PW_ERROR)
		col += print_severity(cli, &severities[diag->severity]);
	print_text(diag->text, indent, col);
	print_hint(diag, indent);
}

static bool is_wanted(const struct cli *cli, const struct pw_diag *diag)
{
	if (diag->severity == PW_ERROR)
		return true;
	if (diag->severity == PW_WARNING)
		return !cli->quiet || cli->strict;
	return !cli->quiet;
}

void messages_print(struct cli *cli)
{
	size_t num = pw_diags_kept(cli->diags);

	if (!cli->num_shown)
		pw_diags_sort(cli->diags);
	for (; cli->num_shown < num; cli->num_shown++) {
		const struct pw_diag *diag = pw_diags_get(cli->diags,
							  cli->num_shown);

		if (!is_wanted(cli, diag))
			continue;
		if (diag->where)
			print_placed(cli, diag);
		else
			print_placeless(cli, diag);
	}
}

static size_t kept_errors(const struct cli *cli)
{
	size_t num = 0;

	for (size_t i = 0; i < pw_diags_kept(cli->diags); i++)
		num += pw_diags_get(cli->diags, i)->severity == PW_ERROR;
	return num;
}

void messages_close(const struct cli *cli)
{
	size_t num = pw_diags_count(cli->diags, PW_ERROR);

	put_policy(cli, stderr);
	fprintf(stderr, ": %zu error%s", num, plural(num));
	if (num > kept_errors(cli))
		fprintf(stderr, ", of which %zu are shown", kept_errors(cli));
	fputs("; nothing was changed\n", stderr);
}
