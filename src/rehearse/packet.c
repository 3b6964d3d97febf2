// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet as the policy's reader takes it, for the evaluator of rules. */
#include <linux/rtnetlink.h>

#include "portwall/eval.h"
#include "portwall/names.h"
#include "rehearse/rehearse.h"

static const uint32_t dst_types[] = {
	[PW_DST_LOCAL] = RTN_LOCAL,
	[PW_DST_BROADCAST] = RTN_BROADCAST,
	[PW_DST_MULTICAST] = RTN_MULTICAST,
	[PW_DST_ANYCAST] = RTN_ANYCAST,
	[PW_DST_BEHIND] = RTN_UNICAST,
};

static const enum pw_ct_state states[] = {
	[PW_CONN_NEW] = PW_CT_NEW,
	[PW_CONN_ESTABLISHED] = PW_CT_ESTABLISHED,
	[PW_CONN_RELATED] = PW_CT_RELATED,
	[PW_CONN_INVALID] = PW_CT_INVALID,
};

static void name_of(struct pw_value value, char name[static 16])
{
	for (int i = 0; i < 8; i++) {
		name[i] = (char)(value.hi >> (56 - 8 * i));
		name[8 + i] = (char)(value.lo >> (56 - 8 * i));
	}
}

void pw_packet_of(const struct pw_arrival *arrival, struct pw_packet *out)
{
	*out = (struct pw_packet){
		.family = arrival->family,
		.src = arrival->src,
		.dst = arrival->dst,
		.dst_type = dst_types[arrival->dst_kind],
		.src_type = arrival->own_src ? RTN_LOCAL : RTN_UNICAST,
		.l4proto = arrival->proto,
		.sport = arrival->sport,
		.dport = arrival->dport,
		.icmp_type = arrival->type,
		.tcp_flags = 0x02,
		.hop_limit = arrival->hop_limit ? arrival->hop_limit : 64,
		.socket_wildcard = -1,
		.state = states[arrival->state],
		.time_ns = arrival->now_ns,
	};
	name_of(arrival->iface, out->iifname);
}
