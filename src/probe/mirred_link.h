/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The veth that frames of probes go through, and its filter: rtnetlink. */
#ifndef PROBE_MIRRED_LINK_H
#define PROBE_MIRRED_LINK_H

#include <net/if.h>
#include <stdint.h>

#include "probe/inject_frame.h"

struct pw_rtnl;

/**
 * struct pw_veth - Our pair: frames are sent on @near, none arrives on @far
 * @far_ns:	network namespace of @far, which nobody else knows: it ends with
 *		this process, and so do both. -1: the one that we are in
 */
struct pw_veth {
	char near[IF_NAMESIZE], far[IF_NAMESIZE];
	uint8_t near_mac[PW_ETH_LEN];
	uint32_t near_index;
	int far_ns;
};

/* All: 0; errors of the kernel */
int pw_veth_make(struct pw_rtnl *rt, struct pw_veth *veth);
int pw_veth_up(struct pw_rtnl *rt, const struct pw_veth *veth);
int pw_veth_remove(struct pw_rtnl *rt, uint32_t index);
/* Removes those of processes that are no more */
int pw_veth_clean(struct pw_rtnl *rt);

/* What is sent from @smac on the near end is received on @target instead */
int pw_veth_clsact(struct pw_rtnl *rt, const struct pw_veth *veth);
int pw_veth_redirect(struct pw_rtnl *rt, const struct pw_veth *veth,
		     const uint8_t smac[static PW_ETH_LEN], uint32_t target);

#endif
