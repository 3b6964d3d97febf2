/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders names by use, and prints cycles. Nesting may be deep: no recursion. */
#include "policy/order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "portwall/text.h"

#define SHOWN_MAX 10		/* names of a cycle */

enum mark { NEW, OPEN, DONE };

/* A name whose items are being followed, up to @item */
struct frame {
	size_t name, item;
};

/* Depth-first search: the stack is the way from a name to what it uses */
struct search {
	const struct pw_names *names;
	struct pw_diags *diags;
	unsigned char *mark;		/* enum mark of each name */
	struct frame *stack;
	size_t depth;
	size_t *order, num;
	int result;
};

static int report_cycle(struct search *search, size_t again,
			const struct pw_loc *loc)
{
	const struct pw_name *names = search->names->items;
	char *text = NULL;
	size_t size, at = search->depth, shown;
	FILE *out = pw_text_open(&text, &size);

	if (!out)
		return -ENOMEM;
	while (search->stack[--at].name != again)
		;
	for (shown = 0; at < search->depth && shown < SHOWN_MAX; at++, shown++)
		fprintf(out, "%s -> ", names[search->stack[at].name].name);
	if (at < search->depth)
		fprintf(out, "... -> ");
	fprintf(out, "%s", names[again].name);
	if (fclose(out))
		return -ENOMEM;
	pw_diag_error(search->diags, loc, "names use each other in a cycle: %s",
		      text);
	free(text);
	search->result = -EINVAL;
	return 0;
}

static void enter(struct search *search, size_t name)
{
	search->mark[name] = OPEN;
	search->stack[search->depth++] = (struct frame){ name, 0 };
}

/* Follows one more item of the name on top of the stack */
static int step(struct search *search)
{
	struct frame *top = &search->stack[search->depth - 1];
	const struct pw_entry *entry = &search->names->items[top->name].entry;
	const struct pw_item *item;
	const struct pw_name *used;
	size_t name;

	if (top->item == entry->num_items) {
		search->mark[top->name] = DONE;
		search->order[search->num++] = top->name;
		search->depth--;
		return 0;
	}
	item = &entry->items[top->item++];
	if (item->kind != PW_ITEM_WORD)
		return 0;
	used = pw_names_find(search->names, pw_loc_text(&item->loc),
			     item->loc.len);
	if (!used)
		return 0;
	name = used - search->names->items;
	if (search->mark[name] == OPEN)
		return report_cycle(search, name, &item->loc);
	if (search->mark[name] == NEW)
		enter(search, name);
	return 0;
}

static int search_all(struct search *search)
{
	int err = 0;

	for (size_t i = 0; i < search->names->num && !err; i++) {
		if (search->mark[i] == NEW)
			enter(search, i);
		while (search->depth && !err)
			err = step(search);
	}
	return err ?: search->result;
}

int pw_names_order(const struct pw_names *names, size_t **out,
		   struct pw_diags *diags)
{
	struct search search = { .names = names, .diags = diags };
	int err = -ENOMEM;

	*out = NULL;
	if (!names->num)
		return 0;
	search.mark = calloc(names->num, sizeof(*search.mark));
	search.stack = calloc(names->num, sizeof(*search.stack));
	search.order = calloc(names->num, sizeof(*search.order));
	if (search.mark && search.stack && search.order)
		err = search_all(&search);
	free(search.mark);
	free(search.stack);
	if (err && err != -EINVAL)
		free(search.order);
	else
		*out = search.order;
	return err;
}
