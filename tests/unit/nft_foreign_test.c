// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules that others may have put there: what the decoder makes of them. */
#include <errno.h>

#include "../codec/exprs.h"
#include "../codec/wire.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>

static void inline_counter(struct nftnl_rule *nlr)
{
	add(nlr, "counter");
}

static void unknown_meta(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_MARK, NFT_REG_1);
}

static void bad_register(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, 200);
}

static void last_register(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_IIFNAME, NFT_REG32_15);
}

static void verdict_register(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, NFT_REG_VERDICT);
}

static void empty_register(struct nftnl_rule *nlr)
{
	cmp(nlr, NFT_REG_2, NFT_CMP_EQ, "\x06", 1);
}

static void overwritten_register(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, NFT_REG32_01);
	meta(nlr, NFT_META_IIFNAME, NFT_REG_1);
	cmp(nlr, NFT_REG32_01, NFT_CMP_EQ, "\x06", 1);
}

static void half_overwritten_register(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_IIFNAME, NFT_REG_1);
	meta(nlr, NFT_META_L4PROTO, NFT_REG32_01);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void port_without_protocol_is_read(struct nftnl_rule *nlr)
{
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 3, 2, NFT_REG_1);
}

static void address_without_family(struct nftnl_rule *nlr)
{
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
}

static void address_of_the_other_family(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 24, 16, NFT_REG_1);
}

static void long_compare(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x0a\0\0\1\0\0\0\0", 8);
}

static void very_long_compare(struct nftnl_rule *nlr)
{
	static const char zeroes[60];

	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, zeroes, sizeof(zeroes));
}

static void short_compare(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x16", 1);
}

static void less_than_nothing(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_LT, "\0\0", 2);
}

static void empty_intersection(struct nftnl_rule *nlr)
{
	tcp(nlr);
	meta(nlr, NFT_META_L4PROTO, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x11", 1);
}

static void ragged_mask(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	mask(nlr, NFT_REG_1, "\xff\x0f\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x0a\0\0\0", 4);
}

static void bits_behind_the_mask(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	mask(nlr, NFT_REG_1, "\xff\xf0\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x0a\0\0\1", 4);
}

static void flipped_bits(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	mask(nlr, NFT_REG_1, "\xff\xf0\0\0", "\1\0\0\0", 4);
}

static void long_mask(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	mask(nlr, NFT_REG_1, "\xff\xf0\0\0", "\0\0\0\0", 4);
}

static void other_flag(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, NFT_REG_1);
	mask(nlr, NFT_REG_1, "\x04", "\0", 1);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x04", 1);
}

static void other_status(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_STATUS, -1);
	mask(nlr, NFT_REG_1, "\x10\0\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_NEQ, "\0\0\0\0", 4);
}

static void scattered_states(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_STATE, -1);
	mask(nlr, NFT_REG_1, "\x4a\0\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_NEQ, "\0\0\0\0", 4);
}

static void unknown_state(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_STATE, -1);
	mask(nlr, NFT_REG_1, "\x82\0\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_NEQ, "\0\0\0\0", 4);
}

static void reply_direction(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_DST_IP, 1);
}

static void no_direction(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_DST_IP, -1);
}

static void clock_in_host_order(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_TIME_NS, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_LT, "\0\0\0\1\0\0\0\0", 8);
}

static void missing_set(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	lookup(nlr, "nowhere");
}

static void set_of_another_type(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	lookup(nlr, "a.x.4");
}

static void part_of_a_field_in_a_set(struct nftnl_rule *nlr)
{
	ipv4(nlr);
	payload(nlr, NFT_PAYLOAD_NETWORK_HEADER, 12, 3, NFT_REG_1);
	lookup(nlr, "a.x.4");
}

static void map_as_a_set(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	lookup(nlr, "m.port");
}

static void map_of_counters_for_verdicts(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	nftnl_expr_set_u32(lookup(nlr, "k.tcp"), NFTNL_EXPR_LOOKUP_DREG,
			   NFT_REG_VERDICT);
}

static void map_by_another_key(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	nftnl_expr_set_u32(lookup(nlr, "m.ports"), NFTNL_EXPR_LOOKUP_DREG,
			   NFT_REG_VERDICT);
}

static void missing_object(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "objref");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE,
			   NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, "nothing");
}

static void object_of_another_kind(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "objref");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE,
			   NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, "l.ssh");
}

static void limit_of_bytes(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "limit");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, 6);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 60);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, 6);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
}

static void limit_over(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "limit");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, 6);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 60);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, 6);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

