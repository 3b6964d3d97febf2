// SPDX-License-Identifier: GPL-2.0-or-later
/* What the command prints, as text. */
#include "capture.h"

#include "fuzz.h"

/* Not the descriptor: a sanitizer's last words must be seen */
void capture_begin(struct capture *capture, FILE **stream)
{
	*capture = (struct capture){ .stream = stream, .real = *stream };
	*stream = open_memstream(&capture->text, &capture->len);
	MUST(*stream);
}

void capture_end(struct capture *capture)
{
	FILE *out = *capture->stream;

	*capture->stream = capture->real;
	MUST(!ferror(out) && !fclose(out));
}

void must_suit_terminal(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		MUST(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
}
