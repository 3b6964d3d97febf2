// SPDX-License-Identifier: GPL-2.0-or-later
/* Matches as expressions: load a register, compare it. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "nft/code.h"
#include "nft/encode.h"
#include "nft/keys.h"
#include "portwall/addr.h"
#include "ruleset/inner.h"

struct nftnl_expr *enc_add(struct enc *enc, const char *name)
{
	struct nftnl_expr *expr = enc->failed ? NULL : nftnl_expr_alloc(name);

	if (expr)
		nftnl_rule_add_expr(enc->nlr, expr);
	else
		enc->failed = true;
	return expr;
}

static void load_meta(struct enc *enc, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = enc_add(enc, "meta");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

static void load_ct(struct enc *enc, uint32_t key, bool original, uint32_t reg)
{
	struct nftnl_expr *expr = enc_add(enc, "ct");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	if (original)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, 0);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, reg);
}

static void load_fib(struct enc *enc, uint32_t flags, uint32_t reg)
{
	struct nftnl_expr *expr = enc_add(enc, "fib");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT,
			   NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, flags);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, reg);
}

static void load_socket(struct enc *enc, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = enc_add(enc, "socket");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_SOCKET_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_SOCKET_DREG, reg);
}

static void load_payload(struct enc *enc, const struct field_code *code,
			 unsigned int len, uint32_t reg)
{
	struct nftnl_expr *expr = enc_add(enc, "payload");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, code->key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, code->offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

/* The first @len bytes of a field */
static void load_bytes(struct enc *enc, enum pw_field field, unsigned int len,
		       uint32_t reg)
{
	const struct field_code *code = &field_codes[field];

	switch (code->load) {
	case LOAD_META:
		load_meta(enc, code->key, reg);
		break;
	case LOAD_CT:
	case LOAD_CT_ORIGINAL:
		load_ct(enc, code->key, code->load == LOAD_CT_ORIGINAL, reg);
		break;
	case LOAD_FIB:
		load_fib(enc, code->key, reg);
		break;
	case LOAD_SOCKET:
		load_socket(enc, code->key, reg);
		break;
	case LOAD_PAYLOAD:
		load_payload(enc, code, len, reg);
		break;
	}
}

void enc_load(struct enc *enc, enum pw_field field, uint32_t reg)
{
	load_bytes(enc, field, field_codes[field].len, reg);
}

static void compare(struct enc *enc, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *expr = enc_add(enc, "cmp");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

static void compare_not_between(struct enc *enc, const void *first,
				const void *last, size_t len)
{
	struct nftnl_expr *expr = enc_add(enc, "range");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_OP, NFT_RANGE_NEQ);
	nftnl_expr_set(expr, NFTNL_EXPR_RANGE_FROM_DATA, first, len);
	nftnl_expr_set(expr, NFTNL_EXPR_RANGE_TO_DATA, last, len);
}

void enc_bitwise(struct enc *enc, uint32_t reg, const void *mask, size_t len)
{
	static const uint8_t zeroes[16];
	struct nftnl_expr *expr = enc_add(enc, "bitwise");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zeroes, len);
}

void enc_lookup(struct enc *enc, const char *set, bool negated)
{
	struct nftnl_expr *expr = enc_add(enc, "lookup");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
	if (negated)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS,
				   NFT_LOOKUP_F_INV);
}

static uint32_t equal_op(bool negated)
{
	return negated ? NFT_CMP_NEQ : NFT_CMP_EQ;
}

/* A value of a field as it stands in the register */
static void to_register(const struct field_code *code, struct pw_value value,
			uint8_t buf[static 16])
{
	uint32_t host = value.lo;

	if (code->host)
		memcpy(buf, &host, sizeof(host));
	else
		pw_value_to_be(value, buf, code->len);
}

