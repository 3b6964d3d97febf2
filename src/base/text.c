// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of any length, written like a file. */
#include "portwall/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

struct sink {
	char *bytes;
	size_t num, cap;
	bool lost;
	char **text;
	size_t *len;
};

static ssize_t put(void *cookie, const char *bytes, size_t num)
{
	struct sink *sink = cookie;
	char *grown = sink->lost ? NULL :
		      pw_array_grow(sink->bytes, &sink->cap,
				    sink->num + num + 1, 1);

	if (!grown) {
		sink->lost = true;
		return 0;
	}
	sink->bytes = grown;
	memcpy(grown + sink->num, bytes, num);
	sink->num += num;
	grown[sink->num] = '\0';
	return (ssize_t)num;
}

/* Where it is can be asked, for ftell(); it cannot be moved */
static int tell(void *cookie, off64_t *offset, int whence)
{
	const struct sink *sink = cookie;

	if (whence != SEEK_CUR || *offset)
		return -1;
	*offset = (off64_t)sink->num;
	return 0;
}

/* Nothing was written: an empty text is one too */
static int hand_over(void *cookie)
{
	struct sink *sink = cookie;
	bool lost;

	if (!sink->bytes)
		put(sink, "", 0);
	lost = sink->lost;
	if (lost)
		free(sink->bytes);
	*sink->text = lost ? NULL : sink->bytes;
	*sink->len = lost ? 0 : sink->num;
	free(sink);
	return lost ? -1 : 0;
}

FILE *pw_text_open(char **text, size_t *len)
{
	static const cookie_io_functions_t functions = {
		.write = put, .seek = tell, .close = hand_over,
	};
	struct sink *sink = calloc(1, sizeof(*sink));
	FILE *out = NULL;

	if (sink) {
		sink->text = text;
		sink->len = len;
		out = fopencookie(sink, "w", functions);
	}
	if (!out)
		free(sink);
	return out;
}

int pw_text_close(FILE *out, char **text)
{
	return fclose(out) || !*text ? -ENOMEM : 0;
}
