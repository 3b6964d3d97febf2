// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of files as text: any bytes, so that every one comes back the same. */
#include "state/bytes_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

char *pw_bytes_print(const char *bytes)
{
	char *text = malloc(3 * strlen(bytes) + 1), *to = text;

	for (; text && *bytes; bytes++) {
		unsigned char c = (unsigned char)*bytes;

		if (c >= ' ' && c < 0x7f && c != '%') {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	if (text)
		*to = '\0';
	return text;
}

/* The byte that "XX" stands for; 0: none, which no name holds either */
static char byte_of(const char *text)
{
	const char *high = text[0] ? strchr(digits, text[0]) : NULL;
	const char *low = high && text[1] ? strchr(digits, text[1]) : NULL;

	return low ? (char)((high - digits) << 4 | (low - digits)) : '\0';
}

int pw_bytes_parse(const char *text, char **bytes)
{
	char *buf = malloc(strlen(text) + 1), *to = buf;

	if (!buf)
		return -ENOMEM;
	while (*text) {
		if (*text != '%') {
			*to++ = *text++;
			continue;
		}
		*to = byte_of(text + 1);
		if (!*to) {
			free(buf);
			return -EBADMSG;
		}
		to++;
		text += 3;
	}
	*to = '\0';
	*bytes = buf;
	return 0;
}
