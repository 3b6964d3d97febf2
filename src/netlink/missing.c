// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of nf_tables that kernels have as modules, or not at all. */
#include "netlink/missing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <string.h>

#include "portwall/diag.h"
#include "portwall/own.h"

/*
 * net/netfilter/Kconfig and Makefile of 5.10 to 6.18. nft_counter and
 * nft_objref became part of nf_tables on the way (5.18, 6.2).
 */
static const struct pw_feature exprs[] = {
	{ "ct",        "nft_ct",          "NFT_CT" },
	{ "fib",       "nft_fib_inet",    "NFT_FIB_INET" },
	{ "limit",     "nft_limit",       "NFT_LIMIT" },
	{ "connlimit", "nft_connlimit",   "NFT_CONNLIMIT" },
	{ "socket",    "nft_socket",      "NFT_SOCKET" },
	{ "log",       "nft_log",         "NFT_LOG" },
	{ "reject",    "nft_reject_inet", "NFT_REJECT_INET" },
	{ "counter",   "nft_counter",     "NFT_COUNTER" },
	{ "objref",    "nft_objref",      "NFT_OBJREF" },
	{ "tproxy",    "nft_tproxy",      "NFT_TPROXY" },
	{ "nat",       "nft_nat",         "NFT_NAT" },
};

static const struct pw_feature chains[] = {
	{ "nat",       "nft_chain_nat",   "NFT_NAT" },
};

static const struct pw_feature *find_feature(const struct pw_feature *list,
					     size_t num, const char *name)
{
	for (size_t i = 0; name && i < num; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

const struct nlattr *pw_message_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const struct nlattr *find_nested(const struct nlattr *nest,
					uint16_t type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static const char *name_of(const struct nlattr *expr)
{
	const struct nlattr *name = find_nested(expr, NFTA_EXPR_NAME);

	return name ? mnl_attr_get_str(name) : NULL;
}

static const struct nlattr *at_offset(const struct nlmsghdr *nlh,
				      uint32_t offset)
{
	const struct nlattr *list = pw_message_attr(nlh, NFTA_RULE_EXPRESSIONS);
	const char *at = (const char *)nlh + offset;
	const struct nlattr *expr;

	if (!list || !offset)
		return NULL;
	mnl_attr_for_each_nested(expr, list) {
		if (at >= (const char *)expr &&
		    at < (const char *)expr + expr->nla_len)
			return expr;
	}
	return NULL;
}

const char *pw_expr_at(const struct nlmsghdr *nlh, uint32_t offset)
{
	const struct nlattr *expr = at_offset(nlh, offset);

	return expr ? name_of(expr) : NULL;
}

/* Of an expression, or of the one that it adds to elements of a set */
static const struct pw_feature *of_expr(const struct nlattr *expr)
{
	const struct nlattr *data = find_nested(expr, NFTA_EXPR_DATA);
	const char *name = name_of(expr);

	if (name && !strcmp(name, "dynset"))
		name = name_of(find_nested(data, NFTA_DYNSET_EXPR));
	return find_feature(exprs, PW_ARRAY_SIZE(exprs), name);
}

/* The one that is meant; where nothing says which, the only one there is */
static const struct pw_feature *of_rule(const struct nlmsghdr *nlh,
					uint32_t offset)
{
	const struct nlattr *list = pw_message_attr(nlh, NFTA_RULE_EXPRESSIONS);
	const struct pw_feature *only = NULL;
	const struct nlattr *expr;

	if (offset || !list) {
		expr = at_offset(nlh, offset);
		return expr ? of_expr(expr) : NULL;
	}
	mnl_attr_for_each_nested(expr, list) {
		const struct pw_feature *feature = of_expr(expr);

		if (feature && only && feature != only)
			return NULL;
		only = feature ? feature : only;
	}
	return only;
}

static const struct pw_feature *of_set(const struct nlmsghdr *nlh,
				       uint32_t offset)
{
	(void)offset;
	return find_feature(exprs, PW_ARRAY_SIZE(exprs),
			    name_of(pw_message_attr(nlh, NFTA_SET_EXPR)));
}

/* Objects and expressions of a kind come with one module */
static const struct pw_feature *of_object(const struct nlmsghdr *nlh,
					  uint32_t offset)
{
	static const char *const types[] = {
		[NFT_OBJECT_COUNTER] = "counter", [NFT_OBJECT_LIMIT] = "limit",
		[NFT_OBJECT_CONNLIMIT] = "connlimit",
	};
	const struct nlattr *attr = pw_message_attr(nlh, NFTA_OBJ_TYPE);
	uint32_t type = attr ? ntohl(mnl_attr_get_u32(attr)) : 0;

	(void)offset;
	return type >= PW_ARRAY_SIZE(types) ? NULL :
	       find_feature(exprs, PW_ARRAY_SIZE(exprs), types[type]);
}

static const struct pw_feature *of_chain(const struct nlmsghdr *nlh,
					 uint32_t offset)
{
	const struct nlattr *type = pw_message_attr(nlh, NFTA_CHAIN_TYPE);

	(void)offset;
	return find_feature(chains, PW_ARRAY_SIZE(chains),
			    type ? mnl_attr_get_str(type) : NULL);
}

static const struct kind {
	uint16_t type;
	const struct pw_feature *(*feature)(const struct nlmsghdr *nlh,
					    uint32_t offset);
} kinds[] = {
	{ NFT_MSG_NEWRULE,  of_rule },
	{ NFT_MSG_NEWSET,   of_set },
	{ NFT_MSG_NEWOBJ,   of_object },
	{ NFT_MSG_NEWCHAIN, of_chain },
};

const struct pw_feature *pw_missing_feature(int err,
					    const struct nlmsghdr *nlh,
					    uint32_t offset)
{
	/* nf_tables_api.c: after no module has answered to the name */
	if (!nlh || err != -ENOENT)
		return NULL;
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++)
		if (nlh->nlmsg_type ==
		    (NFNL_SUBSYS_NFTABLES << 8 | kinds[i].type))
			return kinds[i].feature(nlh, offset);
	return NULL;
}

int pw_ct_explain(int err, const char *what, struct pw_diags *diags)
{
	/* nfnetlink.c: after no module has answered for the subsystem */
	if (err != -EINVAL)
		return pw_diag_system(diags, -err, "%s", what);
	pw_diag_system(diags, EOPNOTSUPP,
		       "this kernel has no nf_conntrack_netlink: %s", what);
	pw_diag_hint(diags,
		     "load the module nf_conntrack_netlink, or boot a kernel with CONFIG_NF_CT_NETLINK");
	return -EOPNOTSUPP;
}

int pw_nl_explain_open(int err, struct pw_diags *diags)
{
	if (err == -EPERM) {
		pw_diag_system(diags, EPERM,
			       "reading and changing nf_tables needs CAP_NET_ADMIN; nothing was changed");
		pw_diag_hint(diags, "run it with sudo");
		return err;
	}
	if (err == -EPROTONOSUPPORT || err == -EINVAL) {
		pw_diag_system(diags, EOPNOTSUPP,
			       "this kernel has no nf_tables");
		pw_diag_hint(diags,
			     "load the module nf_tables, or boot a kernel with CONFIG_NF_TABLES");
		return -EOPNOTSUPP;
	}
	return pw_diag_system(diags, -err, "cannot talk to nf_tables");
}
