/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The known word that a misspelt one was meant to be. */
#include <ctype.h>
#include <string.h>

#include "portwall/names.h"

#define WORD_MAX 64		/* longer words have no near ones */

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Letters left out, put in, changed, or swapped with their neighbour: number
 * of such slips between two words; upper and lower case are the same.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = !same(a[i - 1], b[j - 1]);

			row[j] = min(above[j - 1] + change,
				     min(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]))
				row[j] = min(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

/* Slips that still leave the word recognisable */
static size_t tolerance(size_t len)
{
	return len < 2 ? 0 : len <= 4 ? 1 : 2;
}

const char *pw_nearest(const char *word, size_t len,
		       const char *const *known, size_t num_known)
{
	size_t best = tolerance(len) + 1;
	const char *nearest = NULL;

	if (!len || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < num_known; i++) {
		size_t known_len = strlen(known[i]), slips;

		if (known_len > WORD_MAX || known_len + best <= len ||
		    len + best <= known_len)
			continue;
		slips = distance(word, len, known[i], known_len);
		if (slips < best) {
			best = slips;
			nearest = known[i];
		}
	}
	return nearest;
}
