// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of sections whose ports are matched already, alone or merged. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/parts.h"
#include "compile/sources.h"
#include "portwall/array.h"

#define MERGE_MIN 9	/* sections in one chain that make a group */

void pw_list_push(struct build *b, struct list *list, size_t section)
{
	if (!b->err)
		pw_fail(b, PW_ARRAY_PUSH(list->items, list->num, list->cap,
					 (uint32_t)section));
}

void pw_list_clear(struct list *list)
{
	free(list->items);
	*list = (struct list){ 0 };
}

/* Groups alone, RFC 5771 and RFC 4291 2.7: never an address of the host */
static bool never_local(const struct pw_addrs *addrs)
{
	static const struct pw_range groups[PW_NUM_FAMILIES] = {
		{ { 0, 0xe0000000 }, { 0, 0xefffffff } },
		{ { 0xff00000000000000, 0 }, { UINT64_MAX, UINT64_MAX } },
	};

	for (size_t f = 0; f < PW_NUM_FAMILIES; f++) {
		const struct pw_rangeset *set = addrs->set[f];

		if (!set->num)
			continue;
		if (pw_value_cmp(pw_rangeset_get(set, 0).first,
				 groups[f].first) < 0 ||
		    pw_value_cmp(pw_rangeset_get(set, set->num - 1).last,
				 groups[f].last) > 0)
			return false;
	}
	return true;
}

bool pw_section_in_scope(const struct pw_section *s, enum scope scope)
{
	if (s->any_to || scope == SCOPE_ANY)
		return true;
	if (scope == SCOPE_LOCAL)
		return s->to_local || !never_local(&s->to);
	return s->to_broadcast || s->to_multicast || !pw_addrs_empty(&s->to);
}

bool pw_section_alive(const struct pw_model *model, const struct pw_section *s)
{
	if (s->until_ns && s->until_ns <= model->now_ns)
		return false;
	return (s->any_from || !pw_addrs_empty(&s->from)) &&
	       (s->any_on || !pw_rangeset_empty(s->on));
}

bool pw_section_limited(const struct pw_section *s)
{
	return s->rate.set || s->connections.set;
}

bool pw_section_public(const struct pw_section *s)
{
	return s->any_from && s->any_on && (s->to_local || s->any_to) &&
	       !pw_section_limited(s) && !s->until_ns && !s->log_set;
}

/* Comments reach terminals by way of other tools: printable, no quotes */
static void make_printable(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e || *c == '"')
			*c = *c == '"' ? '\'' : '?';
}

const char *pw_section_comment(const struct pw_section *s, char buf[static 128])
{
	const char *kind = s->block ? "block" : "allow";
	const char *text = s->comment ? s->comment : "";
	int len = snprintf(buf, 128, "%s %s (%s:%u)%s%s", kind, s->name,
			   s->file, s->line, *text ? ": " : "", text);

	if (len > 127)
		snprintf(buf, 128, "(%s:%u) %s %s%s%s", s->file, s->line,
			 kind, s->name, *text ? ": " : "", text);
	make_printable(buf);
	return buf;
}

/* A section's effects and verdict, appended to @chain for packets of @d */
static void emit_section_verdict(struct build *b, uint32_t chain,
				 struct draft *d, size_t section)
{
	const struct pw_section *s = &b->model->sections[section];

	if (pw_section_limited(s))
		pw_emit_to(b, chain, d, PW_V_JUMP,
			   pw_limiter_chain(b, section));
	else
		pw_emit_admit(b, chain, d, section);
}

static bool same_family(const struct alt *a, const struct alt *b)
{
	return a->family == ANY_FAMILY || b->family == ANY_FAMILY ||
	       a->family == b->family;
}

static bool has_match(const struct draft *d, enum pw_field field)
{
	for (size_t i = 0; i < d->num_matches; i++)
		if (d->matches[i].field == field)
			return true;
	return false;
}

/* Source and destination may ask for one family both: same_family() saw to it */
static void apply(struct draft *d, const struct alt *alt)
{
	if (!alt->always && !has_match(d, alt->match.field))
		d->matches[d->num_matches++] = alt->match;
}

static void emit_section(struct build *b, uint32_t chain, size_t section,
			 enum scope scope)
{
	const struct pw_section *s = &b->model->sections[section];
	struct alts on, from, to;
	char comment[128];

	pw_alts_on(b, s, &on);
	pw_alts_from(b, s->any_from, &s->from, s->name, &from);
	pw_alts_to(b, s, scope, &to);
	pw_section_comment(s, comment);
	for (size_t i = 0; i < on.num * from.num * to.num; i++) {
		const struct alt *f = &from.items[i / to.num % from.num];
		const struct alt *t = &to.items[i % to.num];
		struct draft d = pw_draft();

		if (!same_family(f, t))
			continue;
		d.comment = comment;
		d.section = (uint32_t)section;
		apply(&d, &on.items[i / (to.num * from.num)]);
		apply(&d, f);
		apply(&d, t);
		if (s->until_ns)
			pw_match_range(&d, PW_F_TIME,
				       (struct pw_value){ 0, b->model->now_ns },
				       (struct pw_value){ 0, s->until_ns - 1 });
		emit_section_verdict(b, chain, &d, section);
	}
}

