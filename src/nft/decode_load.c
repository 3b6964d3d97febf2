// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions that fill registers. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>

#include "nft/code.h"
#include "nft/decode.h"

int dec_reg_index(uint32_t reg)
{
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (reg - NFT_REG_1) * 4;
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return reg - NFT_REG32_00;
	return -1;
}

uint32_t dec_u32(const struct nftnl_expr *expr, uint16_t attr)
{
	if (!nftnl_expr_is_set(expr, attr))
		return 0;
	return nftnl_expr_get_u32(expr, attr);
}

struct reg dec_reg(const struct dec *dec, const struct nftnl_expr *expr,
		   uint16_t attr)
{
	static const struct reg unknown;
	int i = dec_reg_index(dec_u32(expr, attr));

	return i < 0 ? unknown : dec->regs[i];
}

/* Puts @value into register @reg; what it covers of others is lost */
static int store(struct dec *dec, uint32_t reg, const struct reg *value)
{
	int i = dec_reg_index(reg);
	int end = i + (value->len + 3) / 4;

	if (i < 0 || !value->len || end > NUM_REGS)
		return dec_refuse(dec, "it uses register %u", reg);
	/* a longer value that begins before and reaches into these */
	for (int j = 0; j < i; j++) {
		if (dec->regs[j].kind != REG_UNKNOWN &&
		    j + (dec->regs[j].len + 3) / 4 > i)
			dec->regs[j].kind = REG_UNKNOWN;
	}
	for (int j = i; j < end; j++)
		dec->regs[j].kind = REG_UNKNOWN;
	dec->regs[i] = *value;
	return 0;
}

int dec_set_constant(struct dec *dec, uint32_t reg, uint32_t value)
{
	struct reg constant = { .kind = REG_CONSTANT, .len = sizeof(value),
				.constant = value };

	return store(dec, reg, &constant);
}

bool dec_is_field(const struct reg *reg, enum pw_field field)
{
	return reg->kind == REG_FIELD && reg->field == field &&
	       reg->len == field_codes[field].len;
}

/* The field that is loaded so, PW_NUM_FIELDS if none is */
static enum pw_field find_field(enum code_load load, uint32_t key)
{
	enum pw_field field = 0;

	while (field < PW_NUM_FIELDS && (field_codes[field].load != load ||
					 field_codes[field].key != key))
		field++;
	return field;
}

static int load(struct dec *dec, enum code_load how, uint32_t key,
		const char *what, uint32_t reg)
{
	enum pw_field field = find_field(how, key);
	struct reg value = { .kind = REG_FIELD, .field = field };

	if (field == PW_NUM_FIELDS)
		return dec_refuse(dec, "it asks for %s %u", what, key);
	value.len = field_codes[field].len;
	return store(dec, reg, &value);
}

int dec_meta(struct dec *dec, const struct nftnl_expr *expr)
{
	static const struct reg iif = { .kind = REG_IIF, .len = 4 };

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_META_DREG))
		return dec_refuse(dec, "it changes meta data");
	if (dec_u32(expr, NFTNL_EXPR_META_KEY) == NFT_META_IIF)
		return store(dec, dec_u32(expr, NFTNL_EXPR_META_DREG), &iif);
	return load(dec, LOAD_META, dec_u32(expr, NFTNL_EXPR_META_KEY), "meta key",
		    dec_u32(expr, NFTNL_EXPR_META_DREG));
}

int dec_ct(struct dec *dec, const struct nftnl_expr *expr)
{
	bool original = nftnl_expr_is_set(expr, NFTNL_EXPR_CT_DIR);

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_CT_DREG))
		return dec_refuse(dec, "it changes connection tracking");
	if (original && nftnl_expr_get_u8(expr, NFTNL_EXPR_CT_DIR))
		return dec_refuse(dec, "it asks for the reply direction");
	return load(dec, original ? LOAD_CT_ORIGINAL : LOAD_CT,
		    dec_u32(expr, NFTNL_EXPR_CT_KEY), "ct key",
		    dec_u32(expr, NFTNL_EXPR_CT_DREG));
}

int dec_fib(struct dec *dec, const struct nftnl_expr *expr)
{
	if (dec_u32(expr, NFTNL_EXPR_FIB_RESULT) != NFT_FIB_RESULT_ADDRTYPE)
		return dec_refuse(dec, "it asks for a route");
	return load(dec, LOAD_FIB, dec_u32(expr, NFTNL_EXPR_FIB_FLAGS),
		    "fib flags", dec_u32(expr, NFTNL_EXPR_FIB_DREG));
}

