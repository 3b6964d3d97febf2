/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of addresses: cases of our own, and glibc as the second opinion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/addr.h"

#define ROUNDS 200000

/* @want: the range as it is printed */
static const struct parse_case {
	const char *text;
	int err;
	const char *want;
	bool host_bits;
} cases[] = {
	{ "0.0.0.0", 0, "0.0.0.0", false },
	{ "255.255.255.255", 0, "255.255.255.255", false },
	{ "192.0.2.1", 0, "192.0.2.1", false },
	{ "192.0.2.0/24", 0, "192.0.2.0/24", false },
	{ "192.0.2.1/24", 0, "192.0.2.0/24", true },
	{ "192.0.2.1/32", 0, "192.0.2.1", false },
	{ "0.0.0.0/0", 0, "0.0.0.0/0", false },
	{ "0.0.0.1/0", 0, "0.0.0.0/0", true },
	{ "255.255.255.254/31", 0, "255.255.255.254/31", false },
	{ "192.0.2.10-192.0.2.20", 0, "192.0.2.10-192.0.2.20", false },
	{ "192.0.2.7-192.0.2.7", 0, "192.0.2.7", false },
	{ "10.0.0.0-10.255.255.255", 0, "10.0.0.0/8", false },
	{ "0.0.0.0-255.255.255.255", 0, "0.0.0.0/0", false },
	{ "192.0.2.20-192.0.2.10", -EDOM, NULL, false },
	{ "192.0.2.1-::1", -EXDEV, NULL, false },
	{ "::1-192.0.2.1", -EXDEV, NULL, false },
	{ "192.0.2.1/33", -ERANGE, NULL, false },
	{ "192.0.2.1/4294967297", -ERANGE, NULL, false },
	{ "192.0.2.1/99999999999999999999", -ERANGE, NULL, false },
	{ "2001:db8::/129", -ERANGE, NULL, false },
	{ "192.0.2.1/", -EINVAL, NULL, false },
	{ "192.0.2.1/024", -EINVAL, NULL, false },
	{ "192.0.2.1/+8", -EINVAL, NULL, false },
	{ "192.0.2.1/8 ", -EINVAL, NULL, false },
	{ "192.0.2.1/8/8", -EINVAL, NULL, false },
	{ "192.0.2.1/8-192.0.2.2", -EINVAL, NULL, false },
	{ "192.0.2.1-192.0.2.9/31", -EINVAL, NULL, false },
	{ "192.0.2.1-", -EINVAL, NULL, false },
	{ "-192.0.2.1", -EINVAL, NULL, false },
	{ "192.0.2.1-9", -EINVAL, NULL, false },
	{ "192.0.2.0/255.255.255.0", -EINVAL, NULL, false },
	{ "192.0.2", -EINVAL, NULL, false },
	{ "192.0.2.", -EINVAL, NULL, false },
	{ "192.0.2.1.1", -EINVAL, NULL, false },
	{ "192.0.2.01", -EINVAL, NULL, false },
	{ "192.0.2.00", -EINVAL, NULL, false },
	{ "192.0.2.256", -EINVAL, NULL, false },
	{ "192.0.2.1000", -EINVAL, NULL, false },
	{ "192.0.2.4294967297", -EINVAL, NULL, false },
	{ "192.0..1", -EINVAL, NULL, false },
	{ "0xc0.0.2.1", -EINVAL, NULL, false },
	{ "192.0.2.+1", -EINVAL, NULL, false },
	{ " 192.0.2.1", -EINVAL, NULL, false },
	{ "192.0.2.1 ", -EINVAL, NULL, false },
	{ "3221225985", -EINVAL, NULL, false },
	{ "", -EINVAL, NULL, false },
	{ "localhost", -EINVAL, NULL, false },
	{ "::", 0, "::", false },
	{ "::/0", 0, "::/0", false },
	{ "::1", 0, "::1", false },
	{ "1::", 0, "1::", false },
	{ "2001:DB8::Ab", 0, "2001:db8::ab", false },
	{ "2001:0db8:0000:0000:0000:0000:0000:0001", 0, "2001:db8::1", false },
	{ "1:2:3:4:5:6:7:8", 0, "1:2:3:4:5:6:7:8", false },
	{ "1:2:3:4:5:6:7::", 0, "1:2:3:4:5:6:7:0", false },
	{ "::2:3:4:5:6:7:8", 0, "0:2:3:4:5:6:7:8", false },
	{ "1:0:0:4:0:0:0:8", 0, "1:0:0:4::8", false },
	{ "1:0:0:4:5:0:0:8", 0, "1::4:5:0:0:8", false },
	{ "::ffff:192.0.2.1", 0, "::ffff:192.0.2.1", false },
	{ "::ffff:c000:201", 0, "::ffff:192.0.2.1", false },
	{ "::ffff:0:0/96", 0, "::ffff:0.0.0.0/96", false },
	{ "64:ff9b::192.0.2.1", 0, "64:ff9b::c000:201", false },
	{ "1:2:3:4:5:6:192.0.2.1", 0, "1:2:3:4:5:6:c000:201", false },
	{ "2001:db8::1/32", 0, "2001:db8::/32", true },
	{ "2001:db8::1/128", 0, "2001:db8::1", false },
	{ "2001:db8::/63", 0, "2001:db8::/63", false },
	{ "2001:db8::/64", 0, "2001:db8::/64", false },
	{ "2001:db8::/65", 0, "2001:db8::/65", false },
	{ "2001:db8:0:0:8000::/64", 0, "2001:db8::/64", true },
	{ "2001:db8::1-2001:db8::5", 0, "2001:db8::1-2001:db8::5", false },
	{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, "::/0", false },
	{ "2001:db8::5-2001:db8::1", -EDOM, NULL, false },
	{ "1:2:3:4:5:6:7:8::", -EINVAL, NULL, false },
	{ "::1:2:3:4:5:6:7:8", -EINVAL, NULL, false },
	{ "1:2:3:4::5:6:7:8", -EINVAL, NULL, false },
	{ "1:2:3:4:5:6:7:8:9", -EINVAL, NULL, false },
	{ "1:2:3:4:5:6:7", -EINVAL, NULL, false },
	{ "1:2:3:4:5:6:7:192.0.2.1", -EINVAL, NULL, false },
	{ "192.0.2.1::", -EINVAL, NULL, false },
	{ "::192.0.2.1:1", -EINVAL, NULL, false },
	{ "::192.0.2.01", -EINVAL, NULL, false },
	{ "::192.0.2", -EINVAL, NULL, false },
	{ "1::2::3", -EINVAL, NULL, false },
	{ ":::", -EINVAL, NULL, false },
	{ ":", -EINVAL, NULL, false },
	{ ":1::", -EINVAL, NULL, false },
	{ "1::2:", -EINVAL, NULL, false },
	{ "1:::2", -EINVAL, NULL, false },
	{ "12345::", -EINVAL, NULL, false },
	{ "00001::", -EINVAL, NULL, false },
	{ "g::", -EINVAL, NULL, false },
	{ "fe80::1%eth0", -EINVAL, NULL, false },
	{ "[::1]", -EINVAL, NULL, false },
	{ "::/", -EINVAL, NULL, false },
};

