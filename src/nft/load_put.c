// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of a transaction: each thing of the table, in and out. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/elements.h"
#include "nft/load_priv.h"
#include "nft/load_stamp.h"
#include "portwall/nft.h"

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)
PW_DEFINE_OWNED(struct nftnl_obj, nftnl_obj_free)

int pw_put_table(struct pw_batch *batch)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWTABLE,
					    NLM_F_CREATE | NLM_F_EXCL);
	uint8_t data[PW_USERDATA_MAX];
	size_t len = pw_format_put(PW_FORMAT, data);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put(nlh, NFTA_TABLE_USERDATA, len, data);
	return 0;
}

int pw_put_awake(struct pw_batch *batch)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWTABLE, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	return 0;
}

int pw_put_obj(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t obj)
{
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo =
		pw_nft_encode_obj(rs, obj);
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWOBJ,
					    NLM_F_CREATE | NLM_F_EXCL);

	if (!nlo || !nlh)
		return -ENOMEM;
	nftnl_obj_nlmsg_build_payload(nlh, nlo);
	return 0;
}

static int put_declaration(struct pw_batch *batch, struct nftnl_set *nls,
			   uint16_t flags)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWSET,
					    NLM_F_CREATE | flags);

	if (!nls || !nlh)
		return -ENOMEM;
	nftnl_set_nlmsg_build_payload(nlh, nls);
	return 0;
}

int pw_put_set(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t set)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls =
		pw_nft_encode_set(rs, set);
	int err = put_declaration(batch, nls, NLM_F_EXCL);

	if (err || !rs->sets[set].constant)
		return err;
	return pw_elems_put_set(batch, &rs->sets[set]);
}

int pw_put_set_kept(struct pw_batch *batch, const struct pw_ruleset *rs,
		    uint32_t set)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls =
		pw_nft_encode_set(rs, set);

	return put_declaration(batch, nls, 0);
}

int pw_put_map(struct pw_batch *batch, const struct pw_ruleset *rs,
	       uint32_t map)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls =
		pw_nft_encode_map(rs, map);
	int err = put_declaration(batch, nls, NLM_F_EXCL);

	return err ? err : pw_elems_put_map(batch, rs, &rs->maps[map]);
}

int pw_put_chain(struct pw_batch *batch, const struct pw_ruleset *rs,
		 uint32_t chain, const struct pw_stamp *stamp)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		pw_nft_encode_chain(rs, chain);
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWCHAIN,
					    NLM_F_CREATE | NLM_F_EXCL);
	uint8_t data[PW_USERDATA_MAX];

	if (!nlc || !nlh)
		return -ENOMEM;
	if (stamp && nftnl_chain_set_data(nlc, NFTNL_CHAIN_USERDATA, data,
					  (uint32_t)pw_stamp_put(stamp, data)))
		return -ENOMEM;
	if (rs->chains[chain].hook != PW_HOOK_NONE)
		nftnl_chain_set_u32(nlc, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(nlh, nlc);
	return 0;
}

int pw_put_policy_drop(struct pw_batch *batch, const char *chain)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWCHAIN, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_DROP));
	return 0;
}

int pw_put_rules(struct pw_batch *batch, const struct pw_ruleset *rs,
		 uint32_t chain)
{
	for (size_t i = 0; i < rs->chains[chain].num_rules; i++) {
		pw_owned(nftnl_rule_free) struct nftnl_rule *nlr =
			pw_nft_encode_rule(rs, chain, i);
		struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWRULE,
						    NLM_F_CREATE |
						    NLM_F_APPEND);

		if (!nlr || !nlh)
			return -ENOMEM;
		nftnl_rule_nlmsg_build_payload(nlh, nlr);
	}
	return 0;
}

/* Table and name are all that takes a thing away */
static int put_gone(struct pw_batch *batch, uint16_t type, uint16_t attr,
		    const char *name)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, type, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	if (name)
		mnl_attr_put_strz(nlh, attr, name);
	return 0;
}

int pw_put_table_gone(struct pw_batch *batch)
{
	return put_gone(batch, NFT_MSG_DELTABLE, 0, NULL);
}

int pw_put_rules_gone(struct pw_batch *batch, const char *chain)
{
	return put_gone(batch, NFT_MSG_DELRULE, NFTA_RULE_CHAIN, chain);
}

int pw_put_chain_gone(struct pw_batch *batch, const char *chain)
{
	return put_gone(batch, NFT_MSG_DELCHAIN, NFTA_CHAIN_NAME, chain);
}

int pw_put_set_gone(struct pw_batch *batch, const char *set)
{
	return put_gone(batch, NFT_MSG_DELSET, NFTA_SET_NAME, set);
}

int pw_put_obj_gone(struct pw_batch *batch, const struct pw_obj *obj)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_DELOBJ, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, obj->name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE,
			 htonl(obj->kind == PW_O_COUNTER ? NFT_OBJECT_COUNTER :
							   NFT_OBJECT_LIMIT));
	return 0;
}
