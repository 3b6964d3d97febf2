/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules through netlink without a kernel, for the tests of the codecs. */
#ifndef CODEC_WIRE_H
#define CODEC_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "rows.h"
#include "portwall/nft.h"

static inline struct nlmsghdr *header(char *buf, uint16_t type)
{
	return nftnl_nlmsg_build_hdr(buf, type, NFPROTO_INET, 0, 1);
}

/* What arrives on the other side of the wire */
static inline struct nftnl_rule *over_the_wire(struct nftnl_rule *nlr)
{
	struct nftnl_rule *got = nftnl_rule_alloc();
	/* zeroes end the names that libnftnl sends without one */
	char buf[16384] = { 0 };
	struct nlmsghdr *nlh = header(buf, NFT_MSG_NEWRULE);

	nftnl_rule_set_u64(nlr, NFTNL_RULE_HANDLE, 77);
	nftnl_rule_nlmsg_build_payload(nlh, nlr);
	assert_int_equal(nftnl_rule_nlmsg_parse(nlh, got), 0);
	nftnl_rule_free(nlr);
	return got;
}

static inline void assert_equal_rulesets(const struct pw_ruleset *want,
				  const struct pw_ruleset *got)
{
	char *what = NULL;

	if (pw_ruleset_diff(want, got, &what))
		fail_msg("%s", what);
	free(what);
}

static inline void assert_decodes(struct nftnl_rule *nlr, struct pw_ruleset *rs)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nftnl_rule *got = over_the_wire(nlr);
	int err = pw_nft_decode_rule(got, rs, diags);

	nftnl_rule_free(got);
	if (err)
		fail_msg("%s", pw_diags_get(diags, 0)->text);
}

/* The one rule of the text, between the chain's header and its end */
static inline char *rule_text(const struct pw_ruleset *rs)
{
	char *text = NULL, *begin, *end;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(pw_nft_print(rs, out), 0);
	fclose(out);
	begin = strstr(text, "chain g7.rows {\n\t\t");
	assert_non_null(begin);
	begin += strlen("chain g7.rows {\n\t\t");
	end = strchr(begin, '\n');
	memmove(text, begin, end - begin);
	text[end - begin] = '\0';
	return text;
}

#define ROWS(cases, fn)							\
	for (size_t row_ = 0; row_ < PW_ARRAY_SIZE(cases); row_++)	\
		tests[num++] = (struct CMUnitTest){			\
			(cases)[row_].name, fn, NULL, NULL,		\
			(void *)(uintptr_t)&(cases)[row_] }

#endif
