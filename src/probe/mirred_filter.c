// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter where our veth sends: what is ours is received on the interface.
 * Behind the veth it would be too late: there a frame that is addressed to
 * another device than the far end passes for a stranger's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "probe/mirred_link.h"
#include "probe/rtnl.h"

#define FILTER_PRIO 1u

static struct nlmsghdr *begin(struct pw_rtnl *rt, uint16_t type,
			      uint16_t flags, const struct pw_veth *veth)
{
	struct nlmsghdr *nlh = pw_rtnl_add(rt, type, flags, veth->near);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = (int)veth->near_index;
	if (type == RTM_NEWQDISC) {
		tcm->tcm_parent = TC_H_CLSACT;
		tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
		return nlh;
	}
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
	tcm->tcm_info = TC_H_MAKE(FILTER_PRIO << 16, htons(ETH_P_ALL));
	return nlh;
}

int pw_veth_clsact(struct pw_rtnl *rt, const struct pw_veth *veth)
{
	struct nlmsghdr *nlh = begin(rt, RTM_NEWQDISC,
				     NLM_F_CREATE | NLM_F_EXCL, veth);

	mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
	return pw_rtnl_flush(rt);
}

/* The source address, 8 bytes before the network header */
static void put_selector(struct nlmsghdr *nlh, const uint8_t *smac)
{
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 2 };
	struct tc_u32_key keys[2] = {
		{ .mask = htonl(0xffffffff), .off = -8 },
		{ .mask = htonl(0xffff0000), .off = -4 },
	};
	uint8_t match[sizeof(sel) + sizeof(keys)];

	memcpy(&keys[0].val, smac, 4);
	memcpy(&keys[1].val, smac + 4, 2);
	memcpy(match, &sel, sizeof(sel));
	memcpy(match + sizeof(sel), keys, sizeof(keys));
	mnl_attr_put(nlh, TCA_U32_SEL, sizeof(match), match);
}

static void put_redirect(struct nlmsghdr *nlh, uint32_t target)
{
	const struct tc_mirred parms = {
		.action = TC_ACT_STOLEN, .eaction = TCA_INGRESS_REDIR,
		.ifindex = target,
	};
	struct nlattr *list = mnl_attr_nest_start(nlh, TCA_U32_ACT);
	struct nlattr *act = mnl_attr_nest_start(nlh, 1);
	struct nlattr *options;

	mnl_attr_put_strz(nlh, TCA_ACT_KIND, "mirred");
	options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	mnl_attr_put(nlh, TCA_MIRRED_PARMS, sizeof(parms), &parms);
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, act);
	mnl_attr_nest_end(nlh, list);
}

static int forget(struct pw_rtnl *rt, const struct pw_veth *veth)
{
	int err;

	begin(rt, RTM_DELTFILTER, 0, veth);
	err = pw_rtnl_flush(rt);
	return err == -ENOENT || err == -EINVAL ? 0 : err;	/* the first */
}

int pw_veth_redirect(struct pw_rtnl *rt, const struct pw_veth *veth,
		     const uint8_t smac[static PW_ETH_LEN], uint32_t target)
{
	struct nlattr *options;
	struct nlmsghdr *nlh;
	int err = forget(rt, veth);

	if (err)
		return err;
	nlh = begin(rt, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, veth);
	mnl_attr_put_strz(nlh, TCA_KIND, "u32");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	put_selector(nlh, smac);
	put_redirect(nlh, target);
	mnl_attr_nest_end(nlh, options);
	return pw_rtnl_flush(rt);
}
