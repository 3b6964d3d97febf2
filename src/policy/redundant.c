/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds sections that open what others have opened to anyone. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"

#include "policy/lint.h"

#define REPORTED_MAX 20

/* To the host's own unicast addresses, whatever else restricts it */
static bool only_local(const struct pw_section *section)
{
	return section->to_local && !section->to_broadcast &&
	       !section->to_multicast &&
	       pw_rangeset_empty(section->to.set[PW_IPV4]) &&
	       pw_rangeset_empty(section->to.set[PW_IPV6]);
}

/* Open to anyone, everywhere, always */
static bool is_public(const struct pw_section *section)
{
	return !section->block && section->any_from && section->any_on &&
	       only_local(section) && !section->until_ns &&
	       !section->rate.set && !section->connections.set;
}

/* Where a range of a public section begins, or has ended */
struct edge {
	uint32_t at;
	int step;
};

struct edges {
	struct edge *items;
	size_t num, cap;
};

/* Numbers that at least one, and at least two public sections open */
struct opened {
	struct pw_rangeset *once, *twice;
};

static int cmp_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int collect(struct edges *edges, const struct pw_rangeset *set)
{
	int err = 0;

	for (size_t i = 0; i < set->num && !err; i++) {
		struct edge first = { set->r32[i].first, 1 };
		struct edge behind = { set->r32[i].last + 1, -1 };

		err = PW_ARRAY_PUSH(edges->items, edges->num, edges->cap,
				    first);
		if (!err)
			err = PW_ARRAY_PUSH(edges->items, edges->num,
					    edges->cap, behind);
	}
	return err;
}

static int sweep(const struct edges *edges, struct opened *out)
{
	int depth = 0, err = 0;

	for (size_t i = 0; i + 1 < edges->num && !err; i++) {
		uint32_t first = edges->items[i].at;
		uint32_t behind = edges->items[i + 1].at;

		depth += edges->items[i].step;
		if (first == behind)
			continue;
		if (depth >= 1)
			err = pw_rangeset_add32(out->once, first, behind - 1);
		if (depth >= 2 && !err)
			err = pw_rangeset_add32(out->twice, first, behind - 1);
	}
	return err ?: pw_rangeset_normalise(out->once) ?:
	       pw_rangeset_normalise(out->twice);
}

static void clear(struct opened opened[static PW_NUM_NUMBERS])
{
	for (int k = 0; k < PW_NUM_NUMBERS; k++) {
		pw_rangeset_free(opened[k].once);
		pw_rangeset_free(opened[k].twice);
		opened[k] = (struct opened){ 0 };
	}
}

/* @gone: sections that were reported no longer count */
static int find_opened(const struct pw_linter *lint, const bool *gone, int k,
		       struct opened *out)
{
	const struct pw_model *model = lint->model;
	unsigned int bits = k < PW_NUM_TRANSPORTS ? 16 : 8;
	struct edges edges = { 0 };
	int err = 0;

	out->once = pw_rangeset_new(bits);
	out->twice = pw_rangeset_new(bits);
	if (!out->once || !out->twice)
		return -ENOMEM;
	for (size_t i = 0; i < model->num_sections && !err; i++) {
		if (!gone[i] && is_public(&model->sections[i]))
			err = collect(&edges, pw_section_numbers(
						&model->sections[i], k));
	}
	if (!err && edges.num) {
		qsort(edges.items, edges.num, sizeof(*edges.items), cmp_edges);
		err = sweep(&edges, out);
	}
	free(edges.items);
	return err;
}

static int find_all_opened(const struct pw_linter *lint, const bool *gone,
			   struct opened opened[static PW_NUM_NUMBERS])
{
	int err = 0;

	clear(opened);
	for (int k = 0; k < PW_NUM_NUMBERS && !err; k++)
		err = find_opened(lint, gone, k, &opened[k]);
	return err;
}

static bool is_redundant(const struct pw_linter *lint,
			 const struct pw_section *section,
			 const struct opened opened[static PW_NUM_NUMBERS])
{
	bool public = is_public(section);

	if (section->block || !only_local(section) ||
	    (section->ping && lint->model->ping != PW_PING_YES) ||
	    pw_section_matches_nothing(section))
		return false;
	for (int k = 0; k < PW_NUM_NUMBERS; k++) {
		if (!pw_rangeset_subset(pw_section_numbers(section, k), public ?
					opened[k].twice : opened[k].once))
			return false;
	}
	return true;
}

/* One of those that open it: the first that shares a port */
static const struct pw_section *opener(const struct pw_linter *lint,
				       const bool *gone,
				       const struct pw_section *section)
{
	const struct pw_model *model = lint->model;

	for (size_t i = 0; i < model->num_sections; i++) {
		const struct pw_section *other = &model->sections[i];

		if (gone[i] || other == section || !is_public(other))
			continue;
		for (int k = 0; k < PW_NUM_NUMBERS; k++) {
			if (pw_rangeset_overlaps(pw_section_numbers(section, k),
						 pw_section_numbers(other, k)))
				return other;
		}
	}
	return NULL;
}

static void warn(const struct pw_linter *lint, const bool *gone, size_t at)
{
	const struct pw_section *section = &lint->model->sections[at];
	const struct pw_section *other = opener(lint, gone, section);

	pw_diag_warning(lint->diags, &section->loc,
			"section '%s' has no effect: anyone is let in there "
			"without it", section->name);
	if (other)
		pw_diag_note(lint->diags, &other->loc, "opened here");
}

/* From the last to the first: of two equal sections the first one counts */
static int check_all(const struct pw_linter *lint, bool *gone,
		     struct opened opened[static PW_NUM_NUMBERS])
{
	size_t reported = 0;
	int err = find_all_opened(lint, gone, opened);

	for (size_t i = lint->model->num_sections; i-- && !err;) {
		if (reported == REPORTED_MAX || pw_lint_enough(lint))
			break;
		if (!is_redundant(lint, &lint->model->sections[i], opened))
			continue;
		warn(lint, gone, i);
		reported++;
		gone[i] = true;
		if (is_public(&lint->model->sections[i]))
			err = find_all_opened(lint, gone, opened);
	}
	return err;
}

int pw_lint_redundant(const struct pw_linter *lint, bool *gone)
{
	struct opened opened[PW_NUM_NUMBERS] = { 0 };
	int err = check_all(lint, gone, opened);

	clear(opened);
	return err;
}
