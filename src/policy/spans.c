/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of sections, to find those that overlap one. */
#include "policy/spans.h"

#include <stdlib.h>

#include "portwall/array.h"

int pw_spans_add(struct pw_spans *spans, uint32_t first, uint32_t last,
		 size_t section)
{
	struct pw_span span = { first, last, last, section };

	return PW_ARRAY_PUSH(spans->items, spans->num, spans->cap, span);
}

static int cmp_spans(const void *a, const void *b)
{
	const struct pw_span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->section < y->section ? -1 : x->section > y->section;
}

void pw_spans_sort(struct pw_spans *spans)
{
	uint32_t reach = 0;

	if (!spans->num)
		return;
	qsort(spans->items, spans->num, sizeof(*spans->items), cmp_spans);
	for (size_t i = 0; i < spans->num; i++) {
		if (spans->items[i].last > reach)
			reach = spans->items[i].last;
		spans->items[i].reach = reach;
	}
}

void pw_spans_clear(struct pw_spans *spans)
{
	free(spans->items);
	*spans = (struct pw_spans){ 0 };
}

/* First span behind all that begin at @number or before */
static size_t behind(const struct pw_spans *spans, uint32_t number)
{
	size_t low = 0, high = spans->num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (spans->items[mid].first <= number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct pw_walk pw_spans_walk(const struct pw_spans *spans, uint32_t first,
			     uint32_t last, size_t *budget)
{
	return (struct pw_walk){ spans, first, behind(spans, last), budget };
}

const struct pw_span *pw_walk_next(struct pw_walk *walk)
{
	while (walk->next && *walk->budget) {
		const struct pw_span *span =
			&walk->spans->items[--walk->next];

		if (span->reach < walk->first)
			break;
		--*walk->budget;
		if (span->last >= walk->first)
			return span;
	}
	return NULL;
}
