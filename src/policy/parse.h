/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of one file to sections and keys. */
#ifndef POLICY_PARSE_H
#define POLICY_PARSE_H

#include "policy/draft.h"

/**
 * pw_file_parse() - Add what @src says to @policy
 * @included:	it may not hold [policy]
 *
 * Return: 0; -EINVAL: reported, what could be read was added; -ENOMEM
 */
int pw_file_parse(struct pw_policy *policy, const struct pw_source *src,
		  bool included, struct pw_diags *diags);

/*
 * Once all files are read: sorts sections and names, joins the lists of equal
 * names, refuses equal sections. Returns as above.
 */
int pw_policy_sort(struct pw_policy *policy, struct pw_diags *diags);

#endif