int dec_socket(struct dec *dec, const struct nftnl_expr *expr)
{
	return load(dec, LOAD_SOCKET, dec_u32(expr, NFTNL_EXPR_SOCKET_KEY),
		    "socket key", dec_u32(expr, NFTNL_EXPR_SOCKET_DREG));
}

/* Are the @len bytes at @offset this field, given family and protocol? */
static bool is_payload(const struct dec *dec, enum pw_field field,
		       uint32_t base, uint32_t offset, uint32_t len)
{
	const struct field_code *code = &field_codes[field];
	const struct pw_field_info *info = pw_field_info(field);

	if (code->load != LOAD_PAYLOAD || code->key != base ||
	    code->offset != offset)
		return false;
	if (len != code->len && (code->shape != SHAPE_ADDR || len > code->len))
		return false;
	return (!info->nfproto || info->nfproto == dec->nfproto) &&
	       (!info->l4proto || info->l4proto == dec->l4proto);
}

int dec_payload(struct dec *dec, const struct nftnl_expr *expr)
{
	uint32_t base = dec_u32(expr, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = dec_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t len = dec_u32(expr, NFTNL_EXPR_PAYLOAD_LEN);
	uint32_t reg = dec_u32(expr, NFTNL_EXPR_PAYLOAD_DREG);
	struct reg value = { .kind = REG_FIELD, .len = len };

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_PAYLOAD_DREG))
		return dec_refuse(dec, "it changes packets");
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && !offset && len == 4) {
		value.kind = REG_PORTS;
		return store(dec, reg, &value);
	}
	while (value.field < PW_NUM_FIELDS &&
	       !is_payload(dec, value.field, base, offset, len))
		value.field++;
	if (value.field == PW_NUM_FIELDS)
		return dec_refuse(dec, "it looks at %u bytes at %u of header %u",
				  len, offset, base);
	return store(dec, reg, &value);
}

int dec_bitwise(struct dec *dec, const struct nftnl_expr *expr)
{
	struct reg value = dec_reg(dec, expr, NFTNL_EXPR_BITWISE_SREG);
	uint32_t mask_len = 0, xor_len = 0;
	const uint8_t *mask =
		nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &mask_len);
	const uint8_t *xor =
		nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_XOR, &xor_len);
	static const uint8_t zeroes[sizeof(value.mask)];

	if (value.kind != REG_FIELD ||
	    dec_u32(expr, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL ||
	    !mask || !xor || mask_len != value.len || xor_len != value.len ||
	    mask_len > sizeof(value.mask) || memcmp(xor, zeroes, xor_len))
		return dec_refuse(dec, "it computes with bits");
	value.kind = REG_MASKED;
	memcpy(value.mask, mask, mask_len);
	return store(dec, dec_u32(expr, NFTNL_EXPR_BITWISE_DREG), &value);
}

/* One byte in numbers of two bytes: none is turned, see load_port_proto() */
static bool turns_nothing(const struct reg *value,
			  const struct nftnl_expr *expr)
{
	return dec_is_field(value, PW_F_L4PROTO) &&
	       dec_u32(expr, NFTNL_EXPR_BYTEORDER_LEN) == 1 &&
	       dec_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE) == 2;
}

/* Only the clock is a number of more than one byte that nft has to turn */
int dec_byteorder(struct dec *dec, const struct nftnl_expr *expr)
{
	struct reg value = dec_reg(dec, expr, NFTNL_EXPR_BYTEORDER_SREG);

	if (turns_nothing(&value, expr) &&
	    dec_u32(expr, NFTNL_EXPR_BYTEORDER_SREG) ==
		    dec_u32(expr, NFTNL_EXPR_BYTEORDER_DREG))
		return 0;
	if (!dec_is_field(&value, PW_F_TIME) ||
	    dec_u32(expr, NFTNL_EXPR_BYTEORDER_LEN) != value.len ||
	    dec_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE) != value.len)
		return dec_refuse(dec, "it turns bytes around");
	value.kind = REG_ORDERED;
	return store(dec, dec_u32(expr, NFTNL_EXPR_BYTEORDER_DREG), &value);
}
