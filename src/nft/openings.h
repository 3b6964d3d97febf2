/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary openings as elements of the sets that docs/rules.md names. */
#ifndef PORTWALL_NFT_OPENINGS_H
#define PORTWALL_NFT_OPENINGS_H

#include "netlink/netlink.h"
#include "nft/elements.h"
#include "portwall/openings.h"

#define PW_OPENINGS_GATE "s.opened"
#define PW_NUM_OPENING_SETS 6

#define PW_OPENING_SET_SIZE 4096	/* as they are declared */

extern const char *const pw_opening_sets[PW_NUM_OPENING_SETS];

/* Index of the set that holds openings of this kind */
size_t pw_opening_set_of(const struct pw_opening *opening);

/* The element that opens it; of ours each opens one port */
void pw_opening_put(const struct pw_opening *opening,
		    struct pw_elems_span *span);
/* What an element of set @set opens, one port. 0; -EBADMSG */
int pw_opening_get(size_t set, const struct pw_elems_span *span,
		   struct pw_opening *out);

/*
 * Elements of all sets, one port each, in no order. 0; -ENOENT: there is no
 * table, or it lacks the sets; errors of pw_nl_ask(), -EBADMSG
 */
int pw_openings_dump(struct pw_nl *nl, uint32_t genid,
		     struct pw_openings *out);

/* What reading them returned, with a message; -EAGAIN for what may pass */
int pw_openings_explain(int err, struct pw_diags *diags);

/* By set, interface, protocol and first port */
int pw_opening_cmp_place(const struct pw_opening *a,
			 const struct pw_opening *b);
/* Then by source: 0 is the same element */
int pw_opening_cmp(const struct pw_opening *a, const struct pw_opening *b);

#endif
