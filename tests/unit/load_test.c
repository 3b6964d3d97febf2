// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading, as far as it goes without a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/netlink.h"
#include "nft/elements.h"
#include "nft/kernel.h"
#include "nft/load_priv.h"
#include "nft/load_stamp.h"

static const struct name_case {
	const char *name;
	uint32_t n;
} name_cases[] = {
	{ "g7.in", 7 }, { "g7.c.12", 7 }, { "m.12.ports", 12 },
	{ "g4294967295.in", UINT32_MAX }, { "g4294967296.in", 0 },
	{ "g99999999999999999999999.in", 0 }, { "g.in", 0 }, { "g0.in", 0 },
	{ "g7", 0 }, { "input", 0 }, { "m.x", 0 }, { "m.", 0 }, { "g", 0 },
	{ "k.tcp.00ff", 0 }, { "n.g7.in", 0 }, { "", 0 },
};

static void generation_of_name(void **state)
{
	const struct name_case *tc = *state;

	assert_int_equal(pw_name_generation(tc->name), tc->n);
}

static const struct pw_stamp stamp = {
	.generation = 7, .digest = { 1, 2, 3 }, .rules = { 4, 5, 6 },
	.time_ns = 0x0123456789abcdef, .uid = 0, .sudo_uid = 1000,
	.insecure = true, .source = "shop.ini",
};

static void stamp_round_trip(void **state)
{
	uint8_t data[PW_USERDATA_MAX];
	size_t len = pw_stamp_put(&stamp, data);
	struct pw_stamp got;
	uint32_t format = 9;

	(void)state;
	assert_int_equal(pw_stamp_get(data, len, &got), 0);
	assert_memory_equal(&got, &stamp, sizeof(got));
	assert_int_equal(pw_format_put(1, data), 6);
	assert_int_equal(pw_format_get(data, 6, &format), 0);
	assert_int_equal(format, 1);
}

static void stamp_fits_with_the_longest_name(void **state)
{
	uint8_t data[PW_USERDATA_MAX];
	struct pw_stamp longest = stamp, got;
	size_t len;

	(void)state;
	memset(longest.source, 'x', sizeof(longest.source));
	len = pw_stamp_put(&longest, data);
	assert_in_range(len, 1, PW_USERDATA_MAX);
	assert_int_equal(pw_stamp_get(data, len, &got), 0);
	assert_int_equal(strlen(got.source), sizeof(got.source) - 1);
}

/* Every length but the right one, each in memory of exactly that length */
static void stamp_cut_is_refused(void **state)
{
	uint8_t data[PW_USERDATA_MAX];
	size_t len = pw_stamp_put(&stamp, data);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1);
		struct pw_stamp got;

		assert_non_null(copy);
		copy = realloc(copy, cut ? cut : 1);
		memcpy(copy, data, cut);
		assert_int_equal(pw_stamp_get(copy, cut, &got), -ENOENT);
		if (cut > 2) {
			copy[1] = (uint8_t)(cut - 2);
			assert_int_equal(pw_stamp_get(copy, cut, &got),
					 cut < len - strlen(stamp.source) ?
					 -EBADMSG : 0);
		}
		free(copy);
	}
}

static void stamp_behind_a_comment(void **state)
{
	uint8_t data[2 * PW_USERDATA_MAX] = { 0, 3, 'h', 'i', 0, 9, 0 };
	size_t len = 7 + pw_stamp_put(&stamp, data + 7);
	struct pw_stamp got;

	(void)state;
	assert_int_equal(pw_stamp_get(data, len, &got), 0);
	assert_int_equal(got.generation, 7);
	assert_int_equal(pw_stamp_get(data, 7, &got), -ENOENT);
}

static const struct elems_case {
	const char *name;
	enum pw_set_type type;
	bool interval;
	size_t elems;		/* in messages */
	struct { uint32_t first, last; } ranges[4];
	bool rest;		/* and all from 2^bits - 3 on */
} elems_cases[] = {
	{ "hash", PW_T_IPV4, false, 4, { { 1, 1 }, { 5, 7 } }, false },
	{ "bitmap", PW_T_PORT, false, 6, { { 22, 22 }, { 80, 81 } }, true },
	{ "protocols of the net", PW_T_NFPROTO, false, 2,
	  { { 2, 2 }, { 10, 10 } }, false },
	{ "all ports", PW_T_PORT, false, 65536, { { 0, 65535 } }, false },
	{ "ranges", PW_T_IPV4, true, 5, { { 1, 1 }, { 5, 7 } }, false },
	{ "from zero", PW_T_IPV4, true, 4, { { 0, 1 }, { 5, 7 } }, false },
	{ "to the last", PW_T_IPV4, true, 4, { { 5, 7 } }, true },
	{ "everything", PW_T_IPV4, true, 1, { { 0, UINT32_MAX } }, false },
	{ "ranges of IPv6", PW_T_IPV6, true, 6, { { 1, 1 }, { 5, 7 } }, true },
	/* each of the three names is closed by itself */
	{ "interfaces that touch", PW_T_IFNAME, true, 7, { { 5, 7 } }, false },
};

