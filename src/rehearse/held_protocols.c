// SPDX-License-Identifier: GPL-2.0-or-later
/* Every IP protocol that is neither TCP, UDP nor ICMP; SCTP by its ports. */
#include <netinet/in.h>

#include "rehearse/held.h"

/*
 * nf_conntrack_proto_udp.c checks the sum of UDP-Lite as if it were UDP, which
 * makes each packet of it invalid
 */
#define UDPLITE_SUM "connection tracking takes UDP-Lite for broken"

/* Numbers that are headers of IPv6 rather than protocols: RFC 7045, 5 */
static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_NONE:
	case IPPROTO_DSTOPTS:
		return true;
	default:
		return false;
	}
}

static bool is_asked(enum pw_family family, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return false;
	case IPPROTO_ICMP:
		return family == PW_IPV6;
	case IPPROTO_ICMPV6:
		return family == PW_IPV4;
	default:
		return family == PW_IPV4 || !is_extension(proto);
	}
}

static int add_protocols(struct pw_held *held, const struct pw_path *path)
{
	struct pw_try try = { .what = "an IP protocol" };
	int err = 0;

	for (unsigned int proto = 0; !err && proto < 256; proto++) {
		if (!is_asked(path->family, (uint8_t)proto))
			continue;
		try.probe = pw_held_probe(path, (uint8_t)proto);
		try.kernel = proto == IPPROTO_UDPLITE ? UDPLITE_SUM : NULL;
		err = pw_tries_add(&held->tries, &try);
	}
	return err;
}

static int add_port(struct pw_held *held, const struct pw_path *path,
		    uint32_t port)
{
	struct pw_try try = {
		.probe = pw_held_probe(path, IPPROTO_SCTP), .what = "SCTP",
	};

	try.probe.dport = (uint16_t)port;
	return port > 65535 ? 0 : pw_tries_add(&held->tries, &try);
}

/* Ports that are in use (Diameter, S1AP, M3UA), and what the policy opens */
static int add_sctp(struct pw_held *held, const struct pw_path *path)
{
	static const uint16_t always[] = { 0, 1, 2905, 3868, 36412, 65535 };
	uint16_t open = 0, closed;
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(always); i++)
		err = add_port(held, path, always[i]);
	if (!err)
		err = pw_held_ports(held, path, IPPROTO_SCTP, false, &open,
				    &closed);
	if (!err && open)
		err = add_port(held, path, open);
	if (!err && open > 1)
		err = add_port(held, path, open - 1u);
	return !err && open ? add_port(held, path, open + 1u) : err;
}

int pw_held_protocols(struct pw_held *held)
{
	int err = 0;

	for (size_t i = 0; !err && i < held->classes.num; i++) {
		const struct pw_path *path = &held->classes.list[i];

		err = pw_held_case(held, "IP protocols", path);
		if (!err)
			err = add_protocols(held, path);
		if (!err)
			err = add_sctp(held, path);
	}
	return err;
}
