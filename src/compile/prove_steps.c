/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The regions that every policy names without being asked. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include "compile/prove.h"

#define MAX_PARTS 4
#define TCP_ACK_ONLY 0x10

/* Values of one field: a range, or for IPv6 addresses a prefix */
struct part {
	enum pw_field field;
	struct pw_value first, last;
};

#define N(f, a, b)	{ (f), { 0, (a) }, { 0, (b) } }
#define IS(f, a)	N(f, a, a)
#define TYPE6(a, b)	N(PW_F_ICMPV6_TYPE, a, b)
#define LINK_LOCAL	{ PW_F_SADDR6, { 0xfe80000000000000, 0 }, \
			  { 0xfebfffffffffffff, UINT64_MAX } }
#define MAPPED_FIRST	0xffff00000000u
#define MAPPED_LAST	0xffffffffffffu
#define LO_NAME		{ 0x6c6f000000000000, 0 }	/* "lo" */

/*
 * By step; parts that are all zero are unused. What depends on the policy is
 * filled by pw_proof_read_steps().
 */
static const struct part parts[NUM_STEPS][MAX_PARTS] = {
	[STEP_LOOPBACK] = { { PW_F_IIFNAME, LO_NAME, LO_NAME } },
	[STEP_ECHO4] = { IS(PW_F_ICMP_TYPE, 8) },
	[STEP_ECHO6] = { IS(PW_F_ICMPV6_TYPE, 128) },
	[STEP_MARTIANS] = { N(PW_F_SADDR4, 0x7f000000, 0x7fffffff) },
	[STEP_MARTIANS + 1] = { N(PW_F_DADDR4, 0x7f000000, 0x7fffffff) },
	[STEP_MARTIANS + 2] = { IS(PW_F_SADDR6, 1) },
	[STEP_MARTIANS + 3] = { IS(PW_F_DADDR6, 1) },
	[STEP_MARTIANS + 4] = { N(PW_F_SADDR6, MAPPED_FIRST, MAPPED_LAST) },
	[STEP_MARTIANS + 5] = { N(PW_F_DADDR6, MAPPED_FIRST, MAPPED_LAST) },
	[STEP_ESTABLISHED] = { IS(PW_F_CT_STATE, PW_CT_ESTABLISHED) },
	[STEP_OWN] = { IS(PW_F_FIB_DADDR, RTN_LOCAL) },
	[STEP_OTHER] = { N(PW_F_FIB_DADDR, RTN_BROADCAST, RTN_MULTICAST) },
	[STEP_ERRORS] = { IS(PW_F_CT_STATE, PW_CT_RELATED),
			  IS(PW_F_ICMP_TYPE, 3) },
	[STEP_ERRORS + 1] = { IS(PW_F_CT_STATE, PW_CT_RELATED),
			      N(PW_F_ICMP_TYPE, 11, 12) },
	[STEP_ERRORS + 2] = { IS(PW_F_CT_STATE, PW_CT_RELATED), TYPE6(1, 4) },
	[STEP_ND] = { TYPE6(133, 133), IS(PW_F_HOPLIMIT, 255) },
	[STEP_ND + 1] = { TYPE6(134, 134), IS(PW_F_HOPLIMIT, 255), LINK_LOCAL },
	[STEP_ND + 2] = { TYPE6(135, 136), IS(PW_F_HOPLIMIT, 255) },
	[STEP_ND + 3] = { TYPE6(137, 137), IS(PW_F_HOPLIMIT, 255), LINK_LOCAL },
	[STEP_ND + 4] = { TYPE6(130, 132), LINK_LOCAL },
	[STEP_ND + 5] = { TYPE6(143, 143), LINK_LOCAL },
	[STEP_ND + 6] = { TYPE6(131, 132), IS(PW_F_SADDR6, 0) },
	[STEP_ND + 7] = { TYPE6(143, 143), IS(PW_F_SADDR6, 0) },
	[STEP_IGMP] = { IS(PW_F_L4PROTO, IPPROTO_IGMP),
			N(PW_F_DADDR4, 0xe0000000, 0xefffffff),
			IS(PW_F_TTL, 1) },
	/* What may be adopted: not the first packet of a connection */
	[STEP_ADOPT] = { IS(PW_F_L4PROTO, IPPROTO_TCP),
			 IS(PW_F_TCP_SYNACK, TCP_ACK_ONLY),
			 IS(PW_F_SOCKET_WILDCARD, 0) },
	/* Of a group's address the kernel says that it is multicast, always */
	[STEP_GROUPS] = { N(PW_F_DADDR4, 0xe0000000, 0xefffffff) },
	[STEP_GROUPS + 1] = { { PW_F_DADDR6, { 0xff00000000000000, 0 },
				{ UINT64_MAX, UINT64_MAX } } },
	[STEP_INVALID] = { IS(PW_F_CT_STATE, PW_CT_INVALID) },
	[STEP_OWN_SOURCE] = { IS(PW_F_FIB_SADDR, RTN_LOCAL) },
	[STEP_DHCP4] = { IS(PW_F_NFPROTO, NFPROTO_IPV4),
			 IS(PW_F_L4PROTO, IPPROTO_UDP), IS(PW_F_SPORT, 67),
			 IS(PW_F_DPORT, 68) },
	[STEP_DHCP6] = { IS(PW_F_L4PROTO, IPPROTO_UDP), IS(PW_F_SPORT, 547),
			 IS(PW_F_DPORT, 546), LINK_LOCAL },
	[STEP_TCP] = { IS(PW_F_L4PROTO, IPPROTO_TCP) },
	[STEP_IPV4] = { IS(PW_F_NFPROTO, NFPROTO_IPV4) },
	[STEP_DEST4] = { N(PW_F_DADDR4, 0, UINT32_MAX) },
	[STEP_DEST6] = { { PW_F_DADDR6, { 0, 0 }, { UINT64_MAX, UINT64_MAX } } },
	[STEP_ORIG4] = { N(PW_F_CT_ORIG_DADDR4, 0, UINT32_MAX) },
	[STEP_ORIG6] = { { PW_F_CT_ORIG_DADDR6, { 0, 0 },
			   { UINT64_MAX, UINT64_MAX } } },
	[STEP_FORWARD_OLD] = { N(PW_F_CT_STATE, PW_CT_ESTABLISHED,
				 PW_CT_RELATED) },
	[STEP_FORWARD_DNAT] = { IS(PW_F_CT_DNAT, 1) },
};

