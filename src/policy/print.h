/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in their normal form. */
#ifndef POLICY_PRINT_H
#define POLICY_PRINT_H

#include "policy/draft.h"

/*
 * "office, 192.0.2.1 except lab": the words of a key and of its exception,
 * either may be NULL but not both; the caller frees; NULL when memory is short
 */
char *pw_source_text(const struct pw_policy *policy,
		     const struct pw_entry *entry,
		     const struct pw_entry *except);

#endif
