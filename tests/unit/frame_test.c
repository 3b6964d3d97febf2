// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of every kind of probe, checked by a reading of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "portwall/own.h"
#include "probe/frame.h"
#include "probe/tap.h"

#define COOKIE 0xa1b2c3d4u
#define IDENT 0x12345678u
#define SPORT 2345
#define DPORT 443

static const struct pw_value addrs[PW_NUM_FAMILIES][2] = {
	{ { 0, 0xcb007109 }, { 0, 0xc6120001 } },
	{ { 0x20010db800000000, 9 }, { 0x2001000200000000, 1 } },
};

static const struct pw_frame_how how = {
	.src_mac = { 2, 0, 0, 0, 0, 9 }, .dst_mac = { 2, 0, 0, 0, 0, 1 },
	.broadcast = { 0, 0xc612000f }, .cookie = COOKIE, .ident = IDENT,
	.sport = SPORT,
};

static struct pw_probe probe_of(enum pw_family family, uint8_t proto)
{
	return (struct pw_probe){
		.family = family, .proto = proto, .dport = DPORT,
		.src = addrs[family][0], .dst = addrs[family][1],
	};
}

/* RFC 1071 as it is told there, word by word */
static uint16_t add_up(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t pseudo_sum(const struct pw_probe *probe, size_t len)
{
	uint8_t bytes[32], *end = bytes;

	end = pw_put_addr(end, probe->family, probe->src);
	end = pw_put_addr(end, probe->family, probe->dst);
	return add_up((uint32_t)(probe->proto + len), bytes,
		      (size_t)(end - bytes));
}

/* Right with a pseudo header, alone, or nothing to be right about */
static void check_sum(const struct pw_probe *probe, const uint8_t *data,
		      size_t len)
{
	uint8_t copy[PW_FRAME_MAX];
	uint32_t crc;

	switch (probe->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_ICMPV6:
		assert_int_equal(add_up(pseudo_sum(probe, len), data, len),
				 0xffff);
		break;
	case IPPROTO_ICMP:
		assert_int_equal(add_up(0, data, len), 0xffff);
		break;
	case IPPROTO_SCTP:
		memcpy(copy, data, len);
		memset(copy + 8, 0, 4);
		crc = pw_crc32c(copy, len);
		assert_memory_equal(data + 8, &crc, 4);
		break;
	}
}

static bool is_header(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_ROUTING;
}

/* Steps over headers of IPv6 until @next is none: how many bytes */
static size_t step_over(const uint8_t *data, uint8_t *next)
{
	size_t len = 0;

	for (; is_header(*next); *next = data[0], data += (data[1] + 1) * 8)
		len += (size_t)(data[1] + 1) * 8;
	return len;
}

/* What a frame carries behind all that does not belong to the whole */
static size_t carried(const struct pw_frame *frame, size_t *at, uint8_t *next)
{
	const uint8_t *ip = frame->data + ETHER_HDR_LEN;
	size_t head = ETHER_HDR_LEN + 40;

	*at = 0;
	*next = ip[6];
	if (ip[0] >> 4 == 4) {
		*at = (size_t)(pw_get16(ip + 6) & 0x1fff) * 8;
		*next = ip[9];
		return ETHER_HDR_LEN + 20;
	}
	if (*next == IPPROTO_HOPOPTS) {
		*next = frame->data[head];
		head += 8;
	}
	if (*next == IPPROTO_FRAGMENT) {
		*next = frame->data[head];
		*at = pw_get16(frame->data + head + 2) & ~7u;
		head += 8;
	}
	return head;
}

/* Puts the transport of the pieces together: its length */
static size_t join(const struct pw_frame *frames, unsigned int num,
		   uint8_t *data)
{
	size_t len = 0, at, head;
	uint8_t next = 0;

	for (unsigned int i = 0; i < num; i++) {
		head = carried(&frames[i], &at, &next);
		memcpy(data + at, frames[i].data + head, frames[i].len - head);
		if (at + frames[i].len - head > len)
			len = at + frames[i].len - head;
	}
	if (frames[0].data[ETHER_HDR_LEN] >> 4 == 4)
		return len;
	head = step_over(data, &next);
	memmove(data, data + head, len - head);
	return len - head;
}

static void check_ip(const struct pw_probe *probe, const struct pw_frame *frame)
{
	const uint8_t *ip = frame->data + ETHER_HDR_LEN;
	size_t len = frame->len - (size_t)ETHER_HDR_LEN;

	assert_memory_equal(frame->data + 6, how.src_mac, 6);
	if (probe->family == PW_IPV4) {
		assert_int_equal(pw_get16(frame->data + 12), 0x0800);
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(pw_get16(ip + 2), len);
		assert_int_equal(add_up(0, ip, 20), 0xffff);
	} else {
		assert_int_equal(pw_get16(frame->data + 12), 0x86dd);
		assert_int_equal(ip[0], 0x60);
		assert_int_equal(pw_get16(ip + 4), len - 40);
	}
}

static void writes_every_kind(void **state)
{
	struct pw_frame frames[PW_FRAME_PIECES];
	uint8_t data[2 * PW_FRAME_MAX];

	(void)state;
	for (unsigned int i = 0; i < 2 * 256 * 6 * 6; i++) {
		struct pw_probe probe = probe_of(i & 1, (uint8_t)(i >> 1));
		bool extends = probe.proto == 0 || probe.proto == 43 ||
			       probe.proto == 44 || probe.proto == 60;
		uint32_t cookie;
		unsigned int num;
		size_t len;

		probe.pieces = i / 512 % 6;
		probe.ext = probe.family == PW_IPV6 ? i / 512 / 6 : 0;
		probe.type = probe.family == PW_IPV4 ? 8 : 128;
		num = pw_frame_build(&probe, &how, frames);
		assert_int_equal(num, probe.pieces == PW_FRAGMENTS ||
				 probe.pieces == PW_FRAGMENTS_BACKWARDS ||
				 probe.pieces == PW_FRAGMENTS_TINY ? 2 : 1);
		for (unsigned int n = 0; n < num; n++)
			check_ip(&probe, &frames[n]);
		if (extends || probe.pieces == PW_FRAGMENT_FIRST)
			continue;
		len = join(frames, num, data);
		check_sum(&probe, data, len);
		assert_true(pw_probe_has_cookie(&probe));
		assert_true(pw_packet_cookie(probe.proto, data, len, &cookie));
		assert_int_equal(cookie, COOKIE);
	}
}

static void writes_every_icmp_type(void **state)
{
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet, quoted;

	(void)state;
	for (unsigned int i = 0; i < 512; i++) {
		bool v6 = i & 1;
		struct pw_probe probe = probe_of(v6, v6 ? IPPROTO_ICMPV6 :
							  IPPROTO_ICMP);
		uint32_t cookie;

		probe.type = (uint8_t)(i >> 1);
		probe.code = 1;
		assert_int_equal(pw_frame_build(&probe, &how, frames), 1);
		check_ip(&probe, &frames[0]);
		assert_true(pw_frame_parse(frames[0].data, frames[0].len,
					   &packet));
		check_sum(&probe, packet.data, packet.len);
		assert_int_equal(packet.data[0], probe.type);
		assert_int_equal(packet.data[1], 1);
		if (pw_packet_quoted(&packet, &quoted)) {
			assert_false(pw_probe_has_cookie(&probe));
			continue;
		}
		assert_true(pw_packet_cookie(probe.proto, packet.data,
					     packet.len, &cookie));
		assert_int_equal(cookie == COOKIE,
				 pw_probe_has_cookie(&probe));
	}
}

static const struct icmp_case {
	const char *name;
	uint8_t family, type;
	uint16_t len;		/* of the message */
	uint8_t hop_limit;
	bool cookie, quotes;
} icmp_cases[] = {
	{ "echo", PW_IPV4, 8, 12, 64, true, false },
	{ "echo6", PW_IPV6, 128, 12, 64, true, false },
	{ "unreachable", PW_IPV4, 3, 36, 64, false, true },
	{ "redirect", PW_IPV4, 5, 36, 64, false, false },
	{ "unreachable6", PW_IPV6, 1, 56, 64, false, true },
	{ "too big", PW_IPV6, 2, 56, 64, false, true },
	{ "solicitation", PW_IPV6, 135, 32, 255, false, false },
	{ "advertisement", PW_IPV6, 136, 32, 255, false, false },
	{ "router solicitation", PW_IPV6, 133, 16, 255, false, false },
	{ "router advertisement", PW_IPV6, 134, 24, 255, false, false },
	{ "redirect6", PW_IPV6, 137, 40, 255, false, false },
	{ "MLD query", PW_IPV6, 130, 24, 1, false, false },
	{ "MLD report", PW_IPV6, 131, 24, 1, false, false },
	{ "MLDv2 report", PW_IPV6, 143, 28, 1, false, false },
	{ "unheard of", PW_IPV6, 200, 12, 64, true, false },
};

static void writes_icmp(void **state)
{
	const struct icmp_case *tc = *state;
	struct pw_probe probe = probe_of(tc->family,
					 tc->family == PW_IPV4 ?
						 IPPROTO_ICMP :
						 IPPROTO_ICMPV6);
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet, quoted;

	probe.type = tc->type;
	pw_frame_build(&probe, &how, frames);
	assert_true(pw_frame_parse(frames[0].data, frames[0].len, &packet));
	assert_int_equal(packet.len, tc->len);
	assert_int_equal(frames[0].data[tc->family == PW_IPV4 ? 22 : 21],
			 tc->hop_limit);
	assert_int_equal(pw_probe_has_cookie(&probe), tc->cookie);
	assert_int_equal(pw_packet_quoted(&packet, &quoted), tc->quotes);
	if (!tc->quotes)
		return;
	assert_false(pw_value_cmp(quoted.src, probe.dst));
	assert_false(pw_value_cmp(quoted.dst, probe.src));
	assert_int_equal(quoted.proto, IPPROTO_UDP);
	assert_int_equal(quoted.len, 8);
}

static const struct mac_case {
	const char *name;
	uint8_t family;
	struct pw_value dst;
	uint8_t mac[PW_MAC_LEN];
} mac_cases[] = {
	{ "unicast", PW_IPV4, { 0, 0xc6120001 }, { 2, 0, 0, 0, 0, 1 } },
	{ "broadcast of the subnet", PW_IPV4, { 0, 0xc612000f },
	  { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ "broadcast", PW_IPV4, { 0, 0xffffffff },
	  { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ "another's broadcast", PW_IPV4, { 0, 0xc612001f },
	  { 2, 0, 0, 0, 0, 1 } },
	{ "multicast", PW_IPV4, { 0, 0xe0fb80fb },
	  { 1, 0, 0x5e, 0x7b, 0x80, 0xfb } },
	{ "unicast6", PW_IPV6, { 0x2001000200000000, 1 },
	  { 2, 0, 0, 0, 0, 1 } },
	{ "multicast6", PW_IPV6, { 0xff02000000000000, 0x1ff123456 },
	  { 0x33, 0x33, 0xff, 0x12, 0x34, 0x56 } },
};

static void addresses_frames(void **state)
{
	const struct mac_case *tc = *state;
	struct pw_probe probe = probe_of(tc->family, IPPROTO_UDP);
	struct pw_frame frames[PW_FRAME_PIECES];

	probe.dst = tc->dst;
	pw_frame_build(&probe, &how, frames);
	assert_memory_equal(frames[0].data, tc->mac, PW_MAC_LEN);
}

static void writes_what_a_probe_says(void **state)
{
	static const char text[] = "explicit";
	struct pw_probe probe = probe_of(PW_IPV4, IPPROTO_TCP);
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet;

	(void)state;
	probe.sport = 7;
	probe.tcp_flags = TH_FIN | TH_ACK;
	probe.hop_limit = 3;
	probe.payload = text;
	probe.payload_len = sizeof(text);
	pw_frame_build(&probe, &how, frames);
	assert_true(pw_frame_parse(frames[0].data, frames[0].len, &packet));
	assert_int_equal(frames[0].data[ETHER_HDR_LEN + 8], 3);
	assert_int_equal(pw_get16(packet.data), 7);
	assert_int_equal(pw_get16(packet.data + 2), DPORT);
	assert_int_equal(pw_get32(packet.data + 4), COOKIE);
	assert_int_equal(pw_get32(packet.data + 8), COOKIE);
	assert_int_equal(packet.data[13], TH_FIN | TH_ACK);
	assert_int_equal(packet.len, 20 + sizeof(text));
	assert_string_equal((const char *)packet.data + 20, text);
	assert_true(pw_probe_has_cookie(&probe));
	probe.proto = IPPROTO_UDP;
	assert_false(pw_probe_has_cookie(&probe));
}

static void leaves_the_rest_to_the_run(void **state)
{
	struct pw_probe probe = probe_of(PW_IPV6, IPPROTO_TCP);
	uint8_t data[PW_FRAME_MAX];

	(void)state;
	assert_int_equal(pw_transport_build(&probe, &how, 0, data), 20);
	assert_int_equal(pw_get16(data), SPORT);
	assert_int_equal(pw_get32(data + 8), 0);
	assert_int_equal(data[13], TH_SYN);
}

static const struct cut_case {
	const char *name;
	uint8_t proto;
	enum pw_pieces pieces;
	size_t first;		/* bytes of the first piece */
	bool header;		/* it has all of the transport header */
} cut_cases[] = {
	{ "TCP behind its header", IPPROTO_TCP, PW_FRAGMENTS, 24, true },
	{ "TCP within its header", IPPROTO_TCP, PW_FRAGMENTS_TINY, 8, false },
	{ "UDP behind its cookie", IPPROTO_UDP, PW_FRAGMENTS, 16, true },
	{ "UDP as small as can be", IPPROTO_UDP, PW_FRAGMENTS_TINY, 8, true },
	{ "the first alone", IPPROTO_UDP, PW_FRAGMENT_FIRST, 16, true },
};

static void cuts(void **state)
{
	const struct cut_case *tc = *state;
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet;

	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		struct pw_probe probe = probe_of(f, tc->proto);

		probe.pieces = tc->pieces;
		pw_frame_build(&probe, &how, frames);
		assert_true(pw_frame_parse(frames[0].data, frames[0].len,
					   &packet));
		assert_false(packet.piece);
		assert_int_equal(packet.len, tc->first);
		assert_int_equal(packet.proto, tc->proto);
		if (tc->pieces == PW_FRAGMENT_FIRST)
			continue;
		assert_true(pw_frame_parse(frames[1].data, frames[1].len,
					   &packet));
		assert_true(packet.piece);
	}
}

static void sends_the_last_piece_first(void **state)
{
	struct pw_probe probe = probe_of(PW_IPV6, IPPROTO_TCP);
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet;

	(void)state;
	probe.pieces = PW_FRAGMENTS_BACKWARDS;
	assert_int_equal(pw_frame_build(&probe, &how, frames), 2);
	assert_true(pw_frame_parse(frames[0].data, frames[0].len, &packet));
	assert_true(packet.piece);
	assert_true(pw_frame_parse(frames[1].data, frames[1].len, &packet));
	assert_false(packet.piece);
}

/* Whatever is cut short is refused, or read within its bounds */
static void reads_what_is_cut_short(void **state)
{
	struct pw_frame frames[PW_FRAME_PIECES];
	struct pw_packet packet, quoted;
	uint8_t copy[PW_FRAME_MAX];

	(void)state;
	for (unsigned int i = 0; i < 2 * 6; i++) {
		bool v6 = i & 1;
		struct pw_probe probe = probe_of(v6, v6 ? IPPROTO_ICMPV6 :
							  IPPROTO_ICMP);

		probe.type = v6 ? 1 : 3;
		probe.ext = v6 ? i / 2 : 0;
		pw_frame_build(&probe, &how, frames);
		for (size_t len = 0; len < frames[0].len; len++) {
			memcpy(copy, frames[0].data, len);
			if (!pw_frame_parse(copy, len, &packet))
				continue;
			assert_true(packet.data + packet.len <= copy + len);
			if (pw_packet_quoted(&packet, &quoted))
				assert_true(quoted.data + quoted.len <=
					    copy + len);
		}
	}
	assert_false(pw_frame_parse(frames[0].data, 14, &packet));
	assert_false(pw_packet_parse((const uint8_t *)"\x50", 1, &packet));
}

/* RFC 3720, B.4 */
static void sums_crc32c(void **state)
{
	uint8_t data[32] = { 0 };

	(void)state;
	assert_int_equal(pw_crc32c(data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	assert_int_equal(pw_crc32c(data, 32), 0x62a8ab43);
}

/* RFC 768: a sum of 0 is sent as 0xffff */
static void never_sends_a_udp_sum_of_zero(void **state)
{
	struct pw_frame_how mine = how;
	struct pw_probe probe = probe_of(PW_IPV4, IPPROTO_UDP);
	uint8_t data[PW_FRAME_MAX];

	(void)state;
	pw_transport_build(&probe, &mine, 0, data);
	/* adds what is missing to the cookie's lower half */
	mine.cookie = (COOKIE & 0xffff0000) |
		      add_up(COOKIE & 0xffff, data + 6, 2);
	pw_transport_build(&probe, &mine, 0, data);
	assert_int_equal(pw_get16(data + 6), 0xffff);
}

static const uint8_t wire_mac[PW_MAC_LEN] = { 2, 0, 0, 0, 0, 9 };

static struct pw_scene *small_scene(void)
{
	struct pw_scene *scene = pw_scene_new();

	assert_non_null(scene);
	assert_int_equal(pw_scene_add_iface(scene, "eth0", false), 0);
	return scene;
}

static void answers_for_all_but_the_host(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = small_scene();
	const struct pw_scene_iface *iface = &scene->ifaces[0];
	uint8_t tag[PW_MAC_LEN] = { 2, 1, 2, 3, 4, 5 };
	struct pw_frame request, out;

	(void)state;
	pw_neigh_sentinel(iface, tag, &request);
	assert_false(pw_neigh_answer(scene, wire_mac, request.data,
				     request.len, &out));
	pw_put_addr(request.data + 38, PW_IPV4, iface->gateway[PW_IPV4]);
	assert_true(pw_neigh_answer(scene, wire_mac, request.data, request.len,
				    &out));
	assert_int_equal(pw_get16(out.data + 20), 2);
	assert_memory_equal(out.data, tag, PW_MAC_LEN);
	assert_memory_equal(out.data + 22, wire_mac, PW_MAC_LEN);
	assert_int_equal(pw_get32(out.data + 28), iface->gateway[PW_IPV4].lo);
	assert_false(pw_neigh_answer(scene, wire_mac, request.data,
				     request.len - 1, &out));
}

static void answers_solicitations(void **state)
{
	pw_owned(pw_scene_free) struct pw_scene *scene = small_scene();
	const struct pw_scene_iface *iface = &scene->ifaces[0];
	struct pw_probe probe = probe_of(PW_IPV6, IPPROTO_ICMPV6);
	struct pw_frame frames[PW_FRAME_PIECES], out;
	struct pw_packet packet;

	(void)state;
	probe.type = 135;
	probe.src = iface->addr[PW_IPV6];
	probe.dst = iface->gateway[PW_IPV6];
	pw_frame_build(&probe, &how, frames);
	assert_true(pw_neigh_answer(scene, wire_mac, frames[0].data,
				    frames[0].len, &out));
	assert_true(pw_frame_parse(out.data, out.len, &packet));
	assert_int_equal(packet.data[0], 136);
	assert_false(pw_value_cmp(packet.src, probe.dst));
	assert_false(pw_value_cmp(packet.dst, probe.src));
	assert_memory_equal(packet.data + 26, wire_mac, PW_MAC_LEN);
	probe.dst = iface->addr[PW_IPV6];
	pw_frame_build(&probe, &how, frames);
	assert_false(pw_neigh_answer(scene, wire_mac, frames[0].data,
				     frames[0].len, &out));
}

/* Each row is a test of its own */
#define FILL(tests, rows, fn) \
	for (size_t i_ = 0; i_ < PW_ARRAY_SIZE(rows); i_++) \
		(tests)[i_] = (struct CMUnitTest){ \
			.name = (rows)[i_].name, .test_func = (fn), \
			.initial_state = (void *)(uintptr_t)&(rows)[i_], \
		}

int main(void)
{
	struct CMUnitTest icmp[PW_ARRAY_SIZE(icmp_cases)] = { 0 };
	struct CMUnitTest macs[PW_ARRAY_SIZE(mac_cases)] = { 0 };
	struct CMUnitTest pieces[PW_ARRAY_SIZE(cut_cases)] = { 0 };
	const struct CMUnitTest once[] = {
		cmocka_unit_test(writes_every_kind),
		cmocka_unit_test(writes_every_icmp_type),
		cmocka_unit_test(writes_what_a_probe_says),
		cmocka_unit_test(leaves_the_rest_to_the_run),
		cmocka_unit_test(sends_the_last_piece_first),
		cmocka_unit_test(reads_what_is_cut_short),
		cmocka_unit_test(sums_crc32c),
		cmocka_unit_test(never_sends_a_udp_sum_of_zero),
		cmocka_unit_test(answers_for_all_but_the_host),
		cmocka_unit_test(answers_solicitations),
	};
	int failed;

	FILL(icmp, icmp_cases, writes_icmp);
	FILL(macs, mac_cases, addresses_frames);
	FILL(pieces, cut_cases, cuts);
	failed = cmocka_run_group_tests_name("icmp", icmp, NULL, NULL);
	failed += cmocka_run_group_tests_name("macs", macs, NULL, NULL);
	failed += cmocka_run_group_tests_name("pieces", pieces, NULL, NULL);
	return failed + cmocka_run_group_tests_name("once", once, NULL, NULL);
}