static void log_to_a_group(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "log");

	nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, "x");
	nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, 5);
}

static void delete_from_a_set(struct nftnl_rule *nlr)
{
	dynset(nlr, NFT_DYNSET_OP_DELETE, NFT_REG_1, "s.local4");
}

static void another_key_into_a_set(struct nftnl_rule *nlr)
{
	dynset(nlr, NFT_DYNSET_OP_ADD, NFT_REG_1, "s.seen4");
}

static void key_past_the_registers(struct nftnl_rule *nlr)
{
	dynset(nlr, NFT_DYNSET_OP_ADD, NFT_REG32_15, "s.local4");
}

static void counter_in_a_set(struct nftnl_rule *nlr)
{
	struct nftnl_expr *counter = nftnl_expr_alloc("counter");

	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_PACKETS, 1);
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_BYTES, 1);
	nftnl_expr_set(dynset(nlr, NFT_DYNSET_OP_ADD, NFT_REG_1, "s.local4"),
		       NFTNL_EXPR_DYNSET_EXPR, counter, 0);
}

static void jump_to_nowhere(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NFT_JUMP);
	nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, "nowhere");
}

static void verdict_queue(struct nftnl_rule *nlr)
{
	verdict(nlr, NF_QUEUE);
}

static void host_unreachable(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "reject");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE,
			   NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE,
			  NFT_REJECT_ICMPX_HOST_UNREACH);
}

static void after_the_verdict(struct nftnl_rule *nlr)
{
	verdict(nlr, NF_ACCEPT);
	verdict(nlr, NF_DROP);
}

static void match_after_an_effect(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "objref");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE,
			   NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, "n.web");
	tcp(nlr);
}

static void route_interface(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "fib");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_OIF);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_SADDR);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
}

static void type_on_an_interface(struct nftnl_rule *nlr)
{
	struct nftnl_expr *expr = add(nlr, "fib");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT,
			   NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS,
			   NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
}

static const struct foreign {
	const char *name;
	void (*build)(struct nftnl_rule *nlr);
} foreigners[] = {
#define F(fn) { #fn, fn }
	F(inline_counter), F(unknown_meta), F(bad_register), F(last_register),
	F(verdict_register), F(empty_register), F(overwritten_register),
	F(half_overwritten_register), F(port_without_protocol_is_read),
	F(address_without_family), F(address_of_the_other_family),
	F(long_compare), F(very_long_compare), F(short_compare),
	F(less_than_nothing), F(empty_intersection), F(ragged_mask),
	F(bits_behind_the_mask), F(flipped_bits), F(long_mask), F(other_flag),
	F(other_status), F(scattered_states), F(unknown_state),
	F(reply_direction), F(no_direction), F(clock_in_host_order),
	F(missing_set), F(set_of_another_type), F(part_of_a_field_in_a_set),
	F(map_as_a_set), F(map_of_counters_for_verdicts),
	F(map_by_another_key), F(missing_object), F(object_of_another_kind),
	F(limit_of_bytes), F(limit_over), F(log_to_a_group),
	F(delete_from_a_set), F(another_key_into_a_set),
	F(key_past_the_registers), F(counter_in_a_set), F(jump_to_nowhere),
	F(verdict_queue), F(host_unreachable),
	F(after_the_verdict), F(match_after_an_effect), F(route_interface),
	F(type_on_an_interface),
};

static void refuses(void **state)
{
	const struct foreign *foreign = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nftnl_rule *nlr = empty_rule(), *got;

	foreign->build(nlr);
	got = over_the_wire(nlr);
	assert_int_equal(pw_nft_decode_rule(got, rs, diags), -EOPNOTSUPP);
	nftnl_rule_free(got);
	assert_int_equal(rs->chains[C_ROWS].num_rules, 0);
	assert_non_null(strstr(pw_diags_get(diags, 0)->text,
			       "chain g7.rows, rule handle 77"));
}

/* Not over the wire: libnftnl cannot send it */
static void refuses_jump_without_chain(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nftnl_rule *nlr = empty_rule();

	(void)state;
	verdict(nlr, NFT_GOTO);
	assert_int_equal(pw_nft_decode_rule(nlr, rs, diags), -EOPNOTSUPP);
	nftnl_rule_free(nlr);
}

/* Other ways to say the same */

static void dnat_is_dnat(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_STATUS, -1);
	mask(nlr, NFT_REG_1, "\x20\0\0\0", "\0\0\0\0", 4);
	cmp(nlr, NFT_REG_1, NFT_CMP_EQ, "\x20\0\0\0", 4);
}

