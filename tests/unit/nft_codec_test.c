// SPDX-License-Identifier: GPL-2.0-or-later
/* IR to netlink and back without a kernel, and to text. */
#include <errno.h>

#include "../codec/wire.h"
#include "nft/keys.h"
#include "nft/udata.h"

#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>

static void comes_back(void **state)
{
	const struct codec_row *row = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = codec_ground();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = codec_ground();
	const struct pw_rule *rule;

	assert_int_equal(codec_add_row(want, row), 0);
	assert_decodes(pw_nft_encode_rule(want, C_ROWS, 0), got);
	assert_equal_rulesets(want, got);
	rule = &got->chains[C_ROWS].rules[0];
	assert_int_equal(rule->handle, 77);
	assert_int_equal(rule->section, PW_NONE);
	assert_int_equal(!rule->comment, !row->comment);
}

static void prints(void **state)
{
	const struct codec_row *row = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = codec_ground();
	char *text;

	if (!row->text)
		return;
	assert_int_equal(codec_add_row(rs, row), 0);
	text = rule_text(rs);
	assert_string_equal(text, row->text);
	free(text);
}

static void set_comes_back(uint32_t index, bool map)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = codec_ground();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct nftnl_set *nls = map ? pw_nft_encode_map(want, index) :
				      pw_nft_encode_set(want, index);
	struct nftnl_set *back = nftnl_set_alloc();
	static char buf[4096];
	struct nlmsghdr *nlh = header(buf, NFT_MSG_NEWSET);

	nftnl_set_nlmsg_build_payload(nlh, nls);
	assert_int_equal(nftnl_set_nlmsg_parse(nlh, back), 0);
	assert_int_equal(pw_nft_decode_set(back, got, diags), 0);
	nftnl_set_free(nls);
	nftnl_set_free(back);
	if (map) {
		assert_int_equal(got->num_maps, 1);
		assert_string_equal(got->maps[0].name, want->maps[index].name);
		assert_int_equal(got->maps[0].key, want->maps[index].key);
		assert_int_equal(got->maps[0].counters,
				 want->maps[index].counters);
		return;
	}
	const struct pw_set *a = &want->sets[index], *b = &got->sets[0];

	assert_int_equal(got->num_sets, 1);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->constant, b->constant);
	assert_int_equal(a->interval, b->interval);
	assert_int_equal(a->dynamic, b->dynamic);
	assert_int_equal(a->timeout, b->timeout);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
	assert_int_equal(a->size, b->size);
	assert_int_equal(!a->comment, !b->comment);
	if (a->comment)
		assert_string_equal(a->comment, b->comment);
}

static void sets_come_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NUM_SAMPLE_SETS; i++)
		set_comes_back(i, false);
	for (uint32_t i = 0; i < NUM_SAMPLE_MAPS; i++)
		set_comes_back(i, true);
}

static void objects_come_back(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = codec_ground();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	static char buf[4096];

	(void)state;
	for (uint32_t i = 0; i < NUM_SAMPLE_OBJS; i++) {
		struct nftnl_obj *nlo = pw_nft_encode_obj(want, i);
		struct nftnl_obj *back = nftnl_obj_alloc();
		struct nlmsghdr *nlh = header(buf, NFT_MSG_NEWOBJ);

		nftnl_obj_nlmsg_build_payload(nlh, nlo);
		assert_int_equal(nftnl_obj_nlmsg_parse(nlh, back), 0);
		assert_int_equal(pw_nft_decode_obj(back, got, diags), 0);
		nftnl_obj_free(nlo);
		nftnl_obj_free(back);
		assert_string_equal(got->objs[i].name, want->objs[i].name);
		assert_int_equal(got->objs[i].kind, want->objs[i].kind);
		assert_int_equal(got->objs[i].rate.count,
				 want->objs[i].rate.count);
		assert_int_equal(got->objs[i].rate.burst,
				 want->objs[i].rate.burst);
	}
	assert_string_equal(got->objs[O_Q].comment, "web, ssh");
}

