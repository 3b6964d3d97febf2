/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List files: an address, a prefix or a range a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/bytes.h"
#include "policy/files.h"
#include "policy/items.h"

#define SYSTEM_UIDS 1000	/* owners of list files are below this */
#define REPORTED_ERRORS 20	/* of one list */

/* State while one list is read */
struct list_reader {
	const struct pw_source *src;
	struct pw_addrs *addrs;
	struct pw_diags *diags;
	uint32_t line;
	const char *start;		/* of the line, for columns */
	size_t num_errors;
	size_t num_host_bits;
	struct pw_loc first_host_bits;
};

static struct pw_loc span(const struct list_reader *reader, const char *text,
			  const char *end)
{
	return (struct pw_loc){ reader->src, reader->line,
				text - reader->start + 1,
				end > text ? end - text : 1 };
}

/* End of the address at @text: at white space that a comment or nothing
 * follows; else of all that is there */
static const char *end_of_addr(const char *text, const char *end)
{
	const char *stop = text, *next;

	while (stop < end && !pw_is_space(*stop))
		stop++;
	for (next = stop; next < end && pw_is_space(*next); next++)
		;
	return next == end || *next == '#' || *next == ';' ? stop : end;
}

/* Messages end at a NUL: what is quoted before it looks right */
static int refuse_nul(struct list_reader *reader, const char *nul)
{
	struct pw_loc loc = span(reader, nul, nul + 1);

	reader->num_errors++;
	return pw_diag_error(reader->diags, &loc, "NUL byte in the text");
}

/* A file with CR alone between its lines would be one long comment */
static int check_comment(struct list_reader *reader, const char *text,
			 const char *end)
{
	const char *cr = memchr(text, '\r', end - text);
	const char *nul = memchr(text, '\0', end - text);
	struct pw_loc loc;

	if (nul)
		return refuse_nul(reader, nul);
	if (!cr)
		return 0;
	loc = span(reader, cr, cr + 1);
	reader->num_errors++;
	pw_diag_error(reader->diags, &loc,
		      "carriage return that does not end a line");
	pw_diag_hint(reader->diags, "lines end in LF or in CR LF");
	return -EINVAL;
}

static int add_addr(struct list_reader *reader, const char *text,
		    const char *end)
{
	const char *stop = end_of_addr(text, end);
	struct pw_addr_range range;
	const char *nul;
	struct pw_loc loc;
	int err = check_comment(reader, stop, end);

	if (err)
		return err;
	end = stop;
	nul = memchr(text, '\0', end - text);
	if (nul)
		return refuse_nul(reader, nul);
	err = pw_addr_range_parse(text, end - text, &range);
	if (err) {
		loc = span(reader, text, end);
		reader->num_errors++;
		return pw_addr_error(&loc, err,
				     "a list holds an address, a prefix or a "
				     "range a-b on each line", reader->diags);
	}
	if (range.host_bits && !reader->num_host_bits++)
		reader->first_host_bits = span(reader, text, end);
	return pw_addrs_add(reader->addrs, &range);
}

static int read_line(struct list_reader *reader, const char *text,
		     const char *end)
{
	if (end > text && end[-1] == '\r')
		end--;
	while (text < end && pw_is_space(*text))
		text++;
	if (text == end)
		return 0;
	if (*text == '#' || *text == ';')
		return check_comment(reader, text, end);
	return add_addr(reader, text, end);
}

