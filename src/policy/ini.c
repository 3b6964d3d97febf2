/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds libinih safe pieces of a policy and checks what it makes of them. */
#include "policy/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "policy/bytes.h"

/*
 * libinih cuts lines at 199 bytes and names of sections and keys at 49, takes
 * indented lines as values and both '=' and ':' as separators. So it gets lines
 * of our making: "[KIND NAME]" and "KEY=PIECE". KIND NAME and KEY were checked
 * to be short, PIECE has no white space at its ends and no " ;" in it.
 */
#define PIECE_MAX 120
#define FED_MAX 190		/* longest line fed, with newline and NUL */

struct feed {
	const struct pw_source *src;
	const struct pw_lines *lines;
	size_t next;			/* first line not yet begun */
	const struct pw_line *section;	/* NULL: none, or a bad one */
	const struct pw_line *key;
	const char *rest;		/* of a value, @rest_len bytes */
	size_t rest_len;
	const char *piece;		/* fed last */
	size_t piece_len;
	bool waiting;			/* for its delivery */
	bool broken;
};

static const char *text_at(const struct feed *feed, const struct pw_line *line,
			   uint32_t offset)
{
	size_t len;

	return pw_source_line(feed->src, line->line, &len) + offset;
}

/* Takes the next piece off the rest of the value; false if there is none */
static bool take_piece(struct feed *feed)
{
	size_t len;

	while (feed->rest_len && pw_is_space(*feed->rest)) {
		feed->rest++;
		feed->rest_len--;
	}
	if (!feed->rest_len)
		return false;
	len = feed->rest_len < PIECE_MAX ? feed->rest_len : PIECE_MAX;
	feed->piece = feed->rest;
	feed->rest += len;
	feed->rest_len -= len;
	while (pw_is_space(feed->piece[len - 1]))
		len--;
	feed->piece_len = len;
	return true;
}

static int put_section(const struct feed *feed, char *to)
{
	const struct pw_line *line = feed->section;

	return snprintf(to, FED_MAX, "[%.*s%s%.*s]", (int)line->name_len,
			text_at(feed, line, line->name),
			line->arg_len ? " " : "", (int)line->arg_len,
			text_at(feed, line, line->arg));
}

static int put_piece(struct feed *feed, char *to)
{
	feed->waiting = true;
	return snprintf(to, FED_MAX, "%.*s=%.*s", (int)feed->key->name_len,
			text_at(feed, feed->key, feed->key->name),
			(int)feed->piece_len, feed->piece);
}

/* Writes what comes next to @to; 0 at the end, negative when it is too long */
static int put_next(struct feed *feed, char *to)
{
	while (!take_piece(feed)) {
		const struct pw_line *line;

		if (feed->next == feed->lines->num)
			return 0;
		line = &feed->lines->items[feed->next++];
		if (line->kind == PW_LINE_SECTION) {
			feed->section = line->bad ? NULL : line;
			if (feed->section)
				return put_section(feed, to);
		}
		if (line->bad || !feed->section)
			continue;
		if (line->kind == PW_LINE_KEY)
			feed->key = line;
		feed->rest = text_at(feed, line, line->arg);
		feed->rest_len = line->arg_len;
	}
	return put_piece(feed, to);
}

static char *on_read(char *to, int size, void *stream)
{
	struct feed *feed = stream;
	char line[FED_MAX];
	int len;

	if (feed->waiting)
		feed->broken = true;
	if (feed->broken)
		return NULL;
	len = put_next(feed, line);
	if (!len)
		return NULL;
	if (len < 0 || len + 2 > (int)sizeof(line) || len + 2 > size) {
		feed->broken = true;
		return NULL;
	}
	memcpy(to, line, len);
	memcpy(to + len, "\n", 2);
	return to;
}

static bool same(const char *got, const char *want, size_t len)
{
	return strlen(got) == len && !memcmp(got, want, len);
}

static int on_value(void *user, const char *section, const char *name,
		    const char *value)
{
	struct feed *feed = user;
	const struct pw_line *key = feed->key;
	char header[FED_MAX];
	int len;

	if (!feed->waiting || !name || !value) {
		feed->broken = true;
		return 0;
	}
	len = put_section(feed, header);
	feed->waiting = false;
	if (!same(section, header + 1, len - 2) ||
	    !same(name, text_at(feed, key, key->name), key->name_len) ||
	    !same(value, feed->piece, feed->piece_len))
		feed->broken = true;
	return !feed->broken;
}

int pw_ini_read(const struct pw_source *src, const struct pw_lines *lines,
		struct pw_diags *diags)
{
	struct feed feed = { .src = src, .lines = lines };
	struct pw_loc loc;
	int err;

	err = ini_parse_stream(on_read, &feed, on_value, &feed);
	if (!err && !feed.broken && !feed.waiting && feed.next == lines->num)
		return 0;
	if (err == -2)
		return -ENOMEM;
	loc = pw_line_arg(src, &lines->items[feed.next ? feed.next - 1 : 0]);
	pw_diag_error(diags, &loc, "libinih reads this line in another way");
	pw_diag_hint(diags, "its options were changed in this process");
	return -EINVAL;
}
