// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of nf_tables that are not as the kernel makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/shape.h"
#include "nft/parse.h"
#include "portwall/nft.h"
#include "shape_messages.h"

PW_DEFINE_OWNED(struct nftnl_chain, nftnl_chain_free)
PW_DEFINE_OWNED(struct nftnl_rule, nftnl_rule_free)
PW_DEFINE_OWNED(struct nftnl_set, nftnl_set_free)
PW_DEFINE_OWNED(struct nftnl_obj, nftnl_obj_free)
PW_DEFINE_OWNED(struct nftnl_table, nftnl_table_free)

#define MESSAGE_LEN 4096
#define TABLE NFTA_RULE_TABLE	/* attribute 1 of every kind */

/* ---- what is wrong with them ---- */

static void no_chain_to_go_to(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);

	put_goto(nlh, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static void expr_without_name(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh), *elem;

	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, nest);
}

static void unknown_expr(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);
	struct expr expr = begin_expr(nlh, NFTA_LIST_ELEM, "inner");

	put_be32(nlh, 1, 1);
	end_expr(nlh, expr);
	mnl_attr_nest_end(nlh, nest);
}

static void say_more(struct nlmsghdr *nlh, uint32_t more)
{
	struct nlattr *nest = begin_rule(nlh);
	struct expr expr = begin_expr(nlh, NFTA_LIST_ELEM, "meta");

	put_be32(nlh, NFTA_META_KEY, NFT_META_L4PROTO);
	put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
	put_be32(nlh, 9, more);
	end_expr(nlh, expr);
	mnl_attr_nest_end(nlh, nest);
}

static void unknown_attribute(struct nlmsghdr *nlh)
{
	say_more(nlh, 1);
}

static void unknown_default(struct nlmsghdr *nlh)
{
	say_more(nlh, 0);
}

static void unknown_then_broken(struct nlmsghdr *nlh)
{
	unknown_expr(nlh);
	put_be32(nlh, NFTA_RULE_POSITION, 1);
}

static void exprs_in_each_other(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);

	put_update(nlh, 1);
	mnl_attr_nest_end(nlh, nest);
}

static void compare_with_nothing(struct nlmsghdr *nlh)
{
	struct nlattr *nest = begin_rule(nlh);

	put_cmp(nlh, "", 0);
	mnl_attr_nest_end(nlh, nest);
}

static void compare_with_too_much(struct nlmsghdr *nlh)
{
	static const char much[68];
	struct nlattr *nest = begin_rule(nlh);

	put_cmp(nlh, much, sizeof(much));
	mnl_attr_nest_end(nlh, nest);
}

static void handle_of_four_bytes(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, PW_TABLE);
	put_be32(nlh, NFTA_RULE_HANDLE, 7);
}

static void name_without_end(struct nlmsghdr *nlh)
{
	mnl_attr_put(nlh, TABLE, 8, "portwall");
}

static void name_of_no_bytes(struct nlmsghdr *nlh)
{
	mnl_attr_put(nlh, TABLE, 0, "");
}

static void two_names(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, TABLE, "a");
	mnl_attr_put_strz(nlh, TABLE, PW_TABLE);
}

static void hook_of_two_bytes(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	mnl_attr_put_u16(nlh, NFTA_HOOK_HOOKNUM, 1);
	mnl_attr_nest_end(nlh, nest);
}

static void device_without_end(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK), *list;

	list = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);
	mnl_attr_put(nlh, NFTA_DEVICE_NAME, 4, "eth0");
	mnl_attr_nest_end(nlh, list);
	mnl_attr_nest_end(nlh, nest);
}

/* libnftnl has room for 16 */
static void many_parts(struct nlmsghdr *nlh)
{
	put_set_names(nlh);
	put_desc(nlh, 64);
}

/* libnftnl frees the first twice */
static void set_of_known_and_unknown(struct nlmsghdr *nlh)
{
	struct nlattr *list;
	struct expr expr;

	put_set_names(nlh);
	list = mnl_attr_nest_start(nlh, NFTA_SET_EXPRESSIONS);
	put_counter(nlh, NFTA_LIST_ELEM);
	expr = begin_expr(nlh, NFTA_LIST_ELEM, "no such");
	end_expr(nlh, expr);
	mnl_attr_nest_end(nlh, list);
}

static void object_without_type(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, PW_TABLE);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, "o");
}

static void object_type_of_one_byte(struct nlmsghdr *nlh)
{
	object_without_type(nlh);
	mnl_attr_put_u8(nlh, NFTA_OBJ_TYPE, 1);
}

/* 8 bytes where that type has 1 */
static void object_of_another_type(struct nlmsghdr *nlh)
{
	put_obj(nlh, NFT_OBJECT_SYNPROXY);
}

