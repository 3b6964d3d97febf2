/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of nf_tables as the kernel makes them. */
#ifndef UNIT_SHAPE_MESSAGES_H
#define UNIT_SHAPE_MESSAGES_H

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/ruleset.h"

static inline struct nlmsghdr *begin(char *buf, uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg->nfgen_family = NFPROTO_INET;
	return nlh;
}

static inline void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(nlh, type, htonl(number));
}

/* Begins an expression; end it with end_expr() */
struct expr {
	struct nlattr *elem, *data;
};

static inline struct expr begin_expr(struct nlmsghdr *nlh, uint16_t type,
			      const char *name)
{
	struct expr expr = { .elem = mnl_attr_nest_start(nlh, type) };

	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	expr.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return expr;
}

static inline void end_expr(struct nlmsghdr *nlh, struct expr expr)
{
	mnl_attr_nest_end(nlh, expr.data);
	mnl_attr_nest_end(nlh, expr.elem);
}

static inline void put_meta(struct nlmsghdr *nlh, uint16_t type)
{
	struct expr expr = begin_expr(nlh, type, "meta");

	put_be32(nlh, NFTA_META_KEY, NFT_META_L4PROTO);
	put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
	end_expr(nlh, expr);
}

static inline void put_cmp(struct nlmsghdr *nlh, const void *value, size_t len)
{
	struct expr expr = begin_expr(nlh, NFTA_LIST_ELEM, "cmp");
	struct nlattr *data;

	put_be32(nlh, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(nlh, NFTA_CMP_OP, NFT_CMP_EQ);
	data = mnl_attr_nest_start(nlh, NFTA_CMP_DATA);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(nlh, data);
	end_expr(nlh, expr);
}

static inline void put_counter(struct nlmsghdr *nlh, uint16_t type)
{
	struct expr expr = begin_expr(nlh, type, "counter");

	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, 0);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, 0);
	end_expr(nlh, expr);
}

static inline void put_verdict(struct nlmsghdr *nlh, int code, const char *chain)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	put_be32(nlh, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(nlh, nest);
}

static inline void put_goto(struct nlmsghdr *nlh, const char *chain)
{
	struct expr expr = begin_expr(nlh, NFTA_LIST_ELEM, "immediate");
	struct nlattr *data;

	put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	put_verdict(nlh, NFT_GOTO, chain);
	mnl_attr_nest_end(nlh, data);
	end_expr(nlh, expr);
}

static inline void put_update(struct nlmsghdr *nlh, unsigned int depth)
{
	struct expr expr = begin_expr(nlh, depth > 1 ? NFTA_DYNSET_EXPR :
				      NFTA_LIST_ELEM, "dynset");

	mnl_attr_put_strz(nlh, NFTA_DYNSET_SET_NAME, "s");
	put_be32(nlh, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	if (depth > 0 && depth < 4)
		put_update(nlh, depth + 1);
	else
		put_counter(nlh, NFTA_DYNSET_EXPR);
	end_expr(nlh, expr);
}

static inline struct nlattr *begin_rule(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "c");
	mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(7));
	return mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
}

static inline void put_rule(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);

	put_meta(nlh, NFTA_LIST_ELEM);
	put_cmp(nlh, "\6", 1);
	put_goto(nlh, "to");
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put(nlh, NFTA_RULE_USERDATA, 5, "\0\3ab");
}

static inline void put_update_rule(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);

	put_update(nlh, 0);
	mnl_attr_nest_end(nlh, nest);
}

static inline void put_chain(struct nlmsghdr *nlh)
{
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "input");
	mnl_attr_put_u64(nlh, NFTA_CHAIN_HANDLE, htobe64(7));
	nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	put_be32(nlh, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_IN);
	put_be32(nlh, NFTA_HOOK_PRIORITY, 0);
	mnl_attr_nest_end(nlh, nest);
	put_be32(nlh, NFTA_CHAIN_POLICY, NF_DROP);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	mnl_attr_put(nlh, NFTA_CHAIN_USERDATA, 5, "\0\3ab");
}

static inline void put_set_names(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, "s");
	put_be32(nlh, NFTA_SET_FLAGS, NFT_SET_CONSTANT);
	put_be32(nlh, NFTA_SET_KEY_TYPE, 13);	/* inet_service of nft */
	put_be32(nlh, NFTA_SET_KEY_LEN, 2);
}

static inline void put_desc(struct nlmsghdr *nlh, size_t parts)
{
	struct nlattr *desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC), *nest;

	put_be32(nlh, NFTA_SET_DESC_SIZE, 5);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_DESC_CONCAT);
	for (size_t i = 0; i < parts; i++) {
		struct nlattr *part = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

		put_be32(nlh, NFTA_SET_FIELD_LEN, 4);
		mnl_attr_nest_end(nlh, part);
	}
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, desc);
}

static inline void put_set(struct nlmsghdr *nlh)
{
	put_set_names(nlh);
	put_desc(nlh, 16);
}

static inline void put_elems(struct nlmsghdr *nlh)
{
	struct nlattr *list, *elem, *nest;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, "s");
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put_u16(nlh, NFTA_DATA_VALUE, htons(22));
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	put_verdict(nlh, NFT_JUMP, "to");
	mnl_attr_nest_end(nlh, nest);
	put_counter(nlh, NFTA_SET_ELEM_EXPR);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}

static inline void put_obj(struct nlmsghdr *nlh, uint32_t type)
{
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, "o");
	put_be32(nlh, NFTA_OBJ_TYPE, type);
	mnl_attr_put_u64(nlh, NFTA_OBJ_HANDLE, htobe64(7));
	nest = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, htobe64(1));
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, htobe64(1));
	mnl_attr_nest_end(nlh, nest);
}

static inline void put_counter_obj(struct nlmsghdr *nlh)
{
	put_obj(nlh, NFT_OBJECT_COUNTER);
}

static inline void put_table(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	put_be32(nlh, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put(nlh, NFTA_TABLE_USERDATA, 5, "\0\3ab");
}

#endif
