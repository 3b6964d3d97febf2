// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules as the encoder makes them, sent to the kernel in one batch. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "kernel.h"
#include "nft/keys.h"
#include "portwall/nft.h"

struct batch {
	char buf[512 * 1024];
	struct mnl_nlmsg_batch *batch;
	uint32_t seq;
};

static struct nlmsghdr *batch_msg(struct batch *b, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(b->batch), type,
				     NFPROTO_INET, NLM_F_CREATE | flags,
				     b->seq++);
}

static void batch_next(struct batch *b)
{
	assert_true(mnl_nlmsg_batch_next(b->batch));
}

static void put_table(struct batch *b)
{
	struct nftnl_table *nlt = nftnl_table_alloc();

	nftnl_table_set_u32(nlt, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(nlt, NFTNL_TABLE_NAME, PW_TABLE);
	nftnl_table_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWTABLE, 0), nlt);
	nftnl_table_free(nlt);
	batch_next(b);
}

static void put_obj(struct batch *b, const struct pw_ruleset *rs, uint32_t i)
{
	struct nftnl_obj *nlo = pw_nft_encode_obj(rs, i);
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWOBJ, 0);

	assert_non_null(nlo);
	nftnl_obj_nlmsg_build_payload(nlh, nlo);
	nftnl_obj_free(nlo);
	batch_next(b);
}

static void put_chain(struct batch *b, const struct pw_ruleset *rs, uint32_t i)
{
	struct nftnl_chain *nlc = pw_nft_encode_chain(rs, i);

	assert_non_null(nlc);
	nftnl_chain_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWCHAIN, 0), nlc);
	nftnl_chain_free(nlc);
	batch_next(b);
}

static void put_rule(struct batch *b, const struct pw_ruleset *rs,
		     uint32_t chain, size_t rule)
{
	struct nftnl_rule *nlr = pw_nft_encode_rule(rs, chain, rule);
	struct nlmsghdr *nlh = batch_msg(b, NFT_MSG_NEWRULE, NLM_F_APPEND);

	assert_non_null(nlr);
	nftnl_rule_nlmsg_build_payload(nlh, nlr);
	nftnl_rule_free(nlr);
	batch_next(b);
}

/* nft marks the start of a range that nothing closes in its user data */
static void mark_open(struct nftnl_set_elem *elem)
{
	struct nftnl_udata_buf *udata =
		nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_ELEM_FLAGS, 1);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_USERDATA,
			   nftnl_udata_buf_data(udata),
			   nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

static void add_set_elems(struct nftnl_set *nls, const struct pw_set *set)
{
	struct pw_set_iter iter = { 0 };
	struct pw_set_elem elem;
	uint8_t key[PW_KEY_MAX];

	while (pw_set_next_elem(set, &iter, &elem)) {
		struct nftnl_set_elem *nle = nftnl_set_elem_alloc();
		size_t len = pw_set_key(set->type, elem.key, key);

		nftnl_set_elem_set(nle, NFTNL_SET_ELEM_KEY, key, len);
		if (elem.interval_end)
			nftnl_set_elem_set_u32(nle, NFTNL_SET_ELEM_FLAGS,
					       NFT_SET_ELEM_INTERVAL_END);
		if (elem.open)
			mark_open(nle);
		nftnl_set_elem_add(nls, nle);
	}
}

static uint32_t verdict_code(enum pw_verdict_kind kind)
{
	return kind == PW_V_JUMP ? (uint32_t)NFT_JUMP :
	       kind == PW_V_GOTO ? (uint32_t)NFT_GOTO :
	       kind == PW_V_DROP ? NF_DROP : NF_ACCEPT;
}

