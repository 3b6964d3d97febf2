// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's messages as libnftnl's objects, once they have been checked. */
#include "nft/parse.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "netlink/batch.h"
#include "netlink/shape.h"

/* What libnftnl refuses in a message of the right shape, at @err */
static int refusal(int ret, int err)
{
	if (pw_nl_starved())	/* it may say that all is well */
		return -ENOMEM;
	return ret >= 0 ? 0 : err;
}

static uint32_t family_of(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	return nfg->nfgen_family;
}

/* 0: it is not there */
static uint64_t u64_of(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr = pw_shape_find(nlh, type);

	return attr ? be64toh(mnl_attr_get_u64(attr)) : 0;
}

static void name_rule(const struct nlmsghdr *nlh, struct nftnl_rule *nlr)
{
	const char *table = pw_shape_text(nlh, NFTA_RULE_TABLE);
	const char *chain = pw_shape_text(nlh, NFTA_RULE_CHAIN);

	if (table)
		nftnl_rule_set_str(nlr, NFTNL_RULE_TABLE, table);
	if (chain)
		nftnl_rule_set_str(nlr, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u64(nlr, NFTNL_RULE_HANDLE,
			   u64_of(nlh, NFTA_RULE_HANDLE));
	nftnl_rule_set_u32(nlr, NFTNL_RULE_FAMILY, family_of(nlh));
}

int pw_parse_rule(const struct nlmsghdr *nlh, struct nftnl_rule *nlr)
{
	int err = pw_shape_check(nlh, NFT_MSG_NEWRULE);

	errno = 0;
	if (!err)
		err = refusal(nftnl_rule_nlmsg_parse(nlh, nlr), -EOPNOTSUPP);
	if (err == -EOPNOTSUPP)
		name_rule(nlh, nlr);
	return err;
}

static void name_set(const struct nlmsghdr *nlh, struct nftnl_set *nls)
{
	const char *table = pw_shape_text(nlh, NFTA_SET_TABLE);
	const char *name = pw_shape_text(nlh, NFTA_SET_NAME);

	if (table)
		nftnl_set_set_str(nls, NFTNL_SET_TABLE, table);
	if (name)
		nftnl_set_set_str(nls, NFTNL_SET_NAME, name);
	nftnl_set_set_u64(nls, NFTNL_SET_HANDLE, u64_of(nlh, NFTA_SET_HANDLE));
	nftnl_set_set_u32(nls, NFTNL_SET_FAMILY, family_of(nlh));
}

/* libnftnl frees an expression twice where it knows one and not the next */
int pw_parse_set(const struct nlmsghdr *nlh, struct nftnl_set *nls)
{
	int err = pw_shape_check(nlh, NFT_MSG_NEWSET);

	errno = 0;
	if (!err)
		return refusal(nftnl_set_nlmsg_parse(nlh, nls), -EBADMSG);
	if (err == -EOPNOTSUPP)
		name_set(nlh, nls);
	return err;
}

static void name_chain(const struct nlmsghdr *nlh, struct nftnl_chain *nlc)
{
	const char *table = pw_shape_text(nlh, NFTA_CHAIN_TABLE);
	const char *name = pw_shape_text(nlh, NFTA_CHAIN_NAME);

	if (table)
		nftnl_chain_set_str(nlc, NFTNL_CHAIN_TABLE, table);
	if (name)
		nftnl_chain_set_str(nlc, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_u64(nlc, NFTNL_CHAIN_HANDLE,
			    u64_of(nlh, NFTA_CHAIN_HANDLE));
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_FAMILY, family_of(nlh));
}

int pw_parse_chain(const struct nlmsghdr *nlh, struct nftnl_chain *nlc)
{
	int err = pw_shape_check(nlh, NFT_MSG_NEWCHAIN);

	errno = 0;
	if (!err)
		return refusal(nftnl_chain_nlmsg_parse(nlh, nlc), -EBADMSG);
	if (err == -EOPNOTSUPP)
		name_chain(nlh, nlc);
	return err;
}

static void name_obj(const struct nlmsghdr *nlh, struct nftnl_obj *nlo)
{
	const char *table = pw_shape_text(nlh, NFTA_OBJ_TABLE);
	const char *name = pw_shape_text(nlh, NFTA_OBJ_NAME);
	const struct nlattr *type = pw_shape_find(nlh, NFTA_OBJ_TYPE);

	if (table)
		nftnl_obj_set_str(nlo, NFTNL_OBJ_TABLE, table);
	if (name)
		nftnl_obj_set_str(nlo, NFTNL_OBJ_NAME, name);
	if (type)
		nftnl_obj_set_u32(nlo, NFTNL_OBJ_TYPE,
				  ntohl(mnl_attr_get_u32(type)));
	nftnl_obj_set_u64(nlo, NFTNL_OBJ_HANDLE, u64_of(nlh, NFTA_OBJ_HANDLE));
	nftnl_obj_set_u32(nlo, NFTNL_OBJ_FAMILY, family_of(nlh));
}

int pw_parse_obj(const struct nlmsghdr *nlh, struct nftnl_obj *nlo)
{
	int err = pw_shape_check(nlh, NFT_MSG_NEWOBJ);

	errno = 0;
	if (!err)
		return refusal(nftnl_obj_nlmsg_parse(nlh, nlo), -EBADMSG);
	if (err == -EOPNOTSUPP)
		name_obj(nlh, nlo);
	return err;
}

int pw_parse_table(const struct nlmsghdr *nlh, struct nftnl_table *nlt)
{
	int err = pw_shape_check(nlh, NFT_MSG_NEWTABLE);

	errno = 0;
	return err ? err : refusal(nftnl_table_nlmsg_parse(nlh, nlt), -EBADMSG);
}
