// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bars: what keeps a connection ended whose local end goes on sending.
 *
 * The entry that was deleted comes back with another answer: what the peer
 * sends has the same name, has seen no reply, and so is new to every rule. What
 * is sent to the peer is not that answer. It would be a connection of its own,
 * but the answers to it have the name of the bar: the kernel drops it at
 * confirmation (nf_ct_resolve_clash()), or where there is NAT gives it another
 * port, which the peer refuses.
 */
#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "host/flows.h"
#include "host/sockquery.h"

#define BAR_MESSAGE_MAX (2 * PW_CT_MESSAGE_MAX)
#define TRIES 3

/*
 * Longer than an idle connection says nothing: net.ipv4.tcp_keepalive_time, two
 * hours, and the probes. Of UDP as long as conntrack remembers a stream
 * (nf_conntrack_udp_timeout_stream): the host may begin one to that peer itself.
 */
#define TCP_BAR_S (3 * 3600)
#define UDP_BAR_S 120

/* The answer that never comes: from no address */
static void put_answer(struct nlmsghdr *nlh, const struct pw_ct_tuple *tuple)
{
	struct pw_ct_tuple answer = {
		.family = tuple->family, .proto = tuple->proto,
		.sport = tuple->dport, .dport = tuple->sport,
	};

	memcpy(answer.dst_be, tuple->src_be, sizeof(answer.dst_be));
	pw_ct_put_tuple(nlh, CTA_TUPLE_REPLY, &answer);
}

static int create(const struct pw_flow *flow)
{
	bool udp = flow->proto == IPPROTO_UDP ||
		   flow->proto == IPPROTO_UDPLITE;
	char buf[BAR_MESSAGE_MAX];
	struct pw_ct_tuple tuple;
	struct nlmsghdr *nlh;

	pw_flow_tuple(flow, &tuple);
	nlh = pw_ct_begin(buf, IPCTNL_MSG_CT_NEW,
			  NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, tuple.family);
	pw_ct_put_tuple(nlh, CTA_TUPLE_ORIG, &tuple);
	put_answer(nlh, &tuple);
	/* what the peer sends must not make it shorter or longer */
	mnl_attr_put_u32(nlh, CTA_STATUS,
			 htonl(IPS_CONFIRMED | IPS_FIXED_TIMEOUT));
	mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(udp ? UDP_BAR_S : TCP_BAR_S));
	if (flow->zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(flow->zone));
	return pw_sock_query(NETLINK_NETFILTER, nlh, NULL, NULL);
}

/* What the local end began by sending in between */
static int remove_begun(const struct pw_flow *flow)
{
	bool found = false;
	struct pw_flow entry;
	int err = pw_flow_find_entry(flow, &found, &entry);

	if (!err && found)
		err = pw_flow_delete_entry(flow, entry.id_be);
	return err == -ENOENT ? 0 : err;
}

int pw_flow_bar(const struct pw_flow *flow)
{
	int err = create(flow);

	for (int i = 1; i < TRIES && err == -EEXIST; i++) {
		err = remove_begun(flow);
		if (!err)
			err = create(flow);
	}
	return err;
}
