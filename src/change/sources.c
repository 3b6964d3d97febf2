/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last dimension: sources, and what becomes of their packets.
 *
 * Address sets may be large and are the same on both sides as a rule, so that
 * what can change is narrowed first: to where sections of one grade are not the
 * same ones on both sides, to whom anything is opened, less whom blocks refuse
 * on both. Most of that costs nothing, since sets have numbers.
 */
#include "change/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change/outlook.h"
#include "portwall/array.h"

/**
 * struct sources - One place's sections
 * @scratch:	room for @num sets, or numbers
 */
struct sources {
	struct pw_regions *regions;
	struct pw_terms *terms;
	struct pw_sets *sets;
	enum pw_family family;
	struct pw_member *members;
	size_t num;
	struct pw_member *different;	/* of @members: not on both sides */
	size_t num_different;
	uint32_t *scratch;
};

static const uint32_t *grade_of(const struct sources *s,
				const struct pw_member *m)
{
	return pw_tuples_get(&s->terms->grades, s->terms->list[m->entry].grade);
}

static int rest_cmp(const void *a, const void *b)
{
	const struct pw_member *x = a, *y = b;

	if (x->rest != y->rest)
		return x->rest < y->rest ? -1 : 1;
	return x->side < y->side ? -1 : x->side > y->side;
}

static size_t count_while(const struct pw_member *m, const struct pw_member *to,
			  uint32_t rest, enum side side)
{
	size_t num = 0;

	while (m + num < to && m[num].rest == rest && m[num].side == side)
		num++;
	return num;
}

/* What one side has more often than the other; @members is sorted by rest */
static void find_different(struct sources *s)
{
	const struct pw_member *m = s->members, *to = m + s->num;

	while (m < to) {
		size_t before = count_while(m, to, m->rest, SIDE_BEFORE);
		size_t after = count_while(m + before, to, m->rest,
					   SIDE_AFTER);
		size_t common = before < after ? before : after;

		for (size_t i = common; i < before; i++)
			s->different[s->num_different++] = m[i];
		for (size_t i = common; i < after; i++)
			s->different[s->num_different++] = m[before + i];
		m += before + after;
	}
}

static int grade_cmp(const void *a, const void *b, void *arg)
{
	const struct pw_member *x = a, *y = b;
	const struct sources *s = arg;
	uint32_t p = s->terms->list[x->entry].grade;
	uint32_t q = s->terms->list[y->entry].grade;

	if (p != q)
		return p < q ? -1 : 1;
	return x->side < y->side ? -1 : x->side > y->side;
}

/* All addresses of one side of a run */
static uint32_t union_of(struct sources *s, const struct pw_member *run,
			 size_t num, enum side side)
{
	size_t n = 0;

	for (size_t i = 0; i < num; i++)
		if (run[i].side == side)
			s->scratch[n++] = run[i].set;
	return pw_sets_union_of(s->sets, s->scratch, n);
}

/*
 * Where a run of one grade may make a difference: for whom one side has a
 * section and the other has none. Limits add up, so how many counts as well.
 */
static uint32_t run_differs(struct sources *s, const struct pw_member *run,
			    size_t num)
{
	uint32_t before = union_of(s, run, num, SIDE_BEFORE);
	uint32_t after = union_of(s, run, num, SIDE_AFTER);

	if (pw_grade_is_limited(grade_of(s, run)))
		return pw_sets_union(s->sets, before, after);
	return pw_sets_union(s->sets,
			     pw_sets_subtract(s->sets, before, after),
			     pw_sets_subtract(s->sets, after, before));
}

static uint32_t may_differ(struct sources *s)
{
	uint32_t all = PW_NO_SET;
	size_t next;

	qsort_r(s->different, s->num_different, sizeof(*s->different),
		grade_cmp, s);
	for (size_t i = 0; i < s->num_different; i = next) {
		const uint32_t *grade = grade_of(s, &s->different[i]);

		for (next = i + 1; next < s->num_different; next++)
			if (grade_of(s, &s->different[next]) != grade)
				break;
		all = pw_sets_union(s->sets, all,
				    run_differs(s, &s->different[i], next - i));
	}
	return all;
}

/* To whom of @within anything is opened */
static uint32_t opened(struct sources *s, uint32_t within)
{
	size_t n = 0;

	for (size_t i = 0; i < s->num; i++)
		if (!grade_of(s, &s->members[i])[PW_GRADE_BLOCK])
			s->scratch[n++] = pw_sets_intersect(s->sets, within,
							s->members[i].set);
	return pw_sets_union_of(s->sets, s->scratch, n);
}

/* Whom blocks without an end refuse on one side */
static uint32_t blocked(struct sources *s, enum side side)
{
	size_t n = 0;

	for (size_t i = 0; i < s->num; i++) {
		const struct pw_member *m = &s->members[i];
		const uint32_t *grade = grade_of(s, m);

		if (m->side == side && grade[PW_GRADE_BLOCK] &&
		    pw_grade_until(grade) == UINT64_MAX)
			s->scratch[n++] = m->set;
	}
	return pw_sets_union_of(s->sets, s->scratch, n);
}

/* Less whom both sides refuse */
static uint32_t unblocked(struct sources *s, uint32_t within)
{
	uint32_t before = blocked(s, SIDE_BEFORE);
	uint32_t both = pw_sets_intersect(s->sets, before,
					  blocked(s, SIDE_AFTER));

	return pw_sets_subtract(s->sets, within, both);
}

