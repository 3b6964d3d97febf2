/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial as base chains have it: rules that hold while an element lives. */
#ifndef PORTWALL_NFT_KERNEL_TRIAL_H
#define PORTWALL_NFT_KERNEL_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

/* The set whose elements, one a family, the kernel lets expire */
#define PW_TRIAL_SET "trial"

/* Its declaration, without elements; the index, or -ENOMEM */
int64_t pw_trial_declare(struct pw_ruleset *rs);

/*
 * A rule that holds during a trial: "meta nfproto @trial", then "goto" a chain
 * of a generation, or "accept" where the candidate has nothing to say.
 */
bool pw_rule_is_trial(const struct pw_ruleset *rs, const struct pw_rule *rule);

/* Without condition or effect to a chain of generation @n? */
bool pw_rule_leads_to(const struct pw_ruleset *rs, const struct pw_rule *rule,
		      uint32_t n);

/*
 * Until the first of the two elements expires; 0: one of them is not there.
 * Errors as pw_nl_ask(), -EBADMSG
 */
int pw_trial_left_read(struct pw_nl *nl, uint32_t genid, uint64_t *left_ms);

#endif
