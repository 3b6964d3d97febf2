/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that is done again and again, each time with another allocation failed. */
#ifndef TESTS_NOMEM_H
#define TESTS_NOMEM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct hungry - Something that allocates
 * @work:	does it: 0 or -errno, -EBADMSG when a promise was broken (an
 *		out-parameter set in spite of an error). It asserts nothing, for
 *		that would leave it behind; it gives back all but @result
 * @fails:	what @work returns when memory does not run out, else 0
 *
 * @work stores a text in *result on success: what it has found out.
 */
struct hungry {
	const char *name;
	int (*work)(const void *arg, char **result);
	const void *arg;
	int fails;
};

/* A group of tests; each of @num things is a test */
int run_hungry(const char *group, const struct hungry *things, size_t num);

/* nomem_policy.c, nomem_rules.c, nomem_sets.c */
int run_hungry_policies(void);
int run_hungry_rules(void);
int run_hungry_sets(void);

#endif
