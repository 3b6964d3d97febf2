/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Splits the lines of a value into words. */
#include "policy/words.h"

#include <errno.h>

#include "policy/bytes.h"
#include "policy/draft.h"

void pw_words_init(struct pw_words *words, const struct pw_source *src,
		   const struct pw_line *line, const struct pw_line *end,
		   struct pw_diags *diags)
{
	*words = (struct pw_words){
		.src = src, .line = line, .end = end, .diags = diags
	};
}

static struct pw_loc here(const struct pw_words *words, uint32_t len)
{
	return (struct pw_loc){ words->src, words->line->line,
				words->line->arg + words->at + 1, len };
}

static int lonely_comma(struct pw_words *words, const struct pw_loc *loc)
{
	pw_diag_error(words->diags, loc, "comma with nothing %s it",
		      words->started ? "behind" : "before");
	return -EINVAL;
}

/* Moves to the next word, over white space and at most one comma */
static int find_word(struct pw_words *words, const char **text)
{
	for (; words->line < words->end; words->line++, words->at = 0) {
		struct pw_loc loc = pw_line_arg(words->src, words->line);
		const char *arg = pw_loc_text(&loc);

		for (; words->at < words->line->arg_len; words->at++) {
			*text = arg + words->at;
			if (pw_is_space(**text))
				continue;
			if (**text != ',')
				return 1;
			loc = here(words, 1);
			if (words->comma.src || !words->started) {
				words->at++;
				return lonely_comma(words, &loc);
			}
			words->comma = loc;
		}
	}
	return 0;
}

int pw_words_next(struct pw_words *words, struct pw_loc *word)
{
	struct pw_loc comma;
	const char *text;
	uint32_t len = 1;
	int found = find_word(words, &text);

	comma = words->comma;
	words->comma.src = NULL;
	if (!found && comma.src)
		return lonely_comma(words, &comma);
	if (found <= 0)
		return found;
	while (words->at + len < words->line->arg_len && text[len] != ',' &&
	       !pw_is_space(text[len]))
		len++;
	*word = here(words, len);
	words->at += len;
	words->started = true;
	return 1;
}
