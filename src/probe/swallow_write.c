// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes rules of nf_tables into a batch, part by part. */
#include "probe/swallow_write.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)

static struct nlmsghdr *message(struct rule_writer *w, uint16_t type,
				uint16_t flags)
{
	struct nlmsghdr *nlh = w->failed ? NULL :
			       pw_batch_add(w->batch, type, flags);
	struct nfgenmsg *nfg;

	if (!nlh) {
		w->failed = true;
		return NULL;
	}
	nfg = mnl_nlmsg_get_payload(nlh);
	nfg->nfgen_family = w->family;
	return nlh;
}

static struct nftnl_expr *add(struct rule_writer *w, const char *name)
{
	struct nftnl_expr *expr = w->rule ? nftnl_expr_alloc(name) : NULL;

	if (expr)
		nftnl_rule_add_expr(w->rule, expr);
	else
		w->failed = true;
	return expr;
}

void rule_begin(struct rule_writer *w)
{
	w->rule = nftnl_rule_alloc();
	if (!w->rule) {
		w->failed = true;
		return;
	}
	nftnl_rule_set_u32(w->rule, NFTNL_RULE_FAMILY, w->family);
	nftnl_rule_set_str(w->rule, NFTNL_RULE_TABLE, w->table);
	nftnl_rule_set_str(w->rule, NFTNL_RULE_CHAIN, w->chain);
}

void rule_end(struct rule_writer *w)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *rule = PW_TAKE(w->rule);
	struct nlmsghdr *nlh = message(w, NFT_MSG_NEWRULE,
				       NLM_F_CREATE | NLM_F_APPEND);

	if (nlh)
		nftnl_rule_nlmsg_build_payload(nlh, rule);
}

static void compare(struct rule_writer *w, uint32_t op, const void *data,
		    uint32_t len)
{
	struct nftnl_expr *expr = add(w, "cmp");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

void rule_equals(struct rule_writer *w, const void *data, uint32_t len)
{
	compare(w, NFT_CMP_EQ, data, len);
}

void rule_any_bit(struct rule_writer *w, uint8_t mask)
{
	static const uint8_t none;
	struct nftnl_expr *expr = add(w, "bitwise");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
	compare(w, NFT_CMP_NEQ, &none, sizeof(none));
}

void rule_meta(struct rule_writer *w, uint32_t key, const void *data,
	       uint32_t len)
{
	struct nftnl_expr *expr = add(w, "meta");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, WORD(0));
	rule_equals(w, data, len);
}

static void payload(struct rule_writer *w, uint32_t base, uint32_t at,
		    uint32_t len, uint32_t reg)
{
	struct nftnl_expr *expr = add(w, "payload");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, at);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void rule_transport(struct rule_writer *w, uint32_t at, uint32_t len,
		    uint32_t reg)
{
	payload(w, NFT_PAYLOAD_TRANSPORT_HEADER, at, len, reg);
}

void rule_network(struct rule_writer *w, uint32_t at, uint32_t len,
		  uint32_t reg)
{
	payload(w, NFT_PAYLOAD_NETWORK_HEADER, at, len, reg);
}

void rule_in(struct rule_writer *w, enum swallow_set set)
{
	struct nftnl_expr *expr = add(w, "lookup");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, WORD(0));
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, swallow_sets[set].name);
}

void rule_note(struct rule_writer *w, enum swallow_set set)
{
	struct nftnl_expr *expr = add(w, "dynset");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, WORD(0));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME,
			   swallow_sets[set].name);
}

void rule_drop(struct rule_writer *w)
{
	struct nftnl_expr *expr = add(w, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
}

void rule_chain(struct rule_writer *w, const char *name, uint32_t hook,
		int32_t priority, const char *ifname)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct nlmsghdr *nlh;

	w->chain = name;
	if (!nlc) {
		w->failed = true;
		return;
	}
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TABLE, w->table);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(nlc, NFTNL_CHAIN_PRIO, priority);
	if (ifname)
		nftnl_chain_set_str(nlc, NFTNL_CHAIN_DEV, ifname);
	nlh = message(w, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	if (nlh)
		nftnl_chain_nlmsg_build_payload(nlh, nlc);
}