static void parses_and_prints(void **state)
{
	const struct parse_case *tc = *state;
	struct pw_addr_range got = { .host_bits = !tc->host_bits };
	size_t len = strlen(tc->text);
	char *text = malloc(len ? len : 1), buf[2 * PW_ADDR_STRLEN];

	/* no NUL behind it: a sanitiser sees what is read past the end */
	assert_non_null(text);
	memcpy(text, tc->text, len);
	assert_int_equal(pw_addr_range_parse(text, len, &got), tc->err);
	free(text);
	if (tc->err)
		return;
	assert_string_equal(pw_addr_range_format(got.family, &got.range, buf),
			    tc->want);
	assert_int_equal(got.host_bits, tc->host_bits);
}

static void failure_leaves_the_result_alone(void **state)
{
	struct pw_addr_range got, before;

	(void)state;
	memset(&got, 0x5a, sizeof(got));
	before = got;
	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		if (cases[i].err)
			pw_addr_range_parse(cases[i].text,
					    strlen(cases[i].text), &got);
	assert_memory_equal(&got, &before, sizeof(got));
}

static uint64_t random_state;

static uint64_t rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static struct pw_value value_of(const uint8_t bytes[16])
{
	struct pw_value v = { 0, 0 };

	for (int i = 0; i < 16; i++) {
		v.hi = v.hi << 8 | v.lo >> 56;
		v.lo = v.lo << 8 | bytes[i];
	}
	return v;
}

/* Many zero groups, or there would never be a "::" */
static void random_address(uint8_t bytes[16])
{
	uint64_t zero = rnd() >> 20;

	for (int i = 0; i < 16; i++)
		bytes[i] = zero >> (i / 2) & 1 ? 0 : rnd() >> 24 & 0xff;
	if (rnd() >> 30 & 1)
		memset(bytes, 0, 10);
	if (rnd() >> 30 & 1)
		memset(bytes + 10, 0xff, 2);
}

