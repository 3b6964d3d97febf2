/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as it was written: sections, keys and words with their places. */
#ifndef POLICY_DRAFT_H
#define POLICY_DRAFT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/addr.h"
#include "portwall/diag.h"
#include "portwall/model.h"
#include "portwall/names.h"
#include "portwall/policy.h"
#include "portwall/source.h"

#include "policy/schema.h"

enum pw_item_kind {
	PW_ITEM_VALUE,		/* address, port, protocol or interface range */
	PW_ITEM_WORD,		/* a name to look up */
	PW_ITEM_FILE,		/* file:PATH */
};

/**
 * struct pw_item - One word of a list
 * @addr:	lists of addresses
 * @num:	lists of ports and of protocols
 * @iface:	lists of interfaces; also set for a word that could be the name
 *		of an interface, then @is_iface is true
 * @list:	PW_ITEM_FILE: index in pw_policy.lists
 */
struct pw_item {
	enum pw_item_kind kind;
	bool is_iface;
	struct pw_loc loc;
	union {
		struct pw_addr_range addr;
		struct pw_range32 num;
		struct pw_range iface;
		size_t list;
	};
};

/**
 * struct pw_entry - One key of a section with what it was given
 * @key:	row of the schema
 * @loc:	of the key's first appearance
 * @value:	first line of its value
 * @bad:	an error was reported in it; what is there is incomplete
 * @items:	of a list
 * @choice:	index of the word among the key's choices, or PW_NO_CHOICE when
 *		a rate was given instead
 * @rate, @per_source: of a rate or connections
 * @time_ns:	of a time
 * The text of a text or path is the span @value.
 */
struct pw_entry {
	const struct pw_key *key;
	struct pw_loc loc, value;
	bool bad;
	struct pw_item *items;
	size_t num_items, cap_items;
	unsigned int choice;
	struct pw_rate rate;
	bool per_source;
	uint64_t time_ns;
};

#define PW_NO_CHOICE (~0u)

/**
 * struct pw_name - One line of [addresses], [interfaces] or [ports]
 *
 * After reading, names of a kind are sorted and unique: lists of equal names
 * have been joined.
 */
struct pw_name {
	char name[PW_NAME_MAX + 1];
	size_t order;		/* in which they were read */
	struct pw_entry entry;
};

struct pw_names {
	struct pw_name *items;
	size_t num, cap;
};

/**
 * struct pw_block - [policy], [allow NAME] or [block NAME] as written
 * @loc:	of the name, of the kind where there is none
 * @order:	in which sections were read
 * @bad:	an error was reported in it, something may be missing
 * @entries:	in the order written, each key once (include: repeated)
 */
struct pw_block {
	enum pw_kind kind;
	char name[PW_NAME_MAX + 1];
	struct pw_loc loc;
	size_t order;
	bool bad;
	struct pw_entry *entries;
	size_t num_entries, cap_entries;
};

/* One list file; @path as it was opened */
struct pw_list {
	char *path;
	struct pw_addrs addrs;
	bool bad;
};

/**
 * struct pw_policy
 * @main:	the file that was named: sources[0] if @owns_main, else borrowed
 * @sources:	owned
 * @policy:	the [policy] section, kind PW_KIND_POLICY; without entries when
 *		absent, then @has_policy is false
 * @sections:	[allow] and [block], sorted by kind, then name
 * @lists:	sorted by path, unique
 * @bad:	an error was reported in it
 * @incomplete:	a file or line could not be read that may have defined names or
 *		sections: their absence is no news
 */
struct pw_policy {
	const struct pw_source *main;
	bool owns_main;
	struct pw_source **sources;
	size_t num_sources, cap_sources;
	bool has_policy;
	struct pw_block policy;
	struct pw_names names[PW_NUM_NAME_KINDS];
	struct pw_block *sections;
	size_t num_sections, cap_sections;
	struct pw_list *lists;
	size_t num_lists, cap_lists;
	bool bad, incomplete;
};

/* Bytes of a span, @loc->len of them, not NUL-terminated */
const char *pw_loc_text(const struct pw_loc *loc);
bool pw_loc_is(const struct pw_loc *loc, const char *word);

/* A word for "%.*s": long ones are cut */
#define PW_WORD_ARGS(loc) \
	((loc)->len < 60 ? (int)(loc)->len : 60), pw_loc_text(loc)

/* NULL if the section does not have the key */
const struct pw_entry *pw_block_entry(const struct pw_block *block,
				      const char *key);

/* By name in sorted names; NULL if there is none */
const struct pw_name *pw_names_find(const struct pw_names *names,
				    const char *text, size_t len);
/* Path that is opened for a path written in @src; caller frees; NULL: memory */
char *pw_path_join(const struct pw_source *src, const char *path, size_t len);

/*
 * Every error so far was about input: remember it in *@result and go on (0),
 * else return it.
 */
static inline int pw_keep_going(int *result, int err)
{
	if (err != -EINVAL)
		return err;
	*result = err;
	return 0;
}

/* Errors and warnings beyond are only counted, see pw_diags_count() */
#define PW_KEPT_MESSAGES 20

#endif