static struct pw_rangeset *elems_of(const struct elems_case *tc)
{
	static const unsigned int bits[PW_NUM_SET_TYPES] = {
		[PW_T_IPV4] = 32, [PW_T_IPV6] = 128, [PW_T_PORT] = 16,
		[PW_T_IFNAME] = 128, [PW_T_NFPROTO] = 8,
	};
	struct pw_rangeset *elems = pw_rangeset_new(bits[tc->type]);
	struct pw_value last = pw_value_max(bits[tc->type]), first = last;

	assert_non_null(elems);
	first.lo -= 2;
	if (tc->rest)
		assert_int_equal(pw_rangeset_add(elems, first, last), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(tc->ranges); i++) {
		if (i && !tc->ranges[i].last)
			break;
		assert_int_equal(pw_rangeset_add(
				elems, pw_value32(tc->ranges[i].first),
				pw_value32(tc->ranges[i].last)), 0);
	}
	assert_int_equal(pw_rangeset_normalise(elems), 0);
	return elems;
}

/* Elements in a message; its lists must not be longer than a length holds */
static size_t count_elems(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *elem;
	size_t num = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		assert_ptr_equal((const char *)attr + attr->nla_len,
				 (const char *)nlh + nlh->nlmsg_len);
		mnl_attr_for_each_nested(elem, attr)
			num++;
	}
	assert_true(num);
	return num;
}

static void elems_round_trip(void **state)
{
	const struct elems_case *tc = *state;
	struct pw_set set = {
		.name = (char[]){ "s" }, .type = tc->type, .constant = true,
		.interval = tc->interval, .elems = elems_of(tc),
	};
	struct pw_elems_dump dump = { .set = &set, .max_values = 65536 };
	struct pw_rangeset *got = NULL;
	struct pw_batch batch;
	size_t num = 0;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	assert_int_equal(pw_elems_put_set(&batch, &set), 0);
	assert_int_equal(pw_batch_close(&batch), 0);
	for (uint32_t seq = 2; seq < batch.next - 1; seq++) {
		const struct nlmsghdr *nlh = pw_batch_find(&batch, seq);

		num += count_elems(nlh);
		assert_int_equal(pw_elems_read_set(&dump, nlh), 0);
	}
	assert_int_equal(num, tc->elems);
	assert_int_equal(pw_elems_finish_set(&dump, &got), 0);
	assert_true(pw_rangeset_equal(set.elems, got));
	pw_elems_clear(&dump);
	pw_batch_clear(&batch);
	pw_rangeset_free(set.elems);
	pw_rangeset_free(got);
}

struct raw_elem {
	size_t key_len;
	uint8_t key[4];
	uint32_t flags;
};

/* A dump's message with up to three elements; an empty key ends the list */
static const struct bad_case {
	const char *name;
	int err, finish;
	size_t max;
	struct raw_elem elems[3];
} bad_cases[] = {
	{ "key too short", -EBADMSG, 0, 9, { { 3, { 1 }, 0 } } },
	{ "strange flag", -EBADMSG, 0, 9, { { 4, { 1 }, 0x40 } } },
	{ "two ranges begin", 0, -EBADMSG, 9,
	  { { 4, { 1 }, 0 }, { 4, { 2 }, 0 } } },
	{ "more than are wanted", -EFBIG, 0, 1,
	  { { 4, { 1 }, 0 }, { 4, { 2 }, 1 }, { 4, { 3 }, 0 } } },
	{ "ends alone are nothing", 0, 0, 1,
	  { { 4, { 1 }, 1 }, { 4, { 2 }, 1 } } },
};

