/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of protocols, interfaces and units; misspelt words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "portwall/names.h"

static void protocols_there_and_back(void **state)
{
	unsigned int num = 0;
	uint8_t back;

	(void)state;
	for (unsigned int proto = 0; proto < 256; proto++) {
		const char *name = pw_proto_name(proto);

		if (!name)
			continue;
		num++;
		assert_int_equal(pw_proto_by_name(name, strlen(name), &back),
				 0);
		assert_int_equal(back, proto);
		for (const char *p = name; *p; p++)
			assert_true(*p < 'A' || *p > 'Z');
	}
	assert_in_range(num, 50, 150);
}

static const struct {
	const char *name;
	int err;
	uint8_t proto;
} protocols[] = {
	{ "tcp", 0, 6 },	{ "udp", 0, 17 },	{ "sctp", 0, 132 },
	{ "esp", 0, 50 },	{ "ah", 0, 51 },	{ "gre", 0, 47 },
	{ "icmp", 0, 1 },	{ "ipv6-icmp", 0, 58 },	{ "icmpv6", 0, 58 },
	{ "igmp", 0, 2 },	{ "ospf", 0, 89 },	{ "vrrp", 0, 112 },
	{ "ip", 0, 0 },		{ "hopopt", 0, 0 },	{ "udplite", 0, 136 },
	{ "es", -ENOENT, 0 },	{ "espx", -ENOENT, 0 },	{ "", -ENOENT, 0 },
	{ "ESP", -ENOENT, 0 },	{ "50", -ENOENT, 0 },
};

static void protocols_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(protocols); i++) {
		uint8_t got = 0;

		assert_int_equal(pw_proto_by_name(protocols[i].name,
						  strlen(protocols[i].name),
						  &got), protocols[i].err);
		assert_int_equal(got, protocols[i].proto);
	}
}

static const struct ifname_case {
	const char *text;
	int err;
} ifnames[] = {
	{ "eth0", 0 },			{ "br-*", 0 },
	{ "*", 0 },			{ "a", 0 },
	{ "fifteen-bytes-x", 0 },	{ "fourteen-byte-*", 0 },
	{ "eth0.100", 0 },		{ "..a", 0 },
	{ "...", 0 },			{ "\xc3\xa4", 0 },
	{ "", -EINVAL },		{ ".", -EINVAL },
	{ "..", -EINVAL },		{ "sixteen-bytes-xx", -EINVAL },
	{ "fifteen-bytes-x*", -EINVAL }, { "a/b", -EINVAL },
	{ "a b", -EINVAL },		{ "a\tb", -EINVAL },
	{ "a*b", -EINVAL },		{ "a**", -EINVAL },
	{ "*a", -EINVAL },		{ "eth0:1", -EINVAL },
	{ "a\x1b", -EINVAL },		{ "a\x7f", -EINVAL },
};

static void interface_names(void **state)
{
	const struct ifname_case *tc = *state;
	struct pw_range range;
	char buf[17];

	assert_int_equal(pw_ifname_range(tc->text, strlen(tc->text), &range),
			 tc->err);
	if (tc->err)
		return;
	assert_true(pw_value_cmp(range.first, range.last) <= 0);
	assert_string_equal(pw_ifname_format(&range, buf), tc->text);
}

static struct pw_range ifname(const char *text)
{
	struct pw_range range;

	assert_int_equal(pw_ifname_range(text, strlen(text), &range), 0);
	return range;
}

static bool covers(const char *glob, const char *name)
{
	struct pw_range range = ifname(glob), one = ifname(name);

	return pw_value_cmp(range.first, one.first) <= 0 &&
	       pw_value_cmp(one.last, range.last) <= 0;
}

static void globs_cover_their_names(void **state)
{
	(void)state;
	assert_true(covers("br-*", "br-5f0c"));
	assert_true(covers("br-*", "br-"));
	assert_true(covers("br-*", "br-\xff\xff"));
	assert_true(covers("br-*", "br-*"));
	assert_true(covers("*", "eth0"));
	assert_false(covers("br-*", "br"));
	assert_false(covers("br-*", "br0"));
	assert_false(covers("br-*", "br."));
	assert_false(covers("eth1", "eth10"));
	assert_false(covers("eth1", "eth*"));
}

