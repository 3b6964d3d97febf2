// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the base chains alone: what a switch has changed. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>

#include "nft/kernel.h"
#include "nft/kernel_trial.h"
#include "nft/parse.h"
#include "portwall/nft.h"

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

/* @kernel: of all that there is, base chains and where they may go to */
struct looking {
	struct pw_nl *nl;
	struct pw_kernel kernel;
	struct pw_diags *diags;
};

static int read_chain(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct looking *l = arg;
	int err = nlc ? pw_parse_chain(nlh, nlc) : -ENOMEM;

	return err ? err : pw_nft_decode_chain(nlc, l->kernel.rules, l->diags);
}

static int read_rule(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct looking *l = arg;
	int err = nlr ? pw_parse_rule(nlh, nlr) : -ENOMEM;

	return err ? err : pw_nft_decode_rule(nlr, l->kernel.rules, l->diags);
}

static int ask_chain(struct looking *l, const char *name)
{
	struct nlmsghdr *nlh = pw_nl_request(l->nl, NFT_MSG_GETCHAIN, 0,
					     PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	return pw_nl_ask(l->nl, nlh, l->kernel.genid, read_chain, l);
}

static int ask_rules(struct looking *l, const char *name)
{
	struct nlmsghdr *nlh = pw_nl_request(l->nl, NFT_MSG_GETRULE,
					     NLM_F_DUMP, PW_TABLE);

	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, name);
	return pw_nl_ask(l->nl, nlh, l->kernel.genid, read_rule, l);
}

static int name_chain(struct pw_ruleset *rs, const char *name)
{
	int64_t at = pw_ruleset_find_chain(rs, name) == PW_NONE ?
		     pw_ruleset_add_chain(rs, name) : 0;

	return at < 0 ? (int)at : 0;
}

/* What @want lets the base chain go to */
static int name_targets(struct looking *l, const struct pw_ruleset *want,
			const struct pw_chain *base)
{
	int err = 0;

	for (size_t i = 0; i < base->num_rules && !err; i++) {
		uint32_t to = base->rules[i].verdict.chain;

		if (to != PW_NONE)
			err = name_chain(l->kernel.rules,
					 want->chains[to].name);
	}
	return err;
}

/* During a trial: what base chains fall back to */
static int name_fallback(struct looking *l)
{
	struct pw_ruleset *rs = l->kernel.rules;
	char name[32];
	int err = pw_trial_declare(rs) < 0 ? -ENOMEM : 0;

	for (size_t i = 0; l->kernel.current && i < PW_NUM_BASES && !err; i++) {
		snprintf(name, sizeof(name), "g%u.%s", l->kernel.current,
			 pw_bases[i].entry);
		err = name_chain(rs, name);
	}
	return err;
}

static int ask_targets(struct looking *l)
{
	struct pw_targets targets;
	int err = pw_targets_read(l->nl, l->kernel.genid, &targets);

	if (err)
		return err;
	l->kernel.current = targets.current;
	l->kernel.trial = targets.trial;
	return targets.trial ? name_fallback(l) : 0;
}

/* Rules refer to chains by name, so all names come first */
static int ask_bases(struct looking *l, const struct pw_ruleset *want)
{
	int err = ask_targets(l);

	for (size_t i = 0; i < want->num_chains && !err; i++) {
		const struct pw_chain *base = &want->chains[i];

		if (base->hook == PW_HOOK_NONE)
			continue;
		err = ask_chain(l, base->name);
		if (!err)
			err = name_targets(l, want, base);
		if (!err)
			err = ask_rules(l, base->name);
	}
	return err ? err : pw_ruleset_sort(l->kernel.rules);
}

int pw_kernel_read_bases(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, uint32_t genid,
			 struct pw_ruleset **out)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = pw_ruleset_new();
	struct looking l = {
		.nl = nl, .diags = unsaid,
		.kernel = { .exists = true, .genid = genid, .rules = rules },
	};
	int err = rules && unsaid ? ask_bases(&l, want) : -ENOMEM;

	return err ? err : pw_kernel_generation(&l.kernel, generation, out);
}
