// SPDX-License-Identifier: GPL-2.0-or-later
/* The veth that frames of probes go through: made, found again, removed. */
#include "probe/mirred_link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "portwall/array.h"
#include "portwall/own.h"
#include "probe/rtnl.h"

#define PREFIX "pwprobe"	/* 7, a process id of 7 digits and a letter: 15 */

/* Room for a link's header in a request that is not sent with others */
#define GET_LEN (MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifinfomsg)))

/* A change of one link; its header has no more than the number */
static struct nlmsghdr *begin(struct pw_rtnl *rt, uint16_t type,
			      uint16_t flags, uint32_t index, const char *name)
{
	struct nlmsghdr *nlh = pw_rtnl_add(rt, type, flags, name);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)index;
	return nlh;
}

static void put_peer(struct nlmsghdr *nlh, const struct pw_veth *veth)
{
	struct nlattr *info, *data, *peer;

	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, veth->far);
	if (veth->far_ns >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)veth->far_ns);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

int pw_veth_make(struct pw_rtnl *rt, struct pw_veth *veth)
{
	struct nlmsghdr *nlh;
	int err;

	snprintf(veth->near, sizeof(veth->near), PREFIX "%da", (int)getpid());
	snprintf(veth->far, sizeof(veth->far), PREFIX "%db", (int)getpid());
	nlh = begin(rt, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, veth->near);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, veth->near);
	mnl_attr_put(nlh, IFLA_ADDRESS, PW_ETH_LEN, veth->near_mac);
	put_peer(nlh, veth);
	err = pw_rtnl_flush(rt);
	if (err)
		return err;
	veth->near_index = if_nametoindex(veth->near);
	return veth->near_index ? 0 : -ENODEV;
}

/* The far end stays down: without a carrier, the host says nothing of its own */
int pw_veth_up(struct pw_rtnl *rt, const struct pw_veth *veth)
{
	struct nlmsghdr *nlh = begin(rt, RTM_NEWLINK, 0, veth->near_index,
				     veth->near);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_flags = IFF_UP | IFF_NOARP;
	ifi->ifi_change = IFF_UP | IFF_NOARP;
	return pw_rtnl_flush(rt);
}

int pw_veth_remove(struct pw_rtnl *rt, uint32_t index)
{
	begin(rt, RTM_DELLINK, 0, index, PREFIX);
	return pw_rtnl_flush(rt);
}

struct stale {
	uint32_t *list;
	size_t num, cap;
};

/* The near end of a pair whose process has died */
static bool is_stale(const char *name)
{
	const size_t len = strlen(PREFIX);
	char *rest;
	long pid;

	if (strncmp(name, PREFIX, len))
		return false;
	pid = strtol(name + len, &rest, 10);
	return pid > 0 && !strcmp(rest, "a") && kill((pid_t)pid, 0) &&
	       errno == ESRCH;
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct stale *stale = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		if (mnl_attr_get_type(attr) != IFLA_IFNAME ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ||
		    !is_stale(mnl_attr_get_str(attr)))
			continue;
		if (PW_ARRAY_PUSH(stale->list, stale->num, stale->cap,
				  (uint32_t)ifi->ifi_index)) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
	}
	return MNL_CB_OK;
}

int pw_veth_clean(struct pw_rtnl *rt)
{
	struct stale stale = { 0 };
	char buf[GET_LEN];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int err;

	nlh->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	err = pw_rtnl_dump(rt, nlh, on_link, &stale);
	for (size_t i = 0; i < stale.num && !err; i++)
		err = pw_veth_remove(rt, stale.list[i]);
	free(stale.list);
	return err == -ENODEV ? 0 : err;	/* somebody else was faster */
}
