/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transports, and the keys by which limits are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <portwall/model.h>

static void names_transports(void **state)
{
	(void)state;
	assert_string_equal(pw_transport_name(PW_TCP), "tcp");
	assert_string_equal(pw_transport_name(PW_UDP), "udp");
	assert_string_equal(pw_transport_name(PW_SCTP), "sctp");
	assert_int_equal(pw_transport_proto(PW_TCP), IPPROTO_TCP);
	assert_int_equal(pw_transport_proto(PW_UDP), IPPROTO_UDP);
	assert_int_equal(pw_transport_proto(PW_SCTP), IPPROTO_SCTP);
}

static const struct pw_limit six = { true, true, { 6, 60, 6 } };

/*
 * Elements of a running kernel are found again by this number: it may never
 * become another. printf 'rate\0ssh\0' and four big-endian words 1, 6, 60, 6
 * into sha256sum, first 8 digits.
 */
static void limit_key_is_for_ever(void **state)
{
	(void)state;
	assert_int_equal(pw_limit_key("rate", "ssh", &six), 0x2486ba8d);
}

static void limit_key_tells_apart(void **state)
{
	struct pw_limit other[4] = { six, six, six, six };
	uint32_t key = pw_limit_key("rate", "ssh", &six);

	(void)state;
	other[0].per_source = false;
	other[1].rate.count++;
	other[2].rate.unit_s = 1;
	other[3].rate.burst++;
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(pw_limit_key("rate", "ssh", &other[i]),
				     key);
	assert_int_not_equal(pw_limit_key("conn", "ssh", &six), key);
	assert_int_not_equal(pw_limit_key("rate", "ssg", &six), key);
	assert_int_not_equal(pw_limit_key("rates", "sh", &six), key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_transports),
		cmocka_unit_test(limit_key_is_for_ever),
		cmocka_unit_test(limit_key_tells_apart),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
