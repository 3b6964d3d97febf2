// SPDX-License-Identifier: GPL-2.0-or-later
/* A sweep of all ports over lo: addresses, ways, and what silence means. */
#include "probe/loopback.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "portwall/own.h"
#include "probe/local.h"

#define BIND_TRIES 16
#define ROOM_OF_OTHERS 4096
#define AT_ONCE 8192		/* entries of ours in the connection table */

static int bind_to(const struct pw_sockaddr *at, int type, bool shared)
{
	const int one = 1;
	int fd = socket(at->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if ((!shared || !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
				    sizeof(one))) &&
	    !bind(fd, &at->sa, at->len) &&
	    !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int pw_lo_bound_again(const struct pw_lo *lo, int type, uint16_t port)
{
	struct pw_sockaddr at = lo->source;

	pw_sockaddr_set_port(&at, port);
	return bind_to(&at, type, true);
}

/*
 * The descriptor, or -errno. The port is asked for by its number: one that the
 * kernel chose it would choose again for each connection.
 */
static int bound(const struct pw_lo *lo, int type, uint16_t *port)
{
	struct pw_sockaddr at = lo->source;
	int fd = -EADDRINUSE;

	for (int i = 0; i < BIND_TRIES && fd == -EADDRINUSE; i++) {
		pw_sockaddr_set_port(&at, 0);
		fd = bind_to(&at, type, false);
		if (fd < 0)
			return fd;
		*port = pw_socket_port(fd);
		close(fd);
		pw_sockaddr_set_port(&at, *port);
		fd = bind_to(&at, type, false);
	}
	return fd;
}

void pw_lo_saw(struct pw_lo *lo, uint16_t port, enum pw_evidence evidence)
{
	if (lo->evidence[port] < evidence)
		lo->evidence[port] = (uint8_t)evidence;
}

enum pw_evidence pw_lo_error(int err)
{
	switch (err) {
	case ECONNREFUSED:
		return PW_EV_RESET;
	case EPERM:
	case EACCES:
		return PW_EV_PROHIBITED;
	default:
		return PW_EV_UNKNOWN;
	}
}

static bool can_bind(const struct pw_sockaddr *at)
{
	int fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && !bind(fd, &at->sa, at->len);

	if (fd >= 0)
		close(fd);
	return bound;
}

/* 127.64.0.0/10: services that have a loopback address of their own are below */
static void choose_source(struct pw_lo *lo)
{
	uint32_t random = 0;
	struct pw_sockaddr source;

	lo->source = lo->target;
	if (lo->family == PW_IPV6)
		return;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return;
	random = (random & 0x3ffffe) + 1;	/* neither first nor last */
	source = pw_sockaddr_of(PW_IPV4, pw_value32(0x7f400000 + random), 0);
	if (can_bind(&source))
		lo->source = source;
}

static void ifaddrs_freep(struct ifaddrs **list)
{
	freeifaddrs(*list);
}

/* A link-local address says nothing without its interface */
static void set_scope(struct pw_sockaddr *at)
{
	pw_owned(ifaddrs_free) struct ifaddrs *list = NULL;

	if (at->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_LINKLOCAL(&at->in6.sin6_addr) || getifaddrs(&list))
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct sockaddr_in6 in6;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET6)
			continue;
		memcpy(&in6, i->ifa_addr, sizeof(in6));
		if (IN6_ARE_ADDR_EQUAL(&in6.sin6_addr, &at->in6.sin6_addr))
			at->in6.sin6_scope_id = in6.sin6_scope_id;
	}
}

/* Probes of an address that is not of this host would leave it */
static int find_target(const struct pw_loopback *sweep, struct pw_lo *lo,
		       struct pw_diags *diags)
{
	char text[PW_ADDR_STRLEN];
	int err;

	lo->target = pw_sockaddr_of(sweep->family, sweep->addr, 0);
	set_scope(&lo->target);
	err = pw_addr_is_local(sweep->family, sweep->addr);
	if (!err && !can_bind(&lo->target))
		err = -EADDRNOTAVAIL;
	if (!err)
		return 0;
	return pw_diag_system(diags, -err, "%s cannot be probed over loopback",
			      pw_addr_format(sweep->family, sweep->addr, text));
}

/* Refused connections are forgotten by the kernel itself */
static void forget(int fd, struct pw_lo *lo, int type, uint32_t first,
		   uint32_t last)
{
	static const uint8_t protos[] = {
		[SOCK_STREAM] = IPPROTO_TCP, [SOCK_DGRAM] = IPPROTO_UDP,
	};
	struct pw_sockaddr source = lo->source;
	uint16_t ports[AT_ONCE];
	size_t num = 0;

	pw_sockaddr_set_port(&source, pw_socket_port(fd));
	for (uint32_t p = first; p <= last; p++)
		if (!pw_lo_skips(lo, p) && lo->evidence[p] != PW_EV_RESET)
			ports[num++] = (uint16_t)p;
	pw_forget_probes(&lo->forget, protos[type], &source, &lo->target,
			 ports, num);
}