static int read_lines(struct list_reader *reader)
{
	const char *text = reader->src->text, *newline;
	const char *end = text + reader->src->len;
	int err, result = 0;

	reader->start = text;
	if (end - text >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	for (; text < end; text = reader->start = newline + 1) {
		newline = memchr(text, '\n', end - text) ?: end;
		reader->line++;
		err = read_line(reader, text, newline);
		if (err && pw_keep_going(&result, err))
			return err;
		if (reader->num_errors == REPORTED_ERRORS)
			break;
	}
	return result;
}

static void warn_host_bits(const struct list_reader *reader)
{
	if (!reader->num_host_bits)
		return;
	pw_diag_warning(reader->diags, &reader->first_host_bits,
			"prefix with host bits set");
	pw_diag_hint(reader->diags, "it is read without them");
	if (reader->num_host_bits > 1)
		pw_diag_hint(reader->diags, "%zu more in this list",
			     reader->num_host_bits - 1);
}

static int read_source(const struct pw_source *src, struct pw_addrs *addrs,
		       struct pw_diags *diags)
{
	struct list_reader reader = {
		.src = src, .addrs = addrs, .diags = diags
	};
	int err = read_lines(&reader);

	if (err && err != -EINVAL)
		return err;
	warn_host_bits(&reader);
	return pw_addrs_normalise(addrs) ?: err;
}

/* The text is gone when this returns: messages have copies */
static int read_list(struct pw_list *list, const struct pw_loc *at,
		     const struct pw_files *files,
		     const struct pw_trust *trust, struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	int err;

	err = pw_addrs_init(&list->addrs) ?:
	      files->load(files->arg, list->path, at, PW_LIST_MAX_LEN, trust,
			  &src, diags) ?:
	      read_source(src, &list->addrs, diags);
	list->bad = err;
	return err;
}

/* A word file:PATH and the path that it opens */
struct use {
	char *path;
	struct pw_item *item;
};

struct uses {
	struct use *items;
	size_t num, cap;
};

static int collect(struct uses *uses, struct pw_entry *entry)
{
	static const size_t skip = sizeof("file:") - 1;
	int err = 0;

	if (entry->key->value != PW_VALUE_ADDRS)
		return 0;
	for (size_t i = 0; i < entry->num_items && !err; i++) {
		struct pw_item *item = &entry->items[i];
		struct use use = { NULL, item };

		if (item->kind != PW_ITEM_FILE)
			continue;
		use.path = pw_path_join(item->loc.src,
					pw_loc_text(&item->loc) + skip,
					item->loc.len - skip);
		err = use.path ? PW_ARRAY_PUSH(uses->items, uses->num,
					       uses->cap, use) : -ENOMEM;
		if (err)
			free(use.path);
	}
	return err;
}

static int collect_all(struct uses *uses, struct pw_policy *policy)
{
	struct pw_names *names = &policy->names[PW_KIND_ADDRESSES];
	int err = 0;

	for (size_t i = 0; i < names->num && !err; i++)
		err = collect(uses, &names->items[i].entry);
	for (size_t i = 0; i < policy->num_sections && !err; i++) {
		struct pw_block *block = &policy->sections[i];

		for (size_t k = 0; k < block->num_entries && !err; k++)
			err = collect(uses, &block->entries[k]);
	}
	return err;
}

static int cmp_uses(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Equal paths stand side by side; the paths move into the lists */
static int read_uses(struct uses *uses, struct pw_policy *policy,
		     const struct pw_files *files,
		     const struct pw_trust *trust, struct pw_diags *diags)
{
	int err, result = 0;

	for (size_t i = 0; i < uses->num; i++) {
		struct use *use = &uses->items[i];
		size_t last = policy->num_lists - 1;
		struct pw_list list = { .path = use->path };

		if (i && !strcmp(policy->lists[last].path, use->path)) {
			use->item->list = last;
			continue;
		}
		err = PW_ARRAY_PUSH(policy->lists, policy->num_lists,
				    policy->cap_lists, list);
		if (err)
			return err;
		use->path = NULL;
		use->item->list = ++last;
		err = read_list(&policy->lists[last], &use->item->loc, files,
				trust, diags);
		if (err && pw_keep_going(&result, err))
			return err;
	}
	return result;
}

int pw_lists_read(struct pw_policy *policy, const struct pw_files *files,
		  const struct pw_trust *trust, struct pw_diags *diags)
{
	struct pw_trust list_trust = *trust;
	struct uses uses = { 0 };
	int err;

	list_trust.system_uids = SYSTEM_UIDS;
	err = collect_all(&uses, policy);
	if (!err && uses.num) {
		qsort(uses.items, uses.num, sizeof(*uses.items), cmp_uses);
		err = read_uses(&uses, policy, files, &list_trust, diags);
	}
	for (size_t i = 0; i < uses.num; i++)
		free(uses.items[i].path);
	free(uses.items);
	return err;
}
