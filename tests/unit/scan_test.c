// SPDX-License-Identifier: GPL-2.0-or-later
/* What silence proves, how fast probes go, and what services are asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "portwall/own.h"
#include "probe/pace.h"
#include "probe/question.h"
#include "probe/remote.h"

static const struct sure_case {
	const char *name;
	unsigned int sent, lost, tries;
	bool sure;
} sure_cases[] = {
	{ "nothing lost", 24, 0, 3, true },
	{ "nothing known", 0, 0, 3, false },
	{ "few controls", 8, 0, 3, false },
	{ "one lost", 24, 1, 3, false },
	{ "one lost, many tries", 80, 1, 10, true },
	{ "a third lost", 24, 8, 3, false },
	{ "a third lost, many tries", 96, 32, 12, true },
	{ "all lost", 24, 24, 3, false },
	{ "all lost, many tries", 400, 400, 50, false },
	{ "one try", 8, 0, 1, false },
	{ "two tries", 80, 0, 2, true },
	{ "two tries, few controls", 24, 0, 2, false },
	{ "no try", 24, 0, 0, false },
};

static void silence_is_weighed(void **state)
{
	const struct sure_case *tc = *state;

	assert_int_equal(pw_silence_is_sure(tc->sent, tc->lost, tc->tries),
			 tc->sure);
}

/* It may be later, if the machine is busy, and never earlier */
static void pace_is_kept(void **state)
{
	uint64_t start_ns = pw_now_ns(), burst_ns = 10 * PW_MS_NS;
	struct pw_pace pace = pw_pace_of(1000);
	unsigned int taken = 0;

	(void)state;
	while (taken < 40) {
		taken += !pw_pace_take(&pace);
		assert_true((taken - 1.0) * PW_MS_NS <=
			    (double)(pw_now_ns() - start_ns + burst_ns));
	}
	assert_true(pw_now_ns() - start_ns >= 29 * PW_MS_NS);
}

/* RFC 1157's lengths: each holds what it says, to the last byte */
static size_t ber_end(const uint8_t *bytes, size_t at, size_t end)
{
	while (at < end) {
		size_t len;

		assert_true(at + 2 <= end);
		len = bytes[at + 1];
		assert_true(len < 0x80 && at + 2 + len <= end);
		if (bytes[at] & 0x20)	/* made of others */
			assert_int_equal(ber_end(bytes, at + 2, at + 2 + len),
					 at + 2 + len);
		at += 2 + len;
	}
	return at;
}

static const struct question_case {
	const char *name;
	uint16_t port;
	size_t len;
	uint8_t first, last;
} question_cases[] = {
	{ "nothing known", 9, 1, 0, 0 },
	{ "DNS", 53, 17, 0x70, 1 },
	{ "portmap", 111, 40, 0x70, 0 },
	{ "NTP", 123, 48, 0x23, 0 },
	{ "SNMP", 161, 60, 0x30, 0 },
	{ "QUIC", 443, 1200, 0xc0, 0 },
	{ "STUN", 3478, 20, 0, 1 },
	{ "mDNS", 5353, 46, 0, 1 },
};

static void service_is_asked(void **state)
{
	const struct question_case *tc = *state;
	uint8_t out[PW_QUESTION_MAX + 1];
	size_t len;

	memset(out, 0xee, sizeof(out));
	len = pw_question(tc->port, out);
	assert_int_equal(len, tc->len);
	assert_int_equal(out[0], tc->first);
	assert_int_equal(out[len - 1], tc->last);
	assert_int_equal(out[len], 0xee);
}

static void snmp_is_well_formed(void **state)
{
	uint8_t out[PW_QUESTION_MAX];
	size_t len = pw_question(161, out);
	size_t at = 0;

	(void)state;
	assert_int_equal(ber_end(out, 0, len), len);
	for (size_t i = 0; !at && i + 2 < len; i++)
		if (out[i] == 0x04 && out[i + 1] == 0x10)
			at = i;
	assert_true(at);	/* parameters are within an octet string */
	assert_int_equal(ber_end(out, at + 2, at + 18), at + 18);
}

static struct pw_refusal refusal_by(const char *by, bool absent,
				    enum pw_evidence evidence)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(by, strlen(by), &range), 0);
	return (struct pw_refusal){ .by = range.range.first, .absent = absent,
				    .evidence = evidence };
}

static const struct refusal_case {
	const char *name, *by;
	bool absent;
	enum pw_evidence evidence, means;
} refusal_cases[] = {
	{ "no such host, by itself", "192.0.2.2", true, PW_EV_UNKNOWN,
	  PW_EV_PROHIBITED },
	{ "no such host, by a router", "192.0.2.9", true, PW_EV_UNKNOWN,
	  PW_EV_UNKNOWN },
	{ "prohibited by a router", "192.0.2.9", false, PW_EV_PROHIBITED,
	  PW_EV_PROHIBITED },
	{ "port unreachable", "192.0.2.2", false, PW_EV_UNREACHABLE,
	  PW_EV_UNREACHABLE },
};

static void refusal_depends_on_who_says_so(void **state)
{
	const struct refusal_case *tc = *state;
	struct pw_sockaddr target =
		pw_sockaddr_of(PW_IPV4, pw_value32(0xc0000202), 80);
	struct pw_refusal refusal = refusal_by(tc->by, tc->absent,
					       tc->evidence);

	assert_int_equal(pw_away_refused(&target, &refusal), tc->means);
}

static void sockets_addresses_are_read_back(void **state)
{
	const struct pw_value v6 = { 0x20010db800000000, 0x1 };
	struct pw_sockaddr at = pw_sockaddr_of(PW_IPV6, v6, 443);

	(void)state;
	assert_int_equal(pw_value_cmp(pw_sockaddr_addr(&at), v6), 0);
	assert_int_equal(pw_sockaddr_port(&at), 443);
	at = pw_sockaddr_of(PW_IPV4, pw_value32(0xc0000202), 1);
	pw_sockaddr_set_port(&at, 65535);
	assert_int_equal(pw_sockaddr_port(&at), 65535);
	assert_int_equal(pw_sockaddr_addr(&at).lo, 0xc0000202);
}

#define ADD_ROWS(tests, num, table, fn)					\
	for (size_t i = 0; i < PW_ARRAY_SIZE(table); i++)		\
		(tests)[(num)++] = (struct CMUnitTest){			\
			.name = (table)[i].name, .test_func = (fn),	\
			.initial_state = (void *)(uintptr_t)&(table)[i] }

int main(void)
{
	struct CMUnitTest rows[64];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_is_kept),
		cmocka_unit_test(snmp_is_well_formed),
		cmocka_unit_test(sockets_addresses_are_read_back),
	};
	size_t num = 0;
	int failed;

	ADD_ROWS(rows, num, sure_cases, silence_is_weighed);
	ADD_ROWS(rows, num, question_cases, service_is_asked);
	ADD_ROWS(rows, num, refusal_cases, refusal_depends_on_who_says_so);
	failed = _cmocka_run_group_tests("rows", rows, num, NULL, NULL);
	return failed + cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