void enc_family(struct enc *enc, uint8_t nfproto)
{
	if (!nfproto || enc->nfproto == nfproto)
		return;
	enc->nfproto = nfproto;
	enc_load(enc, PW_F_NFPROTO, NFT_REG_1);
	compare(enc, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

static void protocol(struct enc *enc, uint8_t l4proto)
{
	if (!l4proto || enc->l4proto == l4proto)
		return;
	enc->l4proto = l4proto;
	enc_load(enc, PW_F_L4PROTO, NFT_REG_1);
	compare(enc, NFT_CMP_EQ, &l4proto, sizeof(l4proto));
}

static void dependencies(struct enc *enc, const struct pw_match *match)
{
	if (!field_codes[match->field].depends)
		return;
	enc_family(enc, match_nfproto(enc->rs, match));
	protocol(enc, pw_field_info(match->field)->l4proto);
}

static void match_value(struct enc *enc, const struct pw_match *match)
{
	const struct field_code *code = &field_codes[match->field];
	uint8_t first[16], last[16];

	enc_load(enc, match->field, NFT_REG_1);
	to_register(code, match->range.first, first);
	to_register(code, match->range.last, last);
	if (!memcmp(first, last, code->len)) {
		compare(enc, equal_op(match->negated), first, code->len);
	} else if (match->negated) {
		compare_not_between(enc, first, last, code->len);
	} else {
		compare(enc, NFT_CMP_GTE, first, code->len);
		compare(enc, NFT_CMP_LTE, last, code->len);
	}
}

/* A prefix: whole bytes are compared as such, others under a mask */
static void match_addr(struct enc *enc, const struct pw_match *match)
{
	const struct field_code *code = &field_codes[match->field];
	int bits = pw_range_prefix_len(&match->range, code->len * 8U);
	uint8_t first[16], mask[16] = { 0 };
	unsigned int len;

	if (bits < 0) {
		match_value(enc, match);
		return;
	}
	to_register(code, match->range.first, first);
	len = bits % 8 ? code->len : bits / 8;
	load_bytes(enc, match->field, len, NFT_REG_1);
	if (bits % 8) {
		memset(mask, 0xff, bits / 8);
		mask[bits / 8] = 0xff00 >> bits % 8;
		enc_bitwise(enc, NFT_REG_1, mask, len);
	}
	compare(enc, equal_op(match->negated), first, len);
}

static void match_name(struct enc *enc, const struct pw_match *match)
{
	uint8_t first[16];

	enc_load(enc, match->field, NFT_REG_1);
	to_register(&field_codes[match->field], match->range.first, first);
	compare(enc, equal_op(match->negated), first,
		ifname_len(&match->range));
}

/* Under @mask, then not 0; or 0 when @wanted is false */
static void match_bits(struct enc *enc, enum pw_field field, uint32_t mask,
		       bool wanted)
{
	static const uint32_t zero;

	enc_load(enc, field, NFT_REG_1);
	enc_bitwise(enc, NFT_REG_1, &mask, sizeof(mask));
	compare(enc, equal_op(wanted), &zero, sizeof(zero));
}

static void match_state(struct enc *enc, const struct pw_match *match)
{
	uint64_t state = match->range.first.lo;
	uint32_t mask = 0;

	for (; state <= match->range.last.lo; state++)
		mask |= ct_state_bit(state);
	match_bits(enc, match->field, mask, !match->negated);
}

static void match_synack(struct enc *enc, const struct pw_match *match)
{
	uint8_t mask = TCP_SYN_ACK, flags = match->range.first.lo;

	enc_load(enc, match->field, NFT_REG_1);
	enc_bitwise(enc, NFT_REG_1, &mask, sizeof(mask));
	compare(enc, equal_op(match->negated), &flags, sizeof(flags));
}

/* @len bytes of a register, in numbers of @size bytes */
static void to_network_order(struct enc *enc, uint32_t reg, uint32_t len,
			     uint32_t size)
{
	struct nftnl_expr *expr = enc_add(enc, "byteorder");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE, size);
}

static void compare_time(struct enc *enc, uint32_t op, uint64_t time_ns)
{
	uint8_t data[8];

	enc_load(enc, PW_F_TIME, NFT_REG_1);
	to_network_order(enc, NFT_REG_1, sizeof(data), sizeof(data));
	pw_value_to_be((struct pw_value){ 0, time_ns }, data, sizeof(data));
	compare(enc, op, data, sizeof(data));
}

static void match_time(struct enc *enc, const struct pw_match *match)
{
	if (match->range.first.lo)
		compare_time(enc, NFT_CMP_GTE, match->range.first.lo);
	if (match->range.last.lo != UINT64_MAX)
		compare_time(enc, NFT_CMP_LT, match->range.last.lo + 1);
}

static void match_range(struct enc *enc, const struct pw_match *match)
{
	switch (field_codes[match->field].shape) {
	case SHAPE_VALUE:
		match_value(enc, match);
		break;
	case SHAPE_ADDR:
		match_addr(enc, match);
		break;
	case SHAPE_NAME:
		match_name(enc, match);
		break;
	case SHAPE_STATE:
		match_state(enc, match);
		break;
	case SHAPE_DNAT:
		match_bits(enc, match->field, CT_STATUS_DNAT,
			   match->range.first.lo);
		break;
	case SHAPE_SYNACK:
		match_synack(enc, match);
		break;
	case SHAPE_TIME:
		match_time(enc, match);
		break;
	}
}

/* One value, neither a range nor everything else */
static bool is_plain(const struct pw_match *match)
{
	return match->set == PW_NONE && !match->negated &&
	       !pw_value_cmp(match->range.first, match->range.last);
}

/* nft compares two exact ports as the four bytes that they are */
static bool match_both_ports(struct enc *enc, const struct pw_match *match)
{
	static const struct field_code both = {
		.load = LOAD_PAYLOAD, .key = NFT_PAYLOAD_TRANSPORT_HEADER,
	};
	const struct pw_rule *rule = enc->rule;
	uint8_t ports[4];

	if (match->field != PW_F_SPORT || !is_plain(match) ||
	    match + 1 == rule->matches + rule->num_matches ||
	    match[1].field != PW_F_DPORT || !is_plain(&match[1]))
		return false;
	pw_value_to_be(match->range.first, ports, 2);
	pw_value_to_be(match[1].range.first, ports + 2, 2);
	load_payload(enc, &both, sizeof(ports), NFT_REG_1);
	compare(enc, NFT_CMP_EQ, ports, sizeof(ports));
	return true;
}

static void remember(struct enc *enc, const struct pw_match *match)
{
	if (!is_plain(match))
		return;
	if (match->field == PW_F_NFPROTO)
		enc->nfproto = match->range.first.lo;
	if (match->field == PW_F_L4PROTO)
		enc->l4proto = match->range.first.lo;
}

void enc_with_iif(struct enc *enc, enum pw_field field)
{
	load_meta(enc, NFT_META_IIF, NFT_REG_1);
	enc_load(enc, field, REG_SECOND);
}

/*
 * Fields of a key that begins with port and protocol, one after the other. Where
 * there are ranges nft 1.0.6 turns the one byte of the protocol, as a number of
 * two bytes. There is none to turn, and Linux 6.12 refuses it (EOPNOTSUPP).
 */
static void load_port_proto(struct enc *enc, const struct pw_set *set)
{
	enum pw_field fields[PW_KEY_PARTS];
	size_t num = pw_key_fields(set->type, fields);
	uint32_t reg = NFT_REG_1;

	for (size_t i = 0; i < num; i++) {
		enc_load(enc, fields[i], reg);
		/* the first register has a name of its own: four of 32 bits */
		reg = i ? reg + (field_codes[fields[i]].len + 3) / 4 :
			  REG_SECOND;
	}
}

static void match_set(struct enc *enc, const struct pw_match *match)
{
	const struct pw_set *set = &enc->rs->sets[match->set];

	if (set_has_iif(set->type))
		enc_with_iif(enc, match->field);
	else if (set_has_proto(set->type))
		load_port_proto(enc, set);
	else
		enc_load(enc, match->field, NFT_REG_1);
	enc_lookup(enc, set->name, match->negated);
}

void enc_matches(struct enc *enc)
{
	for (size_t i = 0; i < enc->rule->num_matches; i++) {
		const struct pw_match *match = &enc->rule->matches[i];

		dependencies(enc, match);
		if (match_both_ports(enc, match)) {
			i++;
		} else if (match->set != PW_NONE) {
			match_set(enc, match);
		} else {
			match_range(enc, match);
		}
		remember(enc, match);
	}
}
