/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources, interfaces and destinations of a difference in words. */
#include "change/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/settings.h"
#include "portwall/array.h"
#include "portwall/escape.h"
#include "portwall/text.h"

#define NAME_BITS 128
#define MAX_LISTED 2	/* addresses that are spelled out */

/* Addresses of both families, by number */
struct pair {
	uint32_t set[PW_NUM_FAMILIES];
};

static struct pair less(struct pw_set_names *words, struct pair a,
			const uint32_t b[PW_NUM_FAMILIES])
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		a.set[f] = pw_sets_subtract(&words->terms->sets, a.set[f],
					    b[f]);
	return a;
}

static bool is_same(struct pair a, struct pair b)
{
	return a.set[PW_IPV4] == b.set[PW_IPV4] &&
	       a.set[PW_IPV6] == b.set[PW_IPV6];
}

static struct pair anyone(struct pw_set_names *words)
{
	struct pair all;

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		all.set[f] = pw_sets_all(&words->terms->sets,
					 pw_family_bits(f));
	return less(words, all, words->blocked);
}

/* Is it a block that the other policy has as well, be it another one there? */
static bool is_old_block(const struct pw_terms *terms,
			 const struct pw_term *term)
{
	const struct pw_model *other = term->side == SIDE_AFTER ?
				       terms->before : terms->after;

	return term->section && term->section->block && other &&
	       pw_section_namesake(other, term->section);
}

/*
 * The sources of a term, less whom it makes no difference to name. Of a list of
 * the blocked that grows that would be what is new: its name means all of it.
 */
static struct pair from_of(struct pw_set_names *words,
			   const struct pw_term *term)
{
	struct pair from = { { term->from[PW_IPV4], term->from[PW_IPV6] } };

	return is_old_block(words->terms, term) ? from :
	       less(words, from, words->blocked);
}

/* Does it refuse everything, on every interface, for ever? */
static bool blocks_all(const struct pw_term *term)
{
	const struct pw_section *s = term->section;

	return s && s->block && s->everything && s->any_on && s->any_to &&
	       !s->until_ns;
}

static int find_blocked(struct pw_set_names *words)
{
	struct pw_terms *terms = words->terms;
	uint32_t *list = calloc(terms->num + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		uint32_t sides[NUM_SIDES];

		for (int side = 0; side < NUM_SIDES; side++) {
			size_t n = 0;

			for (size_t i = 0; i < terms->num; i++)
				if ((int)terms->list[i].side == side &&
				    blocks_all(&terms->list[i]))
					list[n++] = terms->list[i].from[f];
			sides[side] = pw_sets_union_of(&terms->sets, list, n);
		}
		/* a first apply is looked at by what it lets in */
		words->blocked[f] = !terms->before ? sides[SIDE_AFTER] :
			pw_sets_intersect(&terms->sets, sides[SIDE_BEFORE],
					  sides[SIDE_AFTER]);
	}
	free(list);
	return 0;
}

/* The first term that uses a name for a set is remembered for it */
static int remember(struct pw_tuples *tuples, const uint32_t *key,
		    uint32_t **terms, size_t *num, size_t *cap, uint32_t term)
{
	int64_t n = pw_tuples_add(tuples, key);

	if (n < 0)
		return -ENOMEM;
	return (size_t)n < *num ? 0 : PW_ARRAY_PUSH(*terms, *num, *cap, term);
}

static int remember_names(struct pw_set_names *words, uint32_t i)
{
	const struct pw_term *term = &words->terms->list[i];
	struct pair from = from_of(words, term);
	int err = remember(&words->froms, from.set, &words->from_terms,
			   &words->num_froms, &words->cap_froms, i);

	return err ? err : remember(&words->ons, &term->on, &words->on_terms,
				    &words->num_ons, &words->cap_ons, i);
}

/* Names of the new policy go before those of the old one */
int pw_set_names_init(struct pw_set_names *words, struct pw_terms *terms)
{
	int err;

	*words = (struct pw_set_names){
		.terms = terms, .froms = { .width = PW_NUM_FAMILIES },
		.ons = { .width = 1 },
	};
	err = find_blocked(words);
	for (size_t i = terms->num; !err && i-- > 0;)
		err = remember_names(words, (uint32_t)i);
	return err ? err : terms->sets.err;
}

void pw_set_names_clear(struct pw_set_names *words)
{
	pw_tuples_clear(&words->froms);
	pw_tuples_clear(&words->ons);
	free(words->from_terms);
	free(words->on_terms);
}

static const struct pw_term *decider(const struct pw_set_names *words,
				     const struct pw_row *row)
{
	uint32_t term = row->col[PW_COL_TERM];

	return term ? &words->terms->list[term - 1] : NULL;
}

static const char *text_of(const struct pw_term *term)
{
	return term->section ? term->section->from_text : NULL;
}

