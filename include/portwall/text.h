/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of any length, written like a file. */
#ifndef PORTWALL_TEXT_H
#define PORTWALL_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * pw_text_open() - A stream into memory
 * @text:	set by fclose(), the caller frees it: all that was written, with
 *		a NUL behind it that @len does not count
 *
 * Of open_memstream() glibc loses what there is no memory for, and then says
 * neither in ferror() nor in fclose() that it did. Here fclose() fails, and
 * @text is NULL.
 *
 * Return: NULL when there is no memory
 */
FILE *pw_text_open(char **text, size_t *len);

/* fclose(): 0, or -ENOMEM and *@text is NULL */
int pw_text_close(FILE *out, char **text);

#endif
