// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of fields: width and what a field implies. */
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "portwall/ruleset.h"

static const struct pw_field_info fields[PW_NUM_FIELDS] = {
	[PW_F_IIFNAME]	= { "iifname", 128, 0, 0 },
	[PW_F_OIFNAME]	= { "oifname", 128, 0, 0 },
	[PW_F_NFPROTO]	= { "meta nfproto", 8, 0, 0 },
	[PW_F_L4PROTO]	= { "meta l4proto", 8, 0, 0 },
	[PW_F_CT_STATE]	= { "ct state", 8, 0, 0 },
	[PW_F_CT_DNAT]	= { "ct status dnat", 8, 0, 0 },
	[PW_F_TCP_SYNACK] = { "tcp flags & (syn | ack)", 8, 0, IPPROTO_TCP },
	[PW_F_SOCKET_WILDCARD] = { "socket wildcard", 8, 0, 0 },
	[PW_F_ICMP_TYPE] = { "icmp type", 8, NFPROTO_IPV4, IPPROTO_ICMP },
	[PW_F_ICMPV6_TYPE] = { "icmpv6 type", 8, NFPROTO_IPV6, IPPROTO_ICMPV6 },
	[PW_F_TTL]	= { "ip ttl", 8, NFPROTO_IPV4, 0 },
	[PW_F_HOPLIMIT]	= { "ip6 hoplimit", 8, NFPROTO_IPV6, 0 },
	[PW_F_SPORT]	= { "th sport", 16, 0, 0 },
	[PW_F_DPORT]	= { "th dport", 16, 0, 0 },
	[PW_F_SADDR4]	= { "ip saddr", 32, NFPROTO_IPV4, 0 },
	[PW_F_DADDR4]	= { "ip daddr", 32, NFPROTO_IPV4, 0 },
	[PW_F_SADDR6]	= { "ip6 saddr", 128, NFPROTO_IPV6, 0 },
	[PW_F_DADDR6]	= { "ip6 daddr", 128, NFPROTO_IPV6, 0 },
	[PW_F_FIB_DADDR] = { "fib daddr type", 32, 0, 0 },
	[PW_F_FIB_SADDR] = { "fib saddr type", 32, 0, 0 },
	[PW_F_TIME]	= { "meta time", 64, 0, 0 },
	[PW_F_CT_ORIG_DADDR4] = { "ct original ip daddr", 32, NFPROTO_IPV4, 0 },
	[PW_F_CT_ORIG_DADDR6] = { "ct original ip6 daddr", 128, NFPROTO_IPV6,
				  0 },
};

const struct pw_field_info *pw_field_info(enum pw_field field)
{
	return &fields[field];
}
