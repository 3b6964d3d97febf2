// SPDX-License-Identifier: GPL-2.0-or-later
/* Single entries of the connection table: found, deleted. */
#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "host/flows.h"
#include "host/inet.h"
#include "host/sockquery.h"

void pw_flow_tuple(const struct pw_flow *flow, struct pw_ct_tuple *tuple)
{
	*tuple = (struct pw_ct_tuple){
		.family = flow->family == PW_IPV4 ? AF_INET : AF_INET6,
		.proto = flow->proto,
		.sport = flow->sport, .dport = flow->dport,
		.icmp_id = flow->icmp_id, .icmp_type = flow->icmp_type,
		.icmp_code = flow->icmp_code,
	};
	pw_inet_put(flow->family, flow->src, tuple->src_be);
	pw_inet_put(flow->family, flow->dst, tuple->dst_be);
}

/* @flags: beside NLM_F_REQUEST */
static struct nlmsghdr *name_entry(char buf[static PW_CT_MESSAGE_MAX],
				   uint8_t type, uint16_t flags,
				   const struct pw_flow *flow)
{
	struct pw_ct_tuple tuple;
	struct nlmsghdr *nlh;

	pw_flow_tuple(flow, &tuple);
	nlh = pw_ct_begin(buf, type, flags, tuple.family);
	pw_ct_put_tuple(nlh, CTA_TUPLE_ORIG, &tuple);
	if (flow->zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(flow->zone));
	return nlh;
}

static int on_found(const struct nlmsghdr *nlh, void *arg)
{
	int err = pw_flow_decode(nlh, arg);

	if (!err)
		return MNL_CB_STOP;
	errno = -err;
	return MNL_CB_ERROR;
}

/* The kernel finds an entry by either of its directions */
int pw_flow_find_entry(const struct pw_flow *flow, bool *found,
		       struct pw_flow *entry)
{
	char buf[PW_CT_MESSAGE_MAX];
	struct pw_flow got;
	int err = -ENOENT;

	if (pw_flows_in_use())
		err = pw_sock_query(NETLINK_NETFILTER,
				    name_entry(buf, IPCTNL_MSG_CT_GET, 0,
					       flow), on_found, &got);
	if (err && err != -ENOENT)
		return err;
	*found = !err;
	if (*found)
		*entry = got;
	return 0;
}

int pw_flow_delete_entry(const struct pw_flow *flow, uint32_t id_be)
{
	char buf[PW_CT_MESSAGE_MAX];
	struct nlmsghdr *nlh = name_entry(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
					  flow);

	mnl_attr_put_u32(nlh, CTA_ID, id_be);
	return pw_sock_query(NETLINK_NETFILTER, nlh, NULL, NULL);
}
