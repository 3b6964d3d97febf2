// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of conntrack as ctnetlink tells them: whole, cut short, garbled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "host/flows.h"

#define ROUNDS 200000

/**
 * struct entry_case - An entry from 192.0.2.2 to 192.0.2.1:5432
 * @answers:	last byte of the address that its answers come from, 0: a bar
 * @state:	of TCP
 */
static const struct entry_case {
	const char *name;
	uint32_t status;
	uint8_t state, flags, answers;
	int err;
	bool live, midway, dnat, bar;
} cases[] = {
	{ "established", IPS_SEEN_REPLY | IPS_ASSURED,
	  TCP_CONNTRACK_ESTABLISHED, 0, 1, 0, true, false, false, false },
	{ "no reply", 0, TCP_CONNTRACK_SYN_SENT, 0, 1, 0, false, false, false,
	  false },
	{ "closed", IPS_SEEN_REPLY, TCP_CONNTRACK_CLOSE, 0, 1, 0, false, false,
	  false, false },
	{ "lingers", IPS_SEEN_REPLY, TCP_CONNTRACK_TIME_WAIT, 0, 1, 0, false,
	  false, false, false },
	{ "from the middle", IPS_SEEN_REPLY, TCP_CONNTRACK_ESTABLISHED,
	  IP_CT_TCP_FLAG_BE_LIBERAL, 1, 0, true, true, false, false },
	{ "published", IPS_SEEN_REPLY | IPS_DST_NAT,
	  TCP_CONNTRACK_ESTABLISHED, 0, 9, 0, true, false, true, false },
	{ "a bar", IPS_FIXED_TIMEOUT, TCP_CONNTRACK_NONE, 0, 0, 0, false,
	  false, false, true },
	{ "is being deleted", IPS_SEEN_REPLY | IPS_DYING,
	  TCP_CONNTRACK_ESTABLISHED, 0, 1, -ENOENT, false, false, false,
	  false },
};

static struct nlmsghdr *put_entry(char *buf, const struct entry_case *tc)
{
	struct nlmsghdr *nlh = pw_ct_begin(buf, IPCTNL_MSG_CT_NEW, 0, AF_INET);
	struct pw_ct_tuple orig = {
		.family = AF_INET, .proto = IPPROTO_TCP,
		.src_be = { 192, 0, 2, 2 }, .dst_be = { 192, 0, 2, 1 },
		.sport = 4000, .dport = 5432,
	};
	struct pw_ct_tuple reply = {
		.family = AF_INET, .proto = IPPROTO_TCP,
		.src_be = { 192, 0, 2, tc->answers },
		.dst_be = { 192, 0, 2, 2 }, .sport = 5433, .dport = 4000,
	};
	const uint8_t flags[] = { tc->flags, 0xff };
	struct nlattr *info, *tcp;

	if (tc->bar)
		memset(reply.src_be, 0, sizeof(reply.src_be));
	pw_ct_put_tuple(nlh, CTA_TUPLE_ORIG, &orig);
	pw_ct_put_tuple(nlh, CTA_TUPLE_REPLY, &reply);
	mnl_attr_put_u32(nlh, CTA_STATUS, htonl(tc->status | IPS_CONFIRMED));
	info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
	tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);
	mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, tc->state);
	mnl_attr_put(nlh, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, 2, flags);
	mnl_attr_put(nlh, CTA_PROTOINFO_TCP_FLAGS_REPLY, 2, flags);
	mnl_attr_nest_end(nlh, tcp);
	mnl_attr_nest_end(nlh, info);
	mnl_attr_put_u16(nlh, CTA_ZONE, htons(7));
	mnl_attr_put_u32(nlh, CTA_ID, 0x01020304);
	return nlh;
}

static void entry_is_read(void **state)
{
	const struct entry_case *tc = *state;
	char buf[1024];
	struct pw_flow flow;

	assert_int_equal(pw_flow_decode(put_entry(buf, tc), &flow), tc->err);
	if (tc->err)
		return;
	assert_int_equal(flow.family, PW_IPV4);
	assert_int_equal(flow.proto, IPPROTO_TCP);
	assert_int_equal(flow.src.lo, 0xc0000202);
	assert_int_equal(flow.dst.lo, 0xc0000201);
	assert_int_equal(flow.sport, 4000);
	assert_int_equal(flow.dport, 5432);
	assert_int_equal(flow.local_port, 5433);
	assert_int_equal(flow.peer_port, 4000);
	assert_int_equal(flow.zone, 7);
	assert_int_equal(flow.id_be, 0x01020304);
	assert_true(flow.tracked);
	assert_int_equal(flow.live, tc->live);
	assert_int_equal(flow.midway, tc->midway);
	assert_int_equal(flow.dnat, tc->dnat);
	assert_int_equal(flow.bar, tc->bar);
}

/* The end of what was sent is the end of what is read */
static void short_ones_are_refused(void **state)
{
	char buf[1024];
	uint32_t whole = put_entry(buf, &cases[0])->nlmsg_len;

	(void)state;
	for (uint32_t len = sizeof(struct nlmsghdr); len < whole; len += 4) {
		struct nlmsghdr *nlh = malloc(len);
		struct pw_flow flow;

		assert_non_null(nlh);
		memcpy(nlh, buf, len);
		nlh->nlmsg_len = len;
		assert_true(pw_flow_decode(nlh, &flow) < 0);
		free(nlh);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Nothing is read beyond the message: the sanitizers watch */
static void garbled_ones_do_no_harm(void **state)
{
	char buf[1024];
	uint32_t len = put_entry(buf, &cases[0])->nlmsg_len, seed = 1;
	size_t read = 0, refused = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char *copy = malloc(len);
		struct pw_flow flow;

		assert_non_null(copy);
		memcpy(copy, buf, len);
		for (uint32_t n = next_random(&seed) % 4 + 1; n; n--)
			copy[sizeof(struct nlmsghdr) + next_random(&seed) %
			     (len - sizeof(struct nlmsghdr))] =
				(char)next_random(&seed);
		if (pw_flow_decode((struct nlmsghdr *)copy, &flow))
			refused++;
		else
			read++;
		free(copy);
	}
	assert_true(read > 1000 && refused > 1000);
}

int main(void)
{
	static struct CMUnitTest rows[PW_ARRAY_SIZE(cases) + 2] = {
		[PW_ARRAY_SIZE(cases)] =
			cmocka_unit_test(short_ones_are_refused),
		cmocka_unit_test(garbled_ones_do_no_harm),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		rows[i].name = cases[i].name;
		rows[i].test_func = entry_is_read;
		rows[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	return cmocka_run_group_tests_name("entries of conntrack", rows, NULL,
					   NULL);
}
