// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions that act: effects and verdicts. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>

#include "nft/code.h"
#include "nft/decode.h"

/* What a prefix without a level is logged at, as the kernel tells it */
#define LOG_LEVEL_DEFAULT 4

#define ICMP_CODE_PROT_UNREACH 2

static int add_effect(struct dec *dec, const struct pw_effect *effect)
{
	if (dec->num_effects == MAX_EFFECTS)
		return dec_refuse(dec, "it does too much");
	dec->effects[dec->num_effects++] = *effect;
	return 0;
}

static int end(struct dec *dec, struct pw_verdict verdict)
{
	dec->verdict = verdict;
	dec->done = true;
	return 0;
}

bool rate_of(uint64_t count, uint64_t unit_s, uint32_t burst, uint32_t type,
	     uint32_t flags, struct pw_rate *out)
{
	if (!count || count > UINT32_MAX || unit_s > UINT32_MAX || !burst ||
	    type != NFT_LIMIT_PKTS || flags || !pw_rate_unit_name(unit_s))
		return false;
	*out = (struct pw_rate){ count, unit_s, burst };
	return true;
}

static uint64_t u64(const struct nftnl_expr *expr, uint16_t attr)
{
	if (!nftnl_expr_is_set(expr, attr))
		return 0;
	return nftnl_expr_get_u64(expr, attr);
}

static bool get_rate(const struct nftnl_expr *expr, struct pw_rate *out)
{
	return rate_of(u64(expr, NFTNL_EXPR_LIMIT_RATE),
		       u64(expr, NFTNL_EXPR_LIMIT_UNIT),
		       dec_u32(expr, NFTNL_EXPR_LIMIT_BURST),
		       dec_u32(expr, NFTNL_EXPR_LIMIT_TYPE),
		       dec_u32(expr, NFTNL_EXPR_LIMIT_FLAGS), out);
}

int dec_limit(struct dec *dec, const struct nftnl_expr *expr)
{
	struct pw_effect effect = { .kind = PW_E_LIMIT_INLINE };

	if (!get_rate(expr, &effect.rate))
		return dec_refuse(dec, "it has a limit of another kind");
	return add_effect(dec, &effect);
}

int dec_log(struct dec *dec, const struct nftnl_expr *expr)
{
	const char *prefix = nftnl_expr_get_str(expr, NFTNL_EXPR_LOG_PREFIX);
	struct pw_effect effect = { .kind = PW_E_LOG, .text = lent(prefix) };
	bool odd = nftnl_expr_is_set(expr, NFTNL_EXPR_LOG_GROUP) ||
		   nftnl_expr_is_set(expr, NFTNL_EXPR_LOG_SNAPLEN) ||
		   nftnl_expr_is_set(expr, NFTNL_EXPR_LOG_QTHRESHOLD) ||
		   dec_u32(expr, NFTNL_EXPR_LOG_FLAGS) ||
		   (nftnl_expr_is_set(expr, NFTNL_EXPR_LOG_LEVEL) &&
		    dec_u32(expr, NFTNL_EXPR_LOG_LEVEL) != LOG_LEVEL_DEFAULT);

	if (odd || !prefix || !*prefix)
		return dec_refuse(dec, "it logs in another way");
	return add_effect(dec, &effect);
}

static int object_by_port(struct dec *dec, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_OBJREF_SET_NAME);
	struct reg reg = dec_reg(dec, expr, NFTNL_EXPR_OBJREF_SET_SREG);
	struct pw_effect effect = { .kind = PW_E_COUNTER_MAP };

	effect.map = name ? pw_ruleset_find_map(dec->rs, name) : PW_NONE;
	if (effect.map == PW_NONE || !dec->rs->maps[effect.map].counters ||
	    !dec_is_field(&reg, PW_F_DPORT))
		return dec_refuse(dec, "it uses objects of map %s",
				  name ? name : "?");
	return add_effect(dec, &effect);
}

int dec_objref(struct dec *dec, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME);
	uint32_t type = dec_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE);
	struct pw_effect effect = {
		.kind = type == NFT_OBJECT_LIMIT ? PW_E_LIMIT : PW_E_COUNTER,
	};

	if (nftnl_expr_is_set(expr, NFTNL_EXPR_OBJREF_SET_SREG))
		return object_by_port(dec, expr);
	effect.obj = name ? pw_ruleset_find_obj(dec->rs, name) : PW_NONE;
	if (effect.obj == PW_NONE ||
	    (type != NFT_OBJECT_LIMIT && type != NFT_OBJECT_COUNTER) ||
	    (type == NFT_OBJECT_LIMIT) !=
	    (dec->rs->objs[effect.obj].kind == PW_O_LIMIT))
		return dec_refuse(dec, "it uses object %s", name ? name : "?");
	return add_effect(dec, &effect);
}

