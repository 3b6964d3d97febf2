/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes of sources in the words of the policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/text.h"
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

/* False: they are cut */
static bool put_words(FILE *out, const struct words *words)
{
	bool whole = strlen(words->text) <= MAX_BYTES;

	if (words->outside)
		fputs("outside of ", out);
	if (whole)
		fputs(words->text, out);
	else
		fprintf(out, "%.*s..", MAX_BYTES - 2, words->text);
	return whole;
}

/* False: another class may have the same words */
static bool put_class(FILE *out, const struct pw_model *model,
		      const struct pw_divided *class, const bool *common)
{
	struct words words[MAX_WORDS];
	size_t more, num = choose(model, class, common, words, &more);
	bool whole = class->listed && !more;

	if (!class->listed)
		fputs("sources of very many sections", out);
	else if (!num)
		fputs("anyone", out);
	for (size_t i = 0; i < num; i++) {
		if (i)
			fputs(" and ", out);
		whole &= put_words(out, &words[i]);
	}
	if (more)
		fprintf(out, " and %zu more", more);
	return whole;
}

char *pw_class_text(const struct pw_model *model, enum pw_family family,
		    const struct pw_divided *class, const bool *common,
		    const struct pw_spots *spots)
{
	const struct pw_stretch *first =
		spots->num_first ? &spots->first[0] : &spots->last;
	char *text = NULL, buf[PW_ADDR_STRLEN];
	size_t size;
	FILE *out = pw_text_open(&text, &size);

	if (!out)
		return NULL;
	if (!put_class(out, model, class, common) && spots->num)
		fprintf(out, " (%s)", pw_addr_format(family, first->range.first,
						     buf));
	if (!spots->num)
		fputs(" (no address that a sender could have)", out);
	return fclose(out) ? NULL : text;
}