/* A term whose sources are exactly these, NULL: there is none */
static const struct pw_term *named(struct pw_set_names *words, struct pair from)
{
	int64_t n = pw_tuples_add(&words->froms, from.set);
	struct pw_terms *terms = words->terms;

	/* a new number stands for no term, and never will */
	return n >= 0 && (size_t)n < words->num_froms ?
	       &terms->list[words->from_terms[n]] : NULL;
}

static size_t num_ranges(const struct pw_set_names *words, struct pair from)
{
	size_t num = 0;

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		if (from.set[f])
			num += pw_sets_get(&words->terms->sets,
					   from.set[f])->num;
	return num;
}

static void put_addrs(const struct pw_set_names *words, struct pair from,
		      FILE *out)
{
	size_t num = num_ranges(words, from), put = 0;
	char buf[2 * PW_ADDR_STRLEN];

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		const struct pw_rangeset *set =
			pw_sets_get(&words->terms->sets, from.set[f]);

		for (size_t i = 0; set && i < set->num && put < MAX_LISTED;
		     i++) {
			struct pw_range r = pw_rangeset_get(set, i);

			fprintf(out, "%s%s", put++ ? ", " : "",
				pw_addr_range_format(f, &r, buf));
		}
	}
	if (num > put)
		fprintf(out, " and %zu more", num - put);
}

/* The words that a section has for exactly these, NULL: none */
static const char *name_of(struct pw_set_names *words, struct pair from)
{
	const struct pw_term *term = named(words, from);

	return term ? text_of(term) : NULL;
}

/* A name, or few enough to be listed? */
static bool is_short(struct pw_set_names *words, struct pair from)
{
	return name_of(words, from) || num_ranges(words, from) <= MAX_LISTED;
}

static void put_pair(struct pw_set_names *words, struct pair from, FILE *out)
{
	const char *name = name_of(words, from);

	if (name)
		fputs(name, out);
	else
		put_addrs(words, from, out);
}

/* "office but 203.0.113.7": @wide is what the words before "but" mean */
static bool put_but(struct pw_set_names *words, const char *name,
		    struct pair wide,
		    struct pair from, FILE *out)
{
	struct pair rest = less(words, wide, from.set);

	if (!is_same(less(words, from, wide.set), (struct pair){ { 0, 0 } }) ||
	    !is_short(words, rest))
		return false;
	fprintf(out, "%s but ", name);
	put_pair(words, rest, out);
	return true;
}

/* All of one family, and none of the other */
static bool put_family(struct pw_set_names *words, struct pair from, FILE *out)
{
	struct pair all = anyone(words);

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		if (from.set[f] != all.set[f] || from.set[!f])
			continue;
		fprintf(out, "any %s address", pw_family_name(f));
		return true;
	}
	return false;
}

static void put_from(struct pw_set_names *words, const struct pw_row *row,
		     struct pair from, FILE *out)
{
	const struct pw_term *term = decider(words, row);
	const char *name = term ? text_of(term) : NULL;

	if (!name_of(words, from) && put_family(words, from, out))
		return;
	if (!is_short(words, from) &&
	    (put_but(words, "anyone", anyone(words), from, out) ||
	     (name && !strchr(name, ',') &&
	      put_but(words, name, from_of(words, term), from, out))))
		return;
	put_pair(words, from, out);
}

/* The families that a row can be about, by its destinations */
static struct pair of_families(const struct pw_row *row, struct pair from)
{
	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		uint32_t any = 0;

		for (unsigned int kind = 0; kind < PW_NUM_TO; kind++)
			any |= row->col[pw_col_to(kind, f)];
		if (!any)
			from.set[f] = PW_NO_SET;
	}
	return from;
}

/* The words of the section that decides, where they say it */
static bool is_own(struct pw_set_names *words, const struct pw_row *row,
		   struct pair from)
{
	const struct pw_term *term = decider(words, row);
	struct pair own = term ? from_of(words, term) : anyone(words);
	bool one = !from.set[PW_IPV4] || !from.set[PW_IPV6];

	if (is_same(own, from))
		return true;
	/* destinations of kinds that one family alone has */
	for (unsigned int f = 0; one && term && f < PW_NUM_FAMILIES; f++)
		for (unsigned int kind = 0; kind < PW_NUM_TO; kind++)
			if (!from.set[f] && row->col[pw_col_to(kind, !f)] &&
			    term->to[kind][f])
				return false;
	return one && is_same(of_families(row, own), from);
}

static int write_text(struct pw_set_names *words, const struct pw_row *row,
		      struct pair from, char **text)
{
	size_t len;
	FILE *out = pw_text_open(text, &len);

	if (!out)
		return -ENOMEM;
	put_from(words, row, from, out);
	return pw_text_close(out, text);
}

int pw_set_names_from(struct pw_set_names *words, const struct pw_row *row,
		      char **text)
{
	struct pair from = { { row->col[PW_COL_FROM + PW_IPV4],
			       row->col[PW_COL_FROM + PW_IPV6] } };
	const struct pw_term *term = decider(words, row);
	const char *own = term ? text_of(term) : NULL;

	*text = NULL;
	if (is_same(from, anyone(words)))
		return 0;
	if (!is_own(words, row, from))
		return write_text(words, row, from, text);
	if (own)
		*text = strdup(own);
	return !own || *text ? 0 : -ENOMEM;
}