static void add_map_elems(struct nftnl_set *nls, const struct pw_ruleset *rs,
			  const struct pw_map *map)
{
	uint8_t key[PW_KEY_MAX];

	for (size_t i = 0; i < map->num_elems; i++) {
		const struct pw_map_elem *elem = &map->elems[i];
		struct nftnl_set_elem *nle = nftnl_set_elem_alloc();
		size_t len = pw_map_key(map->key, elem->key, key);

		nftnl_set_elem_set(nle, NFTNL_SET_ELEM_KEY, key, len);
		if (map->counters)
			nftnl_set_elem_set_str(nle, NFTNL_SET_ELEM_OBJREF,
					       rs->objs[elem->obj].name);
		else
			nftnl_set_elem_set_u32(nle, NFTNL_SET_ELEM_VERDICT,
					       verdict_code(elem->verdict.kind));
		if (elem->verdict.kind == PW_V_JUMP ||
		    elem->verdict.kind == PW_V_GOTO)
			nftnl_set_elem_set_str(nle, NFTNL_SET_ELEM_CHAIN,
					       rs->chains[elem->verdict.chain].name);
		nftnl_set_elem_add(nls, nle);
	}
}

/* Takes @nls, which holds elements by now */
static void put_elems(struct batch *b, struct nftnl_set *nls, bool any)
{
	struct nlmsghdr *nlh;

	if (any) {
		nlh = batch_msg(b, NFT_MSG_NEWSETELEM, 0);
		nftnl_set_elems_nlmsg_build_payload(nlh, nls);
		batch_next(b);
	}
	nftnl_set_free(nls);
}

static void put_sets(struct batch *b, const struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_sets; i++) {
		struct nftnl_set *nls = pw_nft_encode_set(rs, i);

		assert_non_null(nls);
		nftnl_set_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWSET, 0),
					      nls);
		batch_next(b);
		add_set_elems(nls, &rs->sets[i]);
		put_elems(b, nls, rs->sets[i].elems);
	}
	for (size_t i = 0; i < rs->num_maps; i++) {
		struct nftnl_set *nls = pw_nft_encode_map(rs, i);

		assert_non_null(nls);
		nftnl_set_nlmsg_build_payload(batch_msg(b, NFT_MSG_NEWSET, 0),
					      nls);
		batch_next(b);
		add_map_elems(nls, rs, &rs->maps[i]);
		put_elems(b, nls, rs->maps[i].num_elems);
	}
}

static void put_all(struct batch *b, const struct pw_ruleset *rs)
{
	put_table(b);
	for (size_t i = 0; i < rs->num_chains; i++)
		put_chain(b, rs, i);
	for (size_t i = 0; i < rs->num_objs; i++)
		put_obj(b, rs, i);
	put_sets(b, rs);
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t j = 0; j < rs->chains[i].num_rules; j++)
			put_rule(b, rs, i, j);
}

static void send_batch(struct batch *b)
{
	struct mnl_socket *nl = codec_socket();
	char buf[65536];
	struct nlmsghdr *nlh;
	ssize_t len;

	/* the last message asks for an answer, so that there is one to await */
	nlh = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(b->batch),
				    NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_ACK,
				    b->seq);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	batch_next(b);
	nftnl_batch_end(mnl_nlmsg_batch_current(b->batch), b->seq + 1);
	batch_next(b);
	assert_true(mnl_socket_sendto(nl, mnl_nlmsg_batch_head(b->batch),
				      mnl_nlmsg_batch_size(b->batch)) > 0);
	len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	assert_true(len > 0);
	nlh = (struct nlmsghdr *)buf;
	if (mnl_cb_run(buf, len, b->seq, mnl_socket_get_portid(nl), NULL,
		       NULL) < 0)
		fail_msg("message %u of the batch: %s", nlh->nlmsg_seq,
			 strerror(errno));
	mnl_socket_close(nl);
}

void load_encoded(const struct pw_ruleset *rs)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->batch = mnl_nlmsg_batch_start(b->buf, sizeof(b->buf) / 2);
	nftnl_batch_begin(mnl_nlmsg_batch_current(b->batch), b->seq++);
	batch_next(b);
	put_all(b, rs);
	send_batch(b);
	mnl_nlmsg_batch_stop(b->batch);
	free(b);
}
