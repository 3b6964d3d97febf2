/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what is allowed and always blocked. */
#include <errno.h>
#include <stdlib.h>

#include "policy/lint.h"

/*
 * Each section is held against each block. Most pairs have nothing in common,
 * so that is decided by a few numbers of both: the outermost addresses and
 * ports.
 */
struct outline {
	const struct pw_section *section;
	struct pw_range from[PW_NUM_FAMILIES];	/* first > last: none */
	struct pw_range32 ports[PW_NUM_TRANSPORTS];
};

static struct pw_range outer(const struct pw_rangeset *set)
{
	if (!set->num)
		return (struct pw_range){ { ~0ull, ~0ull }, { 0, 0 } };
	return (struct pw_range){ pw_rangeset_get(set, 0).first,
				  pw_rangeset_get(set, set->num - 1).last };
}

static struct outline outline_of(const struct pw_section *section)
{
	struct outline outline = { .section = section };

	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		outline.from[f] = outer(section->from.set[f]);
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		const struct pw_rangeset *set = section->ports[t];

		outline.ports[t] = (struct pw_range32){ 1, 0 };
		if (set->num)
			outline.ports[t] = (struct pw_range32){
				set->r32[0].first, set->r32[set->num - 1].last
			};
	}
	return outline;
}

/* False when the block surely leaves some source or every port alone */
static bool may_cover(const struct outline *block, const struct outline *allow)
{
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		const struct pw_range *a = &allow->from[f];
		const struct pw_range *b = &block->from[f];

		if (pw_value_cmp(a->first, a->last) <= 0 &&
		    (pw_value_cmp(b->first, a->first) > 0 ||
		     pw_value_cmp(b->last, a->last) < 0))
			return false;
	}
	if (block->section->everything)
		return true;
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++) {
		if (block->ports[t].first <= allow->ports[t].last &&
		    allow->ports[t].first <= block->ports[t].last)
			return true;
	}
	return false;
}

/* Whoever is let in by @allow, wherever to and whenever, @block is told of */
static bool covers(const struct pw_section *block,
		   const struct pw_section *allow)
{
	if (block->until_ns &&
	    (!allow->until_ns || allow->until_ns > block->until_ns))
		return false;
	if (!block->any_to &&
	    ((allow->to_local && !block->to_local) ||
	     (allow->to_broadcast && !block->to_broadcast) ||
	     (allow->to_multicast && !block->to_multicast)))
		return false;
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		if (!pw_rangeset_subset(allow->from.set[f],
					block->from.set[f]))
			return false;
		if (!block->any_to && !pw_rangeset_subset(allow->to.set[f],
							  block->to.set[f]))
			return false;
	}
	return pw_rangeset_subset(allow->on, block->on);
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

static int check_pairs(const struct pw_linter *lint,
		       const struct outline *outlines, size_t num_allow,
		       size_t num)
{
	int err = 0;

	for (size_t a = 0; a < num_allow && !err; a++) {
		const struct pw_section *allow = outlines[a].section;

		if (pw_lint_enough(lint))
			break;
		if (pw_section_matches_nothing(allow))
			continue;
		for (size_t b = num_allow; b < num && !err; b++) {
			const struct pw_section *block = outlines[b].section;

			if (may_cover(&outlines[b], &outlines[a]) &&
			    covers(block, allow))
				err = warn_pair(lint, allow, block);
		}
	}
	return err;
}

int pw_lint_shadowed(const struct pw_linter *lint)
{
	size_t num = lint->model->num_sections, num_allow = 0;
	const struct pw_section *sections = lint->model->sections;
	struct outline *outlines;
	int err;

	while (num_allow < num && !sections[num_allow].block)
		num_allow++;
	if (num_allow == num)
		return 0;
	outlines = calloc(num, sizeof(*outlines));
	if (!outlines)
		return -ENOMEM;
	for (size_t i = 0; i < num; i++)
		outlines[i] = outline_of(&sections[i]);
	err = check_pairs(lint, outlines, num_allow, num);
	free(outlines);
	return err;
}
