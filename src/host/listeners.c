// SPDX-License-Identifier: GPL-2.0-or-later
/* What listens on this host: every kind of socket, by the best source of it. */
#include "host/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/procs.h"
#include "portwall/array.h"

static const struct pw_socket_kind kinds[] = {
	{ IPPROTO_TCP, TCP_LISTEN, false, "tcp", { "TCP", "TCPv6" },
	  { "tcp", "tcp6" } },
	{ IPPROTO_UDP, TCP_CLOSE, false, "udp", { "UDP", "UDPv6" },
	  { "udp", "udp6" } },
	{ IPPROTO_UDPLITE, TCP_CLOSE, false, "udplite",
	  { "UDP-Lite", "UDPLITEv6" }, { "udplite", "udplite6" } },
	{ IPPROTO_SCTP, TCP_LISTEN, false, "sctp", { "SCTP", "SCTPv6" },
	  { NULL, NULL } },
	{ IPPROTO_RAW, TCP_CLOSE, true, "raw", { "RAW", "RAWv6" },
	  { "raw", "raw6" } },
};

int pw_listen_add(struct pw_listener_list *out, struct pw_listener listener,
		  bool takes_ipv4)
{
	int err;

	listener.any = !listener.addr.hi && !listener.addr.lo;
	err = PW_ARRAY_PUSH(out->items, out->num, out->cap, listener);
	if (err || !takes_ipv4 || !listener.any || listener.family == PW_IPV4)
		return err;
	listener.family = PW_IPV4;
	return PW_ARRAY_PUSH(out->items, out->num, out->cap, listener);
}

/* A protocol that the kernel has not registered has no sockets */
static bool is_registered(const char *protocol)
{
	char line[256], name[32];
	FILE *file = pw_proc_net("protocols");
	bool found = !file;	/* who knows */

	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%31s", name) == 1 &&
			!strcmp(name, protocol);
	if (file)
		fclose(file);
	return found;
}

/* Sets @missing when nobody tells of sockets that there may be */
static int gather_kind(const struct pw_socket_kind *kind,
		       enum pw_family family, struct pw_listener_list *list,
		       bool *missing)
{
	const size_t before = list->num;
	int err = pw_listen_diag(kind, family, list);

	if (err && err != -ENOMEM) {
		list->num = before;
		err = pw_listen_text(kind, family, list);
	}
	if (!err || err == -ENOMEM)
		return err;
	list->num = before;
	*missing |= is_registered(kind->known[family]);
	return 0;
}

static int name_missing(struct pw_listeners *listeners, const char *name)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s",
		     listeners->missing ? listeners->missing : "",
		     listeners->missing ? ", " : "", name) < 0)
		return -ENOMEM;
	free(listeners->missing);
	listeners->missing = text;
	return 0;
}

static int gather_kinds(struct pw_listeners *listeners,
			struct pw_listener_list *list)
{
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++) {
		bool missing = false;

		for (int f = 0; !err && f < PW_NUM_FAMILIES; f++)
			err = gather_kind(&kinds[i], (enum pw_family)f, list,
					  &missing);
		if (!err && missing)
			err = name_missing(listeners, kinds[i].name);
	}
	return err;
}

int pw_listen_ports(struct pw_listener_list *out)
{
	bool missing = false;	/* not asked for here */
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		for (int f = 0; !err && !kinds[i].raw && f < PW_NUM_FAMILIES;
		     f++)
			err = gather_kind(&kinds[i], (enum pw_family)f, out,
					  &missing);
	return err;
}

static int gather_packet(struct pw_listeners *listeners,
			 struct pw_listener_list *list)
{
	const size_t before = list->num;
	int err = pw_listen_packet(list);

	if (!err || err == -ENOMEM)
		return err;
	list->num = before;
	return is_registered("PACKET") ? name_missing(listeners, "packet") : 0;
}

static int num_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Any order would do, if it is the same in every run */
static int listener_cmp(const void *pa, const void *pb)
{
	const struct pw_listener *a = pa, *b = pb;
	const int by[] = {
		num_cmp(a->raw, b->raw), num_cmp(a->proto, b->proto),
		num_cmp(a->port, b->port), num_cmp(a->family, b->family),
		pw_value_cmp(a->addr, b->addr),
		num_cmp(a->ifindex, b->ifindex), num_cmp(a->inode, b->inode),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(by); i++)
		if (by[i])
			return by[i];
	return 0;
}

static int gather(struct pw_listeners *listeners)
{
	struct pw_listener_list list = { 0 };
	int err = gather_kinds(listeners, &list);

	if (!err)
		err = gather_packet(listeners, &list);
	listeners->list = list.items;
	listeners->num = list.num;
	if (err)
		return err;
	if (list.num)
		qsort(list.items, list.num, sizeof(*list.items), listener_cmp);
	return pw_listen_owners(listeners);
}

int pw_listeners_gather(struct pw_listeners **out, struct pw_diags *diags)
{
	pw_owned(pw_listeners_free) struct pw_listeners *listeners =
		calloc(1, sizeof(*listeners));
	int err = listeners ? gather(listeners) : -ENOMEM;

	if (err)
		return pw_diag_system(diags, -err,
				      "sockets of this host cannot be read");
	*out = PW_TAKE(listeners);
	return 0;
}

int pw_listeners_ports(struct pw_listeners **out)
{
	struct pw_listeners *listeners = calloc(1, sizeof(*listeners));
	struct pw_listener_list list = { 0 };
	int err = listeners ? pw_listen_ports(&list) : -ENOMEM;

	if (err) {
		free(list.items);
		free(listeners);
		return err;
	}
	listeners->list = list.items;
	listeners->num = list.num;
	*out = listeners;
	return 0;
}

void pw_listeners_free(struct pw_listeners *listeners)
{
	if (!listeners)
		return;
	free(listeners->list);
	free(listeners->missing);
	free(listeners);
}

bool pw_listener_takes(const struct pw_listener *listener,
		       enum pw_family family, struct pw_value addr,
		       uint32_t ifindex)
{
	if (listener->family != family)
		return false;
	if (listener->ifindex && ifindex && listener->ifindex != ifindex)
		return false;
	return listener->any || !pw_value_cmp(listener->addr, addr);
}

/* 127.0.0.0/8 (RFC 1122, 3.2.1.3) and ::1 (RFC 4291, 2.5.3) */
bool pw_listener_is_local(const struct pw_listener *listener)
{
	if (listener->any)
		return false;
	if (listener->family == PW_IPV4)
		return listener->addr.lo >> 24 == 127;
	return !listener->addr.hi && listener->addr.lo == 1;
}
