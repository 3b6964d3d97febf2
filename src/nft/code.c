// SPDX-License-Identifier: GPL-2.0-or-later
/* How each field is loaded and compared: one table for both directions. */
#include <netinet/in.h>

#include <linux/netfilter/nf_tables.h>

#include "nft/code.h"
#include "nft/keys.h"
#include "ruleset/inner.h"

#define NETWORK NFT_PAYLOAD_NETWORK_HEADER
#define TRANSPORT NFT_PAYLOAD_TRANSPORT_HEADER

const struct field_code field_codes[PW_NUM_FIELDS] = {
	[PW_F_IIFNAME] = { LOAD_META, SHAPE_NAME, NFT_META_IIFNAME, 0, 16,
			   false, false },
	[PW_F_OIFNAME] = { LOAD_META, SHAPE_NAME, NFT_META_OIFNAME, 0, 16,
			   false, false },
	[PW_F_NFPROTO] = { LOAD_META, SHAPE_VALUE, NFT_META_NFPROTO, 0, 1,
			   false, false },
	[PW_F_L4PROTO] = { LOAD_META, SHAPE_VALUE, NFT_META_L4PROTO, 0, 1,
			   false, false },
	[PW_F_CT_STATE] = { LOAD_CT, SHAPE_STATE, NFT_CT_STATE, 0, 4, true,
			    false },
	[PW_F_CT_DNAT] = { LOAD_CT, SHAPE_DNAT, NFT_CT_STATUS, 0, 4, true,
			   false },
	[PW_F_TCP_SYNACK] = { LOAD_PAYLOAD, SHAPE_SYNACK, TRANSPORT, 13, 1,
			      false, true },
	[PW_F_SOCKET_WILDCARD] = { LOAD_SOCKET, SHAPE_VALUE,
				   NFT_SOCKET_WILDCARD, 0, 1, false, false },
	[PW_F_ICMP_TYPE] = { LOAD_PAYLOAD, SHAPE_VALUE, TRANSPORT, 0, 1, false,
			     true },
	[PW_F_ICMPV6_TYPE] = { LOAD_PAYLOAD, SHAPE_VALUE, TRANSPORT, 0, 1,
			       false, true },
	[PW_F_TTL] = { LOAD_PAYLOAD, SHAPE_VALUE, NETWORK, 8, 1, false, true },
	[PW_F_HOPLIMIT] = { LOAD_PAYLOAD, SHAPE_VALUE, NETWORK, 7, 1, false,
			    true },
	[PW_F_SPORT] = { LOAD_PAYLOAD, SHAPE_VALUE, TRANSPORT, 0, 2, false,
			 true },
	[PW_F_DPORT] = { LOAD_PAYLOAD, SHAPE_VALUE, TRANSPORT, 2, 2, false,
			 true },
	[PW_F_SADDR4] = { LOAD_PAYLOAD, SHAPE_ADDR, NETWORK, 12, 4, false,
			  true },
	[PW_F_DADDR4] = { LOAD_PAYLOAD, SHAPE_ADDR, NETWORK, 16, 4, false,
			  true },
	[PW_F_SADDR6] = { LOAD_PAYLOAD, SHAPE_ADDR, NETWORK, 8, 16, false,
			  true },
	[PW_F_DADDR6] = { LOAD_PAYLOAD, SHAPE_ADDR, NETWORK, 24, 16, false,
			  true },
	[PW_F_FIB_DADDR] = { LOAD_FIB, SHAPE_VALUE, NFTA_FIB_F_DADDR, 0, 4,
			     true, false },
	[PW_F_FIB_SADDR] = { LOAD_FIB, SHAPE_VALUE, NFTA_FIB_F_SADDR, 0, 4,
			     true, false },
	[PW_F_TIME] = { LOAD_META, SHAPE_TIME, NFT_META_TIME_NS, 0, 8, false,
			false },
	[PW_F_CT_ORIG_DADDR4] = { LOAD_CT_ORIGINAL, SHAPE_ADDR, NFT_CT_DST_IP,
				  0, 4, false, false },
	[PW_F_CT_ORIG_DADDR6] = { LOAD_CT_ORIGINAL, SHAPE_ADDR, NFT_CT_DST_IP6,
				  0, 16, false, false },
};

uint32_t ct_state_bit(enum pw_ct_state state)
{
	static const uint8_t bits[PW_NUM_CT_STATES] = {
		[PW_CT_INVALID] = 1, [PW_CT_ESTABLISHED] = 2,
		[PW_CT_RELATED] = 4, [PW_CT_NEW] = 8, [PW_CT_UNTRACKED] = 64,
	};

	return bits[state];
}

unsigned int ifname_len(const struct pw_range *range)
{
	uint8_t first[16], last[16];
	unsigned int len = 0;

	pw_value_to_be(range->first, first, sizeof(first));
	pw_value_to_be(range->last, last, sizeof(last));
	while (len < sizeof(first) && first[len] == last[len])
		len++;
	return len;
}

uint8_t rule_l4proto(const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		const struct pw_match *match = &rule->matches[i];

		if (match->field == PW_F_L4PROTO && match->set == PW_NONE &&
		    !match->negated &&
		    !pw_value_cmp(match->range.first, match->range.last))
			return match->range.first.lo;
	}
	return 0;
}

uint8_t rule_late_family(const struct pw_ruleset *rs,
			 const struct pw_rule *rule)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		const struct pw_match *match = &rule->matches[i];

		if (field_codes[match->field].depends &&
		    match_nfproto(rs, match))
			return 0;
	}
	for (size_t i = 0; i < rule->num_effects; i++) {
		uint8_t nfproto = effect_nfproto(rs, &rule->effects[i]);

		if (nfproto)
			return nfproto;
	}
	return 0;
}
