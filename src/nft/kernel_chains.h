/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads some chains of our table, and not the rest. */
#ifndef PORTWALL_NFT_KERNEL_CHAINS_H
#define PORTWALL_NFT_KERNEL_CHAINS_H

#include "netlink/netlink.h"
#include "portwall/ruleset.h"

/**
 * pw_kernel_read_chains() - A few chains, and all that they lead to
 * @chains:	to begin with; those that are not there stay without rules
 * @most:	rules and elements, as much as somebody waits for
 *
 * Elements of larger sets, and rates of limits, are not read.
 *
 * Return: 0; -EFBIG: more than @most; -EOPNOTSUPP: what no portwall makes;
 *	   -EINTR: the tables changed meanwhile; errors of pw_nl_ask()
 */
int pw_kernel_read_chains(struct pw_nl *nl, const char *const *chains,
			  size_t num, size_t most, struct pw_ruleset **out);

/* Is @value in a set? 0; -ENOENT: it is not; errors of pw_nl_ask() */
int pw_kernel_find_elem(struct pw_nl *nl, const struct pw_set *set,
			struct pw_value value);

#endif
