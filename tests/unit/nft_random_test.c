// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules put together at random: refused, or the same after another round. */
#include <errno.h>

#include "../codec/exprs.h"
#include "../codec/wire.h"

#define ROUNDS 50000

/* The same in every run: a failure can be looked at again */
static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

/* Mostly the registers that nft uses, sometimes none that there is */
static uint32_t any_reg(uint32_t *seed)
{
	static const uint8_t regs[] = { 1, 1, 1, 1, 1, 1, 9, 9, 2, 4, 23, 0,
					24, 255 };

	return regs[below(seed, sizeof(regs))];
}

static void any_bytes(uint32_t *seed, char *bytes, size_t len)
{
	static const uint8_t some[] = { 0, 0, 0, 1, 2, 6, 8, 10, 16, 17, 32,
					0x12, 0xff, 0xff, 0xf0, 0x80 };

	for (size_t i = 0; i < len; i++)
		bytes[i] = some[below(seed, sizeof(some))];
}

static uint32_t any_len(uint32_t *seed)
{
	static const uint8_t lens[] = { 1, 1, 2, 2, 4, 4, 4, 8, 16, 16, 3, 12,
					20 };

	return lens[below(seed, sizeof(lens))];
}

static void any_meta(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const uint8_t keys[] = { NFT_META_L4PROTO, NFT_META_NFPROTO,
					NFT_META_IIFNAME, NFT_META_OIFNAME,
					NFT_META_TIME_NS, NFT_META_MARK };

	meta(nlr, keys[below(seed, sizeof(keys))], any_reg(seed));
}

static void any_payload(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const uint8_t at[] = { 0, 0, 2, 2, 7, 8, 12, 13, 16, 24, 40 };

	payload(nlr, 1 + below(seed, 2), at[below(seed, sizeof(at))],
		any_len(seed), any_reg(seed));
}

static void any_cmp(struct nftnl_rule *nlr, uint32_t *seed)
{
	char data[32];
	uint32_t len = any_len(seed);

	any_bytes(seed, data, len);
	cmp(nlr, any_reg(seed), below(seed, 6), data, len);
}

static void any_mask(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const char zeroes[32];
	uint32_t len = any_len(seed);
	char bits[32];

	any_bytes(seed, bits, len);
	mask(nlr, any_reg(seed), bits, zeroes, len);
}

static void any_ct(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const uint8_t keys[] = { NFT_CT_STATE, NFT_CT_STATUS,
					NFT_CT_DST_IP, NFT_CT_DST_IP6 };

	ct(nlr, keys[below(seed, sizeof(keys))], (int)below(seed, 3) - 1);
}

static void any_lookup(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const char *const names[] = { "a.x.4", "a.x.6", "p.tcp", "i.if",
					     "adopt", "m.port", "m.ports",
					     "m.protos", "m.dst", "k.tcp" };
	struct nftnl_expr *expr = lookup(nlr, names[below(seed, 10)]);

	if (below(seed, 2))
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG,
				   NFT_REG_VERDICT);
	if (!below(seed, 4))
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS,
				   NFT_LOOKUP_F_INV);
}

static void any_dynset(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const char *const names[] = { "s.local4", "s.local6", "s.rate4",
					     "s.rate6", "s.conn", "a.x.4" };

	dynset(nlr, below(seed, 3), any_reg(seed), names[below(seed, 6)]);
}

static void any_range(struct nftnl_rule *nlr, uint32_t *seed)
{
	struct nftnl_expr *expr = add(nlr, "range");
	uint32_t len = any_len(seed);
	char data[64];

	any_bytes(seed, data, sizeof(data));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_SREG, any_reg(seed));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_RANGE_OP, below(seed, 3));
	nftnl_expr_set(expr, NFTNL_EXPR_RANGE_FROM_DATA, data, len);
	nftnl_expr_set(expr, NFTNL_EXPR_RANGE_TO_DATA, data + 32,
		       below(seed, 8) ? len : any_len(seed));
}

static void some_tcp(struct nftnl_rule *nlr, uint32_t *seed)
{
	(void)seed;
	tcp(nlr);
}

static void some_ipv4(struct nftnl_rule *nlr, uint32_t *seed)
{
	(void)seed;
	ipv4(nlr);
}

static void bare(struct nftnl_rule *nlr, uint32_t *seed)
{
	static const char *const names[] = {
		"cmp", "range", "lookup", "payload", "meta", "ct", "fib",
		"socket", "bitwise", "byteorder", "immediate", "limit", "log",
		"objref", "dynset", "reject", "counter", "connlimit",
	};

	add(nlr, names[below(seed, PW_ARRAY_SIZE(names))]);
}

static void any_rule(struct nftnl_rule *nlr, uint32_t *seed)
{
	static void (*const parts[])(struct nftnl_rule *nlr, uint32_t *seed) = {
		some_tcp, some_ipv4, any_meta, any_payload, any_payload,
		any_cmp, any_cmp, any_cmp, any_mask, any_ct, any_lookup,
		any_range, any_dynset,
	};
	uint32_t num = 1 + below(seed, 7);

	if (below(seed, 2))
		some_ipv4(nlr, seed);
	if (below(seed, 2))
		some_tcp(nlr, seed);
	while (num--)
		parts[below(seed, PW_ARRAY_SIZE(parts))](nlr, seed);
	if (!below(seed, 8))
		bare(nlr, seed);
}

/* Encoded and decoded once more, a rule that was understood is unchanged */
static void assert_stable(const struct pw_ruleset *rs)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *again = codec_ground();

	assert_decodes(pw_nft_encode_rule(rs, C_ROWS, 0), again);
	assert_equal_rulesets(rs, again);
}

static void survives(void **state)
{
	uint32_t seed = 20261120;
	size_t understood = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
			codec_ground();
		pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
		struct nftnl_rule *nlr = empty_rule();
		int err;

		any_rule(nlr, &seed);
		err = pw_nft_decode_rule(nlr, rs, diags);
		nftnl_rule_free(nlr);
		assert_true(err == 0 || err == -EOPNOTSUPP);
		if (err || pw_ruleset_check(rs, diags))
			continue;
		assert_stable(rs);
		understood++;
	}
	/* or the test would say nothing */
	assert_true(understood > ROUNDS / 1000);
	print_message("%zu of %d understood\n", understood, ROUNDS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives),
	};

	return cmocka_run_group_tests_name("nft_random", tests, NULL, NULL);
}
