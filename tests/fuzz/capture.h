/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command prints, as text. */
#ifndef FUZZ_CAPTURE_H
#define FUZZ_CAPTURE_H

#include <stdio.h>

/**
 * struct capture - A standard stream that goes into memory for a while
 * @text:	what was printed, once it has ended; the caller frees
 */
struct capture {
	FILE **stream, *real;
	char *text;
	size_t len;
};

/* @stream: &stdout or &stderr */
void capture_begin(struct capture *capture, FILE **stream);
void capture_end(struct capture *capture);

/* Printable ASCII and newlines alone: fit for a terminal */
void must_suit_terminal(const char *text, size_t len);

#endif
