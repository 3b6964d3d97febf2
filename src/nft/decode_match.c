// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions that compare registers. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>

#include "nft/code.h"
#include "nft/decode.h"
#include "nft/keys.h"
#include "ruleset/inner.h"

/* What a register is compared with */
struct data {
	uint8_t bytes[16];
	uint32_t len;
};

/* False: there is none, or it is longer than any field */
static bool get_data(const struct nftnl_expr *expr, uint16_t attr,
		     struct data *out)
{
	const void *bytes = nftnl_expr_get(expr, attr, &out->len);

	if (!bytes || !out->len || out->len > sizeof(out->bytes))
		return false;
	memcpy(out->bytes, bytes, out->len);
	return true;
}

static struct pw_match *find_match(struct dec *dec, enum pw_field field)
{
	for (size_t i = 0; i < dec->num_matches; i++) {
		if (dec->matches[i].field == field)
			return &dec->matches[i];
	}
	return NULL;
}

/* Two ranges of one field: what lies in both. Returns false when nothing does */
static bool intersect(struct pw_range *range, const struct pw_range *other)
{
	if (pw_value_cmp(other->first, range->first) > 0)
		range->first = other->first;
	if (pw_value_cmp(other->last, range->last) < 0)
		range->last = other->last;
	return pw_value_cmp(range->first, range->last) <= 0;
}

/* What bytes of headers mean from here on */
static void learn(struct dec *dec, const struct pw_match *match)
{
	if (match->negated || match->set != PW_NONE ||
	    pw_value_cmp(match->range.first, match->range.last))
		return;
	if (match->field == PW_F_NFPROTO)
		dec->nfproto = match->range.first.lo;
	if (match->field == PW_F_L4PROTO)
		dec->l4proto = match->range.first.lo;
}

/* One more condition; a range is compared by its ends, one after the other */
static int add_match(struct dec *dec, const struct pw_match *match)
{
	struct pw_match *old = find_match(dec, match->field);

	if (dec->num_effects)
		return dec_refuse(dec, "it compares %s after something was done",
				  pw_field_info(match->field)->name);
	if (!old) {
		dec->matches[dec->num_matches++] = *match;
		learn(dec, match);
		return 0;
	}
	if (old->negated || match->negated || old->set != PW_NONE ||
	    match->set != PW_NONE || !intersect(&old->range, &match->range))
		return dec_refuse(dec, "it compares %s twice",
				  pw_field_info(match->field)->name);
	learn(dec, old);
	return 0;
}

static int add_range(struct dec *dec, enum pw_field field, bool negated,
		     struct pw_value first, struct pw_value last)
{
	const struct pw_match match = { field, negated, PW_NONE,
					{ first, last } };

	return add_match(dec, &match);
}

static int refuse_cmp(const struct dec *dec, enum pw_field field)
{
	return dec_refuse(dec, "it compares %s in a way of its own",
			  pw_field_info(field)->name);
}

/* @mask as a number of leading one bits, -1 if it is something else */
static int leading_bits(const uint8_t *mask, size_t len)
{
	size_t bits = 0;

	while (bits < len * 8 && (mask[bits / 8] & 0x80 >> bits % 8))
		bits++;
	for (size_t i = bits; i < len * 8; i++) {
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	}
	return bits;
}

/* All values of @len bytes that begin with the first @bits bits of @data */
static struct pw_range prefix_range(const uint8_t *data, unsigned int bits,
				    size_t len)
{
	uint8_t first[16] = { 0 }, last[16];
	struct pw_range range;

	memset(last, 0xff, sizeof(last));
	memcpy(first, data, bits / 8);
	memcpy(last, data, bits / 8);
	if (bits % 8) {
		first[bits / 8] = data[bits / 8] & 0xff00 >> bits % 8;
		last[bits / 8] = data[bits / 8] | 0xff >> bits % 8;
	}
	range.first = pw_value_from_be(first, len);
	range.last = pw_value_from_be(last, len);
	return range;
}

