/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of changes: made of the rows of what differs. */
#include "portwall/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change/regions.h"
#include "change/settings.h"
#include "change/names.h"
#include "portwall/array.h"

static void change_clear(struct pw_change *change)
{
	free(change->text);
	pw_addrs_clear(&change->from);
	pw_rangeset_free(change->on);
	for (int kind = 0; kind < PW_NUM_TO; kind++)
		pw_addrs_clear(&change->to[kind]);
	free(change->from_text);
	free(change->on_text);
	free(change->to_text);
}

void pw_changes_free(struct pw_changes *changes)
{
	if (!changes)
		return;
	for (size_t i = 0; i < changes->num; i++)
		change_clear(&changes->list[i]);
	free(changes->list);
	free(changes);
}

static int copy_addrs(const struct pw_sets *sets,
		      const uint32_t col[PW_NUM_FAMILIES],
		      struct pw_addrs *out)
{
	int err = 0;

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		out->set[f] = col[f] ? pw_rangeset_ref(sets->list[col[f]]) :
				       pw_rangeset_new(pw_family_bits(f));
		if (!out->set[f])
			err = -ENOMEM;
	}
	return err;
}

/* Where, as sets and in words */
static int set_place(struct pw_set_names *words, const struct pw_row *row,
		     struct pw_change *change)
{
	const struct pw_sets *sets = &words->terms->sets;
	uint32_t on = row->col[PW_COL_ON];
	int err = copy_addrs(sets, row->col + PW_COL_FROM, &change->from);

	for (unsigned int kind = 0; !err && kind < PW_NUM_TO; kind++)
		err = copy_addrs(sets, row->col + pw_col_to(kind, 0),
				 &change->to[kind]);
	if (!err && !pw_sets_is_all(sets, on))
		change->on = pw_rangeset_ref(sets->list[on]);
	if (!err)
		err = pw_set_names_from(words, row, &change->from_text);
	if (!err)
		err = pw_set_names_on(words, row, &change->on_text);
	if (!err)
		err = pw_set_names_to(words, row, &change->to_text);
	change->any_from = !change->from_text;
	return err;
}

static void set_section(const struct pw_terms *terms, const struct pw_row *row,
			struct pw_change *change)
{
	uint32_t n = row->col[PW_COL_TERM];
	const struct pw_term *term = n ? &terms->list[n - 1] : NULL;

	if (!term || !term->section)
		return;
	change->section = term->section;
	if (term->side == SIDE_AFTER)
		return;
	change->section = pw_section_namesake(terms->after, term->section);
	change->gone = !change->section;
	if (change->gone)
		change->section = term->section;
}

static int set_text(const struct pw_regions *regions, const struct pw_row *row,
		    struct pw_change *change)
{
	uint32_t n = row->col[PW_COL_TEXT];

	if (n)
		change->text = strdup(regions->texts[n - 1]);
	return !n || change->text ? 0 : -ENOMEM;
}

static void set_ports(struct pw_change *change, uint32_t row, uint32_t first,
		      uint32_t last)
{
	if (row == PW_ROW_PROTOCOLS)
		change->proto = (uint8_t)first;
	if (row >= PW_NUM_TRANSPORTS)
		return;
	change->proto = pw_transport_proto((enum pw_transport)row);
	change->first = (uint16_t)first;
	change->last = (uint16_t)last;
}

/* One change: a range of ports, a protocol, or ping */
static int add_change(struct pw_changes *changes,
		      const struct pw_regions *regions,
		      struct pw_set_names *words,
		      const struct pw_row *row,
		      const struct pw_range32 *numbers)
{
	struct pw_change change = {
		.kind = row->col[PW_COL_KIND],
		.admits = row->col[PW_COL_ADMITS],
	};
	int err = set_place(words, row, &change);

	if (!regions->terms->before)
		change.kind = PW_CHANGE_STAYS;
	set_section(regions->terms, row, &change);
	set_ports(&change, row->col[PW_COL_ROW], numbers->first,
		  numbers->last);
	if (!err)
		err = set_text(regions, row, &change);
	if (!err)
		err = PW_ARRAY_PUSH(changes->list, changes->num, changes->cap,
				    change);
	if (err)
		change_clear(&change);
	return err;
}

