// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends connections: the socket first, then the entry of conntrack.
 *
 * What a socket sends that has no entry is taken up as a new connection, in the
 * middle (nf_conntrack_tcp_loose) and in the other direction, and what its peer
 * sends would be the replies. So the socket goes first; its RST still leaves as
 * a part of the old connection. Where there is no socket to destroy, a bar.
 */
#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "host/flows.h"
#include "host/sockquery.h"

/**
 * struct ending
 * @destroyed:	by index of @flows: the local socket is
 */
struct ending {
	const struct pw_flow *flows;
	size_t num;
	bool *destroyed;
	struct pw_flows_end *out;
};

/* Is it still the connection that was listed, not one of the same name? */
static int is_as_listed(const struct pw_flow *flow, bool *same)
{
	struct pw_flow entry = { 0 };
	bool found = false;
	int err = pw_flow_find_entry(flow, &found, &entry);

	*same = flow->tracked ? found && entry.id_be == flow->id_be : !found;
	return err;
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
static int note_destroyed(struct ending *e, size_t i, int err)
{
	switch (err) {
	case 0:
		e->out->sockets++;
		e->destroyed[i] = true;
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

static int destroy_if_same(struct ending *e, size_t i,
			   const struct pw_inet_socket *sock)
{
	const struct pw_flow *flow = &e->flows[i];
	bool same;
	int err = is_as_listed(flow, &same);

	if (err || !same)
		return err;
	return note_destroyed(e, i, destroy_socket(flow->proto, sock));
}

static int end_sockets_of(struct ending *e, size_t i,
			  const struct pw_inet_sockets *sockets)
{
	const struct pw_flow *flow = &e->flows[i];
	const struct pw_inet_socket key = {
		.family = flow->family,
		.local = flow->local, .peer = flow->peer,
		.local_port = flow->local_port, .peer_port = flow->peer_port,
	};
	int err = 0;

	for (size_t k = first_of(sockets, &key);
	     !err && k < sockets->num && !e->out->no_destroy &&
	     !socket_cmp(&sockets->list[k], &key); k++)
		err = destroy_if_same(e, i, &sockets->list[k]);
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

static bool has_proto(const struct ending *e, uint8_t proto)
{
	for (size_t i = 0; i < e->num; i++)
		if (e->flows[i].proto == proto && !e->flows[i].bar)
			return true;
	return false;
}

static int end_sockets(struct ending *e, const struct kind *kind)
{
	struct pw_inet_sockets sockets = { 0 };
	int err;

	if (!has_proto(e, kind->proto))
		return 0;
	err = pw_inet_dump(kind->proto, kind->states ? kind->states
						     : pw_flow_tcp_states,
			   &sockets);
	if (!err && sockets.num)
		qsort(sockets.list, sockets.num, sizeof(*sockets.list),
		      socket_cmp);
	for (size_t i = 0; !err && i < e->num; i++)
		if (e->flows[i].proto == kind->proto && !e->flows[i].bar)
			err = end_sockets_of(e, i, &sockets);
	pw_inet_sockets_clear(&sockets);
	return err;
}

/* May its other end still send? A TCP socket that is not here has ended */
static bool needs_bar(const struct ending *e, size_t i)
{
	const struct pw_flow *flow = &e->flows[i];

	if (e->destroyed[i] || flow->bar)
		return false;
	switch (flow->proto) {
	case IPPROTO_TCP:
		return flow->live && (flow->dnat || e->out->no_destroy);
	case IPPROTO_SCTP:
		return flow->live;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return true;
	}
	return false;
}

static int end_entry(struct ending *e, size_t i)
{
	const struct pw_flow *flow = &e->flows[i];
	int err = flow->tracked ? pw_flow_delete_entry(flow, flow->id_be) : 0;

	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	e->out->entries += flow->tracked;
	if (!needs_bar(e, i))
		return 0;
	err = pw_flow_bar(flow);
	e->out->bars += !err;
	e->out->resumable += err != 0;
	return err == -ENOMEM ? err : 0;
}

static int end_entries(struct ending *e)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->num; i++)
		err = end_entry(e, i);
	return err;
}

static int end(struct ending *e, struct pw_diags *diags)
{
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		err = end_sockets(e, &kinds[i]);
	if (err)
		return pw_diag_system(diags, -err,
				      "connections cannot be ended: sockets");
	err = end_entries(e);
	if (err)
		return pw_diag_system(diags, -err,
				      "connections cannot be ended: entries of conntrack");
	return 0;
}

int pw_flows_end(const struct pw_flow *flows, size_t num,
		 struct pw_flows_end *out, struct pw_diags *diags)
{
	struct pw_flows_end result = { 0 };
	struct ending e = {
		.flows = flows, .num = num, .out = &result,
		.destroyed = calloc(num + 1, sizeof(bool)),
	};
	int err = e.destroyed ? 0 : -ENOMEM;

	if (!err && num)
		err = end(&e, diags);
	free(e.destroyed);
	*out = result;
	return err;
}
