/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal: escapes, colour, tables, numbers. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"

#define OUTPUT_WIDTH 80		/* columns; nothing is wider */

/*
 * Bytes of policies and names of processes may hold anything: whatever is not
 * printable ASCII is written as \x1b, a tab as a space.
 */
void put_escaped(const char *text, size_t len, FILE *out);
/* Columns that put_escaped() takes for one byte */
size_t escaped_width(char c);
/*
 * Ends what open_memstream() began: 0, or -ENOMEM and *@text is NULL. glibc
 * may lose the text while it closes, and not say so.
 */
int close_text(FILE *out, char **text);
/* A copy in which each byte is printable ASCII; NULL when memory is short */
char *escaped_copy(const char *text);

/* The policy's name as its own messages have it */
void put_policy(const struct cli *cli, FILE *out);

enum mark { MARK_ERROR, MARK_WARNING, MARK_NOTE };

/* @word in the colour of @mark if @out is to have colours */
void put_marked(const struct cli *cli, enum mark mark, const char *word,
		FILE *out);

/* "1,204,551"; returns @buf */
char *format_count(uint64_t n, char buf[static 32]);
/* "2026-11-20 08:14:03" in local time; returns @buf */
char *format_time(uint64_t ns, char buf[static 32]);
/* "s" unless @n is 1 */
const char *plural(uint64_t n);

/* Flushes standard output: 0, or STATUS_REFUSED after a message */
int output_finish(const struct cli *cli);

#endif