static void element_without_key(struct nlmsghdr *nlh)
{
	struct nlattr *list, *elem;

	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	put_be32(nlh, NFTA_SET_ELEM_FLAGS, 0);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}

static const struct shape_case {
	const char *name;
	uint16_t type;
	int err;
	void (*put)(struct nlmsghdr *nlh);
} cases[] = {
	{ "table", NFT_MSG_NEWTABLE, 0, put_table },
	{ "chain", NFT_MSG_NEWCHAIN, 0, put_chain },
	{ "rule", NFT_MSG_NEWRULE, 0, put_rule },
	{ "rule that changes a set", NFT_MSG_NEWRULE, 0, put_update_rule },
	{ "set", NFT_MSG_NEWSET, 0, put_set },
	{ "elements", NFT_MSG_NEWSETELEM, 0, put_elems },
	{ "object", NFT_MSG_NEWOBJ, 0, put_counter_obj },
	{ "element without key", NFT_MSG_NEWSETELEM, 0, element_without_key },
	{ "attribute of a later kernel", NFT_MSG_NEWRULE, -EOPNOTSUPP,
	  unknown_attribute },
	{ "that says nothing", NFT_MSG_NEWRULE, 0, unknown_default },
	{ "expression of a later kernel", NFT_MSG_NEWRULE, -EOPNOTSUPP,
	  unknown_expr },
	{ "and a broken attribute", NFT_MSG_NEWRULE, -EBADMSG,
	  unknown_then_broken },
	{ "goto nowhere", NFT_MSG_NEWRULE, -EBADMSG, no_chain_to_go_to },
	{ "expression without name", NFT_MSG_NEWRULE, -EBADMSG,
	  expr_without_name },
	{ "expressions in each other", NFT_MSG_NEWRULE, -EBADMSG,
	  exprs_in_each_other },
	{ "compare with nothing", NFT_MSG_NEWRULE, -EBADMSG,
	  compare_with_nothing },
	{ "compare with 68 bytes", NFT_MSG_NEWRULE, -EBADMSG,
	  compare_with_too_much },
	{ "handle of four bytes", NFT_MSG_NEWRULE, -EBADMSG,
	  handle_of_four_bytes },
	{ "rule, name without end", NFT_MSG_NEWRULE, -EBADMSG,
	  name_without_end },
	{ "rule, name of no bytes", NFT_MSG_NEWRULE, -EBADMSG,
	  name_of_no_bytes },
	{ "rule, two names", NFT_MSG_NEWRULE, -EBADMSG, two_names },
	{ "chain, name without end", NFT_MSG_NEWCHAIN, -EBADMSG,
	  name_without_end },
	{ "chain, hook of two bytes", NFT_MSG_NEWCHAIN, -EBADMSG,
	  hook_of_two_bytes },
	{ "chain, device without end", NFT_MSG_NEWCHAIN, -EBADMSG,
	  device_without_end },
	{ "set, name without end", NFT_MSG_NEWSET, -EBADMSG,
	  name_without_end },
	{ "set of 64 parts", NFT_MSG_NEWSET, -EBADMSG, many_parts },
	{ "set, known and unknown expression", NFT_MSG_NEWSET, -EOPNOTSUPP,
	  set_of_known_and_unknown },
	{ "table, name without end", NFT_MSG_NEWTABLE, -EBADMSG,
	  name_without_end },
	{ "object without type", NFT_MSG_NEWOBJ, -EBADMSG,
	  object_without_type },
	{ "object, type of one byte", NFT_MSG_NEWOBJ, -EBADMSG,
	  object_type_of_one_byte },
	{ "object of another type", NFT_MSG_NEWOBJ, -EOPNOTSUPP,
	  object_of_another_type },
	{ "another message", NFT_MSG_DELRULE, -EBADMSG, put_rule },
};

/* ---- through the parsers ---- */

static int take_rule(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		     struct pw_diags *diags)
{
	pw_owned(nftnl_rule_free) struct nftnl_rule *nlr = nftnl_rule_alloc();
	int err = pw_parse_rule(nlh, nlr);

	if (!err)
		(void)pw_nft_decode_rule(nlr, rs, diags);
	return err;
}

static int take_chain(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	pw_owned(nftnl_chain_free) struct nftnl_chain *nlc =
		nftnl_chain_alloc();
	int err = pw_parse_chain(nlh, nlc);

	if (!err)
		(void)pw_nft_decode_chain(nlc, rs, diags);
	return err;
}

static int take_set(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		    struct pw_diags *diags)
{
	pw_owned(nftnl_set_free) struct nftnl_set *nls = nftnl_set_alloc();
	int err = pw_parse_set(nlh, nls);

	if (!err)
		(void)pw_nft_decode_set(nls, rs, diags);
	return err;
}

