/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the words of lists. */
#include "policy/items.h"

#include <errno.h>
#include <string.h>

#include "portwall/array.h"

#include "policy/bytes.h"

/* What was to be a comment */
static bool is_comment(const char *text)
{
	return text[0] == '#' || text[0] == ';';
}

/* Slips that are told by one byte, whatever the list holds */
static const char *slip_hint(const char *text, size_t len)
{
	if (is_comment(text))
		return "a comment behind a value starts with ' ;'";
	if (memchr(text, ';', len))
		return "a comment needs a space before its ';'";
	if (text[0] == '"' || text[0] == '\'')
		return "write it without quotes";
	return NULL;
}

int pw_item_not_a(const char *what, const struct pw_loc *word,
		  const char *hint, struct pw_diags *diags)
{
	const char *slip = slip_hint(pw_loc_text(word), word->len);

	pw_diag_error(diags, word, "'%.*s' is not %s", PW_WORD_ARGS(word),
		      what);
	if (slip || hint)
		pw_diag_hint(diags, "%s", slip ?: hint);
	return -EINVAL;
}

static pw_item_fn *const parsers[PW_NUM_VALUE_KINDS] = {
	[PW_VALUE_PORTS]     = pw_item_port,
	[PW_VALUE_PROTOCOLS] = pw_item_proto,
	[PW_VALUE_ADDRS]     = pw_item_addr,
	[PW_VALUE_IFACES]    = pw_item_iface,
};

int pw_items_parse(struct pw_entry *entry, struct pw_words *words)
{
	pw_item_fn *parse = parsers[entry->key->value];
	struct pw_loc word;
	int found, result = 0;

	while ((found = pw_words_next(words, &word))) {
		struct pw_item item = { .loc = word };
		int err = found;

		if (found > 0)
			err = parse(entry->key, &word, &item, words->diags);
		if (found > 0 && !err)
			err = PW_ARRAY_PUSH(entry->items, entry->num_items,
					    entry->cap_items, item);
		if (err && pw_keep_going(&result, err))
			return err;
		if (found > 0 && is_comment(pw_loc_text(&word)))
			break;		/* words of a comment say nothing */
	}
	return result;
}
