// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests about single entries of the connection table. */
#include "netlink/conntrack.h"

#include <arpa/inet.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

struct nlmsghdr *pw_ct_begin(void *buf, uint8_t type, uint16_t flags,
			     uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static void put_addresses(struct nlmsghdr *nlh,
			  const struct pw_ct_tuple *tuple)
{
	bool v4 = tuple->family == AF_INET;
	size_t len = v4 ? 4 : 16;
	struct nlattr *nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);

	mnl_attr_put(nlh, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, len,
		     tuple->src_be);
	mnl_attr_put(nlh, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, len,
		     tuple->dst_be);
	mnl_attr_nest_end(nlh, nest);
}

static void put_icmp(struct nlmsghdr *nlh, const struct pw_ct_tuple *tuple)
{
	bool v4 = tuple->family == AF_INET;

	mnl_attr_put_u16(nlh, v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID,
			 htons(tuple->icmp_id));
	mnl_attr_put_u8(nlh, v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE,
			tuple->icmp_type);
	mnl_attr_put_u8(nlh, v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE,
			tuple->icmp_code);
}

/* Of a protocol without ports the kernel does not look at them */
static void put_ports(struct nlmsghdr *nlh, const struct pw_ct_tuple *tuple)
{
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(tuple->sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(tuple->dport));
}

void pw_ct_put_tuple(struct nlmsghdr *nlh, uint16_t attr,
		     const struct pw_ct_tuple *tuple)
{
	struct nlattr *whole = mnl_attr_nest_start(nlh, attr), *nest;

	put_addresses(nlh, tuple);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, tuple->proto);
	if (tuple->proto == IPPROTO_ICMP || tuple->proto == IPPROTO_ICMPV6)
		put_icmp(nlh, tuple);
	else
		put_ports(nlh, tuple);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, whole);
}
