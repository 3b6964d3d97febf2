// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel refuses because it lacks a part, told by its module. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#include "netlink/missing.h"
#include "nft/load_priv.h"
#include "portwall/diag.h"

#define MAX_EXPRS 4

/**
 * struct rule_case - A rule that is refused
 * @exprs:	"dynset:limit" adds a limit to elements
 * @at:		the expression that the kernel names, counted from 1; 0: none
 */
static const struct rule_case {
	const char *name;
	const char *exprs[MAX_EXPRS];
	int at, err;
	const char *module;
} rule_cases[] = {
	{ "the one that is named", { "meta", "fib", "ct" }, 2, -ENOENT,
	  "nft_fib_inet" },
	{ "another one", { "meta", "fib", "ct" }, 3, -ENOENT, "nft_ct" },
	{ "inside a dynset", { "dynset:limit", "ct" }, 1, -ENOENT,
	  "nft_limit" },
	{ "the other inside a dynset", { "ct", "dynset:connlimit" }, 2,
	  -ENOENT, "nft_connlimit" },
	{ "a dynset alone", { "dynset", "ct" }, 1, -ENOENT, NULL },
	{ "none is named, but there is one", { "meta", "cmp", "socket" }, 0,
	  -ENOENT, "nft_socket" },
	{ "none is named, twice the same", { "ct", "cmp", "ct" }, 0, -ENOENT,
	  "nft_ct" },
	{ "none is named, and there are two", { "fib", "cmp", "ct" }, 0,
	  -ENOENT, NULL },
	{ "always there", { "meta", "lookup", "ct" }, 2, -ENOENT, NULL },
	{ "refused for another reason", { "ct" }, 1, -EINVAL, NULL },
};

static void put_name(struct nlmsghdr *nlh, const char *name)
{
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
}

static struct nlattr *put_expr(struct nlmsghdr *nlh, const char *text)
{
	struct nlattr *expr = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	const char *inner = strchr(text, ':');
	struct nlattr *data, *nest;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ":"), text);
	put_name(nlh, name);
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_strz(nlh, NFTA_DYNSET_SET_NAME, "set");
	if (inner) {
		nest = mnl_attr_nest_start(nlh, NFTA_DYNSET_EXPR);
		put_name(nlh, inner + 1);
		mnl_attr_nest_end(nlh, nest);
	}
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, expr);
	return expr;
}

/* Offset of what the kernel names, as it tells it */
static uint32_t put_rule(struct nlmsghdr *nlh, const struct rule_case *tc)
{
	struct nlattr *list, *expr;
	uint32_t offset = 0;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "portwall");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "g1.in");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	for (int i = 0; i < MAX_EXPRS && tc->exprs[i]; i++) {
		expr = put_expr(nlh, tc->exprs[i]);
		if (i + 1 == tc->at)
			offset = (uint32_t)((char *)expr - (char *)nlh);
	}
	mnl_attr_nest_end(nlh, list);
	return offset;
}

static void rule_tells_its_module(void **state)
{
	const struct rule_case *tc = *state;
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	const struct pw_feature *got;
	struct nlmsghdr *nlh;
	uint32_t offset;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	nlh = pw_batch_add(&batch, NFT_MSG_NEWRULE, NLM_F_CREATE);
	assert_non_null(nlh);
	offset = put_rule(nlh, tc);
	got = pw_missing_feature(tc->err, nlh, offset);
	if (!tc->module)
		assert_null(got);
	else
		assert_string_equal(got->module, tc->module);
}

static void put_object(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, "web");
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_LIMIT));
}

static void put_unknown_object(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, "web");
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(1000));
}

static void put_set(struct nlmsghdr *nlh)
{
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_SET_NAME, "many");
	nest = mnl_attr_nest_start(nlh, NFTA_SET_EXPR);
	put_name(nlh, "counter");
	mnl_attr_nest_end(nlh, nest);
}

static void put_chain(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "publish");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "nat");
}

static void put_filter(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, "input");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
}

static void put_nothing(struct nlmsghdr *nlh)
{
	(void)nlh;
}

