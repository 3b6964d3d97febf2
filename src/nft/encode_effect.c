// SPDX-License-Identifier: GPL-2.0-or-later
/* Effects and verdicts as expressions. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>

#include <libnftnl/expr.h>

#include "nft/code.h"
#include "nft/encode.h"
#include "ruleset/inner.h"

static void object(struct enc *enc, uint32_t type, const char *name)
{
	struct nftnl_expr *expr = enc_add(enc, "objref");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, type);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, name);
}

static void object_of_map(struct enc *enc, const char *map)
{
	struct nftnl_expr *expr;

	enc_load(enc, PW_F_DPORT, NFT_REG_1);
	expr = enc_add(enc, "objref");
	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_SET_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_SET_NAME, map);
}

static void set_limit(struct nftnl_expr *expr, const struct pw_rate *rate)
{
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, rate->count);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, rate->unit_s);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, rate->burst);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, 0);
}

static void limit(struct enc *enc, const struct pw_rate *rate)
{
	struct nftnl_expr *expr = enc_add(enc, "limit");

	if (expr)
		set_limit(expr, rate);
}

static void log_prefix(struct enc *enc, const char *text)
{
	struct nftnl_expr *expr = enc_add(enc, "log");

	if (expr)
		nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, text);
}

static void constant(struct enc *enc, uint32_t reg, uint32_t value)
{
	struct nftnl_expr *expr = enc_add(enc, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, &value, sizeof(value));
}

/* The key of an update in registers from the first one on */
static void update_key(struct enc *enc, const struct pw_set *set, uint32_t key)
{
	uint8_t mask[16] = { 0 };

	if (set->type == PW_T_IPV4 || set->type == PW_T_IPV6) {
		enc_load(enc, set->type == PW_T_IPV4 ? PW_F_DADDR4 :
						       PW_F_DADDR6, NFT_REG_1);
		return;
	}
	if (set_has_iif(set->type)) {
		enc_with_iif(enc, set->type == PW_T_IIF_IPV4 ? PW_F_DADDR4 :
							       PW_F_DADDR6);
		return;
	}
	constant(enc, NFT_REG_1, key);
	if (set->type == PW_T_MARK)
		constant(enc, REG_SECOND, 0);
	if (set->type == PW_T_MARK_IPV4)
		enc_load(enc, PW_F_SADDR4, REG_SECOND);
	if (set->type == PW_T_MARK_IPV6) {
		memset(mask, 0xff, SOURCE_PREFIX_BYTES);
		enc_load(enc, PW_F_SADDR6, REG_SECOND);
		enc_bitwise(enc, REG_SECOND, mask, sizeof(mask));
	}
}

/* The limit that each element has, NULL: none, or memory is short */
static struct nftnl_expr *element_limit(const struct pw_effect *effect)
{
	struct nftnl_expr *expr = NULL;

	if (effect->rate.count) {
		expr = nftnl_expr_alloc("limit");
		if (expr)
			set_limit(expr, &effect->rate);
	} else if (effect->conns) {
		expr = nftnl_expr_alloc("connlimit");
		if (!expr)
			return NULL;
		nftnl_expr_set_u32(expr, NFTNL_EXPR_CONNLIMIT_COUNT,
				   effect->conns);
		nftnl_expr_set_u32(expr, NFTNL_EXPR_CONNLIMIT_FLAGS,
				   effect->conns_over ? NFT_CONNLIMIT_F_INV : 0);
	}
	return expr;
}

static void update(struct enc *enc, const struct pw_effect *effect)
{
	const struct pw_set *set = &enc->rs->sets[effect->set];
	struct nftnl_expr *expr, *inner;

	update_key(enc, set, effect->key);
	expr = enc_add(enc, "dynset");
	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP,
			   effect->add ? NFT_DYNSET_OP_ADD :
					 NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, set->name);
	if (effect->timeout_ms)
		nftnl_expr_set_u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT,
				   effect->timeout_ms);
	if (!effect->rate.count && !effect->conns)
		return;
	inner = element_limit(effect);
	if (inner)
		nftnl_expr_set(expr, NFTNL_EXPR_DYNSET_EXPR, inner, 0);
	else
		enc->failed = true;
}

