// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends connections: the socket first, then the entry of conntrack.
 *
 * What a socket sends that has no entry is taken up as a new connection, in the
 * middle (nf_conntrack_tcp_loose) and in the other direction, and what its peer
 * sends would be the replies. So the socket goes first; its RST still leaves as
 * a part of the old connection.
 */
#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "host/flows.h"
#include "host/inet.h"
#include "host/sockquery.h"
#include "netlink/conntrack.h"

struct ending {
	struct pw_flows_end *out;
	struct pw_diags *diags;
};

static struct pw_ct_tuple tuple_of(const struct pw_flow *flow)
{
	struct pw_ct_tuple tuple = {
		.family = flow->family == PW_IPV4 ? AF_INET : AF_INET6,
		.proto = flow->proto,
		.sport = flow->sport, .dport = flow->dport,
		.icmp_id = flow->icmp_id, .icmp_type = flow->icmp_type,
		.icmp_code = flow->icmp_code,
	};

	pw_inet_put(flow->family, flow->src, tuple.src_be);
	pw_inet_put(flow->family, flow->dst, tuple.dst_be);
	return tuple;
}

/* @flags: beside NLM_F_REQUEST */
static struct nlmsghdr *name_entry(char buf[static PW_CT_MESSAGE_MAX],
				   uint8_t type, uint16_t flags,
				   const struct pw_flow *flow)
{
	struct pw_ct_tuple tuple = tuple_of(flow);
	struct nlmsghdr *nlh = pw_ct_begin(buf, type, flags, tuple.family);

	pw_ct_put_tuple(nlh, CTA_TUPLE_ORIG, &tuple);
	if (flow->zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(flow->zone));
	return nlh;
}

static int on_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	uint32_t *id_be = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == CTA_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			*id_be = mnl_attr_get_u32(attr);
	return MNL_CB_STOP;
}

/* The kernel finds an entry by either of its directions */
int pw_flow_find_entry(const struct pw_flow *flow, bool *found,
		       uint32_t *id_be)
{
	char buf[PW_CT_MESSAGE_MAX];
	uint32_t id = 0;
	int err = -ENOENT;

	if (pw_flows_in_use())
		err = pw_sock_query(NETLINK_NETFILTER,
				    name_entry(buf, IPCTNL_MSG_CT_GET, 0,
					       flow), on_found, &id);
	if (err && err != -ENOENT)
		return err;
	*found = !err;
	if (*found)
		*id_be = id;
	return 0;
}

/* Is it still the connection that was listed, not one of the same name? */
static int is_as_listed(const struct pw_flow *flow, bool *same)
{
	bool found = false;
	uint32_t id_be = 0;
	int err = pw_flow_find_entry(flow, &found, &id_be);

	*same = flow->tracked ? found && id_be == flow->id_be : !found;
	return err;
}

/* By its id: a new connection between the same ports is another entry */
static int delete_entry(const struct pw_flow *flow)
{
	char buf[PW_CT_MESSAGE_MAX];
	struct nlmsghdr *nlh = name_entry(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
					  flow);

	mnl_attr_put_u32(nlh, CTA_ID, flow->id_be);
	return pw_sock_query(NETLINK_NETFILTER, nlh, NULL, NULL);
}

/*
 * Named by its cookie as well: where the socket is gone the kernel would find
 * the one that listens.
 */
static int destroy_socket(uint8_t proto, const struct pw_inet_socket *sock)
{
	char buf[MNL_ALIGN(sizeof(struct nlmsghdr)) +
		 MNL_ALIGN(sizeof(struct inet_diag_req_v2))];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	nlh->nlmsg_type = SOCK_DESTROY;
	nlh->nlmsg_flags = NLM_F_ACK;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = sock->msg.idiag_family;
	req->sdiag_protocol = proto;
	req->idiag_states = 1u << sock->msg.idiag_state;
	req->id = sock->msg.id;
	return pw_sock_query(NETLINK_SOCK_DIAG, nlh, NULL, NULL);
}