static void ifname_order_is_that_of_the_bytes(void **state)
{
	static const char *const sorted[] = {
		"a", "a0", "aa", "b", "eth0", "eth1", "eth10", "eth2", "\xc3",
	};

	(void)state;
	for (size_t i = 1; i < PW_ARRAY_SIZE(sorted); i++)
		assert_int_equal(pw_value_cmp(ifname(sorted[i - 1]).first,
					      ifname(sorted[i]).first), -1);
	assert_true(ifname("a").first.hi == (uint64_t)'a' << 56);
}

static void a_range_that_is_no_glob_shows_its_first(void **state)
{
	struct pw_range range = { ifname("eth0").first, ifname("eth3").first };
	char buf[17];

	(void)state;
	assert_string_equal(pw_ifname_format(&range, buf), "eth0");
}

static void units_of_rates(void **state)
{
	(void)state;
	assert_string_equal(pw_rate_unit_name(1), "second");
	assert_string_equal(pw_rate_unit_name(60), "minute");
	assert_string_equal(pw_rate_unit_name(3600), "hour");
	assert_string_equal(pw_rate_unit_name(86400), "day");
	assert_null(pw_rate_unit_name(0));
	assert_null(pw_rate_unit_name(61));
	assert_null(pw_rate_unit_name(604800));
}

static const struct nearest_case {
	const char *word, *want;
} nearest[] = {
	{ "offcie", "office" },		/* swapped */
	{ "ofice", "office" },		/* left out */
	{ "offfice", "office" },	/* put in */
	{ "offize", "office" },		/* changed */
	{ "fofcie", "office" },		/* two slips */
	{ "OFFICE", "office" },
	{ "fofcei", NULL },		/* three */
	{ "off", NULL },
	{ "tpc", "tcp" },
	{ "tc", "tcp" },
	{ "fom", "from" },
	{ "fmo", NULL },		/* a short word has one slip only */
	{ "ucp", "tcp" },		/* as near as udp, but known first */
	{ "x", NULL },
	{ "T", "t" },
	{ "", NULL },
	{ "connection", "connections" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  NULL },
};

static void nearest_word(void **state)
{
	static const char *const known[] = {
		"from", "tcp", "udp", "office", "connections", "t",
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbbbbbbbbbbb",
	};
	const struct nearest_case *tc = *state;
	const char *got = pw_nearest(tc->word, strlen(tc->word), known,
				     PW_ARRAY_SIZE(known));

	if (tc->want) {
		assert_non_null(got);
		assert_string_equal(got, tc->want);
	} else {
		assert_null(got);
	}
	assert_null(pw_nearest(tc->word, strlen(tc->word), NULL, 0));
}

#define NUM_ROWS (PW_ARRAY_SIZE(ifnames) + PW_ARRAY_SIZE(nearest))

static void name_row(struct CMUnitTest *test, char name[100], const char *what,
		     const char *word, CMUnitTestFunction run, const void *row)
{
	snprintf(name, 100, "%s '%s'", what, word);
	*test = (struct CMUnitTest){
		.name = name, .test_func = run,
		.initial_state = (void *)(uintptr_t)row,
	};
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(protocols_there_and_back),
		cmocka_unit_test(protocols_by_name),
		cmocka_unit_test(globs_cover_their_names),
		cmocka_unit_test(ifname_order_is_that_of_the_bytes),
		cmocka_unit_test(a_range_that_is_no_glob_shows_its_first),
		cmocka_unit_test(units_of_rates),
	};
	static struct CMUnitTest tests[NUM_ROWS];
	static char names[NUM_ROWS][100];
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(ifnames); i++, n++)
		name_row(&tests[n], names[n], "interface", ifnames[i].text,
			 interface_names, &ifnames[i]);
	for (size_t i = 0; i < PW_ARRAY_SIZE(nearest); i++, n++)
		name_row(&tests[n], names[n], "nearest to", nearest[i].word,
			 nearest_word, &nearest[i]);
	failed = cmocka_run_group_tests_name("names", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("names, more", others,
						    NULL, NULL);
}
