// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A rule as the kernel sends it: family, then attributes. What the decoder
 * takes, the encoder says so that it takes it for the same; the reader of other
 * tables' rules takes anything.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "../codec/rows.h"
#include "fuzz.h"
#include "nft/others_rule.h"
#include "nft/parse.h"
#include "portwall/nft.h"
#include "probe/foreign.h"
#include "replay.h"

#define MESSAGE_MAX 16384

PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)

/* Encoded as the kernel would send it */
static struct nftnl_rule *sent_again(const struct pw_ruleset *rs,
				     uint32_t chain, size_t rule)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr =
		pw_nft_encode_rule(rs, chain, rule);
	struct nftnl_rule *got = nftnl_rule_alloc();
	char *buf = calloc(1, MESSAGE_MAX);
	struct nlmsghdr *nlh;

	MUST(nlr && got && buf);
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 1);
	nftnl_rule_nlmsg_build_payload(nlh, nlr);
	MUST(nftnl_rule_nlmsg_parse(nlh, got) >= 0);
	free(buf);
	return got;
}

static void name_chain(struct pw_ruleset *rs, const char *name)
{
	if (pw_ruleset_find_chain(rs, name) == PW_NONE)
		MUST(pw_ruleset_add_chain(rs, name) >= 0);
}

static void try_again(const struct pw_ruleset *rs, uint32_t chain,
		      struct pw_diags *diags)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *again = codec_ground();
	char *what = NULL;

	if (pw_ruleset_check(rs, diags))
		return;		/* has no meaning, and will not be encoded */
	name_chain(again, rs->chains[chain].name);
	nlr = sent_again(rs, chain, 0);
	MUST(!pw_nft_decode_rule(nlr, again, diags));
	if (pw_ruleset_diff(rs, again, &what))
		fprintf(stderr, "%s\n", what);
	MUST(!what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nlmsghdr *nlh = replay_message(data, size, NFT_MSG_NEWRULE);
	const char *what[PW_TRACES_MAX];
	struct pw_rough_rule rough;
	int err = pw_parse_rule(nlh, nlr);

	MUST(pw_rule_traces(nlh, what) <= PW_TRACES_MAX);
	MUST(!err || err == -EBADMSG || err == -EOPNOTSUPP);
	free(nlh);
	if (err)
		return 0;
	pw_rough_read(nlr, &rough);
	MUST(rough.num_matches <= PW_ROUGH_MATCHES);
	if (nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN))
		name_chain(rs, nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN));
	err = pw_nft_decode_rule(nlr, rs, diags);
	MUST(!err || err == -EOPNOTSUPP);
	MUST(!err || pw_diags_count(diags, PW_ERROR));
	for (uint32_t i = 0; !err && i < rs->num_chains; i++)
		if (rs->chains[i].num_rules)
			try_again(rs, i, diags);
	return 0;
}
