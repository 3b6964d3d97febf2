// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections from outside: entries of conntrack, and sockets without one. */
#include "host/flows.h"

#include <errno.h>
#include <netinet/in.h>	/* before linux/in.h */
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/sockquery.h"
#include "netlink/conntrack.h"
#include "netlink/missing.h"
#include "portwall/array.h"
#include "portwall/listen.h"

#define DUMP_TRIES 10
#define COUNT_FILE "/proc/sys/net/netfilter/nf_conntrack_count"

const uint32_t pw_flow_tcp_states =
	1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_FIN_WAIT1 |
	1u << TCP_FIN_WAIT2 | 1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK |
	1u << TCP_CLOSING;

/**
 * struct gather
 * @addrs:	of this host, sorted
 */
struct gather {
	struct pw_host_addr *addrs;
	size_t num_addrs;
	struct pw_flows *flows;
};

static bool is_loopback(enum pw_family family, struct pw_value addr)
{
	if (family == PW_IPV4)
		return addr.lo >> 24 == 127;
	return !addr.hi && addr.lo == 1;
}

static bool is_own(const struct gather *g, enum pw_family family,
		   struct pw_value addr)
{
	return pw_host_addrs_have(g->addrs, g->num_addrs, family, addr);
}

/* From somebody else to us? */
static bool came_in(const struct gather *g, const struct pw_flow *flow)
{
	return !is_loopback(flow->family, flow->src) &&
	       !is_loopback(flow->family, flow->dst) &&
	       is_own(g, flow->family, flow->dst) &&
	       !is_own(g, flow->family, flow->src);
}

static int add(struct gather *g, const struct pw_flow *flow)
{
	struct pw_flows *flows = g->flows;

	return PW_ARRAY_PUSH(flows->list, flows->num, flows->cap, *flow);
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct pw_flow flow;
	int err = pw_flow_decode(nlh, &flow);

	if (!err && came_in(arg, &flow))
		err = add(arg, &flow);
	if (!err || err == -ENOENT)
		return MNL_CB_OK;
	errno = -err;
	return MNL_CB_ERROR;
}

bool pw_flows_in_use(void)
{
	/* without /proc/sys nobody knows: ask */
	return !access(COUNT_FILE, F_OK) || access("/proc/sys/net", F_OK);
}

static int dump_entries(struct gather *g)
{
	char buf[PW_CT_MESSAGE_MAX];
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		struct nlmsghdr *nlh = pw_ct_begin(buf, IPCTNL_MSG_CT_GET,
						   NLM_F_DUMP, AF_UNSPEC);

		g->flows->num = 0;
		err = pw_sock_query(NETLINK_NETFILTER, nlh, on_entry, g);
	}
	return err;
}

static int by_ends(const void *pa, const void *pb)
{
	const struct pw_flow *a = pa, *b = pb;
	int order = pw_value_cmp(a->peer, b->peer);

	if (!order)
		order = pw_value_cmp(a->local, b->local);
	if (!order)
		order = (a->peer_port > b->peer_port) -
			(a->peer_port < b->peer_port);
	if (!order)
		order = (a->local_port > b->local_port) -
			(a->local_port < b->local_port);
	if (!order)
		order = (a->family > b->family) - (a->family < b->family);
	return order ? order : (a->proto > b->proto) - (a->proto < b->proto);
}

static struct pw_flow flow_of(const struct pw_inet_socket *sock)
{
	return (struct pw_flow){
		.family = sock->family, .proto = IPPROTO_TCP,
		.src = sock->peer, .dst = sock->local,
		.peer = sock->peer, .local = sock->local,
		.sport = sock->peer_port, .dport = sock->local_port,
		.peer_port = sock->peer_port, .local_port = sock->local_port,
		.live = true,
	};
}

static bool is_listened_on(const struct pw_inet_sockets *listeners,
			   uint16_t port)
{
	for (size_t i = 0; i < listeners->num; i++)
		if (listeners->list[i].local_port == port)
			return true;
	return false;
}

/*
 * A connection that is older than the rules. An entry in the other direction
 * counts only where conntrack cannot know: it saw packets from the middle on,
 * the host's first.
 */
static int add_older(struct gather *g, size_t num_tracked,
		     const struct pw_inet_socket *sock)
{
	struct pw_flow flow = flow_of(sock), entry;
	bool found = false;
	int err;

	if (!came_in(g, &flow) ||
	    (num_tracked && bsearch(&flow, g->flows->list, num_tracked,
				    sizeof(flow), by_ends)))
		return 0;
	err = pw_flow_find_entry(&flow, &found, &entry);
	if (err || (found && !entry.midway))
		return err;
	if (found) {
		flow.tracked = flow.midway = true;
		flow.id_be = entry.id_be;
	}
	return add(g, &flow);
}

/* Ports that nobody listens on are of connections that this host began */
static int add_sockets(struct gather *g, const struct pw_inet_sockets *accepted,
		       const struct pw_inet_sockets *listeners)
{
	size_t num_tracked = g->flows->num;
	int err = 0;

	if (num_tracked)
		qsort(g->flows->list, num_tracked, sizeof(*g->flows->list),
		      by_ends);
	for (size_t i = 0; !err && i < accepted->num; i++)
		if (is_listened_on(listeners, accepted->list[i].local_port))
			err = add_older(g, num_tracked, &accepted->list[i]);
	return err;
}

/* A kernel that lists no sockets has none that could be ended either */
static int gather_sockets(struct gather *g)
{
	struct pw_inet_sockets listeners = { 0 }, accepted = { 0 };
	int err = pw_inet_dump(IPPROTO_TCP, 1u << TCP_LISTEN, &listeners);

	if (!err && listeners.num)
		err = pw_inet_dump(IPPROTO_TCP, pw_flow_tcp_states, &accepted);
	if (!err)
		err = add_sockets(g, &accepted, &listeners);
	pw_inet_sockets_clear(&listeners);
	pw_inet_sockets_clear(&accepted);
	return err;
}

static int gather(struct gather *g, struct pw_diags *diags)
{
	int err = pw_host_addrs(&g->addrs, &g->num_addrs, diags);

	if (err)
		return err;
	pw_host_addrs_sort(g->addrs, g->num_addrs);
	if (pw_flows_in_use())
		err = dump_entries(g);
	if (err)
		return pw_ct_explain(err, "conntrack's entries cannot be read",
				     diags);
	err = gather_sockets(g);
	if (err)
		return pw_inet_explain(err, diags);
	return 0;
}

int pw_flows_gather(struct pw_flows **out, struct pw_diags *diags)
{
	pw_owned(pw_flows_free) struct pw_flows *flows =
		calloc(1, sizeof(*flows));
	struct gather g = { .flows = flows };
	int err = flows ? gather(&g, diags) : -ENOMEM;

	free(g.addrs);
	if (!err)
		*out = PW_TAKE(flows);
	return err;
}

void pw_flows_free(struct pw_flows *flows)
{
	if (!flows)
		return;
	free(flows->list);
	free(flows);
}
