/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a value, over all of its lines. */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "policy/check.h"

/**
 * struct pw_words - Walks over words separated by white space or commas
 * @line:	the line being read, @end is behind the last line of the value
 * @at:		offset in its ARG
 * @comma:	the last separator was this comma; no place: it was none
 */
struct pw_words {
	const struct pw_source *src;
	const struct pw_line *line, *end;
	uint32_t at;
	bool started;
	struct pw_loc comma;
	struct pw_diags *diags;
};

/* Words of @line and the lines that continue it, which end before @end */
void pw_words_init(struct pw_words *words, const struct pw_source *src,
		   const struct pw_line *line, const struct pw_line *end,
		   struct pw_diags *diags);

/**
 * pw_words_next() - The next word
 *
 * Return: 1 and *@word is set; 0 at the end; -EINVAL a comma without a word
 *	   before or behind it, reported; the next call goes on behind it
 */
int pw_words_next(struct pw_words *words, struct pw_loc *word);

#endif
