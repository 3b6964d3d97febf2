// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP of both families: what asks, what answers nobody, errors of nothing. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "rehearse/held.h"

/*
 * A message of its own. @state as connection tracking has it, see
 * net/netfilter/nf_conntrack_proto_icmp.c and _icmpv6.c: requests that it knows
 * are new, what it keeps no track of is judged as new, all else is invalid.
 */
struct message {
	enum pw_family family;
	uint8_t type, code;
	enum pw_conn_state state;
	const char *what;
};

static const struct message messages[] = {
	{ PW_IPV4, ICMP_ECHO, 0, PW_CONN_NEW, "ICMP echo request" },
	{ PW_IPV4, ICMP_ECHOREPLY, 0, PW_CONN_INVALID,
	  "ICMP echo reply to nobody" },
	{ PW_IPV4, 9, 0, PW_CONN_INVALID, "ICMP router advertisement" },
	{ PW_IPV4, 10, 0, PW_CONN_INVALID, "ICMP router solicitation" },
	{ PW_IPV4, ICMP_TIMESTAMP, 0, PW_CONN_NEW, "ICMP timestamp request" },
	{ PW_IPV4, ICMP_TIMESTAMPREPLY, 0, PW_CONN_INVALID,
	  "ICMP timestamp reply" },
	{ PW_IPV4, ICMP_INFO_REQUEST, 0, PW_CONN_NEW,
	  "ICMP information request" },
	{ PW_IPV4, ICMP_INFO_REPLY, 0, PW_CONN_INVALID,
	  "ICMP information reply" },
	{ PW_IPV4, ICMP_ADDRESS, 0, PW_CONN_NEW, "ICMP address mask request" },
	{ PW_IPV4, ICMP_ADDRESSREPLY, 0, PW_CONN_INVALID,
	  "ICMP address mask reply" },
	{ PW_IPV4, 30, 0, PW_CONN_INVALID, "ICMP traceroute" },
	{ PW_IPV4, 42, 0, PW_CONN_INVALID, "ICMP extended echo request" },
	{ PW_IPV4, 255, 0, PW_CONN_INVALID, "ICMP of no known type" },
	{ PW_IPV6, ICMP6_ECHO_REQUEST, 0, PW_CONN_NEW, "ICMPv6 echo request" },
	{ PW_IPV6, ICMP6_ECHO_REPLY, 0, PW_CONN_INVALID,
	  "ICMPv6 echo reply to nobody" },
	{ PW_IPV6, 100, 0, PW_CONN_INVALID, "ICMPv6 of no known type" },
	{ PW_IPV6, 127, 0, PW_CONN_INVALID, "ICMPv6 of no known type" },
	{ PW_IPV6, 138, 0, PW_CONN_INVALID, "ICMPv6 router renumbering" },
	{ PW_IPV6, 139, 0, PW_CONN_NEW, "ICMPv6 node information query" },
	{ PW_IPV6, 140, 0, PW_CONN_INVALID, "ICMPv6 node information" },
	{ PW_IPV6, 144, 0, PW_CONN_INVALID, "ICMPv6 home agent discovery" },
	{ PW_IPV6, 146, 0, PW_CONN_INVALID, "ICMPv6 mobile prefix" },
	{ PW_IPV6, 148, 0, PW_CONN_INVALID, "ICMPv6 certification path" },
	/* newer kernels keep no track of it, to older ones it is invalid */
	{ PW_IPV6, 151, 0, PW_CONN_NEW, "ICMPv6 multicast router" },
	{ PW_IPV6, 155, 0, PW_CONN_INVALID, "ICMPv6 RPL control" },
	{ PW_IPV6, 160, 0, PW_CONN_INVALID, "ICMPv6 extended echo request" },
	{ PW_IPV6, 255, 0, PW_CONN_INVALID, "ICMPv6 of no known type" },
};

static uint8_t icmp_of(enum pw_family family)
{
	return family == PW_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

int pw_held_icmp(struct pw_held *held)
{
	size_t total = held->classes.num * PW_ARRAY_SIZE(messages);
	int err = 0;

	for (size_t i = 0; !err && i < total; i++) {
		const struct pw_path *path =
			&held->classes.list[i / PW_ARRAY_SIZE(messages)];
		const struct message *m =
			&messages[i % PW_ARRAY_SIZE(messages)];
		struct pw_try try = {
			.probe = pw_held_probe(path, icmp_of(path->family)),
			.state = m->state, .what = m->what,
		};

		if (m->family != path->family)
			continue;
		try.probe.type = m->type;
		try.probe.code = m->code;
		err = pw_held_case(held, "ICMP messages", path);
		if (!err)
			err = pw_tries_add(&held->tries, &try);
	}
	return err;
}

/* An error about a connection that is not there: what a probe quotes */
struct error {
	enum pw_family family;
	uint8_t type, code;
	const char *what;
};

static const struct error errors[] = {
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,
	  "ICMP host unreachable" },
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
	  "ICMP port unreachable" },
	{ PW_IPV4, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
	  "ICMP fragmentation needed" },
	{ PW_IPV4, ICMP_SOURCE_QUENCH, 0, "ICMP source quench" },
	{ PW_IPV4, ICMP_REDIRECT, ICMP_REDIR_HOST, "ICMP redirect" },
	{ PW_IPV4, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL,
	  "ICMP time exceeded" },
	{ PW_IPV4, ICMP_PARAMETERPROB, 0, "ICMP parameter problem" },
	{ PW_IPV6, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT,
	  "ICMPv6 port unreachable" },
	{ PW_IPV6, ICMP6_PACKET_TOO_BIG, 0, "ICMPv6 packet too big" },
	{ PW_IPV6, ICMP6_TIME_EXCEEDED, 0, "ICMPv6 time exceeded" },
	{ PW_IPV6, ICMP6_PARAM_PROB, 0, "ICMPv6 parameter problem" },
};

int pw_held_errors(struct pw_held *held)
{
	size_t total = held->plain.num * PW_ARRAY_SIZE(errors);
	int err = 0;

	for (size_t i = 0; !err && i < total; i++) {
		const struct pw_path *path =
			&held->plain.list[i / PW_ARRAY_SIZE(errors)];
		const struct error *error = &errors[i % PW_ARRAY_SIZE(errors)];
		struct pw_try try = {
			.probe = pw_held_probe(path, icmp_of(path->family)),
			.state = PW_CONN_INVALID, .what = error->what,
		};

		if (error->family != path->family)
			continue;
		try.probe.type = error->type;
		try.probe.code = error->code;
		err = pw_held_case(held, "ICMP errors about no connection",
				   path);
		if (!err)
			err = pw_tries_add(&held->tries, &try);
	}
	return err;
}
