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
#include "probe/mirred_rtnl.h"

#define PREFIX "pwprobe"	/* 7, a process id of 7 digits and a letter: 15 */

static struct ifinfomsg *begin(struct pw_rtnl *req, uint16_t type,
			       uint16_t flags, uint32_t index)
{
	struct ifinfomsg *ifi = pw_rtnl_begin(req, type, flags, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)index;
	return ifi;
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

int pw_veth_make(struct mnl_socket *sock, struct pw_veth *veth)
{
	struct pw_rtnl req;
	int err;

	snprintf(veth->near, sizeof(veth->near), PREFIX "%da", (int)getpid());
	snprintf(veth->far, sizeof(veth->far), PREFIX "%db", (int)getpid());
	begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(req.nlh, IFLA_IFNAME, veth->near);
	mnl_attr_put(req.nlh, IFLA_ADDRESS, PW_ETH_LEN, veth->near_mac);
	put_peer(req.nlh, veth);
	err = pw_rtnl_send(sock, &req);
	if (err)
		return err;
	veth->near_index = if_nametoindex(veth->near);
	return veth->near_index ? 0 : -ENODEV;
}

/* The far end stays down: without a carrier, the host says nothing of its own */
int pw_veth_up(struct mnl_socket *sock, const struct pw_veth *veth)
{
	struct pw_rtnl req;
	struct ifinfomsg *ifi = begin(&req, RTM_NEWLINK, 0, veth->near_index);

	ifi->ifi_flags = IFF_UP | IFF_NOARP;
	ifi->ifi_change = IFF_UP | IFF_NOARP;
	return pw_rtnl_send(sock, &req);
}

int pw_veth_remove(struct mnl_socket *sock, uint32_t index)
{
	struct pw_rtnl req;

	begin(&req, RTM_DELLINK, 0, index);
	return pw_rtnl_send(sock, &req);
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

int pw_veth_clean(struct mnl_socket *sock)
{
	struct stale stale = { 0 };
	struct pw_rtnl req;
	int err;

	begin(&req, RTM_GETLINK, NLM_F_DUMP, 0);
	err = pw_rtnl_ask(sock, &req, on_link, &stale);
	for (size_t i = 0; i < stale.num && !err; i++)
		err = pw_veth_remove(sock, stale.list[i]);
	free(stale.list);
	return err == -ENODEV ? 0 : err;	/* somebody else was faster */
}
