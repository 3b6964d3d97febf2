/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds sections that another one of their kind makes superfluous. */
#include <errno.h>

#include "policy/lint.h"

struct search {
	const struct pw_linter *lint;
	bool *gone;
	struct pw_index index;		/* of all sections */
	size_t budget;
};

/* Does @wide decide all that @narrow would, in the same way? */
static bool replaces(const struct pw_section *wide,
		     const struct pw_section *narrow)
{
	if (wide->block != narrow->block || wide->rate.set ||
	    wide->connections.set || (narrow->ping && !wide->ping))
		return false;
	if (narrow->everything && !wide->everything)
		return false;
	for (int k = 0; k < PW_NUM_NUMBERS && !wide->everything; k++) {
		if (!pw_rangeset_subset(pw_section_numbers(narrow, k),
					pw_section_numbers(wide, k)))
			return false;
	}
	return pw_section_covers(wide, narrow);
}

/* What logs, or is the first of two that are equal, has its reason */
static bool is_superfluous(const struct search *search, size_t at, size_t other)
{
	const struct pw_section *sections = search->lint->model->sections;
	const struct pw_section *narrow = &sections[at];
	const struct pw_section *wide = &sections[other];

	if (at == other || search->gone[other] || narrow->log_set ||
	    !replaces(wide, narrow))
		return false;
	return other < at || !replaces(narrow, wide);
}

static void warn(struct search *search, size_t at, size_t other)
{
	const struct pw_section *sections = search->lint->model->sections;
	const struct pw_section *narrow = &sections[at];
	struct pw_diags *diags = search->lint->diags;

	pw_diag_warning(diags, &narrow->loc,
			"%s '%s' has no effect: '%s' %s all of it",
			narrow->block ? "block" : "section", narrow->name,
			sections[other].name,
			narrow->block ? "blocks" : "opens");
	pw_diag_note(diags, &sections[other].loc, "'%s' is here",
		     sections[other].name);
	search->gone[at] = true;
}

static void check_walk(struct search *search, size_t at, struct pw_walk walk)
{
	const struct pw_span *span;

	while (!search->gone[at] && (span = pw_walk_next(&walk))) {
		if (is_superfluous(search, at, span->section))
			warn(search, at, span->section);
	}
}

/* Whoever covers a section has its first port, too, or is a block of all */
static void check_section(struct search *search, size_t at)
{
	const struct pw_section *section = &search->lint->model->sections[at];

	if (section->block)
		check_walk(search, at, pw_index_source(&search->index, section,
						       &search->budget));
	for (int k = 0; k < PW_NUM_NUMBERS; k++) {
		const struct pw_rangeset *set = pw_section_numbers(section, k);

		if (pw_rangeset_empty(set))
			continue;
		check_walk(search, at,
			   pw_spans_walk(&search->index.numbers[k],
					 set->r32[0].first, set->r32[0].first,
					 &search->budget));
		break;
	}
}

int pw_lint_covered(const struct pw_linter *lint, bool *gone)
{
	struct search search = {
		.lint = lint, .gone = gone, .budget = PW_LINT_BUDGET,
	};
	const struct pw_model *model = lint->model;
	int err = pw_index_init(&search.index, model, false);

	for (size_t i = 0; i < model->num_sections && !err; i++) {
		if (pw_lint_enough(lint))
			break;
		if (!gone[i] &&
		    !pw_section_matches_nothing(&model->sections[i]))
			check_section(&search, i);
	}
	pw_index_clear(&search.index);
	return err;
}