/* Step by step where entries can be taken out again */
static int sweep_range(int fd, struct pw_lo *lo, pw_lo_way *way, int type,
		       uint32_t first, uint32_t last)
{
	int err = 0;

	while (!err && first <= last) {
		uint32_t end = lo->forget.nl && last - first >= AT_ONCE ?
				       first + AT_ONCE - 1 : last;

		err = way(fd, lo, first, end);
		if (lo->forget.nl)
			forget(fd, lo, type, first, end);
		first = end + 1;
	}
	return err;
}

/* One port that was left out, from another one; UNKNOWN if that is taken now */
static int sweep_later(struct pw_lo *lo, pw_lo_way *way, int type,
		       uint16_t port, uint16_t from)
{
	struct pw_sockaddr at = lo->source;
	int fd, err;

	pw_sockaddr_set_port(&at, from);
	fd = bind_to(&at, type, false);
	if (fd == -EADDRINUSE)
		pw_lo_saw(lo, port, PW_EV_UNKNOWN);
	if (fd < 0)
		return fd == -EADDRINUSE ? 0 : fd;
	err = sweep_range(fd, lo, way, type, port, port);
	close(fd);
	return err;
}

/*
 * Where source and target are one address, two ports are left out at first: the
 * sender's own, which a probe would return to, and a second one, since a probe
 * from there to the first one's port must not be the reverse of another. None
 * of our sockets is there when its port is probed.
 */
static int sweep_by(struct pw_lo *lo, pw_lo_way *way, int type)
{
	bool to_self = !pw_value_cmp(pw_sockaddr_addr(&lo->source),
				     pw_sockaddr_addr(&lo->target));
	int ends[3] = { -1, -1, -1 }, err = 0;
	uint16_t port[3];

	for (int i = 0; !err && i < 3; i++) {
		ends[i] = bound(lo, type, &port[i]);
		err = ends[i] < 0 ? ends[i] : 0;
	}
	for (int i = 1; i < 3; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (!err && to_self)
		memcpy(lo->later, port, sizeof(lo->later));
	if (!err)
		err = sweep_range(ends[0], lo, way, type, 1,
				  PW_NUM_PORTS - 1);
	if (ends[0] >= 0)
		close(ends[0]);
	memset(lo->later, 0, sizeof(lo->later));
	for (int i = 1; !err && to_self && i < 3; i++)
		err = sweep_later(lo, way, type, port[i - 1], port[i]);
	return err;
}

static int run(struct pw_loopback *sweep, struct pw_lo *lo)
{
	int err = -EPERM;

	if (sweep->proto == IPPROTO_UDP)
		return sweep_by(lo, pw_lo_udp_from, SOCK_DGRAM);
	if (sweep->raw)
		err = sweep_by(lo, pw_lo_raw_from, SOCK_STREAM);
	if (err != -EPERM)
		return err;
	sweep->raw = false;
	return sweep_by(lo, pw_lo_connect_from, SOCK_STREAM);
}

/* Each datagram leaves an entry, and a full table drops packets of others */
static int check_room(const struct pw_loopback *sweep, const struct pw_lo *lo,
		      struct pw_diags *diags)
{
	size_t room;
	int err;

	if (sweep->proto != IPPROTO_UDP || lo->forget.nl)
		return 0;
	room = pw_connection_room();
	if (room >= PW_NUM_PORTS + ROOM_OF_OTHERS)
		return 0;
	err = pw_diag_system(diags, ENOBUFS,
			     "UDP over loopback would fill the connection table, which has room for %zu entries",
			     room);
	pw_diag_hint(diags, "with CAP_NET_ADMIN entries are taken out at once");
	return err;
}

int pw_loopback_sweep(struct pw_loopback *sweep, struct pw_diags *diags)
{
	struct pw_lo lo = { .family = sweep->family, .only = sweep->only,
			    .evidence = sweep->evidence };
	int err = find_target(sweep, &lo, diags);

	if (err)
		return err;
	memset(sweep->evidence, PW_EV_NONE, PW_NUM_PORTS);
	choose_source(&lo);
	pw_forget_open(&lo.forget);
	err = check_room(sweep, &lo, diags);
	if (!err) {
		err = run(sweep, &lo);
		if (err)
			err = pw_diag_system(diags, -err,
					     "probes over loopback cannot be sent");
	}
	pw_forget_close(&lo.forget);
	for (uint32_t port = 1; !err && port < PW_NUM_PORTS; port++)
		if (!lo.evidence[port] && !pw_lo_skips(&lo, port))
			lo.evidence[port] = PW_EV_SILENCE;
	return err;
}
