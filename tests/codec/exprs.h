/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions put together by hand, as somebody else might have. */
#ifndef CODEC_EXPRS_H
#define CODEC_EXPRS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "portwall/ruleset.h"

static inline struct nftnl_expr *add(struct nftnl_rule *nlr, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	assert_non_null(expr);
	nftnl_rule_add_expr(nlr, expr);
	return expr;
}

static inline void meta(struct nftnl_rule *nlr, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = add(nlr, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

static inline void payload(struct nftnl_rule *nlr, uint32_t base, uint32_t offset,
		    uint32_t len, uint32_t reg)
{
	struct nftnl_expr *expr = add(nlr, "payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static inline void cmp(struct nftnl_rule *nlr, uint32_t reg, uint32_t op,
		const char *data, size_t len)
{
	struct nftnl_expr *expr = add(nlr, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

static inline void mask(struct nftnl_rule *nlr, uint32_t reg, const char *bits,
		 const char *xor, size_t len)
{
	struct nftnl_expr *expr = add(nlr, "bitwise");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, xor, len);
}

static inline void tcp(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x06", 1);
}

static inline void ipv4(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_NFPROTO, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x02", 1);
}

static inline void ct(struct nftnl_rule *nlr, uint32_t key, int dir)
{
	struct nftnl_expr *expr = add(nlr, "ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	if (dir >= 0)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, dir);
}

static inline void verdict(struct nftnl_rule *nlr, uint32_t code)
{
	struct nftnl_expr *expr = add(nlr, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, code);
}

static inline struct nftnl_expr *lookup(struct nftnl_rule *nlr, const char *set)
{
	struct nftnl_expr *expr = add(nlr, "lookup");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
	return expr;
}

static inline struct nftnl_expr *dynset(struct nftnl_rule *nlr, uint32_t op,
				 uint32_t reg, const char *set)
{
	struct nftnl_expr *expr;

	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFT_REG_1);
	expr = add(nlr, "dynset");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, op);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, set);
	return expr;
}

static inline struct nftnl_rule *empty_rule(void)
{
	struct nftnl_rule *nlr = nftnl_rule_alloc();

	nftnl_rule_set_u32(nlr, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(nlr, NFTNL_RULE_TABLE, PW_TABLE);
	nftnl_rule_set_str(nlr, NFTNL_RULE_CHAIN, "g7.rows");
	return nlr;
}

#endif
