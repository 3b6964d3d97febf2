/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each field is loaded and compared: one table for both directions. */
#ifndef NFT_CODE_H
#define NFT_CODE_H

#include "portwall/ruleset.h"

enum code_load {
	LOAD_META,		/* @key: enum nft_meta_keys */
	LOAD_CT,		/* @key: enum nft_ct_keys, no direction */
	LOAD_CT_ORIGINAL,	/* @key: the same, of the original direction */
	LOAD_FIB,		/* @key: NFTA_FIB_F_*; result: address type */
	LOAD_SOCKET,		/* @key: enum nft_socket_keys */
	LOAD_PAYLOAD,		/* @key: enum nft_payload_bases; @offset */
};

/* How nft compares what was loaded */
enum code_shape {
	SHAPE_VALUE,		/* cmp; ranges as two cmp, negated as range */
	SHAPE_ADDR,		/* the same; prefixes by mask or by length */
	SHAPE_NAME,		/* cmp of 16 bytes, or of a glob's bytes */
	SHAPE_STATE,		/* mask of states, then != 0 or == 0 */
	SHAPE_DNAT,		/* mask of the flag, then != 0 or == 0 */
	SHAPE_SYNACK,		/* mask of both flags, then cmp */
	SHAPE_TIME,		/* to network order, then cmp of each end */
};

/**
 * struct field_code - One field
 * @len:	bytes that the load leaves in the register
 * @host:	they are a number in host order, else highest byte first
 * @depends:	nft puts comparisons of the family and the protocol that the
 *		field implies before it, unless the rule has them
 */
struct field_code {
	enum code_load load;
	enum code_shape shape;
	uint32_t key;
	uint8_t offset, len;
	bool host, depends;
};

extern const struct field_code field_codes[PW_NUM_FIELDS];

/* Value of ct state for a state of the IR: NF_CT_STATE_* bits as nft has them */
uint32_t ct_state_bit(enum pw_ct_state state);

#define CT_STATUS_DNAT 0x20	/* IPS_DST_NAT */
#define TCP_SYN_ACK 0x12

/* Sixty-four bits of an address, by which IPv6 sources are told apart */
#define SOURCE_PREFIX_BYTES 8

/* First bytes that all values of @range share as a glob or name: 16 for a name */
unsigned int ifname_len(const struct pw_range *range);

/* The only protocol that a rule can match, 0 if it names none */
uint8_t rule_l4proto(const struct pw_rule *rule);

/**
 * rule_late_family() - Family that only the effects of a rule ask for
 *
 * It has to be compared before the first effect, or an effect would have
 * happened to packets that a later effect turns away.
 *
 * Return: NFPROTO_*, or 0
 */
uint8_t rule_late_family(const struct pw_ruleset *rs,
			 const struct pw_rule *rule);

#endif
