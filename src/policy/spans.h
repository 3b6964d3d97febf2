/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sections speak of a port, a protocol or an address? */
#ifndef POLICY_SPANS_H
#define POLICY_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of one section */
struct pw_span {
	uint32_t first, last;
	uint32_t reach;		/* largest @last of this and all spans before */
	size_t section;
};

/* Sorted by @first once pw_spans_sort() was called */
struct pw_spans {
	struct pw_span *items;
	size_t num, cap;
};

int pw_spans_add(struct pw_spans *spans, uint32_t first, uint32_t last,
		 size_t section);	/* 0, -ENOMEM */
void pw_spans_sort(struct pw_spans *spans);
void pw_spans_clear(struct pw_spans *spans);

/**
 * struct pw_walk - Visits the spans that overlap a range
 * @budget:	comparisons left, shared by many walks
 *
 * Usually as quick as there are such spans. Thousands of wide ranges make it
 * slow: the budget ends it then, and nothing more is found.
 */
struct pw_walk {
	const struct pw_spans *spans;
	uint32_t first;
	size_t next;
	size_t *budget;
};

struct pw_walk pw_spans_walk(const struct pw_spans *spans, uint32_t first,
			     uint32_t last, size_t *budget);
/* The next one, each span once; NULL at the end */
const struct pw_span *pw_walk_next(struct pw_walk *walk);

#endif