static int take_obj(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		    struct pw_diags *diags)
{
	pw_owned(nftnl_obj_free) struct nftnl_obj *nlo = nftnl_obj_alloc();
	int err = pw_parse_obj(nlh, nlo);

	if (!err)
		(void)pw_nft_decode_obj(nlo, rs, diags);
	return err;
}

static int take_table(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	pw_owned(nftnl_table_free) struct nftnl_table *nlt =
		nftnl_table_alloc();

	(void)rs;
	(void)diags;
	return pw_parse_table(nlh, nlt);
}

static int take_elems(const struct nlmsghdr *nlh, struct pw_ruleset *rs,
		      struct pw_diags *diags)
{
	(void)rs;
	(void)diags;
	return pw_shape_check(nlh, NFT_MSG_NEWSETELEM);
}

static int take(const struct nlmsghdr *nlh, uint16_t type)
{
	static int (*const takers[])(const struct nlmsghdr *nlh,
				     struct pw_ruleset *rs,
				     struct pw_diags *diags) = {
		[NFT_MSG_NEWTABLE] = take_table,
		[NFT_MSG_NEWCHAIN] = take_chain,
		[NFT_MSG_NEWRULE] = take_rule, [NFT_MSG_NEWSET] = take_set,
		[NFT_MSG_NEWSETELEM] = take_elems, [NFT_MSG_NEWOBJ] = take_obj,
	};
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	assert_true(pw_ruleset_add_chain(rs, "c") >= 0);
	assert_true(pw_ruleset_add_chain(rs, "to") >= 0);
	return takers[type == NFT_MSG_DELRULE ? NFT_MSG_NEWRULE : type](
		nlh, rs, diags);
}

/* In a block of its own size: whoever reads behind it is caught */
static struct nlmsghdr *make(const struct shape_case *tc)
{
	char *buf = malloc(MESSAGE_LEN);
	struct nlmsghdr *nlh, *fits;

	assert_non_null(buf);
	nlh = begin(buf, tc->type);
	tc->put(nlh);
	assert_true(nlh->nlmsg_len < MESSAGE_LEN);
	fits = malloc(nlh->nlmsg_len);
	assert_non_null(fits);
	memcpy(fits, nlh, nlh->nlmsg_len);
	free(buf);
	return fits;
}

static void is_judged(void **state)
{
	const struct shape_case *tc = *state;
	struct nlmsghdr *nlh = make(tc);

	assert_int_equal(take(nlh, tc->type), tc->err);
	free(nlh);
}

static void assert_known_error(int err)
{
	assert_true(!err || err == -EBADMSG || err == -EOPNOTSUPP);
}

/* Does an attribute end at byte @len, or before the first? */
static bool ends_at(const struct nlmsghdr *nlh, size_t len)
{
	const size_t head = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		size_t end = (size_t)((const char *)attr - (const char *)nlh) +
			     attr->nla_len;

		if (len >= end && len <= MNL_ALIGN(end))
			return true;
	}
	return len == head;
}

/* Cut off anywhere it is refused, but behind a whole attribute */
static void is_refused_when_cut(void **state)
{
	const struct shape_case *tc = *state;
	struct nlmsghdr *nlh = make(tc), *cut;

	for (uint32_t len = MNL_NLMSG_HDRLEN; len < nlh->nlmsg_len; len++) {
		int err;

		cut = malloc(MNL_ALIGN(len));
		assert_non_null(cut);
		memset(cut, 0, MNL_ALIGN(len));
		memcpy(cut, nlh, len);
		cut->nlmsg_len = len;
		err = take(cut, tc->type);
		assert_known_error(err);
		if (!ends_at(nlh, len))
			assert_int_not_equal(err, 0);
		free(cut);
	}
	free(nlh);
}

/* Every byte of the attributes, in every of these ways */
static void survives_flips(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x04, 0x10, 0x80, 0xff };
	const struct shape_case *tc = *state;
	struct nlmsghdr *nlh = make(tc);
	uint8_t *bytes = (uint8_t *)nlh;

	for (uint32_t i = MNL_NLMSG_HDRLEN; i < nlh->nlmsg_len; i++) {
		for (size_t j = 0; j < PW_ARRAY_SIZE(flips); j++) {
			bytes[i] ^= flips[j];
			assert_known_error(take(nlh, tc->type));
			bytes[i] ^= flips[j];
		}
	}
	free(nlh);
}

int main(void)
{
	static struct CMUnitTest tests[3 * PW_ARRAY_SIZE(cases)];
	void (*const each[])(void **state) = { is_judged, is_refused_when_cut,
					       survives_flips };
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(each); i++)
		for (size_t j = 0; j < PW_ARRAY_SIZE(cases); j++)
			tests[num++] = (struct CMUnitTest){
				cases[j].name, each[i], NULL, NULL,
				(void *)(uintptr_t)&cases[j] };
	return _cmocka_run_group_tests("shape", tests, num, NULL, NULL);
}
