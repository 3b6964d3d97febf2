// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of the kernel as rules of the IR. */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>

#include "nft/decode.h"
#include "nft/udata.h"
#include "portwall/nft.h"

int dec_refuse(const struct dec *dec, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return pw_diag_system(dec->diags, EOPNOTSUPP,
			      "chain %s, rule handle %llu is none of ours: %s",
			      dec->chain, (unsigned long long)dec->handle, text);
}

static const struct decoder {
	const char *name;
	int (*decode)(struct dec *dec, const struct nftnl_expr *expr);
} decoders[] = {
	{ "meta", dec_meta },		{ "ct", dec_ct },
	{ "fib", dec_fib },		{ "socket", dec_socket },
	{ "payload", dec_payload },	{ "bitwise", dec_bitwise },
	{ "byteorder", dec_byteorder }, { "cmp", dec_cmp },
	{ "range", dec_range },		{ "lookup", dec_lookup },
	{ "immediate", dec_immediate }, { "limit", dec_limit },
	{ "log", dec_log },		{ "objref", dec_objref },
	{ "dynset", dec_dynset },	{ "reject", dec_reject },
};

static int on_expr(struct nftnl_expr *expr, void *arg)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct dec *dec = arg;

	if (dec->done)
		return dec_refuse(dec, "it goes on after its verdict");
	for (size_t i = 0; name && i < PW_ARRAY_SIZE(decoders); i++) {
		if (!strcmp(decoders[i].name, name))
			return decoders[i].decode(dec, expr);
	}
	return dec_refuse(dec, "it holds the expression %s", name ? name : "?");
}

static int append(struct dec *dec, uint32_t chain, const char *comment)
{
	const struct pw_rule rule = {
		.matches = dec->matches,
		.num_matches = dec->num_matches,
		.effects = dec->effects,
		.num_effects = dec->num_effects,
		.verdict = dec->verdict,
		.comment = lent(comment),
		.handle = dec->handle,
		.section = PW_NONE,
	};

	return pw_ruleset_add_rule(dec->rs, chain, &rule);
}

int pw_nft_decode_rule(const struct nftnl_rule *nlr, struct pw_ruleset *rs,
		       struct pw_diags *diags)
{
	const union {
		const struct nftnl_rule *nlr;
		struct nftnl_rule *for_libnftnl;	/* which lacks a const */
	} rule = { nlr };
	const char *chain = nftnl_rule_get_str(nlr, NFTNL_RULE_CHAIN);
	struct dec dec = { .rs = rs, .diags = diags,
			   .chain = chain ? chain : "?" };
	uint32_t index = chain ? pw_ruleset_find_chain(rs, chain) : PW_NONE;
	char comment[COMMENT_MAX + 1];
	const void *udata;
	uint32_t len = 0;
	int err;

	if (nftnl_rule_is_set(nlr, NFTNL_RULE_HANDLE))
		dec.handle = nftnl_rule_get_u64(nlr, NFTNL_RULE_HANDLE);
	if (index == PW_NONE)
		return dec_refuse(&dec, "it belongs to no chain");
	err = nftnl_expr_foreach(rule.for_libnftnl, on_expr, &dec);
	if (err)
		return err;
	udata = nftnl_rule_get_data(nlr, NFTNL_RULE_USERDATA, &len);
	return append(&dec, index,
		      udata_comment(udata, len, NFTNL_UDATA_RULE_COMMENT,
				    comment) ? comment : NULL);
}
