/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts sections and names in order, and finds those that are given twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/parse.h"

static int by_order(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int cmp_names(const void *a, const void *b)
{
	const struct pw_name *x = a, *y = b;

	return strcmp(x->name, y->name) ?: by_order(x->order, y->order);
}

static int cmp_sections(const void *a, const void *b)
{
	const struct pw_block *x = a, *y = b;

	return (int)x->kind - (int)y->kind ?: strcmp(x->name, y->name) ?:
	       by_order(x->order, y->order);
}

/* The list of a name that is given again adds to the first */
static int join(struct pw_name *into, struct pw_name *from,
		struct pw_diags *diags)
{
	struct pw_entry *a = &into->entry, *b = &from->entry;
	int err = 0;

	if (a->loc.src != b->loc.src) {
		pw_diag_warning(diags, &b->loc,
				"'%s' is defined in two files; the lists add "
				"up", into->name);
		pw_diag_note(diags, &a->loc, "the first is here");
	}
	a->bad |= b->bad;
	for (size_t i = 0; i < b->num_items && !err; i++)
		err = PW_ARRAY_PUSH(a->items, a->num_items, a->cap_items,
				    b->items[i]);
	return err;
}

static int sort_names(struct pw_names *names, struct pw_diags *diags)
{
	size_t num = 0;
	int err = 0;

	if (names->num)
		qsort(names->items, names->num, sizeof(*names->items),
		      cmp_names);
	for (size_t i = 0; i < names->num; i++) {
		struct pw_name *name = &names->items[i];

		if (!num || strcmp(names->items[num - 1].name, name->name)) {
			names->items[num++] = *name;
			continue;
		}
		if (!err)
			err = join(&names->items[num - 1], name, diags);
		free(name->entry.items);
	}
	names->num = num;
	return err;
}

/* Equal names stand side by side, the first of the file first */
static int check_sections(const struct pw_policy *policy,
			  struct pw_diags *diags)
{
	const struct pw_block *first = policy->sections;
	int result = 0;

	for (size_t i = 1; i < policy->num_sections; i++) {
		const struct pw_block *block = &policy->sections[i];

		if (first->kind != block->kind ||
		    strcmp(first->name, block->name)) {
			first = block;
			continue;
		}
		result = pw_diag_error(diags, &block->loc,
				       "section [%s %s] is repeated",
				       pw_kind_info(block->kind)->name,
				       block->name);
		pw_diag_note(diags, &first->loc, "the first is here");
	}
	return result;
}

int pw_policy_sort(struct pw_policy *policy, struct pw_diags *diags)
{
	int err;

	for (size_t i = 0; i < PW_NUM_NAME_KINDS; i++) {
		err = sort_names(&policy->names[i], diags);
		if (err)
			return err;
	}
	if (!policy->num_sections)
		return 0;
	qsort(policy->sections, policy->num_sections,
	      sizeof(*policy->sections), cmp_sections);
	return check_sections(policy, diags);
}