static const struct message_case {
	const char *name;
	uint16_t type;
	void (*put)(struct nlmsghdr *nlh);
	const char *module;
} message_cases[] = {
	{ "an object", NFT_MSG_NEWOBJ, put_object, "nft_limit" },
	{ "an object of any kind", NFT_MSG_NEWOBJ, put_unknown_object, NULL },
	{ "an object of no kind", NFT_MSG_NEWOBJ, put_nothing, NULL },
	{ "a set with counters", NFT_MSG_NEWSET, put_set, "nft_counter" },
	{ "a plain set", NFT_MSG_NEWSET, put_nothing, NULL },
	{ "a chain for addresses", NFT_MSG_NEWCHAIN, put_chain,
	  "nft_chain_nat" },
	{ "a chain of filters", NFT_MSG_NEWCHAIN, put_filter, NULL },
	{ "a chain", NFT_MSG_NEWCHAIN, put_nothing, NULL },
	{ "a rule of nothing", NFT_MSG_NEWRULE, put_nothing, NULL },
	{ "elements", NFT_MSG_NEWSETELEM, put_nothing, NULL },
};

static void message_tells_its_module(void **state)
{
	const struct message_case *tc = *state;
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	const struct pw_feature *got;
	struct nlmsghdr *nlh;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	nlh = pw_batch_add(&batch, tc->type, NLM_F_CREATE);
	assert_non_null(nlh);
	tc->put(nlh);
	got = pw_missing_feature(-ENOENT, nlh, 0);
	if (!tc->module)
		assert_null(got);
	else
		assert_string_equal(got->module, tc->module);
}

static void no_message_tells_nothing(void **state)
{
	(void)state;
	assert_null(pw_missing_feature(-ENOENT, NULL, 0));
}

/* What the user reads, and what the caller is told */
static int explained(const struct rule_case *tc, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	struct pw_nl_refusal why = { 0 };
	struct nlmsghdr *nlh;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	nlh = pw_batch_add(&batch, NFT_MSG_NEWRULE, NLM_F_CREATE);
	assert_non_null(nlh);
	why.offset = put_rule(nlh, tc);
	why.seq = nlh->nlmsg_seq;
	assert_int_equal(pw_batch_close(&batch), 0);
	return pw_load_explain(tc->err, &batch, &why, diags);
}

static void message_says_what_to_load(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct pw_diag *said;

	(void)state;
	assert_int_equal(explained(&rule_cases[0], diags), -EOPNOTSUPP);
	assert_int_equal(pw_diags_kept(diags), 1);
	said = pw_diags_get(diags, 0);
	assert_string_equal(said->text, "this kernel has no nft_fib_inet, "
			    "which a rule of chain g1.in needs: "
			    "Operation not supported");
	assert_string_equal(said->hint, "load the module nft_fib_inet, or boot "
			    "a kernel with CONFIG_NFT_FIB_INET");
}

static int refused(uint16_t type, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	struct pw_nl_refusal why = { 0 };
	struct nlmsghdr *nlh;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	nlh = pw_batch_add(&batch, type, NLM_F_CREATE);
	assert_non_null(nlh);
	why.seq = nlh->nlmsg_seq;
	assert_int_equal(pw_batch_close(&batch), 0);
	return pw_load_explain(-EBUSY, &batch, &why, diags);
}

/* A hash table that is growing takes the element a moment later */
static void growing_table_is_tried_again(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	(void)state;
	assert_int_equal(refused(NFT_MSG_NEWSETELEM, diags), -ERESTART);
	assert_int_equal(pw_diags_kept(diags), 0);
	assert_int_equal(refused(NFT_MSG_DELSET, diags), -EBUSY);
	assert_int_equal(pw_diags_kept(diags), 1);
}

int main(void)
{
	struct CMUnitTest tests[64];
	size_t n = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(rule_cases); i++)
		tests[n++] = (struct CMUnitTest){
			.name = rule_cases[i].name,
			.test_func = rule_tells_its_module,
			.initial_state = (void *)(uintptr_t)&rule_cases[i],
		};
	for (size_t i = 0; i < PW_ARRAY_SIZE(message_cases); i++)
		tests[n++] = (struct CMUnitTest){
			.name = message_cases[i].name,
			.test_func = message_tells_its_module,
			.initial_state = (void *)(uintptr_t)&message_cases[i],
		};
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(no_message_tells_nothing);
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(message_says_what_to_load);
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(growing_table_is_tried_again);
	return _cmocka_run_group_tests("missing", tests, n, NULL, NULL);
}
