/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what is allowed and always blocked. */
#include <errno.h>
#include <stdlib.h>

#include "policy/lint.h"

/* A pair of sections is looked at once; 0 in @seen: with nobody yet */
struct search {
	const struct pw_linter *lint;
	struct pw_index index;		/* of the blocks */
	size_t *seen;			/* by block: 1 + section seen with */
	size_t budget;
};

static bool to_covers(const struct pw_section *wide,
		      const struct pw_section *narrow)
{
	if (wide->any_to)
		return true;
	return !narrow->any_to && (!narrow->to_local || wide->to_local) &&
	       (!narrow->to_broadcast || wide->to_broadcast) &&
	       (!narrow->to_multicast || wide->to_multicast) &&
	       pw_rangeset_subset(narrow->to.set[PW_IPV4],
				  wide->to.set[PW_IPV4]) &&
	       pw_rangeset_subset(narrow->to.set[PW_IPV6],
				  wide->to.set[PW_IPV6]);
}

bool pw_section_covers(const struct pw_section *wide,
		       const struct pw_section *narrow)
{
	if (wide->until_ns &&
	    (!narrow->until_ns || narrow->until_ns > wide->until_ns))
		return false;
	return to_covers(wide, narrow) &&
	       pw_rangeset_subset(narrow->from.set[PW_IPV4],
				  wide->from.set[PW_IPV4]) &&
	       pw_rangeset_subset(narrow->from.set[PW_IPV6],
				  wide->from.set[PW_IPV6]) &&
	       pw_rangeset_subset(narrow->on, wide->on);
}

static int warn_ports(const struct pw_linter *lint,
		      const struct pw_section *allow,
		      const struct pw_section *block, enum pw_transport t)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *both = NULL;
	char *text;
	int err;

	err = pw_rangeset_intersect(allow->ports[t], block->ports[t], &both);
	if (err || pw_rangeset_empty(both))
		return err;
	text = pw_ports_text(t, both);
	if (!text)
		return -ENOMEM;
	pw_diag_warning(lint->diags, &allow->loc,
			"%s of section '%s' is always closed by block '%s'",
			text, allow->name, block->name);
	pw_diag_note(lint->diags, &block->loc, "the block is here");
	free(text);
	return 0;
}

static int warn_pair(const struct pw_linter *lint,
		     const struct pw_section *allow,
		     const struct pw_section *block)
{
	int err = 0;

	if (block->everything) {
		pw_diag_warning(lint->diags, &allow->loc,
				"section '%s' never opens anything: block '%s' "
				"closes all of it", allow->name, block->name);
		pw_diag_note(lint->diags, &block->loc, "the block is here");
		return 0;
	}
	for (int t = 0; t < PW_NUM_TRANSPORTS && !err; t++)
		err = warn_ports(lint, allow, block, t);
	return err;
}

static int check_walk(struct search *search, size_t at, struct pw_walk walk)
{
	const struct pw_section *sections = search->lint->model->sections;
	const struct pw_span *span;
	int err = 0;

	while (!err && (span = pw_walk_next(&walk))) {
		if (search->seen[span->section] == at + 1)
			continue;
		search->seen[span->section] = at + 1;
		if (pw_section_covers(&sections[span->section], &sections[at]))
			err = warn_pair(search->lint, &sections[at],
					&sections[span->section]);
	}
	return err;
}

static int check_ports(struct search *search, size_t at, enum pw_transport t)
{
	const struct pw_section *section = &search->lint->model->sections[at];
	const struct pw_rangeset *set = section->ports[t];
	int err = 0;

	for (size_t i = 0; i < set->num && !err; i++)
		err = check_walk(search, at,
				 pw_spans_walk(&search->index.numbers[t],
					       set->r32[i].first,
					       set->r32[i].last,
					       &search->budget));
	return err;
}

static int check_section(struct search *search, size_t at)
{
	const struct pw_section *section = &search->lint->model->sections[at];
	int err = check_walk(search, at,
			     pw_index_source(&search->index, section,
					     &search->budget));

	for (int t = 0; t < PW_NUM_TRANSPORTS && !err; t++)
		err = check_ports(search, at, t);
	return err;
}

static int check_all(struct search *search)
{
	const struct pw_model *model = search->lint->model;
	int err = 0;

	for (size_t i = 0; i < model->num_sections && !err; i++) {
		if (model->sections[i].block || pw_lint_enough(search->lint))
			break;
		if (!pw_section_matches_nothing(&model->sections[i]))
			err = check_section(search, i);
	}
	return err;
}

int pw_lint_shadowed(const struct pw_linter *lint)
{
	struct search search = {
		.lint = lint, .budget = PW_LINT_BUDGET,
		.seen = calloc(lint->model->num_sections + 1, sizeof(size_t)),
	};
	int err = search.seen ? pw_index_init(&search.index, lint->model, true)
			      : -ENOMEM;

	if (!err)
		err = check_all(&search);
	pw_index_clear(&search.index);
	free(search.seen);
	return err;
}
