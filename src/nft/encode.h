/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule while its expressions are appended. */
#ifndef NFT_ENCODE_H
#define NFT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/nf_tables.h>

#include "portwall/ruleset.h"

struct nftnl_rule;

/* The second 32-bit register: where nft puts the second part of a key */
#define REG_SECOND NFT_REG32_01

/**
 * struct enc - One rule
 * @failed:	memory ran short; everything after does nothing
 * @nfproto, @l4proto: what the rule has compared already, 0: nothing
 */
struct enc {
	const struct pw_ruleset *rs;
	const struct pw_rule *rule;
	struct nftnl_rule *nlr;
	bool failed;
	uint8_t nfproto, l4proto;
};

/* encode_match.c: fields and comparisons */
void enc_matches(struct enc *enc);
void enc_load(struct enc *enc, enum pw_field field, uint32_t reg);
/* The index of the interface it came in on, and behind it @field */
void enc_with_iif(struct enc *enc, enum pw_field field);
void enc_bitwise(struct enc *enc, uint32_t reg, const void *mask, size_t len);
void enc_family(struct enc *enc, uint8_t nfproto);
void enc_lookup(struct enc *enc, const char *set, bool negated);
/* A new expression at the end of the rule, or NULL and @failed */
struct nftnl_expr *enc_add(struct enc *enc, const char *name);

/* encode_effect.c: effects and verdicts */
void enc_effects(struct enc *enc);
void enc_verdict(struct enc *enc);

#endif
