/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of other tables, as far as a new packet to a port is concerned. */
#ifndef NFT_OTHERS_RULE_H
#define NFT_OTHERS_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/addr.h"

struct nftnl_rule;

enum pw_rough_verdict {
	PW_ROUGH_NONE,		/* the next rule follows */
	PW_ROUGH_ACCEPT, PW_ROUGH_DROP, PW_ROUGH_RETURN, PW_ROUGH_JUMP,
	PW_ROUGH_GOTO, PW_ROUGH_ELSEWHERE,
	PW_ROUGH_UNKNOWN,	/* may be any of these */
};

enum pw_rough_what { PW_ROUGH_NFPROTO, PW_ROUGH_L4PROTO, PW_ROUGH_DPORT };

/**
 * struct pw_rough_match - What differs from port to port
 * @first, @last: host order
 */
struct pw_rough_match {
	enum pw_rough_what what;
	bool negated;
	uint16_t first, last;
};

#define PW_ROUGH_MATCHES 6

/**
 * struct pw_rough_rule
 * @never:	no new packet from outside matches
 * @maybe:	some match and some do not: by source, by set, by limit, ..
 * @interface:	likewise by the interface alone
 * @to:		chain of JUMP and GOTO, "" for others
 * @family, @address: of ELSEWHERE, if @has_address
 */
struct pw_rough_rule {
	uint64_t handle;
	enum pw_rough_verdict verdict;
	bool never, maybe, interface;
	struct pw_rough_match matches[PW_ROUGH_MATCHES];
	size_t num_matches;
	char to[128];
	bool has_address;
	enum pw_family family;
	struct pw_value address;
};

/* Never fails: what is not understood is unknown */
void pw_rough_read(const struct nftnl_rule *nlr, struct pw_rough_rule *out);

#endif
