// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the base chains alone: what a switch has changed. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/kernel.h"
#include "portwall/nft.h"

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

struct looking {
	struct pw_nl *nl;
	uint32_t genid;
	struct pw_ruleset *got;
	struct pw_diags *diags;
};

static int read_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct looking *l = arg;

	if (!nlc)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(nlh, nlc) < 0)
		return -EBADMSG;
	return pw_nft_decode_chain(nlc, l->got, l->diags);
}

static int read_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct looking *l = arg;

	if (!nlr)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(nlh, nlr) < 0)
		return -EOPNOTSUPP;
	return pw_nft_decode_rule(nlr, l->got, l->diags);
}

static int ask_chain(struct looking *l, const char *name)
{
	struct nlmsghdr *nlh = pw_nl_request(l->nl, NFT_MSG_GETCHAIN, 0,
					     PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	return pw_nl_ask(l->nl, nlh, l->genid, read_chain, l);
}

static int ask_rules(struct looking *l, const char *name)
{
	struct nlmsghdr *nlh = pw_nl_request(l->nl, NFT_MSG_GETRULE,
					     NLM_F_DUMP, PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, name);
	return pw_nl_ask(l->nl, nlh, l->genid, read_rule, l);
}

/* The base chain and, by name alone, what @want lets it go to */
static int ask_base(struct looking *l, const struct pw_ruleset *want,
		    const struct pw_chain *base)
{
	int err = ask_chain(l, base->name);

	for (size_t i = 0; i < base->num_rules && !err; i++) {
		uint32_t to = base->rules[i].verdict.chain;
		int64_t at;

		if (to == PW_NONE)
			continue;
		at = pw_ruleset_add_chain(l->got, want->chains[to].name);
		err = at < 0 ? (int)at : 0;
	}
	return err ? err : ask_rules(l, base->name);
}

int pw_kernel_read_bases(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t genid, struct pw_ruleset **out)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	struct looking l = {
		.nl = nl, .genid = genid, .got = got, .diags = unsaid };
	int err = got && unsaid ? 0 : -ENOMEM;

	for (size_t i = 0; i < want->num_chains && !err; i++)
		if (want->chains[i].hook != PW_HOOK_NONE)
			err = ask_base(&l, want, &want->chains[i]);
	if (!err)
		err = pw_ruleset_sort(got);
	if (!err)
		*out = PW_TAKE(got);
	return err;
}