/* Equal, or not, to a prefix that is as long as @data, or as the mask */
static int cmp_prefix(struct dec *dec, const struct reg *reg, uint32_t op,
		      const struct data *data)
{
	size_t len = field_codes[reg->field].len;
	int bits = data->len * 8;
	struct pw_range range;

	if (reg->kind == REG_MASKED) {
		if (data->len != reg->len)
			return refuse_cmp(dec, reg->field);
		bits = leading_bits(reg->mask, reg->len);
	}
	if (bits <= 0 || data->len > reg->len ||
	    (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		return refuse_cmp(dec, reg->field);
	range = prefix_range(data->bytes, bits, len);
	if (pw_value_cmp(range.first, prefix_range(data->bytes, data->len * 8,
						   len).first))
		return refuse_cmp(dec, reg->field);
	return add_range(dec, reg->field, op == NFT_CMP_NEQ, range.first,
			 range.last);
}

/* A whole number, highest byte first */
static int cmp_number(struct dec *dec, enum pw_field field, uint32_t op,
		      struct pw_value value)
{
	struct pw_value max = pw_value_max(pw_field_info(field)->bits);
	struct pw_value zero = { 0, 0 };

	switch (op) {
	case NFT_CMP_EQ:
	case NFT_CMP_NEQ:
		return add_range(dec, field, op == NFT_CMP_NEQ, value, value);
	case NFT_CMP_GTE:
		return add_range(dec, field, false, value, max);
	case NFT_CMP_LTE:
		return add_range(dec, field, false, zero, value);
	case NFT_CMP_LT:
		if (!pw_value_cmp(value, zero))
			return refuse_cmp(dec, field);
		return add_range(dec, field, false, zero, pw_value_prev(value));
	case NFT_CMP_GT:
		if (!pw_value_cmp(value, max))
			return refuse_cmp(dec, field);
		return add_range(dec, field, false, pw_value_next(value), max);
	default:
		return refuse_cmp(dec, field);
	}
}

static int cmp_value(struct dec *dec, const struct reg *reg, uint32_t op,
		     const struct data *data)
{
	const struct field_code *code = &field_codes[reg->field];
	uint32_t host;

	if (reg->kind != REG_FIELD || reg->len != code->len ||
	    data->len != code->len)
		return refuse_cmp(dec, reg->field);
	if (!code->host)
		return cmp_number(dec, reg->field, op,
				  pw_value_from_be(data->bytes, data->len));
	if (op != NFT_CMP_EQ && op != NFT_CMP_NEQ)
		return refuse_cmp(dec, reg->field);
	memcpy(&host, data->bytes, sizeof(host));
	return cmp_number(dec, reg->field, op, pw_value32(host));
}

static int cmp_addr(struct dec *dec, const struct reg *reg, uint32_t op,
		    const struct data *data)
{
	size_t len = field_codes[reg->field].len;

	if (reg->kind == REG_FIELD && reg->len == len && data->len == len)
		return cmp_value(dec, reg, op, data);
	return cmp_prefix(dec, reg, op, data);
}

/* Sixteen bytes are a name, fewer a glob */
static int cmp_name(struct dec *dec, const struct reg *reg, uint32_t op,
		    const struct data *data)
{
	if (reg->kind != REG_FIELD)
		return refuse_cmp(dec, reg->field);
	return cmp_prefix(dec, reg, op, data);
}

/* A set of states that is one range, or all but one range */
static int add_states(struct dec *dec, uint32_t mask, bool negated)
{
	uint32_t bits = 0, all = (1U << PW_NUM_CT_STATES) - 1;
	unsigned int first, last;

	for (unsigned int i = 0; i < PW_NUM_CT_STATES; i++) {
		if (!(mask & ct_state_bit(i)))
			continue;
		bits |= 1U << i;
		mask &= ~ct_state_bit(i);
	}
	if (mask || !bits || bits == all)
		return refuse_cmp(dec, PW_F_CT_STATE);
	for (int flip = 0; flip < 2; flip++, bits ^= all) {
		first = __builtin_ctz(bits);
		last = 31 - __builtin_clz(bits);
		if (bits == (2U << last) - (1U << first))
			return add_range(dec, PW_F_CT_STATE, negated ^ flip,
					 pw_value32(first), pw_value32(last));
	}
	return refuse_cmp(dec, PW_F_CT_STATE);
}

static uint32_t mask_u32(const struct reg *reg)
{
	uint32_t mask;

	memcpy(&mask, reg->mask, sizeof(mask));
	return mask;
}

/* Under a mask, any of these or none of these; without one, exactly this one */
static int cmp_state(struct dec *dec, const struct reg *reg, uint32_t op,
		     const struct data *data)
{
	uint32_t value;

	if (data->len != sizeof(value) ||
	    (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		return refuse_cmp(dec, reg->field);
	memcpy(&value, data->bytes, sizeof(value));
	if (reg->kind == REG_MASKED && !value)
		return add_states(dec, mask_u32(reg), op == NFT_CMP_EQ);
	if (reg->kind == REG_FIELD && value && !(value & (value - 1)))
		return add_states(dec, value, op == NFT_CMP_NEQ);
	return refuse_cmp(dec, reg->field);
}

/* One bit: compared with nothing, or with itself */
static int cmp_dnat(struct dec *dec, const struct reg *reg, uint32_t op,
		    const struct data *data)
{
	struct pw_value is;
	uint32_t value;

	if (reg->kind != REG_MASKED || mask_u32(reg) != CT_STATUS_DNAT ||
	    data->len != sizeof(value) ||
	    (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		return refuse_cmp(dec, reg->field);
	memcpy(&value, data->bytes, sizeof(value));
	if (value && value != CT_STATUS_DNAT)
		return refuse_cmp(dec, reg->field);
	is = pw_value32((op == NFT_CMP_EQ) == !!value);
	return add_range(dec, reg->field, false, is, is);
}

static int cmp_synack(struct dec *dec, const struct reg *reg, uint32_t op,
		      const struct data *data)
{
	struct pw_value flags = pw_value32(data->bytes[0]);

	if (reg->kind != REG_MASKED || reg->mask[0] != TCP_SYN_ACK ||
	    data->len != 1 || (data->bytes[0] & ~TCP_SYN_ACK) ||
	    (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		return refuse_cmp(dec, reg->field);
	return add_range(dec, reg->field, op == NFT_CMP_NEQ, flags, flags);
}

static int cmp_time(struct dec *dec, const struct reg *reg, uint32_t op,
		    const struct data *data)
{
	if (reg->kind != REG_ORDERED || data->len != reg->len ||
	    op == NFT_CMP_NEQ)
		return refuse_cmp(dec, reg->field);
	return cmp_number(dec, reg->field, op,
			  pw_value_from_be(data->bytes, data->len));
}

static int cmp_ports(struct dec *dec, uint32_t op, const struct data *data)
{
	struct pw_value sport, dport;
	int err;

	if (op != NFT_CMP_EQ || data->len != 4)
		return refuse_cmp(dec, PW_F_SPORT);
	sport = pw_value_from_be(data->bytes, 2);
	dport = pw_value_from_be(data->bytes + 2, 2);
	err = add_range(dec, PW_F_SPORT, false, sport, sport);
	return err ? err : add_range(dec, PW_F_DPORT, false, dport, dport);
}

int dec_cmp(struct dec *dec, const struct nftnl_expr *expr)
{
	static int (*const by_shape[])(struct dec *dec, const struct reg *reg,
				       uint32_t op, const struct data *data) = {
		[SHAPE_VALUE] = cmp_value, [SHAPE_ADDR] = cmp_addr,
		[SHAPE_NAME] = cmp_name, [SHAPE_STATE] = cmp_state,
		[SHAPE_DNAT] = cmp_dnat, [SHAPE_SYNACK] = cmp_synack,
		[SHAPE_TIME] = cmp_time,
	};
	struct reg reg = dec_reg(dec, expr, NFTNL_EXPR_CMP_SREG);
	uint32_t op = dec_u32(expr, NFTNL_EXPR_CMP_OP);
	struct data data = { .len = 0 };

	if (!get_data(expr, NFTNL_EXPR_CMP_DATA, &data) ||
	    reg.kind == REG_UNKNOWN || reg.kind == REG_CONSTANT ||
	    reg.kind == REG_IIF)
		return dec_refuse(dec, "it compares something unknown");
	if (reg.kind == REG_PORTS)
		return cmp_ports(dec, op, &data);
	return by_shape[field_codes[reg.field].shape](dec, &reg, op, &data);
}

int dec_range(struct dec *dec, const struct nftnl_expr *expr)
{
	struct reg reg = dec_reg(dec, expr, NFTNL_EXPR_RANGE_SREG);
	uint32_t op = dec_u32(expr, NFTNL_EXPR_RANGE_OP);
	const struct field_code *code = &field_codes[reg.field];
	struct data from = { .len = 0 }, to = { .len = 0 };
	struct pw_value first, last;

	if (reg.kind != REG_FIELD || reg.len != code->len || code->host ||
	    code->shape > SHAPE_ADDR ||
	    (op != NFT_RANGE_EQ && op != NFT_RANGE_NEQ) ||
	    !get_data(expr, NFTNL_EXPR_RANGE_FROM_DATA, &from) ||
	    !get_data(expr, NFTNL_EXPR_RANGE_TO_DATA, &to) ||
	    from.len != code->len || to.len != code->len)
		return dec_refuse(dec, "it compares a range of something unknown");
	first = pw_value_from_be(from.bytes, from.len);
	last = pw_value_from_be(to.bytes, to.len);
	if (pw_value_cmp(first, last) > 0)
		return refuse_cmp(dec, reg.field);
	return add_range(dec, reg.field, op == NFT_RANGE_NEQ, first, last);
}

/* Do the registers hold all that a key of @type begins with, one by one? */
static bool holds_key(const struct dec *dec, const struct nftnl_expr *expr,
		      enum pw_set_type type)
{
	int at = dec_reg_index(dec_u32(expr, NFTNL_EXPR_LOOKUP_SREG));
	enum pw_field fields[PW_KEY_PARTS];
	size_t num = pw_key_fields(type, fields);

	for (size_t i = 0; i < num; i++) {
		if (at < 0 || at >= NUM_REGS ||
		    !dec_is_field(&dec->regs[at], fields[i]))
			return false;
		at += (field_codes[fields[i]].len + 3) / 4;
	}
	return num > 0;
}

static int lookup_key(struct dec *dec, const struct nftnl_expr *expr,
		      uint32_t set)
{
	const struct pw_set *s = &dec->rs->sets[set];
	const struct pw_match match = { .field = PW_F_DPORT, .set = set };

	if (dec_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS) ||
	    !holds_key(dec, expr, s->type))
		return dec_refuse(dec, "it looks something up in set %s",
				  s->name);
	return add_match(dec, &match);
}

/* What a look-up begins with: a field, or one behind the interface */
static struct reg looked_up(const struct dec *dec,
			    const struct nftnl_expr *expr, bool *iif)
{
	int first = dec_reg_index(dec_u32(expr, NFTNL_EXPR_LOOKUP_SREG));

	*iif = first >= 0 && first + 1 < NUM_REGS &&
	       dec->regs[first].kind == REG_IIF;
	if (*iif)
		return dec->regs[first + 1];
	return dec_reg(dec, expr, NFTNL_EXPR_LOOKUP_SREG);
}

/* Only whole fields, as they came from the packet, are looked up */
int dec_lookup(struct dec *dec, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET);
	bool iif;
	struct reg reg = looked_up(dec, expr, &iif);
	struct pw_match match = { .field = reg.field };
	uint32_t flags = dec_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS);

	if (!name)
		return dec_refuse(dec, "it looks something up in no set");
	if (nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG))
		return dec_vmap(dec, expr,
				pw_ruleset_find_map(dec->rs, name));
	match.set = pw_ruleset_find_set(dec->rs, name);
	if (match.set != PW_NONE &&
	    set_has_proto(dec->rs->sets[match.set].type))
		return lookup_key(dec, expr, match.set);
	match.negated = flags & NFT_LOOKUP_F_INV;
	if (match.set == PW_NONE || (flags & ~NFT_LOOKUP_F_INV) ||
	    !dec_is_field(&reg, reg.field) ||
	    !field_takes_set(reg.field, dec->rs->sets[match.set].type) ||
	    iif != set_has_iif(dec->rs->sets[match.set].type))
		return dec_refuse(dec, "it looks something up in set %s", name);
	return add_match(dec, &match);
}