/* Anything that two policies differ in fits into a few words */
static int number_text(struct pw_regions *regions, char *text, uint32_t *out)
{
	uint64_t a = 0, b = 1;
	uint32_t key[4];
	int64_t n;
	int err = 0;

	for (const char *c = text; *c; c++) {
		a = pw_mix64(a ^ (unsigned char)*c);
		b = pw_mix64(b ^ (unsigned char)*c);
	}
	memcpy(key, &a, sizeof(a));
	memcpy(key + 2, &b, sizeof(b));
	n = pw_tuples_add(&regions->text_hashes, key);
	if (n < 0)
		err = -ENOMEM;
	else if ((size_t)n == regions->num_texts)
		err = PW_ARRAY_PUSH(regions->texts, regions->num_texts,
				    regions->cap_texts, text);
	else
		free(text);
	if (err)
		free(text);
	else
		*out = (uint32_t)n + 1;
	return err;
}

/* The better of two by what they do: a block, then no limit, then a limit */
static int rank_of(const uint32_t *grade)
{
	return grade[PW_GRADE_BLOCK] ? 0 : pw_grade_is_limited(grade) ? 2 : 1;
}

/*
 * 1 + the term that decides on one side, 0: none. A block only if it is new,
 * as those that remain decide nothing here.
 */
static uint32_t decider(const struct sources *s, const struct pw_part *part,
			enum side side, bool block)
{
	const struct pw_member *best = NULL;

	for (size_t i = 0; i < part->num; i++) {
		const struct pw_member *m = &part->members[i];
		int rank = rank_of(grade_of(s, m));

		if (m->side == side && block == !rank &&
		    (!best || rank < rank_of(grade_of(s, best))))
			best = m;
	}
	return best ? best->entry + 1 : 0;
}

/* Who is to be named: who opens, or who closes, or who did open */
static uint32_t name_term(const struct sources *s, const struct pw_part *part,
			  enum pw_change_kind kind)
{
	uint32_t term = 0;

	if (kind == PW_CHANGE_CLOSES)
		term = decider(s, part, SIDE_AFTER, true);
	if (!term && kind != PW_CHANGE_CLOSES)
		term = decider(s, part, SIDE_AFTER, false);
	if (!term)
		term = decider(s, part, SIDE_BEFORE, false);
	return term;
}

static int add_row(struct sources *s, const struct pw_part *part,
		   const struct pw_row *row, unsigned int from,
		   const struct pw_outlook sides[NUM_SIDES])
{
	struct pw_row found = *row;
	enum pw_change_kind kind = pw_outlook_compare(s->terms, &sides[0],
						      &sides[1]);
	int err = 0;

	if (kind == PW_NUM_CHANGES)
		return 0;
	found.col[PW_COL_KIND] = kind;
	found.col[PW_COL_ADMITS] = pw_outlook_admits(&sides[SIDE_AFTER]);
	found.col[from] = part->set;
	found.col[PW_COL_TERM] = name_term(s, part, kind);
	if (kind == PW_CHANGE_LIMIT || kind == PW_CHANGE_UNTIL) {
		char *text = pw_outlook_text(s->terms, kind, &sides[0],
					     &sides[1]);

		err = text ? number_text(s->regions, text,
					 &found.col[PW_COL_TEXT]) : -ENOMEM;
	}
	if (err)
		return err;
	return PW_ARRAY_PUSH(s->regions->rows.list, s->regions->rows.num,
			     s->regions->rows.cap, found);
}

static int judge(struct sources *s, const struct pw_part *part,
		 const struct pw_row *row, unsigned int from)
{
	struct pw_outlook sides[NUM_SIDES] = { 0 };
	int err = 0;

	for (int side = 0; !err && side < NUM_SIDES; side++)
		err = pw_outlook_make(s->terms, part->members, part->num, side,
				      &sides[side]);
	if (!err)
		err = add_row(s, part, row, from, sides);
	for (int side = 0; side < NUM_SIDES; side++)
		pw_outlook_clear(&sides[side]);
	return err;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct pw_member *x = a, *y = b;

	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* From now on sources are what is divided, and what is left is the grade */
static int divide(struct sources *s, uint32_t within, const struct pw_row *row,
		  unsigned int from)
{
	struct pw_split split = { 0 };
	int err;

	for (size_t i = 0; i < s->num; i++)
		s->members[i].rest = s->terms->list[s->members[i].entry].grade;
	qsort(s->members, s->num, sizeof(*s->members), entry_cmp);
	err = pw_split(s->sets, pw_family_bits(s->family), within, s->members,
		       s->num, &split);
	for (size_t i = 0; !err && i < split.num; i++)
		err = judge(s, &split.parts[i], row, from);
	pw_split_clear(&split);
	return err;
}

static int narrow_and_divide(struct sources *s, const struct pw_row *row,
			     unsigned int from)
{
	uint32_t within;

	for (size_t i = 0; i < s->num; i++) {
		struct pw_member *m = &s->members[i];

		m->set = s->terms->list[m->entry].from[s->family];
	}
	qsort(s->members, s->num, sizeof(*s->members), rest_cmp);
	find_different(s);
	if (!s->num_different)
		return 0;
	within = unblocked(s, opened(s, may_differ(s)));
	return within ? divide(s, within, row, from) : 0;
}

int pw_sources_divide(struct pw_regions *regions, const struct pw_row *row,
		      unsigned int from, enum pw_family family,
		      struct pw_member *members, size_t num)
{
	struct sources s = {
		.regions = regions, .terms = regions->terms,
		.sets = &regions->terms->sets, .family = family,
		.members = members, .num = num,
		.different = calloc(num + 1, sizeof(*members)),
		.scratch = calloc(num + 1, sizeof(uint32_t)),
	};
	int err = s.different && s.scratch ?
		  narrow_and_divide(&s, row, from) : -ENOMEM;

	free(s.different);
	free(s.scratch);
	return err;
}