static void put_raw(struct nlmsghdr *nlh, const struct raw_elem *raw)
{
	struct nlattr *elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, raw->key_len, raw->key);
	mnl_attr_nest_end(nlh, key);
	if (raw->flags)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(raw->flags));
	mnl_attr_nest_end(nlh, elem);
}

static struct nlmsghdr *raw_message(struct pw_batch *batch,
				    const struct raw_elem *raw, size_t num)
{
	struct nlmsghdr *nlh = pw_batch_add(batch, NFT_MSG_NEWSETELEM, 0);
	struct nlattr *list;

	assert_non_null(nlh);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < num && raw[i].key_len; i++)
		put_raw(nlh, &raw[i]);
	mnl_attr_nest_end(nlh, list);
	return nlh;
}

static void elems_refused(void **state)
{
	const struct bad_case *tc = *state;
	const struct pw_set set = { .type = PW_T_IPV4, .interval = true };
	struct pw_elems_dump dump = { .set = &set, .max_values = tc->max };
	struct pw_rangeset *got = NULL;
	struct pw_batch batch;

	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	assert_int_equal(pw_elems_read_set(&dump, raw_message(
				&batch, tc->elems, 3)), tc->err);
	if (!tc->err)
		assert_int_equal(pw_elems_finish_set(&dump, &got), tc->finish);
	pw_rangeset_free(got);
	pw_elems_clear(&dump);
	pw_batch_clear(&batch);
}

static void timed_elems_begin_with_a_flush(void **state)
{
	static const uint32_t protos[] = { 2, 10 };
	const struct nlattr *list;
	struct pw_batch batch;

	(void)state;
	assert_int_equal(pw_batch_open(&batch, 1, 1), 0);
	assert_int_equal(pw_elems_put_timed(&batch, "adopt", PW_T_NFPROTO,
					    protos, 2, 1000), 0);
	assert_int_equal(pw_batch_close(&batch), 0);
	assert_int_equal(batch.num, 2);
	assert_int_equal(pw_batch_find(&batch, 2)->nlmsg_type & 0xff,
			 NFT_MSG_DELSETELEM);
	assert_int_equal(count_elems(pw_batch_find(&batch, 3)), 2);
	mnl_attr_for_each(list, pw_batch_find(&batch, 2),
			  sizeof(struct nfgenmsg))
		assert_int_not_equal(mnl_attr_get_type(list),
				     NFTA_SET_ELEM_LIST_ELEMENTS);
	pw_batch_clear(&batch);
}

static uint32_t ok(int64_t index)
{
	assert_true(index >= 0);
	return (uint32_t)index;
}

static void add_rule(struct pw_ruleset *rs, uint32_t chain,
		     struct pw_match *match, struct pw_effect *effect,
		     struct pw_verdict verdict)
{
	const struct pw_rule rule = {
		.matches = match, .num_matches = match ? 1 : 0,
		.effects = effect, .num_effects = effect ? 1 : 0,
		.verdict = verdict, .comment = (char[]){ "allow web" },
		.section = PW_NONE,
	};

	assert_int_equal(pw_ruleset_add_rule(rs, chain, &rule), 0);
}

static struct pw_verdict to(enum pw_verdict_kind kind, uint32_t target)
{
	return (struct pw_verdict){
		.kind = kind,
		.chain = kind == PW_V_MAP ? PW_NONE : target,
		.map = kind == PW_V_MAP ? target : PW_NONE,
	};
}

static uint32_t add_set(struct pw_ruleset *rs, const char *name, bool constant)
{
	struct pw_rangeset *elems = pw_rangeset_of(32, pw_value32(5),
						   pw_value32(5));
	struct pw_set set = {
		.name = (char *)(uintptr_t)name, .type = PW_T_IPV4,
		.constant = constant, .size = 1, .dynamic = !constant,
		.elems = constant ? elems : NULL,
	};
	uint32_t index = pw_ruleset_find_set(rs, name);

	if (index == PW_NONE)
		index = ok(pw_ruleset_add_set(rs, &set));
	pw_rangeset_free(elems);
	return index;
}

static uint32_t add_obj(struct pw_ruleset *rs, const char *name)
{
	static const struct pw_rate none;
	uint32_t index = pw_ruleset_find_obj(rs, name);

	return index != PW_NONE ? index :
	       ok(pw_ruleset_add_obj(rs, name, PW_O_COUNTER, &none));
}

/*
 * gN.in: a set matched, a counter; a port map to gN.c. What is "a.shared",
 * "n.shared" is used by every generation, "a.N", "n.N" by this one alone.
 */
