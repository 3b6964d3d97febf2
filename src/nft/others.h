/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other tables do with new packets to ports of this host. */
#ifndef NFT_OTHERS_H
#define NFT_OTHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/netlink.h"
#include "portwall/addr.h"

/* Ports that anyone may send to */
struct pw_asked {
	uint8_t proto;
	uint16_t first, last;
};

enum pw_other_kind {
	PW_OTHER_DROPS,		/* whoever sends */
	PW_OTHER_MAY_DROP,	/* unless one of the rules not understood accepts */
	PW_OTHER_HIDES,		/* sends it elsewhere */
};

/**
 * struct pw_other - One rule, or the policy of one chain
 * @chain:	"inet filter input"
 * @handle:	of the rule, 0: it is the policy of the chain
 * @proto, @port: an example
 * @family, @to: of PW_OTHER_HIDES, the address that it is sent to; @to_known
 */
struct pw_other {
	enum pw_other_kind kind;
	char *chain;
	uint64_t handle;
	uint8_t proto;
	uint16_t port;
	bool to_known;
	enum pw_family family;
	struct pw_value to;
};

/**
 * struct pw_others
 * @firewalld, @ufw: their chains are there
 */
struct pw_others {
	struct pw_other *list;
	size_t num, cap;
	bool firewalld, ufw;
};

/**
 * pw_others_find() - Walk the chains of other tables that such packets come to
 *
 * Hooks ingress, prerouting and input. What names its sources counts for
 * nothing, what is not understood as a rule that may accept: so nothing is
 * found where something else might be the case.
 *
 * Return: 0; -ENOMEM; as pw_nl_ask()
 */
int pw_others_find(struct pw_nl *nl, const struct pw_asked *asked,
		   size_t num_asked, struct pw_others **out);
void pw_others_free(struct pw_others *others);
PW_DEFINE_OWNED(struct pw_others, pw_others_free)

#endif
