// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that are injected: every checksum, and where the marks are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "portwall/own.h"
#include "probe/inject_frame.h"

static const struct frame_case {
	const char *name;
	enum pw_family family;
	uint8_t proto;
	size_t ip_len, l4_len, cookie_at, copy_at;
} cases[] = {
	{ "TCP over IPv4", PW_IPV4, IPPROTO_TCP, 20, 40, 4, 30 },
	{ "UDP over IPv4", PW_IPV4, IPPROTO_UDP, 20, 16, 8, 12 },
	{ "TCP over IPv6", PW_IPV6, IPPROTO_TCP, 40, 40, 4, 30 },
	{ "UDP over IPv6", PW_IPV6, IPPROTO_UDP, 40, 16, 8, 12 },
};

#define COOKIE 0xdeadbeefu
#define SPORT 12345

static struct pw_inject_head head_of(const struct frame_case *fc)
{
	const bool v6 = fc->family == PW_IPV6;

	return (struct pw_inject_head){
		.dmac = { 2, 0, 0, 0, 0, 2 }, .smac = { 2, 0, 0, 0, 0, 1 },
		.family = fc->family, .proto = fc->proto, .sport = SPORT,
		.cookie = COOKIE,
		.src = v6 ? (struct pw_value){ 0x20010db800000000, 9 } :
			    pw_value32(0xc6336409),
		.dst = v6 ? (struct pw_value){ 0xfd99000000000000, 2 } :
			    pw_value32(0x0a630002),
	};
}

static uint32_t at16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

static uint32_t sum16(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += at16(at + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void checksums_are_right(void **state)
{
	const struct frame_case *fc = *state;
	const struct pw_inject_head head = head_of(fc);
	const size_t addrs = fc->family == PW_IPV6 ? 32 : 8;
	struct pw_inject_frame frame;
	const uint8_t *ip = frame.bytes + 14, *l4 = ip + fc->ip_len;

	pw_inject_frame_build(&head, &frame);
	if (fc->family == PW_IPV4)
		assert_int_equal(sum16(ip, 20, 0), 0xffff);
	for (uint32_t port = 0; port < 65536; port++) {
		uint32_t pseudo = fc->proto + (uint32_t)fc->l4_len;

		pw_inject_frame_aim(&frame, (uint16_t)port);
		pseudo = sum16(l4 - addrs, addrs, pseudo);
		assert_int_equal(sum16(l4, fc->l4_len, pseudo), 0xffff);
		assert_int_equal(at16(l4 + 2), port);
		assert_int_equal(at16(l4 + fc->copy_at), port);
		if (fc->proto == IPPROTO_UDP)
			assert_int_not_equal(at16(l4 + 6), 0);
	}
}

static void fields_are_in_place(void **state)
{
	static const uint8_t macs[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	const struct frame_case *fc = *state;
	const struct pw_inject_head head = head_of(fc);
	const bool v6 = fc->family == PW_IPV6;
	struct pw_inject_frame frame;
	const uint8_t *ip = frame.bytes + 14, *l4 = ip + fc->ip_len;

	pw_inject_frame_build(&head, &frame);
	assert_memory_equal(frame.bytes, macs, sizeof(macs));
	assert_int_equal(at16(frame.bytes + 12), v6 ? 0x86dd : 0x0800);
	assert_int_equal(ip[0] >> 4, v6 ? 6 : 4);
	assert_int_equal(ip[v6 ? 6 : 9], fc->proto);
	assert_int_equal(at16(ip + (v6 ? 4 : 2)),
			 fc->l4_len + (v6 ? 0 : fc->ip_len));
	assert_int_equal(at16(l4), SPORT);
	assert_int_equal(at16(l4 + fc->cookie_at), COOKIE >> 16);
	assert_int_equal(at16(l4 + fc->cookie_at + 2), COOKIE & 0xffff);
	if (fc->proto == IPPROTO_UDP) {
		assert_int_equal(at16(l4 + 4), fc->l4_len);
	} else {
		assert_int_equal(l4[12] >> 4, fc->l4_len / 4);
		assert_int_equal(l4[13], 2);	/* SYN alone */
	}
	assert_true(14 + fc->ip_len + fc->l4_len <= PW_INJECT_LEN);
}

int main(void)
{
	struct CMUnitTest tests[2 * PW_ARRAY_SIZE(cases)];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		void *state = (void *)(uintptr_t)&cases[i];

		tests[num++] = (struct CMUnitTest){
			cases[i].name, checksums_are_right, NULL, NULL, state };
		tests[num++] = (struct CMUnitTest){
			cases[i].name, fields_are_in_place, NULL, NULL, state };
	}
	return _cmocka_run_group_tests("frames", tests, num, NULL, NULL);
}
