/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes of sources in the words of the policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/classes.h"

/* Sections whose words are repeated, and bytes of each */
#define MAX_WORDS 3
#define MAX_BYTES 60

struct words {
	const char *text;
	bool outside;
};

static bool same_words(const struct words *a, const struct words *b)
{
	return a->outside == b->outside && !strcmp(a->text, b->text);
}

static struct words words_of(const struct pw_model *model, uint32_t section,
			     const bool *common)
{
	const char *text = model->sections[section].from_text;

	return (struct words){ text ? text : "", common[section] };
}

/* Words that were not there before, at most MAX_WORDS; @more are the others */
static size_t choose(const struct pw_model *model,
		     const struct pw_divided *class, const bool *common,
		     struct words words[static MAX_WORDS], size_t *more)
{
	size_t num = 0, i;

	*more = 0;
	for (size_t s = 0; s < class->num; s++) {
		struct words next = words_of(model, class->sections[s], common);

		for (i = 0; i < num; i++)
			if (same_words(&words[i], &next))
				break;
		if (i < num)
			continue;
		if (num == MAX_WORDS)
			++*more;
		else
			words[num++] = next;
	}
	return num;
}

static void put_words(FILE *out, const struct words *words)
{
	size_t len = strlen(words->text);

	if (words->outside)
		fputs("outside of ", out);
	if (len <= MAX_BYTES)
		fputs(words->text, out);
	else
		fprintf(out, "%.*s..", MAX_BYTES - 2, words->text);
}

static void put_class(FILE *out, const struct pw_model *model,
		      const struct pw_divided *class, const bool *common)
{
	struct words words[MAX_WORDS];
	size_t more, num = choose(model, class, common, words, &more);

	if (!class->listed)
		fputs("sources of very many sections", out);
	else if (!num)
		fputs("anyone", out);
	for (size_t i = 0; i < num; i++) {
		if (i)
			fputs(" and ", out);
		put_words(out, &words[i]);
	}
	if (more)
		fprintf(out, " and %zu more", more);
}

char *pw_class_text(const struct pw_model *model, const struct pw_divided *class,
		    const bool *common, bool asked)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_class(out, model, class, common);
	if (!asked)
		fputs(" (no address that a sender could have)", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