static bool is_unused(const struct part *part)
{
	return part->field == PW_F_IIFNAME && !part->last.hi && !part->last.lo;
}

static void add_set(struct proof *p, enum step step, enum pw_field field,
		    struct pw_rangeset *set)
{
	pw_cuts_add(&p->ev->space, &p->steps[step], field,
		    pw_values_add(p->ev->space.values, set));
}

#define MAX_PROTOS 4

/* A step that means several protocols */
static void read_protos(struct proof *p, enum step step,
			const uint8_t *protos, size_t num)
{
	uint32_t ids[MAX_PROTOS], all;

	for (size_t i = 0; i < num; i++)
		ids[i] = pw_space_range(&p->ev->space, PW_F_L4PROTO, protos[i],
					protos[i]);
	pw_values_union(p->ev->space.values, ids, num, &all);
	pw_cuts_add(&p->ev->space, &p->steps[step], PW_F_L4PROTO, all);
}

void pw_proof_read_steps(struct proof *p)
{
	static const uint8_t icmp[] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	/* They have ports, and are not TCP */
	static const uint8_t with_ports[MAX_PROTOS] = {
		IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_UDPLITE };

	_Static_assert(RTN_BROADCAST == 3 && RTN_ANYCAST == 4 &&
		       RTN_MULTICAST == 5, "STEP_OTHER is one range");

	for (int step = 0; step < NUM_STEPS; step++)
		for (int i = 0; i < MAX_PARTS; i++) {
			const struct part *part = &parts[step][i];

			if (is_unused(part))
				continue;
			pw_cuts_add(&p->ev->space, &p->steps[step],
				    part->field,
				    pw_values_range(p->ev->space.values,
						    pw_box_bits(part->field),
						    part->first, part->last));
		}
	read_protos(p, STEP_ICMP, icmp, PW_ARRAY_SIZE(icmp));
	read_protos(p, STEP_WITH_PORTS, with_ports, MAX_PROTOS);
	add_set(p, STEP_BRIDGES, PW_F_IIFNAME, p->model->bridges);
	add_set(p, STEP_TO_BRIDGES, PW_F_OIFNAME, p->model->bridges);
}
