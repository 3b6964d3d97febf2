// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table, chain, set, map or object as the kernel sends it: first which, then
 * its family, then attributes. What a decoder takes, the encoder says so that
 * it is taken for the same.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "fuzz.h"
#include "nft/load_stamp.h"
#include "nft/parse.h"
#include "portwall/nft.h"
#include "replay.h"

#define MESSAGE_MAX 8192

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)
PW_DEFINE_OWNED(struct nftnl_obj, nftnl_obj_free)
PW_DEFINE_OWNED(struct nftnl_table, nftnl_table_free)

static int take_table(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	pw_owned(nftnl_table_free) struct nftnl_table *nlt =
		nftnl_table_alloc();
	int err = pw_parse_table(nlh, nlt);
	uint32_t format = 0, len = 0;
	const void *data;

	(void)rs;
	(void)diags;
	if (err)
		return err;
	data = nftnl_table_get_data(nlt, NFTNL_TABLE_USERDATA, &len);
	return data ? pw_format_get(data, len, &format) : 0;
}

static int take_chain(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	struct pw_stamp stamp;
	int err = pw_parse_chain(nlh, nlc);

	if (!err)
		err = pw_nft_decode_chain(nlc, rs, diags);
	if (!err && rs->chains[0].userdata)
		(void)pw_stamp_get(rs->chains[0].userdata,
				   rs->chains[0].userdata_len, &stamp);
	return err;
}

static int take_set(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		    struct pw_diags *diags)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = nftnl_set_alloc();
	int err = pw_parse_set(nlh, nls);

	return err ? err : pw_nft_decode_set(nls, rs, diags);
}

static int take_obj(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		    struct pw_diags *diags)
{
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo = nftnl_obj_alloc();
	int err = pw_parse_obj(nlh, nlo);

	return err ? err : pw_nft_decode_obj(nlo, rs, diags);
}

typedef int (*taker)(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		     struct pw_diags *diags);

static void put_again(struct nlmsghdr *nlh, const struct pw_ruleset *rs)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc = NULL;
	pw_owned(nftnl_set_free) struct nftnl_set *nls = NULL;
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo = NULL;

	if (rs->num_chains) {
		MUST(nlc = pw_nft_encode_chain(rs, 0));
		nftnl_chain_nlmsg_build_payload(nlh, nlc);
	} else if (rs->num_objs) {
		MUST(nlo = pw_nft_encode_obj(rs, 0));
		nftnl_obj_nlmsg_build_payload(nlh, nlo);
	} else {
		MUST(nls = rs->num_sets ? pw_nft_encode_set(rs, 0) :
					  pw_nft_encode_map(rs, 0));
		nftnl_set_nlmsg_build_payload(nlh, nls);
	}
}

/* Is what is sent for @rs taken for the same? */
static void try_again(const struct pw_ruleset *rs, taker take, uint16_t type,
		      struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *again = pw_ruleset_new();
	char *buf = calloc(1, MESSAGE_MAX), *what = NULL;
	struct nlmsghdr *nlh;

	MUST(again && buf);
	nlh = nftnl_nlmsg_build_hdr(buf, type, NFPROTO_INET, 0, 1);
	put_again(nlh, rs);
	MUST(!take(nlh, again, diags));
	if (pw_ruleset_diff(rs, again, &what))
		fprintf(stderr, "%s\n", what);
	MUST(!what);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		uint16_t type;
		taker take;
	} kinds[] = {
		{ NFT_MSG_NEWTABLE, take_table },
		{ NFT_MSG_NEWCHAIN, take_chain },
		{ NFT_MSG_NEWSET, take_set }, { NFT_MSG_NEWOBJ, take_obj },
	};
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nlmsghdr *nlh;
	size_t kind;
	int err;

	if (!size)
		return 0;
	kind = data[0] % PW_ARRAY_SIZE(kinds);
	nlh = replay_message(data + 1, size - 1, kinds[kind].type);
	err = kinds[kind].take(nlh, rs, diags);
	MUST(!err || err == -EBADMSG || err == -EOPNOTSUPP || err == -EEXIST ||
	     err == -ENOENT);
	free(nlh);
	if (!err && kind && !pw_ruleset_check(rs, diags))
		try_again(rs, kinds[kind].take, kinds[kind].type, diags);
	return 0;
}
