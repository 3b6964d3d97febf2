// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a packet goes: the kernel's own routing decisions. */
#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>

#include "host/inet.h"
#include "host/procs.h"
#include "host/sockquery.h"
#include "portwall/host.h"
#include "portwall/listen.h"

#define LOOPBACK_IFINDEX 1	/* of every namespace: include/net/flow.h */

/* What the kernel says of one packet */
struct answer {
	uint8_t type;		/* RTN_* */
	uint32_t oif;
};

static int route_attr(const struct nlattr *attr, void *arg)
{
	struct answer *answer = arg;

	if (mnl_attr_get_type(attr) == RTA_OIF &&
	    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		answer->oif = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = arg;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return MNL_CB_STOP;
	answer->type = rtm->rtm_type;
	mnl_attr_parse(nlh, sizeof(*rtm), route_attr, answer);
	return MNL_CB_STOP;
}

/* @iif: the packet comes in on it; 0: it is our own */
static int ask(enum pw_family family, struct pw_value src, struct pw_value dst,
	       uint32_t iif, struct answer *answer)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) + 128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t len = pw_family_bits(family) / 8;
	uint8_t addr_be[16];
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family == PW_IPV4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = (unsigned char)(len * 8);
	rtm->rtm_src_len = (unsigned char)(len * 8);
	pw_inet_put(family, dst, addr_be);
	mnl_attr_put(nlh, RTA_DST, len, addr_be);
	pw_inet_put(family, src, addr_be);
	mnl_attr_put(nlh, RTA_SRC, len, addr_be);
	if (iif)
		mnl_attr_put_u32(nlh, RTA_IIF, iif);
	return pw_sock_query(NETLINK_ROUTE, nlh, on_route, answer);
}

int pw_host_route(enum pw_family family, struct pw_value local,
		  struct pw_value peer, uint32_t *ifindex)
{
	struct answer answer = { 0 };
	int err = ask(family, local, peer, 0, &answer);

	if (err)
		return err;
	if (!answer.oif)
		return -ENETUNREACH;
	*ifindex = answer.oif;
	return 0;
}

static bool is_multicast(enum pw_family family, struct pw_value addr)
{
	return family == PW_IPV4 ? addr.lo >> 28 == 0xe : addr.hi >> 56 == 0xff;
}

static bool is_ours(uint8_t type)
{
	return type == RTN_LOCAL || type == RTN_BROADCAST ||
	       type == RTN_MULTICAST || type == RTN_ANYCAST;
}

/*
 * Since Linux 6.13 -EINVAL stands for every reason that is not a route. If the
 * same source may not even write to all hosts, which every interface is a
 * member of, it is the source that is refused.
 */
static int why_refused_v4(struct pw_value src, struct pw_value dst,
			  uint32_t iif)
{
	struct answer answer = { 0 };

	if (is_multicast(PW_IPV4, dst) &&
	    !ask(PW_IPV4, src, pw_value32(INADDR_ALLHOSTS_GROUP), iif,
		 &answer))
		return -EHOSTUNREACH;
	return -EXDEV;
}

static int accepts_v4(struct pw_value src, struct pw_value dst, uint32_t iif)
{
	struct answer answer = { 0 };
	int err = ask(PW_IPV4, src, dst, iif, &answer);

	if (err == -EINVAL)
		return why_refused_v4(src, dst, iif);
	if (err == -ENETUNREACH)
		return -EHOSTUNREACH;
	return err ? err : is_ours(answer.type) ? 0 : -EHOSTUNREACH;
}

/* ipv6_rcv() drops these whatever the routes are (net/ipv6/ip6_input.c) */
static bool is_martian_v6(struct pw_value src, struct pw_value dst)
{
	const struct pw_value loopback = pw_value32(1);

	return is_multicast(PW_IPV6, src) || !pw_value_cmp(src, loopback) ||
	       !pw_value_cmp(dst, loopback) ||
	       (!src.hi && src.lo >> 32 == 0xffff);
}

/* The kernel has no answer to a question for a route to an IPv6 group */
static int is_member_v6(struct pw_value group, uint32_t iif)
{
	FILE *file = pw_proc_net("igmp6");
	char line[256];
	int err = file ? -EHOSTUNREACH : -errno;

	while (err && file && fgets(line, sizeof(line), file)) {
		struct pw_value addr;
		uint32_t ifindex;

		if (sscanf(line, "%" SCNu32 " %*s %16" SCNx64 "%16" SCNx64,
			   &ifindex, &addr.hi, &addr.lo) == 3 &&
		    ifindex == iif && !pw_value_cmp(addr, group))
			err = 0;
	}
	if (file)
		fclose(file);
	return err;
}

static int accepts_v6(struct pw_value src, struct pw_value dst, uint32_t iif)
{
	struct answer answer = { 0 };
	int err;

	if (iif != LOOPBACK_IFINDEX && is_martian_v6(src, dst))
		return -EXDEV;
	if (is_multicast(PW_IPV6, dst))
		return is_member_v6(dst, iif);
	err = ask(PW_IPV6, src, dst, iif, &answer);
	if (err == -ENETUNREACH)
		return -EHOSTUNREACH;
	return err ? err : is_ours(answer.type) ? 0 : -EHOSTUNREACH;
}

int pw_host_accepts_route(enum pw_family family, struct pw_value src,
			  struct pw_value dst, uint32_t ifindex)
{
	return family == PW_IPV4 ? accepts_v4(src, dst, ifindex) :
				   accepts_v6(src, dst, ifindex);
}
