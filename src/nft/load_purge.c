// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes out of our table what no portwall makes. */
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/kernel.h"
#include "nft/load_priv.h"
#include "nft/parse.h"
#include "portwall/nft.h"

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)
PW_DEFINE_OWNED(struct nftnl_obj, nftnl_obj_free)

/**
 * struct purge - One attempt
 * @rules:	names that rules may refer to
 * @again:	what is decoded once more, to see whether it can be
 * @unsaid:	what decoders say
 */
struct purge {
	struct pw_batch batch;
	struct pw_ruleset *rules, *again;
	struct pw_diags *unsaid;
	struct pw_purged gone;
};

static int put_gone(struct pw_batch *batch, const struct nftnl_rule *nlr)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_DELRULE, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN,
			  nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN));
	mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE,
			 htobe64(nftnl_rule_get_u64(nlr, NFTNL_RULE_HANDLE)));
	return 0;
}

/* Table, chain and handle are known also where expressions are not */
static int judge_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct purge *purge = arg;
	int err = nlr ? pw_parse_rule(nlh, nlr) : -ENOMEM;

	if (err && err != -EOPNOTSUPP)
		return err;
	if (!pw_table_is_ours(nftnl_rule_get_str(nlr, NFTNL_RULE_TABLE)) ||
	    !nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN))
		return 0;
	if (!err)
		err = pw_nft_decode_rule(nlr, purge->rules, purge->unsaid);
	if (err != -EOPNOTSUPP)
		return err;
	purge->gone.rules++;
	return put_gone(&purge->batch, nlr);
}

/* Those of a rule go with it */
static int judge_set(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = nftnl_set_alloc();
	struct purge *purge = arg;
	int err = nls ? pw_parse_set(nlh, nls) : -ENOMEM;

	if (err && err != -EOPNOTSUPP)
		return err;
	if (!pw_table_is_ours(nftnl_set_get_str(nls, NFTNL_SET_TABLE)) ||
	    nftnl_set_get_u32(nls, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS)
		return 0;
	if (!err)
		err = pw_nft_decode_set(nls, purge->again, purge->unsaid);
	if (err != -EOPNOTSUPP)
		return err;
	purge->gone.others++;
	return pw_put_set_gone(&purge->batch,
			       nftnl_set_get_str(nls, NFTNL_SET_NAME));
}

static int judge_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct purge *purge = arg;
	int err = nlc ? pw_parse_chain(nlh, nlc) : -ENOMEM;

	if (err && err != -EOPNOTSUPP)
		return err;
	if (!pw_table_is_ours(nftnl_chain_get_str(nlc, NFTNL_CHAIN_TABLE)))
		return 0;
	if (!err)
		err = pw_nft_decode_chain(nlc, purge->again, purge->unsaid);
	if (err != -EOPNOTSUPP)
		return err;
	purge->gone.others++;
	return pw_put_chain_gone(&purge->batch,
				 nftnl_chain_get_str(nlc, NFTNL_CHAIN_NAME));
}

/* Of whatever kind: the IR knows two */
static int put_obj_gone(struct pw_batch *batch, struct nftnl_obj *nlo)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_DELOBJ, 0);

	if (!nlh)
		return -ENOMEM;
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME,
			  nftnl_obj_get_str(nlo, NFTNL_OBJ_NAME));
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE,
			 htobe32(nftnl_obj_get_u32(nlo, NFTNL_OBJ_TYPE)));
	return 0;
}

static int judge_obj(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo = nftnl_obj_alloc();
	struct purge *purge = arg;
	int err = nlo ? pw_parse_obj(nlh, nlo) : -ENOMEM;

	if (err && err != -EOPNOTSUPP)
		return err;
	if (!pw_table_is_ours(nftnl_obj_get_str(nlo, NFTNL_OBJ_TABLE)))
		return 0;
	if (!err)
		err = pw_nft_decode_obj(nlo, purge->again, purge->unsaid);
	if (err != -EOPNOTSUPP)
		return err;
	purge->gone.others++;
	return put_obj_gone(&purge->batch, nlo);
}

/* Nothing may be deleted while something refers to it: rules go first */
static int judge_all(struct pw_nl *nl, struct purge *purge, uint32_t genid)
{
	static const struct {
		uint16_t type;
		pw_nl_reader judge;
	} kinds[] = {
		{ NFT_MSG_GETRULE, judge_rule },
		{ NFT_MSG_GETSET, judge_set },
		{ NFT_MSG_GETCHAIN, judge_chain },
		{ NFT_MSG_GETOBJ, judge_obj },
	};
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		err = pw_nl_ask(nl, pw_nl_request(nl, kinds[i].type, NLM_F_DUMP,
						  PW_TABLE),
				genid, kinds[i].judge, purge);
	return err;
}

static int commit(struct pw_nl *nl, struct purge *purge, uint32_t genid,
		  struct pw_diags *diags)
{
	int err = pw_batch_open(&purge->batch, nl->seq, genid);

	if (!err)
		err = judge_all(nl, purge, genid);
	if (pw_nl_is_passing(err) || err == -ENOENT)
		return -ERESTART;
	if (err || !purge->batch.num)
		return err;
	return pw_load_commit(nl, &purge->batch, diags);
}

static int purge_once(struct pw_nl *nl, struct pw_purged *gone,
		      struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	pw_owned(pw_diags_free) struct pw_diags *strange = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *again = NULL;
	struct purge purge = { 0 };
	int err = pw_kernel_look(nl, &kernel, &strange, diags);

	if (err || !pw_diags_kept(strange) || kernel->format != PW_FORMAT)
		return err;
	again = pw_ruleset_new();
	if (!again)
		return -ENOMEM;
	purge.rules = kernel->rules;
	purge.again = again;
	purge.unsaid = strange;
	err = commit(nl, &purge, kernel->genid, diags);
	pw_batch_clear(&purge.batch);
	if (!err)
		*gone = purge.gone;
	return err;
}

int pw_load_purge(struct pw_nl *nl, struct pw_purged *gone,
		  struct pw_diags *diags)
{
	struct pw_backoff backoff = { 0 };
	int err;

	*gone = (struct pw_purged){ 0 };
	do {
		err = purge_once(nl, gone, diags);
		if (err != -ERESTART && err != -EINPROGRESS)
			return err;
	} while (!pw_backoff_wait(&backoff, nl));
	return pw_diag_system(diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds");
}