static void add_generation(struct pw_ruleset *rs, unsigned int n)
{
	struct pw_match match = { .field = PW_F_SADDR4, .set = PW_NONE };
	struct pw_effect effect = {
		.kind = PW_E_COUNTER, .obj = PW_NONE, .map = PW_NONE,
		.set = PW_NONE,
	};
	struct pw_map_elem e = { .key = 22, .obj = PW_NONE };
	char name[32];
	uint32_t in, c, map;

	snprintf(name, sizeof(name), "g%u.in", n);
	in = ok(pw_ruleset_add_chain(rs, name));
	snprintf(name, sizeof(name), "g%u.c", n);
	c = ok(pw_ruleset_add_chain(rs, name));
	snprintf(name, sizeof(name), "m.%u.ports", n);
	map = ok(pw_ruleset_add_map(rs, name, PW_K_PORT, false));
	e.verdict = to(PW_V_JUMP, c);
	assert_int_equal(pw_map_add(&rs->maps[map], &e), 0);
	match.set = add_set(rs, "a.shared", true);
	effect.obj = add_obj(rs, "n.shared");
	add_rule(rs, in, &match, &effect, to(PW_V_ACCEPT, PW_NONE));
	snprintf(name, sizeof(name), "a.%u", n);
	match.set = add_set(rs, name, true);
	snprintf(name, sizeof(name), "n.%u", n);
	effect.obj = add_obj(rs, name);
	add_rule(rs, c, &match, &effect, to(PW_V_DROP, PW_NONE));
	match = (struct pw_match){
		.field = PW_F_L4PROTO, .set = PW_NONE,
		.range = { pw_value32(6), pw_value32(6) },
	};
	add_rule(rs, in, &match, NULL, to(PW_V_MAP, map));
}

static struct pw_ruleset *ruleset_of(const unsigned int *gens, size_t num,
				     unsigned int current)
{
	struct pw_ruleset *rs = pw_ruleset_new();
	uint32_t input;
	char name[32];

	assert_non_null(rs);
	input = ok(pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0,
				       PW_V_DROP));
	for (size_t i = 0; i < num; i++)
		add_generation(rs, gens[i]);
	if (current) {
		snprintf(name, sizeof(name), "g%u.in", current);
		add_rule(rs, input, NULL, NULL,
			 to(PW_V_GOTO, pw_ruleset_find_chain(rs, name)));
	}
	assert_int_equal(pw_ruleset_sort(rs), 0);
	return rs;
}

static void generation_is_what_was_compiled(void **state)
{
	const unsigned int gens[] = { 1, 2, 3 };
	struct pw_ruleset *want = ruleset_of(&gens[1], 1, 2), *got = NULL;
	struct pw_kernel kernel = {
		.exists = true, .rules = ruleset_of(gens, 3, 2), .current = 2,
	};
	char *what = NULL;

	(void)state;
	assert_int_equal(pw_kernel_generation(&kernel, 2, &got), 0);
	assert_int_equal(pw_ruleset_diff(want, got, &what), 0);
	pw_ruleset_free(got);
	assert_int_equal(pw_kernel_generation(&kernel, 3, &got), 0);
	assert_int_equal(pw_ruleset_diff(want, got, &what), 1);
	assert_int_equal(got->chains[0].num_rules, 0);
	assert_int_equal(got->num_chains, 3);
	free(what);
	pw_ruleset_free(got);
	pw_ruleset_free(want);
	pw_ruleset_free(kernel.rules);
}

/* Names of what is stale, in the order of the ruleset's arrays */
static void stale_names(const struct pw_kernel *kernel,
			const struct pw_ruleset *want, bool moving, char *text,
			size_t len)
{
	const struct pw_ruleset *rs = kernel->rules;
	FILE *out = fmemopen(text, len, "w");
	struct pw_stale stale;

	assert_non_null(out);
	assert_int_equal(pw_stale_find(kernel, want, moving, &stale), 0);
	for (size_t i = 0; i < rs->num_chains; i++)
		fprintf(out, "%s", stale.chains[i] ? rs->chains[i].name : "");
	for (size_t i = 0; i < rs->num_sets; i++)
		fprintf(out, " %s", stale.sets[i] ? rs->sets[i].name : "");
	for (size_t i = 0; i < rs->num_maps; i++)
		fprintf(out, " %s", stale.maps[i] ? rs->maps[i].name : "");
	for (size_t i = 0; i < rs->num_objs; i++)
		fprintf(out, " %s", stale.objs[i] ? rs->objs[i].name : "");
	fprintf(out, stale.any ? " any" : " none");
	fclose(out);
	pw_stale_clear(&stale);
}

