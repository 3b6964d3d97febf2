/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small machine that reads the expressions of one rule. */
#ifndef NFT_DECODE_H
#define NFT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/ruleset.h"

struct nftnl_expr;

#define NUM_REGS 16		/* of 32 bits: NFT_REG32_00 to _15 */
#define MAX_EFFECTS 16		/* more than any rule of ours has */

enum reg_kind {
	REG_UNKNOWN,		/* nothing that was understood */
	REG_FIELD,		/* the first @len bytes of @field */
	REG_MASKED,		/* the same under @mask */
	REG_ORDERED,		/* @field, a number, turned to network order */
	REG_PORTS,		/* source and destination port */
	REG_CONSTANT,		/* @constant, four bytes of host order */
	REG_IIF,		/* index of the interface it came in on */
};

/**
 * struct reg - What a register holds, from this 32-bit register on
 * @len:	bytes loaded
 */
struct reg {
	enum reg_kind kind;
	enum pw_field field;
	uint8_t len;
	uint8_t mask[16];
	uint32_t constant;
};

/**
 * struct dec - One rule while it is read
 * @where:	"chain NAME, rule handle N", for messages
 * @nfproto, @l4proto: compared so far, 0: nothing; they tell what header bytes
 *		mean
 * @done:	there was a verdict
 */
struct dec {
	struct pw_ruleset *rs;
	struct pw_diags *diags;
	const char *chain;
	uint64_t handle;
	struct reg regs[NUM_REGS];
	struct pw_match matches[PW_NUM_FIELDS];
	struct pw_effect effects[MAX_EFFECTS];
	size_t num_matches, num_effects;
	struct pw_verdict verdict;
	uint8_t nfproto, l4proto;
	bool done;
};

/* For members that own their text elsewhere; builders copy it */
static inline char *lent(const char *text)
{
	const union {
		const char *text;
		char *lent;
	} u = { text };

	return u.lent;
}

/* Returns -EOPNOTSUPP */
__attribute__((format(printf, 2, 3)))
int dec_refuse(const struct dec *dec, const char *fmt, ...);

/* decode_load.c: what fills registers */
/* 0 when the attribute is absent */
uint32_t dec_u32(const struct nftnl_expr *expr, uint16_t attr);
/* Position of a register, -1: a verdict or no register */
int dec_reg_index(uint32_t reg);
/* The register that attribute @attr of @expr names, unknown if there is none */
struct reg dec_reg(const struct dec *dec, const struct nftnl_expr *expr,
		   uint16_t attr);
int dec_meta(struct dec *dec, const struct nftnl_expr *expr);
int dec_ct(struct dec *dec, const struct nftnl_expr *expr);
int dec_fib(struct dec *dec, const struct nftnl_expr *expr);
int dec_socket(struct dec *dec, const struct nftnl_expr *expr);
int dec_payload(struct dec *dec, const struct nftnl_expr *expr);
int dec_bitwise(struct dec *dec, const struct nftnl_expr *expr);
int dec_byteorder(struct dec *dec, const struct nftnl_expr *expr);
int dec_set_constant(struct dec *dec, uint32_t reg, uint32_t value);
/* Is it all of @field, as loaded? */
bool dec_is_field(const struct reg *reg, enum pw_field field);

/* decode_match.c: what compares them */
int dec_cmp(struct dec *dec, const struct nftnl_expr *expr);
int dec_range(struct dec *dec, const struct nftnl_expr *expr);
/* In a named set; into verdicts of a map, when it asks for that */
int dec_lookup(struct dec *dec, const struct nftnl_expr *expr);

/* decode_effect.c: what acts */
int dec_immediate(struct dec *dec, const struct nftnl_expr *expr);
int dec_limit(struct dec *dec, const struct nftnl_expr *expr);
int dec_log(struct dec *dec, const struct nftnl_expr *expr);
int dec_objref(struct dec *dec, const struct nftnl_expr *expr);
int dec_dynset(struct dec *dec, const struct nftnl_expr *expr);
int dec_reject(struct dec *dec, const struct nftnl_expr *expr);
int dec_vmap(struct dec *dec, const struct nftnl_expr *expr, uint32_t map);

/* A rate in the IR's terms; false: it has none there */
bool rate_of(uint64_t count, uint64_t unit_s, uint32_t burst, uint32_t type,
	     uint32_t flags, struct pw_rate *out);

#endif
