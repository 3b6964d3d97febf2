// SPDX-License-Identifier: GPL-2.0-or-later
/* Who takes a packet, and how the kernel's messages are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "host/listeners.h"
#include "portwall/listen.h"

static struct pw_value parsed(const char *text, enum pw_family *family)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	*family = range.family;
	return range.range.first;
}

/* Bound to "*4", "*6" or an address */
static struct pw_listener bound_to(const char *text, uint32_t ifindex)
{
	struct pw_listener l = { .proto = IPPROTO_TCP, .port = 80,
				 .ifindex = ifindex };

	l.any = text[0] == '*';
	if (l.any)
		l.family = text[1] == '4' ? PW_IPV4 : PW_IPV6;
	else
		l.addr = parsed(text, &l.family);
	return l;
}

static const struct takes_case {
	const char *name, *bound;
	uint32_t dev;
	const char *to;
	uint32_t in;
	bool takes, local;
} takes_cases[] = {
	{ "wildcard", "*4", 0, "192.0.2.1", 2, true, false },
	{ "wildcard of the other family", "*6", 0, "192.0.2.1", 2, false,
	  false },
	{ "v6 wildcard", "*6", 0, "2001:db8::1", 2, true, false },
	{ "wildcard, loopback", "*4", 0, "127.0.0.1", 1, true, false },
	{ "its address", "192.0.2.1", 0, "192.0.2.1", 2, true, false },
	{ "another address", "192.0.2.1", 0, "192.0.2.2", 2, false, false },
	{ "broadcast to one address", "192.0.2.1", 0, "192.0.2.255", 2, false,
	  false },
	{ "broadcast", "*4", 0, "192.0.2.255", 2, true, false },
	{ "group", "224.0.0.251", 0, "224.0.0.251", 2, true, false },
	{ "its device", "*4", 2, "192.0.2.1", 2, true, false },
	{ "another device", "*4", 2, "192.0.2.1", 3, false, false },
	{ "any device asked", "*4", 2, "192.0.2.1", 0, true, false },
	{ "loopback", "127.0.0.1", 0, "127.0.0.1", 1, true, true },
	{ "loopback from outside", "127.0.0.1", 0, "192.0.2.1", 2, false,
	  true },
	{ "other loopback", "127.9.9.9", 0, "127.0.0.1", 1, false, true },
	{ "v6 loopback", "::1", 0, "::1", 1, true, true },
	{ "last before loopback", "126.255.255.255", 0, "126.255.255.255", 0,
	  true, false },
	{ "first after loopback", "128.0.0.0", 0, "128.0.0.0", 0, true, false },
	{ "v6 not loopback", "::2", 0, "::2", 0, true, false },
};

static void takes(void **state)
{
	const struct takes_case *tc = *state;
	struct pw_listener l = bound_to(tc->bound, tc->dev);
	enum pw_family family;
	struct pw_value to = parsed(tc->to, &family);

	assert_int_equal(pw_listener_takes(&l, family, to, tc->in), tc->takes);
	assert_int_equal(pw_listener_is_local(&l), tc->local);
}

static const struct pw_socket_kind sctp = {
	.proto = IPPROTO_SCTP, .state = TCP_LISTEN, .name = "sctp",
};
static const struct pw_socket_kind raw = {
	.proto = IPPROTO_RAW, .state = TCP_CLOSE, .raw = true, .name = "raw",
};

static struct nlmsghdr *put_message(char *buf, int family, uint8_t state,
				    uint16_t port)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_msg *msg;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	msg->idiag_family = (uint8_t)family;
	msg->idiag_state = state;
	msg->id.idiag_sport = htons(port);
	msg->idiag_inode = 77;
	return nlh;
}

/* The kernel lists every address of an SCTP socket */
static void sctp_has_many_addresses(void **state)
{
	struct sockaddr_storage locals[3] = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&locals[0];
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&locals[1];
	struct pw_listener_list list = { 0 };
	char buf[1024];
	struct nlmsghdr *nlh = put_message(buf, AF_INET6, TCP_LISTEN, 3868);

	(void)state;
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xc0000201);
	in6->sin6_family = AF_INET6;
	in6->sin6_addr.s6_addr[0] = 0x20;
	mnl_attr_put(nlh, INET_DIAG_LOCALS, sizeof(locals), locals);
	assert_int_equal(pw_listen_decode(&sctp, nlh, &list), 0);
	assert_int_equal(list.num, 2);	/* the third has no family */
	assert_int_equal(list.items[0].family, PW_IPV4);
	assert_int_equal(list.items[0].addr.lo, 0xc0000201);
	assert_int_equal(list.items[1].family, PW_IPV6);
	assert_int_equal(list.items[1].addr.hi, 0x20ull << 56);
	assert_int_equal(list.items[1].port, 3868);
	assert_int_equal(list.items[1].inode, 77);
	free(list.items);
}

/* Older kernels tell a raw socket's protocol as its port alone */
static void raw_protocol_is_told_twice(void **state)
{
	struct pw_listener_list list = { 0 };
	char buf[1024];
	struct nlmsghdr *nlh = put_message(buf, AF_INET6, TCP_CLOSE, 89);

	(void)state;
	assert_int_equal(pw_listen_decode(&raw, nlh, &list), 0);
	mnl_attr_put_u8(nlh, INET_DIAG_PROTOCOL, 58);
	assert_int_equal(pw_listen_decode(&raw, nlh, &list), 0);
	assert_int_equal(list.num, 2);
	assert_int_equal(list.items[0].proto, 89);
	assert_int_equal(list.items[1].proto, 58);
	assert_int_equal(list.items[1].port, 0);
	free(list.items);
}

static void useless_messages_add_nothing(void **state)
{
	struct pw_listener_list list = { 0 };
	char buf[1024];
	struct nlmsghdr *nlh = put_message(buf, AF_INET, TCP_ESTABLISHED, 80);

	(void)state;
	assert_int_equal(pw_listen_decode(&sctp, nlh, &list), 0);
	nlh = put_message(buf, AF_INET, TCP_LISTEN, 0);
	assert_int_equal(pw_listen_decode(&sctp, nlh, &list), 0);
	nlh->nlmsg_len -= 4;
	assert_int_equal(pw_listen_decode(&sctp, nlh, &list), -EBADMSG);
	assert_int_equal(list.num, 0);
}

static void gathers_anywhere(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_listeners_free) struct pw_listeners *all = NULL;
	struct pw_host_addr *addrs = NULL;
	size_t num = 0;

	(void)state;
	assert_int_equal(pw_listeners_gather(&all, diags), 0);
	for (size_t i = 0; i < all->num; i++)
		assert_true(all->list[i].family < PW_NUM_FAMILIES);
	assert_int_equal(pw_host_addrs(&addrs, &num, diags), 0);
	free(addrs);
}

int main(void)
{
	struct CMUnitTest rows[PW_ARRAY_SIZE(takes_cases)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sctp_has_many_addresses),
		cmocka_unit_test(raw_protocol_is_told_twice),
		cmocka_unit_test(useless_messages_add_nothing),
		cmocka_unit_test(gathers_anywhere),
	};
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(takes_cases); i++)
		rows[i] = (struct CMUnitTest){
			.name = takes_cases[i].name, .test_func = takes,
			.initial_state = (void *)(uintptr_t)&takes_cases[i],
		};
	failed = cmocka_run_group_tests_name("takes", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("listeners", tests, NULL,
						    NULL);
}
