/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists: words to ports, protocols, addresses and interfaces. */
#ifndef POLICY_ITEMS_H
#define POLICY_ITEMS_H

#include "policy/draft.h"
#include "policy/words.h"

/*
 * Adds the words of a list to @entry. 0; -EINVAL, reported, and @entry holds
 * the words that are right; -ENOMEM
 */
int pw_items_parse(struct pw_entry *entry, struct pw_words *words);

/* Reads one word; 0, or -EINVAL, reported */
typedef int pw_item_fn(const struct pw_key *key, const struct pw_loc *word,
		       struct pw_item *item, struct pw_diags *diags);

pw_item_fn pw_item_port, pw_item_proto, pw_item_addr, pw_item_iface;

#define PW_RANGE_HINT "write a range without spaces, both ends given"

/*
 * "'WORD' is not @what", with @hint (may be NULL) unless the slip is one that
 * any list can have; returns -EINVAL
 */
int pw_item_not_a(const char *what, const struct pw_loc *word,
		  const char *hint, struct pw_diags *diags);

/*
 * Reports what pw_addr_range_parse() found wrong with @word, and returns
 * -EINVAL; @form is the hint where nothing better is known
 */
int pw_addr_error(const struct pw_loc *word, int err, const char *form,
		  struct pw_diags *diags);

#endif
