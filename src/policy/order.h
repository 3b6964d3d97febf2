/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that use other names: in which order they can be worked out. */
#ifndef POLICY_ORDER_H
#define POLICY_ORDER_H

#include "policy/draft.h"

/**
 * pw_names_order() - Names behind all names that they use
 * @names:	sorted
 * @out:	indices of @names->num names, caller frees; NULL for none
 *
 * Return: 0; -EINVAL a cycle, reported (each name still appears once); -ENOMEM
 */
int pw_names_order(const struct pw_names *names, size_t **out,
		   struct pw_diags *diags);

#endif
