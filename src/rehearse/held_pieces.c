// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of TCP and UDP as nobody sends them by accident. */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "rehearse/held.h"

#define BOTH PW_NUM_FAMILIES

/*
 * Fragments are put together before any rule sees them, so they are judged as
 * whole packets. @kernel: what the kernel may drop by itself, and why.
 */
struct packing {
	unsigned int family;
	enum pw_ext ext;
	enum pw_pieces pieces;
	const char *what, *kernel;
};

static const struct packing packings[] = {
	{ BOTH, PW_EXT_NONE, PW_FRAGMENTS, "in two fragments", NULL },
	{ BOTH, PW_EXT_NONE, PW_FRAGMENTS_BACKWARDS,
	  "in two fragments, last one first", NULL },
	{ PW_IPV4, PW_EXT_NONE, PW_FRAGMENTS_TINY,
	  "with its header in two fragments", NULL },
	{ PW_IPV6, PW_EXT_NONE, PW_FRAGMENTS_TINY,
	  "with its header in two fragments",
	  "a first fragment has all headers (RFC 8200, 4.5)" },
	{ BOTH, PW_EXT_NONE, PW_FRAGMENT_FIRST, "a first fragment alone",
	  "a fragment alone waits for the others" },
	{ PW_IPV6, PW_EXT_NONE, PW_FRAGMENT_ATOMIC,
	  "in a single fragment", NULL },
	{ PW_IPV6, PW_EXT_HOPOPTS, PW_WHOLE, "behind hop-by-hop options",
	  NULL },
	{ PW_IPV6, PW_EXT_ALERT, PW_WHOLE, "behind a router alert", NULL },
	{ PW_IPV6, PW_EXT_DSTOPTS, PW_WHOLE, "behind destination options",
	  NULL },
	{ PW_IPV6, PW_EXT_ROUTING, PW_WHOLE, "behind a routing header",
	  "this kernel does no segment routing" },
	{ PW_IPV6, PW_EXT_ALL, PW_WHOLE, "behind three extension headers",
	  "this kernel does no segment routing" },
};

/* To a port that is open along @path, and to one that is not */
static int add_both(struct pw_held *held, const struct pw_path *path,
		    struct pw_try *try)
{
	uint16_t open, closed;
	int err = pw_held_ports(held, path, try->probe.proto, false, &open,
				&closed);

	if (err)
		return err;
	try->probe.dport = open;
	if (open)
		err = pw_tries_add(&held->tries, try);
	try->probe.dport = closed;
	return err || !closed ? err : pw_tries_add(&held->tries, try);
}

static int add_packing(struct pw_held *held, const struct pw_path *path,
		       const struct packing *packing, uint8_t proto)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, proto), .what = packing->what,
		.kernel = packing->kernel,
	};

	try.probe.ext = packing->ext;
	try.probe.pieces = packing->pieces;
	return add_both(held, path, &try);
}

int pw_held_pieces(struct pw_held *held)
{
	size_t num = PW_ARRAY_SIZE(packings);
	int err = 0;

	for (size_t i = 0; !err && i < held->telling.num * num; i++) {
		const struct pw_path *path = &held->telling.list[i / num];
		const struct packing *packing = &packings[i % num];

		if (packing->family != BOTH && packing->family != path->family)
			continue;
		err = pw_held_case(held, "fragments and extension headers",
				   path);
		if (!err)
			err = add_packing(held, path, packing, IPPROTO_TCP);
		if (!err)
			err = add_packing(held, path, packing, IPPROTO_UDP);
	}
	return err;
}

/*
 * net/netfilter/nf_conntrack_proto_tcp.c: an ACK of no connection is taken for
 * one that began before (nf_conntrack_tcp_loose), so it is judged as new; what
 * no TCP sends, or may not come first, is invalid. PSH does not count there.
 */
struct flags {
	uint8_t flags;
	enum pw_conn_state state;
	const char *what;
};

static const struct flags odd_flags[] = {
	{ TH_ACK, PW_CONN_NEW, "a lone ACK" },
	{ TH_ACK | TH_PUSH, PW_CONN_NEW, "a lone ACK with data" },
	{ TH_SYN | TH_ACK, PW_CONN_INVALID, "a SYN-ACK to nobody" },
	{ TH_FIN, PW_CONN_INVALID, "a lone FIN" },
	{ TH_FIN | TH_ACK, PW_CONN_INVALID, "a FIN of no connection" },
	{ TH_RST, PW_CONN_INVALID, "a lone RST" },
	{ TH_RST | TH_ACK, PW_CONN_INVALID, "a RST of no connection" },
	{ TH_SYN | TH_FIN, PW_CONN_INVALID, "SYN with FIN" },
	{ TH_SYN | TH_RST, PW_CONN_INVALID, "SYN with RST" },
	{ TH_PUSH, PW_CONN_INVALID, "no flag but PSH" },
	{ TH_FIN | TH_PUSH | TH_URG, PW_CONN_INVALID, "FIN, PSH and URG" },
	{ 0x3f, PW_CONN_INVALID, "all flags" },
};

int pw_held_flags(struct pw_held *held)
{
	size_t num = PW_ARRAY_SIZE(odd_flags);
	int err = 0;

	for (size_t i = 0; !err && i < held->telling.num * num; i++) {
		const struct pw_path *path = &held->telling.list[i / num];
		const struct flags *odd = &odd_flags[i % num];
		struct pw_try try = {
			.probe = pw_held_probe(path, IPPROTO_TCP),
			.state = odd->state, .what = odd->what,
		};

		try.probe.tcp_flags = odd->flags;
		err = pw_held_case(held, "TCP flags", path);
		if (!err)
			err = add_both(held, path, &try);
	}
	return err;
}

static int add_port(struct pw_held *held, const struct pw_path *path,
		    uint8_t proto, uint16_t sport, uint16_t dport,
		    const char *what)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, proto), .what = what,
	};

	try.probe.sport = sport;
	try.probe.dport = dport;
	return pw_tries_add(&held->tries, &try);
}

/* Rules that trust a source port are an old mistake */
static int add_odd_ports(struct pw_held *held, const struct pw_path *path,
			 uint8_t proto)
{
	static const uint16_t trusted[] = { 20, 53, 67, 80, 123, 443, 547 };
	uint16_t open, closed;
	int err = add_port(held, path, proto, 0, 0, "port 0");

	if (!err)
		err = pw_held_ports(held, path, proto, false, &open,
				    &closed);
	for (size_t i = 0; !err && closed && i < PW_ARRAY_SIZE(trusted); i++)
		err = add_port(held, path, proto, trusted[i], closed,
			       "from a port that some rules trust");
	return err;
}

int pw_held_odd_ports(struct pw_held *held)
{
	int err = 0;

	for (size_t i = 0; !err && i < held->classes.num; i++) {
		const struct pw_path *path = &held->classes.list[i];

		err = pw_held_case(held, "source ports, port 0", path);
		if (!err)
			err = add_odd_ports(held, path, IPPROTO_TCP);
		if (!err)
			err = add_odd_ports(held, path, IPPROTO_UDP);
	}
	return err;
}
