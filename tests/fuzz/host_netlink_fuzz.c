// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets, connections, addresses and routes: first who asks, then what the
 * kernel answers, see replay_queries().
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "fuzz.h"
#include "host/flows.h"
#include "host/inet_dump.h"
#include "host/listeners.h"
#include "portwall/array.h"
#include "portwall/host.h"
#include "portwall/listen.h"
#include "replay.h"

static int list_sockets(void)
{
	struct pw_inet_sockets sockets = { 0 };
	int err = pw_inet_dump(IPPROTO_TCP, UINT32_MAX, &sockets);

	for (size_t i = 0; i < sockets.num; i++)
		MUST(sockets.list[i].family < PW_NUM_FAMILIES);
	pw_inet_sockets_clear(&sockets);
	return err;
}

static int list_listeners(void)
{
	static const struct pw_socket_kind kinds[] = {
		{ .proto = IPPROTO_TCP, .state = TCP_LISTEN },
		{ .proto = IPPROTO_SCTP, .state = TCP_LISTEN },
		{ .proto = IPPROTO_RAW, .state = TCP_CLOSE, .raw = true },
	};
	struct pw_listener_list list = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		err = pw_listen_diag(&kinds[i], PW_IPV6, &list);
	for (size_t i = 0; i < list.num; i++)
		MUST(list.items[i].family < PW_NUM_FAMILIES);
	free(list.items);
	return err;
}

static int list_packet_sockets(void)
{
	struct pw_listener_list list = { 0 };
	int err = pw_listen_packet(&list);

	free(list.items);
	return err;
}

static int list_addrs(void)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_host_addr *addrs = NULL;
	size_t num = 0;
	int err = pw_host_addrs(&addrs, &num, diags);

	MUST(!err || pw_diags_count(diags, PW_ERROR));
	if (!err)
		pw_host_addrs_sort(addrs, num);
	free(addrs);
	return err;
}

static int ask_route(void)
{
	uint32_t ifindex;
	int err = pw_host_route(PW_IPV4, pw_value32(1), pw_value32(2),
				&ifindex);

	if (!err)
		err = pw_host_accepts_route(PW_IPV6, pw_value32(3),
					    pw_value32(4), 1);
	return err;
}

/* What was told of a connection names it again */
static int read_flow(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh = replay_payload(data, size, 0);
	struct pw_ct_tuple tuple;
	struct pw_flow flow;
	int err = pw_flow_decode(nlh, &flow);

	MUST(!err || err == -ENOENT || err == -EBADMSG);
	free(nlh);
	if (err)
		return err;
	MUST(flow.family < PW_NUM_FAMILIES);
	pw_flow_tuple(&flow, &tuple);
	MUST(tuple.proto == flow.proto && tuple.sport == flow.sport);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const askers[])(void) = {
		list_sockets, list_listeners, list_packet_sockets, list_addrs,
		ask_route,
	};
	size_t which;
	int err;

	if (!size)
		return 0;
	which = data[0] % (PW_ARRAY_SIZE(askers) + 1);
	if (which == PW_ARRAY_SIZE(askers)) {
		read_flow(data + 1, size - 1);
		return 0;
	}
	replay_queries(data + 1, size - 1);
	err = askers[which]();
	replay_queries(NULL, 0);
	MUST(err <= 0 && err >= -4095);
	return 0;
}