/* Can it share a source list with others of the same `on`? */
static bool mergeable(const struct pw_section *s, enum scope scope)
{
	return !pw_section_limited(s) && !s->log_set && !s->until_ns &&
	       !s->any_from &&
	       (s->any_to || (scope == SCOPE_LOCAL && s->to_local &&
			      pw_addrs_empty(&s->to)));
}

static int cmp_on(const void *a, const void *b, void *arg)
{
	const struct pw_section *sections = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct pw_section *x = &sections[i], *y = &sections[j];
	int order = x->any_on != y->any_on ? (x->any_on ? -1 : 1) :
		    x->any_on ? 0 : pw_rangeset_cmp(x->on, y->on);

	return order ? order : (i > j) - (i < j);
}

static bool same_on(const struct pw_section *a, const struct pw_section *b)
{
	return a->any_on == b->any_on &&
	       (a->any_on || pw_rangeset_equal(a->on, b->on));
}

/* Names of a group, "a,b,c": its identity, and what status shows of it */
static char *group_names(const struct pw_model *model, const uint32_t *items,
			 size_t num)
{
	size_t len = 1;
	char *names, *at;

	for (size_t i = 0; i < num; i++)
		len += strlen(model->sections[items[i]].name) + 1;
	names = at = malloc(len);
	if (!names)
		return NULL;
	*at = '\0';
	for (size_t i = 0; i < num; i++)
		at += sprintf(at, "%s%s", i ? "," : "",
			      model->sections[items[i]].name);
	return names;
}

static uint32_t group_counter(struct build *b, const char *names, bool block)
{
	char hex[17], comment[128];
	uint32_t obj;

	pw_hex_of(names, 8, hex);
	obj = pw_counter_obj(b, "q.%s%s", block ? "b" : "", hex);
	if (b->err || b->rs->objs[obj].comment)
		return obj;
	snprintf(comment, sizeof(comment), "%s", names);
	b->rs->objs[obj].comment = strdup(comment);
	if (!b->rs->objs[obj].comment)
		pw_fail(b, -ENOMEM);
	return obj;
}

static int merge_sources(const struct pw_model *model, const uint32_t *items,
			 size_t num, struct pw_addrs *out)
{
	int err = pw_addrs_init(out);

	for (size_t i = 0; i < num && !err; i++)
		err = pw_addrs_add_all(out, &model->sections[items[i]].from);
	return err ? err : pw_addrs_normalise(out);
}

/* One source list for sections that differ in nothing else */
static void emit_group(struct build *b, uint32_t chain, const uint32_t *items,
		       size_t num, enum scope scope)
{
	const struct pw_section *first = &b->model->sections[items[0]];
	struct pw_addrs sources = { 0 };
	char comment[128], *names;
	struct alts on, from;

	if (num == 1) {
		emit_section(b, chain, items[0], scope);
		return;
	}
	pw_fail(b, merge_sources(b->model, items, num, &sources));
	names = group_names(b->model, items, num);
	if (!names)
		pw_fail(b, -ENOMEM);
	if (b->err)
		goto out;
	snprintf(comment, sizeof(comment), "%s %zu sections: %s",
		 first->block ? "block" : "allow", num, names);
	pw_alts_on(b, first, &on);
	pw_alts_from(b, false, &sources, first->name, &from);
	for (size_t i = 0; i < on.num * from.num; i++) {
		struct draft d = pw_draft();

		d.comment = comment;
		apply(&d, &on.items[i / from.num]);
		apply(&d, &from.items[i % from.num]);
		pw_do_count(&d, group_counter(b, names, first->block));
		pw_emit(b, chain, &d, first->block ? PW_V_DROP : PW_V_ACCEPT);
	}
out:
	free(names);
	pw_addrs_clear(&sources);
}

/* @list is sorted by interfaces: each run of equal ones is a group */
static void emit_groups(struct build *b, uint32_t chain, struct list *list,
			enum scope scope)
{
	const struct pw_section *sections = b->model->sections;

	for (size_t i = 0, end; i < list->num; i = end) {
		for (end = i + 1; end < list->num; end++)
			if (!same_on(&sections[list->items[i]],
				     &sections[list->items[end]]))
				break;
		emit_group(b, chain, list->items + i, end - i, scope);
	}
}

void pw_emit_class(struct build *b, uint32_t chain, const struct list *list,
		   enum scope scope)
{
	const struct pw_section *sections = b->model->sections;
	struct list merge = { 0 };

	for (size_t i = 0; i < list->num; i++)
		if (mergeable(&sections[list->items[i]], scope))
			pw_list_push(b, &merge, list->items[i]);
	if (merge.num < MERGE_MIN)
		merge.num = 0;
	for (size_t i = 0; i < list->num; i++) {
		const struct pw_section *s = &sections[list->items[i]];

		if (!pw_section_limited(s) &&
		    !(merge.num && mergeable(s, scope)))
			emit_section(b, chain, list->items[i], scope);
	}
	if (merge.num) {
		qsort_r(merge.items, merge.num, sizeof(*merge.items), cmp_on,
			b->model->sections);
		emit_groups(b, chain, &merge, scope);
	}
	for (size_t i = 0; i < list->num; i++)
		if (pw_section_limited(&sections[list->items[i]]))
			emit_section(b, chain, list->items[i], scope);
	pw_list_clear(&merge);
}