static const struct stale_case {
	const char *name;
	unsigned int current, want;
	const char *stale;
	unsigned int trial, left_ms;
	bool moving;
} stale_cases[] = {
	{ "the one before", 2, 3, "g1.cg1.in a.1    m.1.ports  n.1   any",
	  0, 0, false },
	{ "it is wanted again", 2, 1, "g1.cg1.in     m.1.ports     any",
	  0, 0, false },
	{ "all are orphans", 0, 0, "g1.cg1.ing2.cg2.in a.1 a.2 a.shared  "
	  "m.1.ports m.2.ports n.1 n.2 n.shared any",
	  0, 0, false },
	{ "behind a trial", 1, 0, "          none", 2, 5, true },
	{ "a trial that has expired", 1, 0, "          none", 2, 0, false },
	{ "an expired one on the way from it", 1, 0,
	  "g2.cg2.in  a.2    m.2.ports  n.2  any", 2, 0, true },
	{ "a first one on the way from it", 0, 1,
	  "g1.cg1.ing2.cg2.in  a.2   m.1.ports m.2.ports  n.2  any", 2, 0,
	  true },
};

static void finds_stale(void **state)
{
	const struct stale_case *tc = *state;
	const unsigned int gens[] = { 1, 2 };
	struct pw_kernel kernel = {
		.exists = true, .current = tc->current,
		.trial = tc->trial, .trial_left_ms = tc->left_ms,
		.rules = ruleset_of(gens, 2, tc->current),
	};
	struct pw_ruleset *want = tc->want ?
				  ruleset_of(&tc->want, 1, tc->want) : NULL;
	char text[256];

	/* one that rules fill stays, whoever needs it */
	add_set(kernel.rules, "s.rate4", false);
	assert_int_equal(pw_ruleset_sort(kernel.rules), 0);
	stale_names(&kernel, want, tc->moving, text, sizeof(text));
	assert_string_equal(text, tc->stale);
	pw_ruleset_free(want);
	pw_ruleset_free(kernel.rules);
}

/* What others put there goes, unless something that stays leads to it */
static void finds_strangers(void **state)
{
	const unsigned int gens[] = { 1, 2 };

	(void)state;
	for (unsigned int from = 1; from <= 2; from++) {
		struct pw_kernel kernel = {
			.exists = true, .current = 2,
			.rules = ruleset_of(gens, 2, 2),
		};
		uint32_t stranger =
			ok(pw_ruleset_add_chain(kernel.rules, "stranger"));
		char text[256], name[32];

		snprintf(name, sizeof(name), "g%u.c", from);
		add_rule(kernel.rules, pw_ruleset_find_chain(kernel.rules, name),
			 NULL, NULL, to(PW_V_JUMP, stranger));
		assert_int_equal(pw_ruleset_sort(kernel.rules), 0);
		stale_names(&kernel, NULL, false, text, sizeof(text));
		assert_int_equal(!!strstr(text, "stranger"), from == 1);
		pw_ruleset_free(kernel.rules);
	}
}

#define ROWS(cases, fn) do {						\
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(cases); i_++)		\
		tests[num++] = (struct CMUnitTest){			\
			.name = cases[i_].name, .test_func = fn,	\
			.initial_state = (void *)(uintptr_t)&cases[i_],	\
		};							\
} while (0)

int main(void)
{
	static struct CMUnitTest tests[64] = {
		cmocka_unit_test(stamp_round_trip),
		cmocka_unit_test(stamp_fits_with_the_longest_name),
		cmocka_unit_test(stamp_cut_is_refused),
		cmocka_unit_test(stamp_behind_a_comment),
		cmocka_unit_test(timed_elems_begin_with_a_flush),
		cmocka_unit_test(finds_strangers),
		cmocka_unit_test(generation_is_what_was_compiled),
	};
	size_t num = 7;

	ROWS(name_cases, generation_of_name);
	ROWS(elems_cases, elems_round_trip);
	ROWS(bad_cases, elems_refused);
	ROWS(stale_cases, finds_stale);
	return _cmocka_run_group_tests("load", tests, num, NULL, NULL);
}