static void chains_come_back(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = codec_ground();
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = pw_ruleset_new();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	static char buf[4096];

	(void)state;
	want->chains[C_ROWS].userdata = strdup("\x80\x02xy");
	want->chains[C_ROWS].userdata_len = 4;
	for (uint32_t i = 0; i < want->num_chains; i++) {
		struct nftnl_chain *nlc = pw_nft_encode_chain(want, i);
		struct nftnl_chain *back = nftnl_chain_alloc();
		struct nlmsghdr *nlh = header(buf, NFT_MSG_NEWCHAIN);

		nftnl_chain_nlmsg_build_payload(nlh, nlc);
		assert_int_equal(nftnl_chain_nlmsg_parse(nlh, back), 0);
		assert_int_equal(pw_nft_decode_chain(back, got, diags), 0);
		nftnl_chain_free(nlc);
		nftnl_chain_free(back);
		assert_string_equal(got->chains[i].name, want->chains[i].name);
		assert_int_equal(got->chains[i].hook, want->chains[i].hook);
		assert_int_equal(got->chains[i].priority,
				 want->chains[i].priority);
		assert_int_equal(got->chains[i].policy, want->chains[i].policy);
	}
	assert_int_equal(got->chains[C_ROWS].userdata_len, 4);
	assert_memory_equal(got->chains[C_ROWS].userdata, "\x80\x02xy", 4);
}

static void keys_come_back(void **state)
{
	uint8_t buf[PW_KEY_MAX];
	struct pw_value value;
	uint32_t key;
	size_t len;

	(void)state;
	len = pw_set_key(PW_T_IPV4, pw_value32(0x01020304), buf);
	assert_int_equal(len, 4);
	assert_memory_equal(buf, "\1\2\3\4", 4);
	assert_int_equal(pw_set_key_parse(PW_T_IPV4, buf, len, &value), 0);
	assert_int_equal(value.lo, 0x01020304);
	assert_int_equal(pw_set_key_parse(PW_T_IPV4, buf, 3, &value), -EBADMSG);
	len = pw_set_key(PW_T_IPV6, (struct pw_value)V(DB8, 1), buf);
	assert_memory_equal(buf, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", len);
	assert_int_equal(pw_set_key_parse(PW_T_IPV6, buf, len, &value), 0);
	assert_true(value.hi == DB8 && value.lo == 1);
	assert_int_equal(pw_set_key(PW_T_MARK, pw_value32(1), buf), 0);
	assert_int_equal(pw_set_key_parse(PW_T_MARK, buf, 8, &value), -EBADMSG);
	len = pw_map_key(PW_K_PROTO_PORT, 6 << 16 | 443, buf);
	assert_int_equal(len, 8);
	assert_memory_equal(buf, "\6\0\0\0\1\xbb\0\0", 8);
	assert_int_equal(pw_map_key_parse(PW_K_PROTO_PORT, buf, len, &key), 0);
	assert_int_equal(key, 6 << 16 | 443);
	len = pw_map_key(PW_K_FIB_DADDR, 2, buf);
	assert_int_equal(pw_map_key_parse(PW_K_FIB_DADDR, buf, len, &key), 0);
	assert_int_equal(key, 2);
	len = pw_map_key(PW_K_PORT, 443, buf);
	assert_memory_equal(buf, "\1\xbb", len);
	assert_int_equal(pw_map_key_parse(PW_K_PROTO, buf, 2, &key), -EBADMSG);
	assert_int_equal(pw_map_key_parse(PW_K_PROTO_PORT, "\6\1\0\0\1\xbb\0\0",
					  8, &key), -EBADMSG);
	assert_int_equal(pw_map_key_parse(PW_K_PROTO_PORT, "\6\0\0\0\1\xbb\0\1",
					  8, &key), -EBADMSG);
}

static void reads_odd_userdata(void **state)
{
	char text[COMMENT_MAX + 1];
	char many[258] = "\0\xff";

	(void)state;
	memset(many + 2, 'x', 255);
	assert_false(udata_comment(NULL, 9, 0, text));
	assert_false(udata_comment("\0", 1, 0, text));
	assert_false(udata_comment("\0\5ab", 4, 0, text));
	assert_false(udata_comment("\0\1\0", 3, 0, text));
	assert_true(udata_comment("\7\1z\0\3ab\0", 8, 0, text));
	assert_string_equal(text, "ab");
	assert_true(udata_comment("\0\2a\33", 4, 0, text));
	assert_string_equal(text, "a?");
	assert_true(udata_comment(many, 257, 0, text));
	assert_int_equal(strlen(text), COMMENT_MAX);
}

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(sets_come_back),
		cmocka_unit_test(objects_come_back),
		cmocka_unit_test(chains_come_back),
		cmocka_unit_test(keys_come_back),
		cmocka_unit_test(reads_odd_userdata),
	};
	static struct CMUnitTest tests[512];
	size_t num = 0;

	ROWS(codec_rows, comes_back);
	ROWS(codec_rows, prints);
	memcpy(&tests[num], fixed, sizeof(fixed));
	num += PW_ARRAY_SIZE(fixed);
	return _cmocka_run_group_tests("nft_codec", tests, num, NULL, NULL);
}