static void state_without_mask(struct nftnl_rule *nlr)
{
	ct(nlr, NFT_CT_STATE, -1);
	cmp(nlr, NFT_REG_1, NFT_CMP_NEQ, "\x08\0\0\0", 4);
}

static void port_by_its_ends(struct nftnl_rule *nlr)
{
	tcp(nlr);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	cmp(nlr, NFT_REG_1, NFT_CMP_GT, "\0\x15", 2);
	cmp(nlr, NFT_REG_1, NFT_CMP_LT, "\0\x17", 2);
}

static void other_registers(struct nftnl_rule *nlr)
{
	meta(nlr, NFT_META_L4PROTO, NFT_REG_3);
	payload(nlr, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_15);
	cmp(nlr, NFT_REG_3, NFT_CMP_EQ, "\x06", 1);
	cmp(nlr, NFT_REG32_15, NFT_CMP_EQ, "\0\x16", 2);
}

static const struct synonym {
	const char *name;
	void (*build)(struct nftnl_rule *nlr);
	const char *text;
} synonyms[] = {
	{ "dnat is dnat", dnat_is_dnat, "ct status dnat" },
	{ "state without mask", state_without_mask, "ct state ! new" },
	{ "port by its ends", port_by_its_ends, "tcp dport 22" },
	{ "other registers", other_registers, "tcp dport 22" },
};

static void understands(void **state)
{
	const struct synonym *synonym = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	struct nftnl_rule *nlr = empty_rule();
	char *text;

	synonym->build(nlr);
	assert_decodes(nlr, rs);
	text = rule_text(rs);
	assert_string_equal(text, synonym->text);
	free(text);
}

static void refuses_chain_of_nat(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nftnl_chain *nlc = nftnl_chain_alloc();

	(void)state;
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_NAME, "x");
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TYPE, "nat");
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
	nftnl_chain_set_s32(nlc, NFTNL_CHAIN_PRIO, 0);
	assert_int_equal(pw_nft_decode_chain(nlc, rs, diags), -EOPNOTSUPP);
	nftnl_chain_set_str(nlc, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_OUT);
	assert_int_equal(pw_nft_decode_chain(nlc, rs, diags), -EOPNOTSUPP);
	nftnl_chain_set_u32(nlc, NFTNL_CHAIN_HOOKNUM, NF_INET_FORWARD);
	assert_int_equal(pw_nft_decode_chain(nlc, rs, diags), 0);
	nftnl_chain_free(nlc);
}

static void refuses_foreign_sets(void **state)
{
	static const struct {
		uint32_t flags, type, len;
	} sets[] = {
		{ NFT_SET_ANONYMOUS, 7, 4 }, { 0, 7, 16 }, { 0, 9, 6 },
		{ NFT_SET_CONCAT | NFT_SET_INTERVAL, 19 << 6 | 7, 8 },
		{ NFT_SET_MAP, 13, 2 }, { NFT_SET_MAP | NFT_SET_OBJECT, 13, 2 },
		{ NFT_SET_OBJECT, 13, 2 },
		{ NFT_SET_CONSTANT, (13 << 6 | 12) << 6 | 41, 24 },
		{ NFT_SET_CONSTANT, 13 << 6 | 12, 8 },
	};

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(sets); i++) {
		pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
			pw_ruleset_new();
		pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
		struct nftnl_set *nls = nftnl_set_alloc();

		nftnl_set_set_str(nls, NFTNL_SET_NAME, "x");
		nftnl_set_set_u32(nls, NFTNL_SET_FLAGS, sets[i].flags);
		nftnl_set_set_u32(nls, NFTNL_SET_KEY_TYPE, sets[i].type);
		nftnl_set_set_u32(nls, NFTNL_SET_KEY_LEN, sets[i].len);
		assert_int_equal(pw_nft_decode_set(nls, rs, diags),
				 -EOPNOTSUPP);
		nftnl_set_free(nls);
	}
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(refuses_jump_without_chain),
		cmocka_unit_test(refuses_chain_of_nat),
		cmocka_unit_test(refuses_foreign_sets),
	};
	static struct CMUnitTest tests[128];
	size_t num = 0;

	ROWS(foreigners, refuses);
	ROWS(synonyms, understands);
	memcpy(&tests[num], fixed, sizeof(fixed));
	num += PW_ARRAY_SIZE(fixed);
	return _cmocka_run_group_tests("nft_foreign", tests, num, NULL, NULL);
}
