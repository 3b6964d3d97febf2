/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a new packet to a port gets in the chains of other tables. */
#ifndef NFT_OTHERS_WALK_H
#define NFT_OTHERS_WALK_H

#include "nft/others_rule.h"

/**
 * struct pw_rough_chain
 * @hook:	NF_INET_* or NF_NETDEV_*, if @base
 * @drops:	its policy
 */
struct pw_rough_chain {
	uint8_t family;
	char *table, *name;
	bool base, drops;
	uint32_t hook;
	struct pw_rough_rule *rules;
	size_t num_rules, cap_rules;
};

struct pw_rough_table {
	struct pw_rough_chain *chains;
	size_t num_chains, cap_chains;
};

enum pw_rough_fate { PW_FATE_PASSES, PW_FATE_DROPPED, PW_FATE_MAY_DROP,
		     PW_FATE_ELSEWHERE };

/**
 * pw_rough_walk() - What becomes of a new packet in a base chain
 * @nfproto, @l4proto, @port: of the packet
 * @rule:	set: that decided, NULL: the policy of the chain did
 * @chain:	set: which it stands in
 */
enum pw_rough_fate pw_rough_walk(const struct pw_rough_table *tables,
				 const struct pw_rough_chain *base,
				 uint8_t nfproto, uint8_t l4proto,
				 uint16_t port,
				 const struct pw_rough_rule **rule,
				 const struct pw_rough_chain **chain);

#endif
