// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policy says to one source at a time: quick with many sections. */
#include "rehearse/held_narrow.h"

#include <errno.h>
#include <stdlib.h>

void pw_narrow_clear(struct pw_narrow *narrow)
{
	free(narrow->model.sections);
	free(narrow->index);
	*narrow = (struct pw_narrow){ .of = narrow->of };
}

static bool is_made_for(const struct pw_narrow *narrow,
			const struct pw_arrival *arrival)
{
	return narrow->made && narrow->family == arrival->family &&
	       !pw_value_cmp(narrow->iface, arrival->iface) &&
	       !pw_value_cmp(narrow->src, arrival->src);
}

static bool belongs(const struct pw_section *s,
		    const struct pw_arrival *arrival)
{
	return (s->any_on || pw_rangeset_contains(s->on, arrival->iface)) &&
	       (s->any_from ||
		pw_rangeset_contains(s->from.set[arrival->family],
				     arrival->src));
}

static int make_room(struct pw_narrow *narrow, size_t num)
{
	struct pw_section *sections;
	uint32_t *index;

	if (num <= narrow->cap)
		return 0;
	num *= 2;
	sections = reallocarray(narrow->model.sections, num,
				sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	narrow->model.sections = sections;
	index = reallocarray(narrow->index, num, sizeof(*index));
	if (!index)
		return -ENOMEM;
	narrow->index = index;
	narrow->cap = num;
	return 0;
}

const struct pw_model *pw_narrow_to(struct pw_narrow *narrow,
				    const struct pw_arrival *arrival)
{
	struct pw_section *sections = narrow->model.sections;
	size_t num = 0;

	if (is_made_for(narrow, arrival))
		return &narrow->model;
	narrow->made = false;
	narrow->model = *narrow->of;
	narrow->model.sections = sections;
	for (uint32_t i = 0; i < narrow->of->num_sections; i++) {
		if (!belongs(&narrow->of->sections[i], arrival))
			continue;
		if (make_room(narrow, num + 1))
			return NULL;
		narrow->model.sections[num] = narrow->of->sections[i];
		narrow->index[num++] = i;
	}
	narrow->model.num_sections = num;
	narrow->iface = arrival->iface;
	narrow->family = arrival->family;
	narrow->src = arrival->src;
	narrow->made = true;
	return &narrow->model;
}

int pw_narrow_expect(struct pw_narrow *narrow,
		     const struct pw_arrival *arrival,
		     struct pw_expectation *out)
{
	const struct pw_model *model = pw_narrow_to(narrow, arrival);

	if (!model)
		return -ENOMEM;
	pw_expect(model, arrival, out);
	if (out->section != PW_NO_SECTION)
		out->section = narrow->index[out->section];
	return 0;
}