/* The /64 of the source, as the key of an update has it */
static bool is_source64(const struct reg *reg)
{
	uint8_t mask[16] = { 0 };

	memset(mask, 0xff, SOURCE_PREFIX_BYTES);
	return reg->kind == REG_MASKED && reg->field == PW_F_SADDR6 &&
	       reg->len == sizeof(mask) &&
	       !memcmp(reg->mask, mask, sizeof(mask));
}

/* Do the registers from @first on hold a key of a set of @type? */
static bool is_update_key(const struct dec *dec, int first,
			  enum pw_set_type type)
{
	const struct reg *a, *b;

	if (first < 0 || first + 1 >= NUM_REGS)
		return false;
	a = &dec->regs[first];
	b = &dec->regs[first + 1];
	switch (type) {
	case PW_T_IPV4:
		return dec_is_field(a, PW_F_DADDR4);
	case PW_T_IPV6:
		return dec_is_field(a, PW_F_DADDR6);
	case PW_T_MARK:
		return a->kind == REG_CONSTANT && b->kind == REG_CONSTANT &&
		       !b->constant;
	case PW_T_MARK_IPV4:
		return a->kind == REG_CONSTANT && dec_is_field(b, PW_F_SADDR4);
	case PW_T_MARK_IPV6:
		return a->kind == REG_CONSTANT && is_source64(b);
	case PW_T_IIF_IPV4:
		return a->kind == REG_IIF && dec_is_field(b, PW_F_DADDR4);
	case PW_T_IIF_IPV6:
		return a->kind == REG_IIF && dec_is_field(b, PW_F_DADDR6);
	default:
		return false;
	}
}

/* What each element of a dynamic set carries: at most one limit */
static bool get_element_limit(const struct nftnl_expr *dynset,
			      struct pw_effect *effect)
{
	const struct nftnl_expr *expr;
	const char *name;
	uint32_t flags;

	if (nftnl_expr_is_set(dynset, NFTNL_EXPR_DYNSET_EXPRESSIONS))
		return false;
	if (!nftnl_expr_is_set(dynset, NFTNL_EXPR_DYNSET_EXPR))
		return true;
	expr = nftnl_expr_get(dynset, NFTNL_EXPR_DYNSET_EXPR, &(uint32_t){ 0 });
	name = expr ? nftnl_expr_get_str(expr, NFTNL_EXPR_NAME) : "";
	if (!strcmp(name, "limit"))
		return get_rate(expr, &effect->rate);
	if (strcmp(name, "connlimit"))
		return false;
	flags = dec_u32(expr, NFTNL_EXPR_CONNLIMIT_FLAGS);
	effect->conns = dec_u32(expr, NFTNL_EXPR_CONNLIMIT_COUNT);
	effect->conns_over = flags & NFT_CONNLIMIT_F_INV;
	return effect->conns && !(flags & ~NFT_CONNLIMIT_F_INV);
}

int dec_dynset(struct dec *dec, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_DYNSET_SET_NAME);
	int first = dec_reg_index(dec_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY));
	uint32_t op = dec_u32(expr, NFTNL_EXPR_DYNSET_OP);
	struct pw_effect effect = { .kind = PW_E_UPDATE };

	effect.set = name ? pw_ruleset_find_set(dec->rs, name) : PW_NONE;
	if (effect.set == PW_NONE ||
	    (op != NFT_DYNSET_OP_ADD && op != NFT_DYNSET_OP_UPDATE) ||
	    nftnl_expr_is_set(expr, NFTNL_EXPR_DYNSET_SREG_DATA) ||
	    (dec_u32(expr, NFTNL_EXPR_DYNSET_FLAGS) & NFT_DYNSET_F_INV) ||
	    !get_element_limit(expr, &effect) ||
	    !is_update_key(dec, first, dec->rs->sets[effect.set].type))
		return dec_refuse(dec, "it changes set %s", name ? name : "?");
	if (dec->regs[first].kind == REG_CONSTANT)
		effect.key = dec->regs[first].constant;
	effect.add = op == NFT_DYNSET_OP_ADD;
	effect.timeout_ms = u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT);
	return add_effect(dec, &effect);
}

