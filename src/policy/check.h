/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own reading of a policy's lines, before libinih sees any of them. */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/diag.h"
#include "portwall/source.h"

enum pw_line_kind {
	PW_LINE_SECTION,	/* [NAME] or [NAME ARG] */
	PW_LINE_KEY,		/* NAME = ARG */
	PW_LINE_MORE,		/* indented: the list above goes on with ARG */
};

/**
 * struct pw_line - What one line holds; blank lines and comments have none
 * @bad:	an error was reported; a bad section takes its keys with it
 * @line:	number, from 1
 * @name:	first byte of NAME in the line, from 0
 * @arg:	the same of ARG; without white space around it, without comment
 */
struct pw_line {
	enum pw_line_kind kind;
	bool bad;
	uint32_t line;
	uint32_t name, name_len;
	uint32_t arg, arg_len;
};

struct pw_lines {
	struct pw_line *items;
	size_t num, cap;
};

/**
 * pw_lines_read() - Check every byte and line of @src
 * @out:	zeroed; caller frees @out->items, also after an error
 *
 * What libinih would misread is refused here: bytes that are not text, lines
 * that are too long, indented, or not a section, key or comment.
 *
 * Return: 0; -EINVAL: reported, @out holds all lines, the bad ones marked;
 *	   -ENOMEM
 */
int pw_lines_read(const struct pw_source *src, struct pw_lines *out,
		  struct pw_diags *diags);

/* Place of the NAME and of the ARG of a line; at least one byte long */
struct pw_loc pw_line_name(const struct pw_source *src,
			   const struct pw_line *line);
struct pw_loc pw_line_arg(const struct pw_source *src,
			  const struct pw_line *line);

#endif
