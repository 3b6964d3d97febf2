// SPDX-License-Identifier: GPL-2.0-or-later
/* Port classes: ports with the same list of sections share one chain. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/tree.h"
#include "portwall/array.h"

void pw_pairs_push(struct build *b, struct pairs *pairs, uint32_t key,
		   size_t section)
{
	struct pair pair = { key, (uint32_t)section };

	if (!b->err)
		pw_fail(b, PW_ARRAY_PUSH(pairs->items, pairs->num, pairs->cap,
					 pair));
}

void pw_pairs_clear(struct pairs *pairs)
{
	free(pairs->items);
	*pairs = (struct pairs){ 0 };
}

static int cmp_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->section > y->section) - (x->section < y->section);
}

/* Sections of one key: consecutive pairs */
struct run {
	const struct pair *pairs;
	size_t num;
	uint32_t key;
};

static int cmp_sections(const struct run *a, const struct run *b)
{
	size_t num = a->num < b->num ? a->num : b->num;

	for (size_t i = 0; i < num; i++)
		if (a->pairs[i].section != b->pairs[i].section)
			return a->pairs[i].section < b->pairs[i].section ?
				-1 : 1;
	return (a->num > b->num) - (a->num < b->num);
}

/* Runs with equal sections side by side, the lowest key of them first */
static int cmp_run(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	int order = cmp_sections(x, y);

	return order ? order : (x->key > y->key) - (x->key < y->key);
}

static struct run *runs_of(struct build *b, struct pair *pairs, size_t num,
			   size_t *num_runs)
{
	struct run *runs = NULL;
	size_t cap = 0;

	*num_runs = 0;
	for (size_t i = 0, end; i < num && !b->err; i = end) {
		struct run run = { pairs + i, 0, pairs[i].key };

		for (end = i; end < num && pairs[end].key == run.key; end++)
			;
		run.num = end - i;
		pw_fail(b, PW_ARRAY_PUSH(runs, *num_runs, cap, run));
	}
	return runs;
}

static void class_new(struct build *b, struct classes *out,
		      const struct run *run)
{
	struct port_class class = { .chain = PW_NONE };

	for (size_t i = 0; i < run->num; i++)
		pw_list_push(b, &class.sections, run->pairs[i].section);
	if (!b->err)
		pw_fail(b,
			PW_ARRAY_PUSH(out->items, out->num, out->cap, class));
	if (b->err)
		pw_list_clear(&class.sections);
}

static int cmp_key(const void *a, const void *b)
{
	const struct class_key *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

void pw_classes_make(struct build *b, const struct pairs *pairs,
		     struct classes *out)
{
	size_t num_runs = 0;
	struct run *runs;

	if (pairs->num)
		qsort(pairs->items, pairs->num, sizeof(*pairs->items),
		      cmp_pair);
	runs = runs_of(b, pairs->items, pairs->num, &num_runs);
	if (runs)
		qsort(runs, num_runs, sizeof(*runs), cmp_run);
	for (size_t i = 0; i < num_runs && !b->err; i++) {
		struct class_key key = { .key = runs[i].key };

		if (!i || cmp_sections(&runs[i - 1], &runs[i]))
			class_new(b, out, &runs[i]);
		key.class_index = (uint32_t)out->num - 1;
		if (!b->err)
			pw_fail(b, PW_ARRAY_PUSH(out->keys, out->num_keys,
						 out->cap_keys, key));
	}
	if (out->num_keys)
		qsort(out->keys, out->num_keys, sizeof(*out->keys), cmp_key);
	free(runs);
}

void pw_classes_clear(struct classes *classes)
{
	for (size_t i = 0; i < classes->num; i++)
		pw_list_clear(&classes->items[i].sections);
	free(classes->items);
	free(classes->keys);
	*classes = (struct classes){ 0 };
}

uint32_t pw_class_chain(struct build *b, struct classes *classes,
			uint32_t class_index, const char *name)
{
	struct port_class *class = &classes->items[class_index];

	if (class->chain == PW_NONE)
		class->chain = pw_gen_chain(b, "%s.%u", name,
					    classes->num_chains++);
	return class->chain;
}