static int verdict_of(struct dec *dec, int code, const char *chain)
{
	struct pw_verdict verdict = { .kind = PW_V_NONE };

	switch (code) {
	case NF_ACCEPT:
		verdict.kind = PW_V_ACCEPT;
		break;
	case NF_DROP:
		verdict.kind = PW_V_DROP;
		break;
	case NFT_RETURN:
		verdict.kind = PW_V_RETURN;
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		verdict.kind = code == NFT_JUMP ? PW_V_JUMP : PW_V_GOTO;
		verdict.chain = chain ? pw_ruleset_find_chain(dec->rs, chain) :
					PW_NONE;
		if (verdict.chain != PW_NONE)
			break;
		return dec_refuse(dec, "it goes to chain %s",
				  chain ? chain : "?");
	default:
		return dec_refuse(dec, "it has verdict %d", code);
	}
	return end(dec, verdict);
}

int dec_immediate(struct dec *dec, const struct nftnl_expr *expr)
{
	uint32_t reg = dec_u32(expr, NFTNL_EXPR_IMM_DREG);
	uint32_t len = 0, value;
	const void *data;

	if (nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT))
		return verdict_of(dec, dec_u32(expr, NFTNL_EXPR_IMM_VERDICT),
				  nftnl_expr_get_str(expr,
						     NFTNL_EXPR_IMM_CHAIN));
	data = nftnl_expr_get(expr, NFTNL_EXPR_IMM_DATA, &len);
	if (!data || len != sizeof(value))
		return dec_refuse(dec, "it holds a constant of %u bytes", len);
	memcpy(&value, data, sizeof(value));
	return dec_set_constant(dec, reg, value);
}

int dec_reject(struct dec *dec, const struct nftnl_expr *expr)
{
	static const struct {
		uint32_t type;
		uint8_t code;
		enum pw_verdict_kind kind;
	} kinds[] = {
		{ NFT_REJECT_TCP_RST, 0, PW_V_REJECT_RST },
		{ NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH,
		  PW_V_REJECT_PORT },
		{ NFT_REJECT_ICMP_UNREACH, ICMP_CODE_PROT_UNREACH,
		  PW_V_REJECT_PROTO },
	};
	uint32_t type = dec_u32(expr, NFTNL_EXPR_REJECT_TYPE);
	uint8_t code = 0;

	if (nftnl_expr_is_set(expr, NFTNL_EXPR_REJECT_CODE))
		code = nftnl_expr_get_u8(expr, NFTNL_EXPR_REJECT_CODE);
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		if (kinds[i].type == type && kinds[i].code == code)
			return end(dec, (struct pw_verdict){ kinds[i].kind,
							     0, 0 });
	}
	return dec_refuse(dec, "it rejects with type %u code %u", type, code);
}

static bool is_map_key(const struct dec *dec, int first, enum pw_map_key key)
{
	if (first < 0 || first + 1 >= NUM_REGS)
		return false;
	switch (key) {
	case PW_K_PORT:
		return dec_is_field(&dec->regs[first], PW_F_DPORT);
	case PW_K_PROTO_PORT:
		return dec_is_field(&dec->regs[first], PW_F_L4PROTO) &&
		       dec_is_field(&dec->regs[first + 1], PW_F_DPORT);
	case PW_K_PROTO:
		return dec_is_field(&dec->regs[first], PW_F_L4PROTO);
	case PW_K_FIB_DADDR:
		return dec_is_field(&dec->regs[first], PW_F_FIB_DADDR);
	default:
		return false;
	}
}

int dec_vmap(struct dec *dec, const struct nftnl_expr *expr, uint32_t map)
{
	int first = dec_reg_index(dec_u32(expr, NFTNL_EXPR_LOOKUP_SREG));

	if (map == PW_NONE || dec->rs->maps[map].counters ||
	    dec_u32(expr, NFTNL_EXPR_LOOKUP_DREG) != NFT_REG_VERDICT ||
	    dec_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS) ||
	    !is_map_key(dec, first, dec->rs->maps[map].key))
		return dec_refuse(dec, "it looks something up in a map");
	return end(dec, (struct pw_verdict){ PW_V_MAP, 0, map });
}
