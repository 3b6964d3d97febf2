// SPDX-License-Identifier: GPL-2.0-or-later
/* What of our table can be had without reading all of it. */
#include "nft/kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/kernel_trial.h"
#include "nft/load_stamp.h"
#include "nft/parse.h"

PW_DEFINE_OWNED(struct nftnl_table, nftnl_table_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

uint32_t pw_name_generation(const char *name)
{
	uint64_t n = 0;

	if (name[0] == 'm' && name[1] == '.')
		name += 2;
	else if (*name++ != 'g')
		return 0;
	while (*name >= '0' && *name <= '9' && n <= UINT32_MAX)
		n = n * 10 + (uint64_t)(*name++ - '0');
	return *name == '.' && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static int read_table(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_table_free) struct nftnl_table *nlt =
		nftnl_table_alloc();
	struct pw_table_info *info = arg;
	const void *data;
	uint32_t len;
	int err = nlt ? pw_parse_table(nlh, nlt) : -ENOMEM;

	if (err)
		return err;
	info->exists = true;
	info->dormant = nftnl_table_get_u32(nlt, NFTNL_TABLE_FLAGS) &
			NFT_TABLE_F_DORMANT;
	data = nftnl_table_get_data(nlt, NFTNL_TABLE_USERDATA, &len);
	if (data && pw_format_get(data, len, &info->format) == -EBADMSG)
		info->format = UINT32_MAX;	/* ours, but of no known kind */
	return 0;
}

int pw_table_info_read(struct pw_nl *nl, uint32_t genid,
		       struct pw_table_info *out)
{
	struct pw_table_info info = { 0 };
	int err = pw_nl_ask(nl, pw_nl_request(nl, NFT_MSG_GETTABLE, 0,
					      PW_TABLE),
			    genid, read_table, &info);

	if (err && err != -ENOENT)
		return err;
	*out = info;
	return 0;
}

const struct pw_base pw_bases[PW_NUM_BASES] = {
	{ "input", "in" }, { "prerouting", "pre" }, { "forward", "fwd" },
};

/* The chain that an expression goes to, NULL: it is of another kind */
static const char *chain_of(const struct nftnl_expr *expr)
{
	if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "immediate") ||
	    !nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_CHAIN))
		return NULL;
	return nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
}

static bool asks_trial(const struct nftnl_expr *expr)
{
	return !strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "lookup") &&
	       nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_SET) &&
	       !strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET),
		       PW_TRIAL_SET);
}

/* Notes the generation that a rule goes to, and on what condition */
static int read_target(const struct nlmsghdr *nlh, void *arg)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct pw_targets *targets = arg;
	uint32_t *target = &targets->current;
	struct nftnl_expr_iter *iter;
	struct nftnl_expr *expr;
	int err = nlr ? pw_parse_rule(nlh, nlr) : -ENOMEM;

	if (err == -EOPNOTSUPP)
		return 0;	/* none of ours: whoever decodes it will say */
	if (err)
		return err;
	iter = nftnl_expr_iter_create(nlr);
	if (!iter)
		return -ENOMEM;
	while ((expr = nftnl_expr_iter_next(iter))) {
		const char *chain = chain_of(expr);

		if (asks_trial(expr))
			target = &targets->trial;
		if (chain && !*target)
			*target = pw_name_generation(chain);
	}
	nftnl_expr_iter_destroy(iter);
	return 0;
}

static int read_targets_of(struct pw_nl *nl, uint32_t genid, const char *chain,
			   struct pw_targets *targets)
{
	struct nlmsghdr *nlh = pw_nl_request(nl, NFT_MSG_GETRULE, NLM_F_DUMP,
					     PW_TABLE);
	int err;

	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	err = pw_nl_ask(nl, nlh, genid, read_target, targets);
	return err == -ENOENT ? 0 : err;
}

int pw_targets_read(struct pw_nl *nl, uint32_t genid, struct pw_targets *out)
{
	struct pw_targets got = { 0 };
	int err = 0;

	/* one is enough, unless somebody emptied it */
	for (size_t i = 0; i < PW_NUM_BASES && !err; i++)
		err = read_targets_of(nl, genid, pw_bases[i].name, &got);
	if (err)
		return err;
	*out = got;
	return 0;
}
