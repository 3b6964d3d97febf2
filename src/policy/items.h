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

/*
 * Reports what pw_addr_range_parse() found wrong with @word, and returns
 * -EINVAL; @form is the hint where nothing better is known
 */
int pw_addr_error(const struct pw_loc *word, int err, const char *form,
		  struct pw_diags *diags);

#endif
