// SPDX-License-Identifier: GPL-2.0-or-later
/* A program of an image, which may be anybody's. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "image/elf.h"

struct seen {
	const struct pw_source *src;
	size_t num, sum;
};

static int visit(void *arg, const char *name, size_t max_len)
{
	struct seen *seen = arg;

	MUST(name >= seen->src->text);
	MUST(max_len <= (size_t)(seen->src->text + seen->src->len - name));
	seen->sum += strnlen(name, max_len);
	return ++seen->num > 256 ? -ELIBMAX : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);	/* aligned, and without a NUL */
	struct pw_source src = { .text = copy, .len = size };
	struct seen seen = { .src = &src };
	int err;

	MUST(copy);
	if (size)
		memcpy(copy, data, size);
	err = pw_elf_needs(&src, visit, &seen);
	MUST(!err || err == -ENOEXEC || err == -ELIBMAX);
	free(copy);
	return 0;
}
