// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of others as printable ASCII. */
#include "portwall/escape.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/text.h"

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

size_t pw_escape_width(char c)
{
	return printable(c) || c == '\t' ? 1 : 4;
}

void pw_escape_put(const char *text, size_t len, FILE *out)
{
	for (size_t i = 0; i < len; i++) {
		if (printable(text[i]))
			putc(text[i], out);
		else if (text[i] == '\t')
			putc(' ', out);
		else
			fprintf(out, "\\x%02x", (unsigned char)text[i]);
	}
}

char *pw_escape(const char *text)
{
	char *copy = NULL;
	size_t len;
	FILE *out = pw_text_open(&copy, &len);

	if (!out)
		return NULL;
	pw_escape_put(text, strlen(text), out);
	(void)pw_text_close(out, &copy);
	return copy;
}
