// SPDX-License-Identifier: GPL-2.0-or-later
/* Which interface leads to a peer: the kernel's own routing decision. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "host/inet.h"
#include "host/sockquery.h"
#include "portwall/host.h"

static int oif_attr(const struct nlattr *attr, void *arg)
{
	uint32_t *oif = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF &&
	    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct rtmsg))
		mnl_attr_parse(nlh, sizeof(struct rtmsg), oif_attr, arg);
	return MNL_CB_STOP;
}

int pw_host_route(enum pw_family family, struct pw_value local,
		  struct pw_value peer, uint32_t *ifindex)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) + 128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t len = pw_family_bits(family) / 8;
	uint8_t addr_be[16];
	struct rtmsg *rtm;
	uint32_t oif = 0;
	int err;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family == PW_IPV4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = (unsigned char)(len * 8);
	rtm->rtm_src_len = (unsigned char)(len * 8);
	pw_inet_put(family, peer, addr_be);
	mnl_attr_put(nlh, RTA_DST, len, addr_be);
	pw_inet_put(family, local, addr_be);
	mnl_attr_put(nlh, RTA_SRC, len, addr_be);
	err = pw_sock_query(NETLINK_ROUTE, nlh, on_route, &oif);
	if (err)
		return err;
	if (!oif)
		return -ENETUNREACH;
	*ifindex = oif;
	return 0;
}
