/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections by their ports, protocols and sources. */
#include <errno.h>

#include "policy/lint.h"

#define EXACT_MAX 64		/* ranges of a source that are told apart */

/* IPv6 addresses by their first 32 bits: what is meant is looked at later */
static uint32_t head(enum pw_family family, struct pw_value addr)
{
	return family == PW_IPV4 ? addr.lo : addr.hi >> 32;
}

static int add_numbers(struct pw_index *index, const struct pw_section *section,
		       size_t at)
{
	int err = 0;

	for (int k = 0; k < PW_NUM_NUMBERS; k++) {
		const struct pw_rangeset *set = pw_section_numbers(section, k);

		for (size_t i = 0; i < set->num && !err; i++)
			err = pw_spans_add(&index->numbers[k],
					   set->r32[i].first, set->r32[i].last,
					   at);
	}
	return err;
}

static int add_sources(struct pw_index *index, const struct pw_section *section,
		       size_t at)
{
	int err = 0;

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		const struct pw_rangeset *set = section->from.set[f];
		bool exact = set->num <= EXACT_MAX;

		for (size_t i = 0; i < set->num && !err; i++) {
			struct pw_range range = pw_rangeset_get(set, i);

			if (!exact)
				range.last = pw_rangeset_get(set, set->num - 1)
						     .last;
			err = pw_spans_add(&index->sources[f],
					   head(f, range.first),
					   head(f, range.last), at);
			if (!exact)
				break;
		}
	}
	return err;
}

int pw_index_init(struct pw_index *index, const struct pw_model *model,
		  bool blocks_only)
{
	int err = 0;

	*index = (struct pw_index){ 0 };
	for (size_t i = 0; i < model->num_sections && !err; i++) {
		const struct pw_section *section = &model->sections[i];

		if (blocks_only && !section->block)
			continue;
		err = section->everything ? add_sources(index, section, i) :
					    add_numbers(index, section, i);
	}
	for (int k = 0; k < PW_NUM_NUMBERS; k++)
		pw_spans_sort(&index->numbers[k]);
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		pw_spans_sort(&index->sources[f]);
	return err;
}

void pw_index_clear(struct pw_index *index)
{
	for (int k = 0; k < PW_NUM_NUMBERS; k++)
		pw_spans_clear(&index->numbers[k]);
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		pw_spans_clear(&index->sources[f]);
}

struct pw_walk pw_index_source(const struct pw_index *index,
			       const struct pw_section *section, size_t *budget)
{
	int f = pw_rangeset_empty(section->from.set[PW_IPV4]) ? PW_IPV6 :
								PW_IPV4;
	struct pw_range range = pw_rangeset_get(section->from.set[f], 0);
	uint32_t first = head(f, range.first);

	return pw_spans_walk(&index->sources[f], first, first, budget);
}