/* Is each range of it a name or a glob? */
static bool put_ifnames(const struct pw_rangeset *set, FILE *out)
{
	for (size_t i = 0; i < set->num; i++) {
		struct pw_range r = pw_rangeset_get(set, i), again;
		char buf[17];
		const char *name = pw_ifname_format(&r, buf);

		if (pw_ifname_range(name, strlen(name), &again) ||
		    pw_value_cmp(r.first, again.first) ||
		    pw_value_cmp(r.last, again.last))
			return false;
		if (out)
			fprintf(out, "%s%s", i ? ", " : "", name);
	}
	return true;
}

static const char *on_name(struct pw_set_names *words, uint32_t on)
{
	int64_t n = pw_tuples_add(&words->ons, &on);
	const struct pw_section *s;

	if (n < 0 || (size_t)n >= words->num_ons)
		return NULL;
	s = words->terms->list[words->on_terms[n]].section;
	return s ? s->on_text : NULL;
}

static bool put_on(struct pw_set_names *words, uint32_t on, FILE *out)
{
	const struct pw_rangeset *set = pw_sets_get(&words->terms->sets, on);
	const char *name = on_name(words, on);

	if (name)
		fputs(name, out);
	else if (set && put_ifnames(set, NULL))
		put_ifnames(set, out);
	else
		return false;
	return true;
}

/* "lan but eth1"; what cannot be said so is a part of it */
static void put_on_but(struct pw_set_names *words, const struct pw_row *row,
		       FILE *out)
{
	struct pw_sets *sets = &words->terms->sets;
	const struct pw_term *term = decider(words, row);
	uint32_t on = row->col[PW_COL_ON], all = pw_sets_all(sets, NAME_BITS);
	uint32_t wide = term ? term->on : all;
	uint32_t rest = pw_sets_subtract(sets, wide, on);

	if (wide == all)
		fputs("any", out);
	else if (!put_on(words, wide, out))
		fputs("some", out);
	fputs(" but ", out);
	if (!put_on(words, rest, out))
		fputs("some", out);
}

int pw_set_names_on(struct pw_set_names *words, const struct pw_row *row,
		    char **text)
{
	uint32_t on = row->col[PW_COL_ON];
	size_t len;
	FILE *out;

	*text = NULL;
	if (pw_sets_is_all(&words->terms->sets, on))
		return 0;
	out = pw_text_open(text, &len);
	if (!out)
		return -ENOMEM;
	if (!put_on(words, on, out))
		put_on_but(words, row, out);
	return pw_text_close(out, text);
}

/* Is a kind meant as such, in every family it has addresses of? */
static bool is_whole(const struct pw_set_names *words, const struct pw_row *row,
		     unsigned int kind)
{
	const struct pw_terms *terms = words->terms;
	bool some = false;

	for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++) {
		uint32_t to = row->col[pw_col_to(kind, f)];

		if (to && to != terms->addrs[kind][f])
			return false;
		some |= to != PW_NO_SET;
	}
	return some;
}

static void put_to(struct pw_set_names *words, const struct pw_row *row,
		   FILE *out)
{
	static const char *const kinds[PW_NUM_TO] = {
		"local", "broadcast", "multicast", NULL,
	};
	struct pair listed = { { PW_NO_SET, PW_NO_SET } };
	const char *gap = "";

	for (unsigned int kind = 0; kind < PW_NUM_TO; kind++) {
		if (kinds[kind] && is_whole(words, row, kind)) {
			fprintf(out, "%s%s", gap, kinds[kind]);
			gap = ", ";
			continue;
		}
		for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++)
			listed.set[f] = pw_sets_union(&words->terms->sets,
				listed.set[f], row->col[pw_col_to(kind, f)]);
	}
	if (!listed.set[PW_IPV4] && !listed.set[PW_IPV6])
		return;
	fputs(gap, out);
	put_addrs(words, listed, out);
}

static bool is_local(const struct pw_set_names *words, const struct pw_row *row)
{
	for (unsigned int kind = 0; kind < PW_NUM_TO; kind++)
		for (unsigned int f = 0; f < PW_NUM_FAMILIES; f++)
			if (kind != PW_TO_LOCAL && row->col[pw_col_to(kind, f)])
				return false;
	return is_whole(words, row, PW_TO_LOCAL);
}

int pw_set_names_to(struct pw_set_names *words, const struct pw_row *row,
		    char **text)
{
	size_t len;
	FILE *out;

	*text = NULL;
	if (is_local(words, row))
		return 0;
	out = pw_text_open(text, &len);
	if (!out)
		return -ENOMEM;
	put_to(words, row, out);
	return pw_text_close(out, text);
}
