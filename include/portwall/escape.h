/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of others as printable ASCII. */
#ifndef PORTWALL_ESCAPE_H
#define PORTWALL_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Bytes of policies and names of processes may hold anything: whatever is not
 * printable ASCII is written as \x1b, a tab as a space.
 */
void pw_escape_put(const char *text, size_t len, FILE *out);
/* Columns that pw_escape_put() takes for one byte */
size_t pw_escape_width(char c);
/* As a string that the caller frees; NULL when memory is short */
char *pw_escape(const char *text);

#endif
