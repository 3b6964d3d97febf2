/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A generation on its way into the kernel, and what was left of others there. */
#ifndef PORTWALL_NFT_LOAD_FILL_H
#define PORTWALL_NFT_LOAD_FILL_H

#include "nft/load_priv.h"

/**
 * struct pw_fill - A generation on its way into the kernel
 * @first:	as the caller read the table
 * @now:	as it is known at present: @first, or read again
 * @fresh:	sets of @want that were sent, and are not yet checked
 * @begun:	a part of it came in: there may have been room for no more
 */
struct pw_fill {
	struct pw_nl *nl;
	const struct pw_ruleset *want;
	const struct pw_stamp *stamp;
	struct pw_diags *diags;
	const struct pw_kernel *first, *now;
	bool *fresh;
	bool begun;
};

/* Are both declared alike? */
bool pw_fill_same_set(const struct pw_set *a, const struct pw_set *b);

/* Is there something left of an earlier generation by this number? */
bool pw_fill_is_taken(const struct pw_fill *f);

/*
 * Take away what neither the generation in force nor @want, which may be NULL,
 * refers to. Advances @genid when something was deleted.
 */
int pw_fill_delete_stale(struct pw_fill *f, const struct pw_ruleset *want,
			 uint32_t *genid);

/*
 * See that what is there and wanted is whole, unless something in force uses
 * it. 0; -ERESTART: it was not, and is gone: read the kernel again
 */
int pw_fill_refuse_remains(struct pw_fill *f, uint32_t *genid);

#endif
