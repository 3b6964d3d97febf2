/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a packet today and later, by one policy. */
#include "change/outlook.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values.h"
#include "portwall/escape.h"
#include "portwall/text.h"

static const uint32_t *grade_of(const struct pw_terms *terms,
				const struct pw_member *m)
{
	return pw_tuples_get(&terms->grades, terms->list[m->entry].grade);
}

static void keep_later(uint64_t *time, const uint32_t *grade)
{
	uint64_t until = pw_grade_until(grade);

	if (until > *time)
		*time = until;
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Those that last longer than what goes before them */
static void add_limits(const struct pw_terms *terms,
		       const struct pw_member *members, size_t num,
		       enum side side, struct pw_outlook *out)
{
	uint64_t begin = out->blocked > out->open ? out->blocked : out->open;

	for (size_t i = 0; i < num; i++) {
		const uint32_t *grade = grade_of(terms, &members[i]);

		if (members[i].side == side && pw_grade_is_limited(grade) &&
		    pw_grade_until(grade) > begin)
			out->limits[out->num_limits++] =
				terms->list[members[i].entry].grade;
	}
	if (out->num_limits)
		qsort(out->limits, out->num_limits, sizeof(*out->limits),
		      number_cmp);
}

int pw_outlook_make(const struct pw_terms *terms,
		    const struct pw_member *members, size_t num,
		    enum side side, struct pw_outlook *out)
{
	*out = (struct pw_outlook){
		.limits = calloc(num + 1, sizeof(uint32_t)),
	};
	if (!out->limits)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++) {
		const uint32_t *grade = grade_of(terms, &members[i]);

		if (members[i].side != side)
			continue;
		if (grade[PW_GRADE_BLOCK])
			keep_later(&out->blocked, grade);
		else if (!pw_grade_is_limited(grade))
			keep_later(&out->open, grade);
	}
	if (out->open <= out->blocked)
		out->open = 0;
	add_limits(terms, members, num, side, out);
	if (!out->open && !out->num_limits)
		out->blocked = 0;
	return 0;
}

void pw_outlook_clear(struct pw_outlook *outlook)
{
	free(outlook->limits);
}

bool pw_outlook_admits(const struct pw_outlook *outlook)
{
	return !outlook->blocked && (outlook->open || outlook->num_limits);
}

static bool same_limits(const struct pw_outlook *a, const struct pw_outlook *b)
{
	return a->num_limits == b->num_limits &&
	       !memcmp(a->limits, b->limits,
		       a->num_limits * sizeof(*a->limits));
}

static int limit_cmp(const void *a, const void *b, void *arg)
{
	const struct pw_terms *const *terms = arg;
	const uint32_t *x = pw_tuples_get(&(*terms)->grades,
					  *(const uint32_t *)a);
	const uint32_t *y = pw_tuples_get(&(*terms)->grades,
					  *(const uint32_t *)b);

	return memcmp(x + PW_GRADE_RATE, y + PW_GRADE_RATE,
		      (PW_GRADE_WORDS - PW_GRADE_RATE) * sizeof(*x));
}

/* Do they limit alike today, whenever they end? Both are sorted anew */
static bool limit_alike(const struct pw_terms *terms,
			const struct pw_outlook *a, const struct pw_outlook *b)
{
	const struct pw_outlook *both[] = { a, b };

	if (a->num_limits != b->num_limits)
		return false;
	for (size_t i = 0; i < PW_ARRAY_SIZE(both); i++)
		if (both[i]->num_limits)
			qsort_r(both[i]->limits, both[i]->num_limits,
				sizeof(uint32_t), limit_cmp, &terms);
	for (size_t i = 0; i < a->num_limits; i++)
		if (limit_cmp(&a->limits[i], &b->limits[i], &terms))
			return false;
	return true;
}

enum pw_change_kind pw_outlook_compare(const struct pw_terms *terms,
				       const struct pw_outlook *before,
				       const struct pw_outlook *after)
{
	bool was = pw_outlook_admits(before), is = pw_outlook_admits(after);

	if (was != is)
		return is ? PW_CHANGE_OPENS : PW_CHANGE_CLOSES;
	if (before->blocked == after->blocked && before->open == after->open &&
	    same_limits(before, after))
		return PW_NUM_CHANGES;
	if (!was || (before->open && after->open))
		return PW_CHANGE_UNTIL;
	if (before->open || after->open || !limit_alike(terms, before, after))
		return PW_CHANGE_LIMIT;
	return PW_CHANGE_UNTIL;
}

static void put_until(const char *gap, uint64_t until, FILE *out)
{
	char buf[PW_TIME_STRLEN];

	if (until == UINT64_MAX)
		return;
	pw_time_format(until, buf);
	*strchr(buf, 'T') = ' ';
	fprintf(out, "%suntil %s", gap, buf);
}

static void put_limit(const uint32_t *grade, FILE *out)
{
	uint32_t rate = grade[PW_GRADE_RATE], conns = grade[PW_GRADE_CONNS];
	uint32_t count = grade[PW_GRADE_RATE_COUNT];

	if (conns)
		fprintf(out, "%" PRIu32 " connection%s%s%s",
			grade[PW_GRADE_CONNS_COUNT],
			grade[PW_GRADE_CONNS_COUNT] == 1 ? "" : "s",
			conns > 1 ? " per source" : "", rate ? ", " : "");
	if (!rate)
		return;
	fprintf(out, "%" PRIu32 "/%s", count,
		pw_rate_unit_name(grade[PW_GRADE_RATE_UNIT]));
	if (grade[PW_GRADE_RATE_BURST] != count)
		fprintf(out, " burst %" PRIu32, grade[PW_GRADE_RATE_BURST]);
	fputs(rate > 1 ? " per source" : "", out);
}

/* Let in without a limit; @ends: the words are about the end of that alone */
static void put_open(uint64_t until, bool ends, FILE *out)
{
	if (!ends)
		fputs("unlimited", out);
	else if (until == UINT64_MAX)
		fputs("no end", out);
	put_until(ends ? "" : " ", until, out);
}

static void put(const struct pw_terms *terms, const struct pw_outlook *o,
		bool ends, FILE *out)
{
	if (!o->blocked && !o->open && !o->num_limits)
		fputs("closed", out);
	if (o->blocked) {
		fputs("closed", out);
		put_until(" ", o->blocked, out);
		fputs(", then ", out);
	}
	if (o->open) {
		put_open(o->open, ends && !o->blocked && !o->num_limits, out);
		fputs(o->num_limits ? ", then " : "", out);
	}
	for (size_t i = 0; i < o->num_limits; i++) {
		const uint32_t *grade = pw_tuples_get(&terms->grades,
						      o->limits[i]);

		fputs(i ? " + " : "", out);
		put_limit(grade, out);
		put_until(" ", pw_grade_until(grade), out);
	}
}

char *pw_outlook_text(const struct pw_terms *terms, enum pw_change_kind kind,
		      const struct pw_outlook *before,
		      const struct pw_outlook *after)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);
	bool ends = kind == PW_CHANGE_UNTIL;

	if (!out)
		return NULL;
	put(terms, before, ends, out);
	fputs(" -> ", out);
	put(terms, after, ends, out);
	(void)pw_text_close(out, &text);
	return text;
}
