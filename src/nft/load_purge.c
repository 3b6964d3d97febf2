// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes rules out of our table that no portwall makes. */
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/kernel.h"
#include "nft/load_priv.h"
#include "portwall/nft.h"

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

/**
 * struct purge - One attempt
 * @rules:	names that rules may refer to
 * @unsaid:	what decoders say
 */
struct purge {
	struct pw_batch batch;
	struct pw_ruleset *rules;
	struct pw_diags *unsaid;
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
static int judge(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct purge *purge = arg;
	const char *table, *chain;
	bool parsed;
	int err = -EOPNOTSUPP;

	if (!nlr)
		return -ENOMEM;
	parsed = nftnl_rule_nlmsg_parse(nlh, nlr) >= 0;
	table = nftnl_rule_get_str(nlr, NFTNL_RULE_TABLE);
	chain = nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN);
	if (!table || !chain || strcmp(table, PW_TABLE))
		return 0;
	if (parsed)
		err = pw_nft_decode_rule(nlr, purge->rules, purge->unsaid);
	return err == -EOPNOTSUPP ? put_gone(&purge->batch, nlr) : err;
}

static int commit(struct pw_nl *nl, struct purge *purge, uint32_t genid,
		  struct pw_diags *diags)
{
	int err = pw_batch_open(&purge->batch, nl->seq, genid);

	if (!err)
		err = pw_nl_ask(nl, pw_nl_request(nl, NFT_MSG_GETRULE,
						  NLM_F_DUMP, PW_TABLE),
				genid, judge, purge);
	if (pw_nl_is_passing(err) || err == -ENOENT)
		return -ERESTART;
	if (err || !purge->batch.num)
		return err;
	return pw_load_commit(nl, &purge->batch, diags);
}

static int purge_once(struct pw_nl *nl, struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	pw_owned(pw_diags_free) struct pw_diags *strange = NULL;
	struct purge purge = { 0 };
	int err = pw_kernel_look(nl, &kernel, &strange, diags);

	if (err || !pw_diags_kept(strange) || kernel->format != PW_FORMAT)
		return err;
	purge.rules = kernel->rules;
	purge.unsaid = strange;
	err = commit(nl, &purge, kernel->genid, diags);
	pw_batch_clear(&purge.batch);
	return err;
}

int pw_load_purge(struct pw_nl *nl, struct pw_diags *diags)
{
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		err = purge_once(nl, diags);
		if (err != -ERESTART && err != -EINPROGRESS)
			return err;
	} while (!pw_backoff_wait(&backoff, nl));
	return pw_diag_system(diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds");
}