/* Protocols are no neighbours of each other */
static int add_protocols(struct pw_changes *changes,
			 const struct pw_regions *regions,
			 struct pw_set_names *words, const struct pw_row *row,
			 const struct pw_range32 *numbers)
{
	int err = 0;

	for (uint32_t n = numbers->first; !err && n <= numbers->last; n++) {
		const struct pw_range32 one = { n, n };

		err = add_change(changes, regions, words, row, &one);
	}
	return err;
}

static int add_row(struct pw_changes *changes,
		   const struct pw_regions *regions, struct pw_set_names *words,
		   const struct pw_row *row)
{
	const struct pw_rangeset *set = pw_sets_get(&regions->terms->sets,
						    row->col[PW_COL_PORTS]);
	bool protocols = row->col[PW_COL_ROW] == PW_ROW_PROTOCOLS;
	int err = 0;

	/* nothing was in force: what opens later is closed today */
	if (!regions->terms->before &&
	    row->col[PW_COL_KIND] != PW_CHANGE_OPENS)
		return 0;
	for (size_t i = 0; !err && i < set->num; i++)
		err = (protocols ? add_protocols : add_change)
			(changes, regions, words, row, &set->r32[i]);
	return err;
}

static int add_rows(struct pw_changes *changes,
		    const struct pw_regions *regions)
{
	struct pw_set_names words;
	int err = pw_set_names_init(&words, regions->terms);

	for (size_t i = 0; !err && i < regions->rows.num; i++)
		err = add_row(changes, regions, &words,
			      &regions->rows.list[i]);
	pw_set_names_clear(&words);
	return err ? err : regions->terms->sets.err;
}

static int add_regions(struct pw_changes *changes, struct pw_terms *terms)
{
	struct pw_regions regions;
	int err = pw_regions_find(&regions, terms);

	if (!err)
		err = pw_rows_fold(&regions.rows, &terms->sets);
	if (!err)
		err = add_rows(changes, &regions);
	pw_regions_clear(&regions);
	return err;
}

static int add_rest(struct pw_changes *changes)
{
	const struct pw_change rest = { .kind = PW_CHANGE_REST,
					.any_from = true };

	return PW_ARRAY_PUSH(changes->list, changes->num, changes->cap, rest);
}

static int text_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int section_cmp(const struct pw_section *a, const struct pw_section *b)
{
	if (!a || !b || a == b)
		return (a != NULL) - (b != NULL);
	if (a->block != b->block)
		return a->block ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int change_cmp(const void *a, const void *b)
{
	const struct pw_change *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	order = section_cmp(x->section, y->section);
	if (!order)
		order = text_cmp(x->from_text, y->from_text);
	if (!order)
		order = text_cmp(x->on_text, y->on_text);
	if (!order)
		order = text_cmp(x->to_text, y->to_text);
	return order ? order : text_cmp(x->text, y->text);
}

static void finish(struct pw_changes *changes)
{
	if (changes->num)
		qsort(changes->list, changes->num, sizeof(*changes->list),
		      change_cmp);
	for (size_t i = 0; i < changes->num; i++)
		changes->num_ports +=
			changes->list[i].kind != PW_CHANGE_SETTING &&
			changes->list[i].kind != PW_CHANGE_STAYS;
}

int pw_changes_find(const struct pw_model *before,
		    const struct pw_model *after, struct pw_changes **out)
{
	pw_owned(pw_changes_free) struct pw_changes *changes =
		calloc(1, sizeof(*changes));
	struct pw_terms terms;
	int err;

	if (!changes)
		return -ENOMEM;
	err = pw_terms_init(&terms, before, after);
	if (!err)
		err = add_regions(changes, &terms);
	if (!err)
		err = before ? pw_settings_compare(before, after, changes) :
			       add_rest(changes);
	pw_terms_clear(&terms);
	if (err)
		return err;
	finish(changes);
	*out = PW_TAKE(changes);
	return 0;
}
