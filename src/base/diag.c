/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with a place, collected until somebody prints them. */
#include "portwall/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/source.h"
#include "portwall/text.h"

#define NUM_SEVERITIES (PW_NOTE + 1)

/* Notes follow a message, which may need two or three of them */
static const size_t max_kept[NUM_SEVERITIES] = {
	[PW_ERROR] = 20, [PW_WARNING] = 20, [PW_NOTE] = 60,
};

struct pw_diags {
	struct pw_diag *items;
	size_t num, cap;
	size_t count[NUM_SEVERITIES];
	size_t kept[NUM_SEVERITIES];
	bool dropped;		/* the newest message was not kept */
	bool lost;		/* for want of memory one was not */
};

struct pw_diags *pw_diags_new(void)
{
	return calloc(1, sizeof(struct pw_diags));
}

static void clear(struct pw_diag *diag)
{
	free(diag->where);
	free(diag->quote);
	free(diag->text);
	free(diag->hint);
}

void pw_diags_free(struct pw_diags *diags)
{
	if (!diags)
		return;
	for (size_t i = 0; i < diags->num; i++)
		clear(&diags->items[i]);
	free(diags->items);
	free(diags);
}

size_t pw_diags_count(const struct pw_diags *diags, enum pw_severity severity)
{
	return diags->count[severity];
}

bool pw_diags_lost(const struct pw_diags *diags)
{
	return diags->lost;
}

size_t pw_diags_kept(const struct pw_diags *diags)
{
	return diags->num;
}

const struct pw_diag *pw_diags_get(const struct pw_diags *diags, size_t i)
{
	return &diags->items[i];
}

/* Copies of what @loc points at; 0 or -ENOMEM */
static int set_place(struct pw_diag *diag, const struct pw_loc *loc)
{
	const char *line;
	size_t len;

	line = pw_source_line(loc->src, loc->line, &len);
	if (len > PW_LINE_MAX_LEN)
		len = PW_LINE_MAX_LEN;
	diag->where = strdup(loc->src->name);
	diag->quote = strndup(line, len);
	diag->line = loc->line;
	diag->col = loc->col;
	diag->len = loc->len;
	return diag->where && diag->quote ? 0 : -ENOMEM;
}

/* A note belongs to the message before it and shares its fate */
static bool is_wanted(const struct pw_diags *diags, enum pw_severity severity)
{
	if (severity == PW_NOTE && diags->dropped)
		return false;
	return diags->kept[severity] < max_kept[severity];
}

/* Keeps @text, or frees it; a message that does not fit is only counted */
static void keep(struct pw_diags *diags, enum pw_severity severity,
		 const struct pw_loc *loc, char *text)
{
	struct pw_diag diag = { .severity = severity, .text = text };
	int err = text ? 0 : -ENOMEM;

	if (!err && loc && loc->src)
		err = set_place(&diag, loc);
	if (!err)
		err = PW_ARRAY_PUSH(diags->items, diags->num, diags->cap, diag);
	if (err)
		clear(&diag);
	else
		diags->kept[severity]++;
	diags->lost |= err;
	diags->dropped = err;
}

__attribute__((format(printf, 1, 0)))
static char *format(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

__attribute__((format(printf, 4, 0)))
static void report(struct pw_diags *diags, enum pw_severity severity,
		   const struct pw_loc *loc, const char *fmt, va_list ap)
{
	diags->count[severity]++;
	if (is_wanted(diags, severity))
		keep(diags, severity, loc, format(fmt, ap));
	else
		diags->dropped = true;
}

int pw_diag_error(struct pw_diags *diags, const struct pw_loc *loc,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(diags, PW_ERROR, loc, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void pw_diag_warning(struct pw_diags *diags, const struct pw_loc *loc,
		     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(diags, PW_WARNING, loc, fmt, ap);
	va_end(ap);
}

void pw_diag_note(struct pw_diags *diags, const struct pw_loc *loc,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(diags, PW_NOTE, loc, fmt, ap);
	va_end(ap);
}

/* Appends @more to the text at @to, after @sep; short memory leaves it */
static void append(char **to, const char *sep, const char *more)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", *to, sep, more) < 0)
		return;
	free(*to);
	*to = joined;
}

int pw_diag_system(struct pw_diags *diags, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(diags, PW_ERROR, NULL, fmt, ap);
	va_end(ap);
	if (!diags->dropped)
		append(&diags->items[diags->num - 1].text, ": ",
		       strerror(err));
	return err == EINVAL ? -EPROTO : -err;
}

/* Lines of a hint are those of several calls: none begins with others' text */
static char *one_line(const char *text)
{
	char *copy = NULL;
	size_t len;
	FILE *out = pw_text_open(&copy, &len);

	if (!out)
		return NULL;
	for (; *text; text++)
		if (*text == '\n')
			pw_escape_put(text, 1, out);
		else
			putc(*text, out);
	(void)pw_text_close(out, &copy);
	return copy;
}

void pw_diag_hint(struct pw_diags *diags, const char *fmt, ...)
{
	struct pw_diag *diag;
	char *hint, *text;
	va_list ap;

	if (diags->dropped || !diags->num)
		return;
	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	hint = text ? one_line(text) : NULL;
	free(text);
	diag = &diags->items[diags->num - 1];
	if (diag->hint && hint) {
		append(&diag->hint, "\n", hint);
		free(hint);
	} else if (hint) {
		diag->hint = hint;
	}
}

/* Where a message goes: a note has the key of the message before it */
struct sort_key {
	size_t source, line, col, arrival;
};

static int cmp_keys(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return x->arrival < y->arrival ? -1 : 1;
}

static bool same_source(const struct pw_diag *a, const struct pw_diag *b)
{
	if (!a->where || !b->where)
		return a->where == b->where;
	return !strcmp(a->where, b->where);
}

static void fill_keys(const struct pw_diags *diags, struct sort_key *keys)
{
	for (size_t i = 0; i < diags->num; i++) {
		const struct pw_diag *diag = &diags->items[i];
		size_t source = 0;

		if (i && diag->severity == PW_NOTE) {
			keys[i] = keys[i - 1];
			keys[i].arrival = i;
			continue;
		}
		while (!same_source(&diags->items[source], diag))
			source++;
		keys[i] = (struct sort_key){ source, diag->line, diag->col, i };
	}
}

void pw_diags_sort(struct pw_diags *diags)
{
	struct sort_key *keys = calloc(diags->num, sizeof(*keys));
	struct pw_diag *sorted = calloc(diags->num, sizeof(*sorted));

	if (keys && sorted && diags->num) {
		fill_keys(diags, keys);
		qsort(keys, diags->num, sizeof(*keys), cmp_keys);
		for (size_t i = 0; i < diags->num; i++)
			sorted[i] = diags->items[keys[i].arrival];
		memcpy(diags->items, sorted, diags->num * sizeof(*sorted));
	}
	free(sorted);
	free(keys);
}
