// SPDX-License-Identifier: GPL-2.0-or-later
/* Words that nft's text and its JSON share, and what both leave out. */
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "nft/words.h"

const char *protocol_word(uint8_t proto)
{
	static const char *const words[UINT8_MAX + 1] = {
		[IPPROTO_ICMP] = "icmp", [IPPROTO_IGMP] = "igmp",
		[IPPROTO_TCP] = "tcp", [IPPROTO_UDP] = "udp",
		[IPPROTO_DCCP] = "dccp", [IPPROTO_ESP] = "esp",
		[IPPROTO_AH] = "ah", [IPPROTO_ICMPV6] = "icmpv6",
		[IPPROTO_SCTP] = "sctp", [IPPROTO_UDPLITE] = "udplite",
	};

	return words[proto];
}

const char *addrtype_word(uint32_t type)
{
	/* RTN_* of rtnetlink.h */
	static const char *const words[] = {
		"unspec", "unicast", "local", "broadcast", "anycast",
		"multicast", "blackhole", "unreachable", "prohibit",
	};

	return type < PW_ARRAY_SIZE(words) ? words[type] : NULL;
}

const char *family_word(uint8_t nfproto)
{
	return nfproto == NFPROTO_IPV4 ? "ipv4" : "ipv6";
}

const char *ct_state_word(enum pw_ct_state state)
{
	static const char *const words[PW_NUM_CT_STATES] = {
		[PW_CT_ESTABLISHED] = "established",
		[PW_CT_RELATED] = "related", [PW_CT_NEW] = "new",
		[PW_CT_UNTRACKED] = "untracked", [PW_CT_INVALID] = "invalid",
	};

	return words[state];
}

const char *hook_word(enum pw_hook hook)
{
	static const char *const words[] = {
		[PW_HOOK_PREROUTING] = "prerouting",
		[PW_HOOK_INPUT] = "input",
		[PW_HOOK_FORWARD] = "forward",
	};

	return words[hook];
}

const char *icmp_word(enum pw_field field, const struct pw_range *range)
{
	uint64_t echo = field == PW_F_ICMP_TYPE ? 8 : 128;

	return range->first.lo == echo && range->last.lo == echo ?
	       "echo-request" : NULL;
}

bool rule_implies_match(const struct pw_rule *rule, size_t i)
{
	enum pw_field next;

	if (rule->matches[i].field != PW_F_L4PROTO ||
	    i + 1 == rule->num_matches)
		return false;
	next = rule->matches[i + 1].field;
	return next == PW_F_TCP_SYNACK || next == PW_F_SPORT ||
	       next == PW_F_DPORT;
}
