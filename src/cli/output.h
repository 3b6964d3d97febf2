/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a terminal: escapes, colour, tables, numbers. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"
#include "portwall/escape.h"

#define OUTPUT_WIDTH 80		/* columns; nothing is wider */

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
