/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks of netfilter by those of the IR. */
#ifndef NFT_HOOKS_H
#define NFT_HOOKS_H

#include <linux/netfilter.h>

#include "portwall/ruleset.h"

static const uint32_t hook_numbers[] = {
	[PW_HOOK_PREROUTING] = NF_INET_PRE_ROUTING,
	[PW_HOOK_INPUT] = NF_INET_LOCAL_IN,
	[PW_HOOK_FORWARD] = NF_INET_FORWARD,
};

#endif