static int num_cmp(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int socket_cmp(const void *pa, const void *pb)
{
	const struct pw_inet_socket *a = pa, *b = pb;
	int order = num_cmp(a->family, b->family);

	if (!order)
		order = pw_value_cmp(a->peer, b->peer);
	if (!order)
		order = num_cmp(a->peer_port, b->peer_port);
	if (!order)
		order = pw_value_cmp(a->local, b->local);
	return order ? order : num_cmp(a->local_port, b->local_port);
}

/* The first of those that have both ends; bound to devices there may be more */
static size_t first_of(const struct pw_inet_sockets *sockets,
		       const struct pw_inet_socket *key)
{
	size_t low = 0, high = sockets->num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (socket_cmp(&sockets->list[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Says which kernels cannot, and which sockets are gone already */
static int note_destroyed(struct ending *e, int err)
{
	switch (err) {
	case 0:
		e->out->sockets++;
		return 0;
	case -ENOENT:
		return 0;
	case -EOPNOTSUPP:
	case -EINVAL:
		e->out->no_destroy = true;
		return 0;
	}
	return err;
}

static int destroy_if_same(struct ending *e, const struct pw_flow *flow,
			   const struct pw_inet_socket *sock)
{
	bool same;
	int err = is_as_listed(flow, &same);

	if (err || !same)
		return err;
	return note_destroyed(e, destroy_socket(flow->proto, sock));
}

static int end_sockets_of(struct ending *e, const struct pw_flow *flow,
			  const struct pw_inet_sockets *sockets)
{
	const struct pw_inet_socket key = {
		.family = flow->family,
		.local = flow->local, .peer = flow->peer,
		.local_port = flow->local_port, .peer_port = flow->peer_port,
	};
	int err = 0;

	for (size_t i = first_of(sockets, &key);
	     !err && i < sockets->num && !e->out->no_destroy &&
	     !socket_cmp(&sockets->list[i], &key); i++)
		err = destroy_if_same(e, flow, &sockets->list[i]);
	return err;
}

/*
 * Of UDP those that are connected: to the kernel they are established. One that
 * is not serves others, too.
 */
static const struct kind {
	uint8_t proto;
	uint32_t states;
} kinds[] = {
	{ IPPROTO_TCP, 0 },
	{ IPPROTO_UDP, 1u << TCP_ESTABLISHED },
	{ IPPROTO_UDPLITE, 1u << TCP_ESTABLISHED },
};

static bool has_proto(const struct pw_flow *flows, size_t num, uint8_t proto)
{
	for (size_t i = 0; i < num; i++)
		if (flows[i].proto == proto)
			return true;
	return false;
}

static int end_sockets(struct ending *e, const struct kind *kind,
		       const struct pw_flow *flows, size_t num)
{
	struct pw_inet_sockets sockets = { 0 };
	int err = 0;

	if (!has_proto(flows, num, kind->proto))
		return 0;
	err = pw_inet_dump(kind->proto, kind->states ? kind->states
						     : pw_flow_tcp_states,
			   &sockets);
	if (!err && sockets.num)
		qsort(sockets.list, sockets.num, sizeof(*sockets.list),
		      socket_cmp);
	for (size_t i = 0; !err && i < num; i++)
		if (flows[i].proto == kind->proto)
			err = end_sockets_of(e, &flows[i], &sockets);
	pw_inet_sockets_clear(&sockets);
	return err;
}

static int end_entries(struct ending *e, const struct pw_flow *flows,
		       size_t num)
{
	int err = 0;

	for (size_t i = 0; !err && i < num; i++) {
		if (!flows[i].tracked)
			continue;
		err = delete_entry(&flows[i]);
		e->out->entries += !err;
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

static int end(struct ending *e, const struct pw_flow *flows, size_t num)
{
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		err = end_sockets(e, &kinds[i], flows, num);
	if (err)
		return pw_diag_system(e->diags, -err,
				      "connections cannot be ended: sockets");
	err = end_entries(e, flows, num);
	if (err)
		return pw_diag_system(e->diags, -err,
				      "connections cannot be ended: entries of conntrack");
	return 0;
}

int pw_flows_end(const struct pw_flow *flows, size_t num,
		 struct pw_flows_end *out, struct pw_diags *diags)
{
	struct pw_flows_end result = { 0 };
	struct ending e = { .out = &result, .diags = diags };
	int err = num ? end(&e, flows, num) : 0;

	*out = result;
	return err;
}
