/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of one file, kept for quoting. */
#include "portwall/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/source_priv.h"

struct pw_source *source_new(const char *name, const char *dir)
{
	struct pw_source *src = calloc(1, sizeof(*src));

	if (!src)
		return NULL;
	src->name = strdup(name);
	src->dir = dir ? strdup(dir) : NULL;
	if (!src->name || (dir && !src->dir)) {
		pw_source_free(src);
		return NULL;
	}
	return src;
}

struct pw_source *pw_source_from_text(const char *name, const char *dir,
				      const char *text, size_t len)
{
	pw_owned(pw_source_free) struct pw_source *src = source_new(name, dir);

	if (!src)
		return NULL;
	src->text = malloc(len + 1);
	if (!src->text)
		return NULL;
	memcpy(src->text, text, len);
	src->text[len] = '\0';
	src->len = len;
	if (source_index(src))
		return NULL;
	return PW_TAKE(src);
}

void pw_source_free(struct pw_source *src)
{
	if (!src)
		return;
	free(src->name);
	free(src->dir);
	free(src->text);
	free(src->lines);
	free(src);
}

/* First byte of the line after the one at @p, @end if there is none */
static const char *next_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', end - p);

	return newline ? newline + 1 : end;
}

int source_index(struct pw_source *src)
{
	const char *end = src->text + src->len, *p;
	size_t num = 0;

	for (p = src->text; p < end; p = next_line(p, end))
		num++;
	src->lines = calloc(num + 1, sizeof(*src->lines));
	if (!src->lines)
		return -ENOMEM;
	for (p = src->text; p < end; p = next_line(p, end))
		src->lines[src->num_lines++] = p - src->text;
	return 0;
}

/* First byte of line @line, or the end of the text */
static const char *line_start(const struct pw_source *src, uint32_t line)
{
	const char *end = src->text + src->len, *p = src->text;

	if (src->lines)
		return line && line <= src->num_lines
			? p + src->lines[line - 1] : end;
	while (p < end && line-- > 1)
		p = next_line(p, end);
	return p;
}

const char *pw_source_line(const struct pw_source *src, uint32_t line,
			   size_t *len)
{
	const char *start = line_start(src, line);
	const char *end = next_line(start, src->text + src->len);

	if (end > start && end[-1] == '\n')
		end--;
	if (end > start && end[-1] == '\r')
		end--;
	*len = end - start;
	return start;
}
