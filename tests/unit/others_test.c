// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of other tables: what is odd is a doubt, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../codec/exprs.h"
#include "nft/others_rule.h"
#include "portwall/own.h"

static void drop(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
}

static void port(struct nftnl_rule *nlr)
{
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\0\x16", 2);
	drop(nlr);
}

static void half_a_port(struct nftnl_rule *nlr)
{
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x16", 1);
	drop(nlr);
}

static void long_protocol(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x06\0\0\0", 4);
	drop(nlr);
}

/* Not the number 0, which is NF_DROP */
static void bytes_for_a_verdict(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, "\0\0\0\1", 4);
}

static const struct rough_case {
	const char *name;
	void (*build)(struct nftnl_rule *nlr);
	enum pw_rough_verdict verdict;
	bool maybe;
	size_t num_matches;
} cases[] = {
	{ "port", port, PW_ROUGH_DROP, false, 1 },
	{ "half a port", half_a_port, PW_ROUGH_DROP, true, 0 },
	{ "long protocol", long_protocol, PW_ROUGH_DROP, true, 0 },
	{ "bytes for a verdict", bytes_for_a_verdict, PW_ROUGH_UNKNOWN, false,
	  0 },
};

static void is_read(void **state)
{
	const struct rough_case *tc = *state;
	struct nftnl_rule *nlr = nftnl_rule_alloc();
	struct pw_rough_rule rule;

	assert_non_null(nlr);
	tc->build(nlr);
	pw_rough_read(nlr, &rule);
	nftnl_rule_free(nlr);
	assert_int_equal(rule.verdict, tc->verdict);
	assert_int_equal(rule.maybe, tc->maybe);
	assert_int_equal(rule.num_matches, tc->num_matches);
}

int main(void)
{
	static struct CMUnitTest tests[PW_ARRAY_SIZE(cases)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, is_read, NULL,
						NULL,
						(void *)(uintptr_t)&cases[i] };
	return _cmocka_run_group_tests("others", tests, PW_ARRAY_SIZE(tests),
				       NULL, NULL);
}