static void effect(struct enc *enc, const struct pw_effect *e)
{
	const struct pw_ruleset *rs = enc->rs;

	switch (e->kind) {
	case PW_E_COUNTER:
		object(enc, NFT_OBJECT_COUNTER, rs->objs[e->obj].name);
		break;
	case PW_E_COUNTER_MAP:
		object_of_map(enc, rs->maps[e->map].name);
		break;
	case PW_E_LIMIT:
		object(enc, NFT_OBJECT_LIMIT, rs->objs[e->obj].name);
		break;
	case PW_E_LIMIT_INLINE:
		limit(enc, &e->rate);
		break;
	case PW_E_UPDATE:
		update(enc, e);
		break;
	case PW_E_LOG:
		log_prefix(enc, e->text);
		break;
	}
}

void enc_effects(struct enc *enc)
{
	enc_family(enc, rule_late_family(enc->rs, enc->rule));
	for (size_t i = 0; i < enc->rule->num_effects; i++)
		effect(enc, &enc->rule->effects[i]);
}

static void immediate_verdict(struct enc *enc, uint32_t code, const char *chain)
{
	struct nftnl_expr *expr = enc_add(enc, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, code);
	if (chain)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void reject(struct enc *enc, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr = enc_add(enc, "reject");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

static void verdict_map(struct enc *enc, const struct pw_map *map)
{
	struct nftnl_expr *expr;

	switch (map->key) {
	case PW_K_PORT:
		enc_load(enc, PW_F_DPORT, NFT_REG_1);
		break;
	case PW_K_PROTO_PORT:
		enc_load(enc, PW_F_L4PROTO, NFT_REG_1);
		enc_load(enc, PW_F_DPORT, REG_SECOND);
		break;
	case PW_K_PROTO:
		enc_load(enc, PW_F_L4PROTO, NFT_REG_1);
		break;
	default:
		enc_load(enc, PW_F_FIB_DADDR, NFT_REG_1);
	}
	expr = enc_add(enc, "lookup");
	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, map->name);
}

/* Protocol unreachable of ICMP: type 3, code 2 */
#define ICMP_CODE_PROT_UNREACH 2

void enc_verdict(struct enc *enc)
{
	const struct pw_verdict *verdict = &enc->rule->verdict;
	const struct pw_ruleset *rs = enc->rs;

	switch (verdict->kind) {
	case PW_V_NONE:
		break;
	case PW_V_ACCEPT:
		immediate_verdict(enc, NF_ACCEPT, NULL);
		break;
	case PW_V_DROP:
		immediate_verdict(enc, NF_DROP, NULL);
		break;
	case PW_V_RETURN:
		immediate_verdict(enc, NFT_RETURN, NULL);
		break;
	case PW_V_JUMP:
		immediate_verdict(enc, NFT_JUMP,
				  rs->chains[verdict->chain].name);
		break;
	case PW_V_GOTO:
		immediate_verdict(enc, NFT_GOTO,
				  rs->chains[verdict->chain].name);
		break;
	case PW_V_REJECT_RST:
		reject(enc, NFT_REJECT_TCP_RST, 0);
		break;
	case PW_V_REJECT_PORT:
		reject(enc, NFT_REJECT_ICMPX_UNREACH,
		       NFT_REJECT_ICMPX_PORT_UNREACH);
		break;
	case PW_V_REJECT_PROTO:
		reject(enc, NFT_REJECT_ICMP_UNREACH, ICMP_CODE_PROT_UNREACH);
		break;
	case PW_V_MAP:
		verdict_map(enc, &rs->maps[verdict->map]);
		break;
	}
}