static void prints_as_glibc_and_reads_it_back(void **state)
{
	char want[INET6_ADDRSTRLEN], got[PW_ADDR_STRLEN];
	struct pw_addr_range back;
	uint8_t bytes[16];

	(void)state;
	random_state = 88172645463325252ULL;
	for (int i = 0; i < ROUNDS; i++) {
		struct pw_value v4 = pw_value32((uint32_t)(rnd() >> 16)), v6;
		uint32_t v4_be = htonl((uint32_t)v4.lo);

		random_address(bytes);
		v6 = value_of(bytes);
		inet_ntop(AF_INET6, bytes, want, sizeof(want));
		assert_string_equal(pw_addr_format(PW_IPV6, v6, got), want);
		assert_int_equal(pw_addr_range_parse(got, strlen(got), &back),
				 0);
		assert_int_equal(back.family, PW_IPV6);
		assert_int_equal(pw_value_cmp(back.range.first, v6), 0);
		assert_int_equal(pw_value_cmp(back.range.last, v6), 0);

		inet_ntop(AF_INET, &v4_be, want, sizeof(want));
		assert_string_equal(pw_addr_format(PW_IPV4, v4, got), want);
		assert_int_equal(pw_addr_range_parse(got, strlen(got), &back),
				 0);
		assert_int_equal(back.family, PW_IPV4);
		assert_int_equal(pw_value_cmp(back.range.first, v4), 0);
	}
}

/* Text near to that of an address: groups, colons, quads in any order */
static void random_text(char *to, size_t size)
{
	static const char *const parts[] = {
		":", ":", "::", "0", "1", "ab", "ffff", "12345", "1.2.3.4",
		"255", ".", "0:0", "1:2:3", "F", "::ffff:", "g",
	};
	size_t num = 1 + (rnd() >> 33) % 9;

	*to = '\0';
	for (size_t i = 0; i < num; i++) {
		const char *part = parts[(rnd() >> 33) % PW_ARRAY_SIZE(parts)];

		if (strlen(to) + strlen(part) + 1 < size)
			strcat(to, part);
	}
}

static void accepts_what_glibc_accepts(void **state)
{
	struct pw_addr_range got;
	size_t num_good = 0;
	uint8_t bytes[16];
	char text[80];

	(void)state;
	random_state = 362436069;
	for (int i = 0; i < ROUNDS; i++) {
		bool good;

		random_text(text, sizeof(text));
		good = inet_pton(AF_INET6, text, bytes) == 1;
		num_good += good;
		if (inet_pton(AF_INET, text, bytes) == 1)
			continue;
		if (!pw_addr_range_parse(text, strlen(text), &got) != good)
			fail_msg("'%s': glibc says %d", text, good);
		if (good && pw_value_cmp(got.range.first, value_of(bytes)))
			fail_msg("'%s': another value", text);
	}
	assert_true(num_good > ROUNDS / 100);
}

static void prefix_lengths(void **state)
{
	static const unsigned int widths[] = { 8, 16, 32, 64, 128 };

	(void)state;
	for (size_t w = 0; w < PW_ARRAY_SIZE(widths); w++)
		for (unsigned int len = 0; len <= widths[w]; len++) {
			struct pw_range range = { { 0, 0 }, { 0, 0 } };

			if (len < widths[w])
				range.last = pw_value_max(widths[w] - len);
			assert_int_equal(pw_range_prefix_len(&range, widths[w]),
					 len);
			/* a few numbers less at one end are no prefix */
			range.first = pw_value_next(range.first);
			if (widths[w] - len > 1)
				assert_int_equal(pw_range_prefix_len(&range,
								     widths[w]),
						 -1);
		}
}

static void both_families_in_one(void **state)
{
	struct pw_addrs addrs, all, none = { { NULL, NULL } };
	struct pw_addr_range range;

	(void)state;
	pw_addrs_clear(&none);
	assert_int_equal(pw_addrs_init(&addrs), 0);
	assert_true(pw_addrs_empty(&addrs));
	assert_int_equal(pw_addr_range_parse("::/1", 4, &range), 0);
	assert_int_equal(pw_addrs_add(&addrs, &range), 0);
	assert_false(pw_addrs_empty(&addrs));
	assert_int_equal(pw_addrs_init_all(&all), 0);
	assert_true(pw_rangeset_is_all(all.set[PW_IPV4]));
	assert_true(pw_rangeset_is_all(all.set[PW_IPV6]));
	assert_int_equal(pw_addrs_add_all(&addrs, &all), 0);
	assert_int_equal(pw_addrs_normalise(&addrs), 0);
	assert_true(pw_rangeset_is_all(addrs.set[PW_IPV4]));
	assert_true(pw_rangeset_is_all(addrs.set[PW_IPV6]));
	pw_addrs_clear(&addrs);
	pw_addrs_clear(&all);
	assert_null(addrs.set[PW_IPV4]);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(failure_leaves_the_result_alone),
		cmocka_unit_test(prints_as_glibc_and_reads_it_back),
		cmocka_unit_test(accepts_what_glibc_accepts),
		cmocka_unit_test(prefix_lengths),
		cmocka_unit_test(both_families_in_one),
	};
	static struct CMUnitTest tests[PW_ARRAY_SIZE(cases)];
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){
			.name = *cases[i].text ? cases[i].text : "(empty)",
			.test_func = parses_and_prints,
			.initial_state = (void *)(uintptr_t)&cases[i],
		};
	failed = cmocka_run_group_tests_name("addr", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("addr, more", others,
						    NULL, NULL);
}
