/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fuzz targets share. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The target itself, called by libFuzzer or driver.c: tries one input, crashes
 * on what must not be. Keeps nothing from one call to the next. Returns 0
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert(), in every build */
#define MUST(truth) \
	((truth) ? (void)0 : must_fail(__FILE__, __LINE__, #truth))

__attribute__((noreturn))
static inline void must_fail(const char *file, int line, const char *truth)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, truth);
	abort();
}

/**
 * struct bytes - What is left of an input
 *
 * A target whose input is not a text takes it apart front to back; past the end
 * are zeros and empty strings.
 */
struct bytes {
	const uint8_t *at, *end;
};

static inline uint8_t take_byte(struct bytes *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/*
 * Up to the next @separator, which is left out; NUL-terminated, the caller
 * frees. @len is what was there, NULs that are no separator among it
 */
static inline char *take_text(struct bytes *in, uint8_t separator, size_t *len)
{
	const uint8_t *start = in->at;
	char *text;

	while (in->at < in->end && *in->at != separator)
		in->at++;
	*len = in->at - start;
	text = malloc(*len + 1);
	MUST(text);
	for (size_t i = 0; i < *len; i++)
		text[i] = (char)start[i];
	text[*len] = '\0';
	in->at += in->at < in->end;
	return text;
}

#endif
