// SPDX-License-Identifier: GPL-2.0-or-later
/* Listening sockets of another process, addresses and routes of a namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/inet.h"
#include "host/listeners.h"
#include "portwall/listen.h"
#include "scan_host.h"

#define MAX_TEXT 1024

/* "tcp4 *:80", "udp6 2001:db8::1:53%eth0", "raw4 *:0 89" */
static void append(char text[static MAX_TEXT], const struct pw_listener *l)
{
	const char *proto = l->raw ? l->proto ? "raw" : "packet" :
			    l->proto == IPPROTO_TCP ? "tcp" :
			    l->proto == IPPROTO_UDP ? "udp" : "udplite";
	char addr[PW_ADDR_STRLEN] = "*", dev[IF_NAMESIZE + 1] = "";
	char number[8] = "";
	size_t len = strlen(text);

	if (!l->any)
		pw_addr_format(l->family, l->addr, addr);
	if (l->ifindex) {
		dev[0] = '%';
		assert_non_null(if_indextoname(l->ifindex, dev + 1));
	}
	if (l->raw && l->proto)
		snprintf(number, sizeof(number), " %u", l->proto);
	snprintf(text + len, MAX_TEXT - len, "%s%s%c %s:%u%s%s",
		 len ? ", " : "", proto, l->family == PW_IPV4 ? '4' : '6',
		 addr, l->port, dev, number);
}

static struct pw_listeners *gathered(void)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_listeners *listeners = NULL;

	assert_int_equal(pw_listeners_gather(&listeners, diags), 0);
	return listeners;
}

static const struct found_case {
	const char *name;
	struct held held[4];
	const char *want;
} found_cases[] = {
	{ "nothing", { { 0 } }, "" },
	{ "odd ports", { TCP4(NULL, 1), TCP4(NULL, 65535) },
	  "tcp4 *:1, tcp4 *:65535" },
	{ "one address only", { TCP4("10.5.0.1", 80),
				TCP6("2001:db8::1", 81) },
	  "tcp4 10.5.0.1:80, tcp6 2001:db8::1:81" },
	{ "v6 only", { TCP6(NULL, 80, .v6only = true) },
	  "tcp6 *:80" },
	{ "dual stack", { TCP6(NULL, 80), UDP6(NULL, 53) },
	  "tcp4 *:80, tcp6 *:80, udp4 *:53, udp6 *:53" },
	{ "dual stack, one address", { TCP6("2001:db8::1", 80) },
	  "tcp6 2001:db8::1:80" },
	{ "mapped address", { TCP6("::ffff:10.5.0.1", 80) },
	  "tcp4 10.5.0.1:80" },
	{ "mapped wildcard", { TCP6("::ffff:0.0.0.0", 80) },
	  "tcp4 *:80" },
	{ "group of one port",
	  { TCP4(NULL, 80, .reuseport = true),
	    TCP4(NULL, 80, .reuseport = true),
	    TCP4("10.5.0.1", 80, .reuseport = true) },
	  "tcp4 *:80, tcp4 *:80, tcp4 10.5.0.1:80" },
	{ "bound to a device",
	  { TCP4(NULL, 80, .dev = "eth0"),
	    UDP6(NULL, 53, .dev = "eth0") },
	  "tcp4 *:80%eth0, udp4 *:53%eth0, udp6 *:53%eth0" },
	{ "connected UDP", { UDP4(NULL, 53, .peer = "10.5.0.9"),
			     UDP4(NULL, 54) }, "udp4 *:54" },
	{ "UDP-Lite", { HELD(AF_INET, SOCK_DGRAM, NULL, 7, .proto = IPPROTO_UDPLITE),
			HELD(AF_INET6, SOCK_DGRAM, NULL, 8,
			     .v6only = true, .proto = IPPROTO_UDPLITE) },
	  "udplite4 *:7, udplite6 *:8" },
	{ "raw", { HELD(AF_INET, SOCK_RAW, "10.5.0.1", 0, .proto = 89),
		   HELD(AF_INET6, SOCK_RAW, NULL, 0, .proto = 58),
		   HELD(AF_INET, SOCK_RAW, NULL, 0, .peer = "10.5.0.9", .proto = 1) },
	  "raw6 *:0 58, raw4 10.5.0.1:0 89" },
	{ "packet", { PACKET(ETH_P_ALL),
		      PACKET(ETH_P_IP, .dev = "eth0"),
		      PACKET(ETH_P_ARP) },
	  "packet4 *:0, packet4 *:0%eth0, packet6 *:0" },
};

static void finds(void **state)
{
	const struct found_case *tc = *state;
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;
	char text[MAX_TEXT] = "";
	size_t num = 0;
	pid_t pid;

	assert_int_equal(sh_open(NULL), 0);
	sh_run("ip link add eth0 type veth peer name out0 && "
	       "ip link set eth0 up && ip link set out0 up && ip addr add 10.5.0.1/24 dev eth0 && "
	       "ip addr add 2001:db8::1/64 dev eth0 nodad");
	sh_await("ip -6 route show table local | grep -q 2001:db8::1");
	while (num < PW_ARRAY_SIZE(tc->held) && tc->held[num].family)
		num++;
	pid = sh_hold(tc->held, num);
	listeners = gathered();
	for (size_t i = 0; i < listeners->num; i++) {
		append(text, &listeners->list[i]);
		assert_int_equal(listeners->list[i].pid, pid);
		assert_string_equal(listeners->list[i].comm, "holder");
		assert_false(listeners->list[i].kernel);
	}
	sh_close(NULL);
	assert_string_equal(text, tc->want);
}

/* The text below /proc/net must tell the same, but for devices */
static const struct pw_socket_kind tcp_kind = {
	IPPROTO_TCP, 10, false, "tcp", { "TCP", "TCPv6" }, { "tcp", "tcp6" },
};

static void text_tells_the_same(void **state)
{
	static const struct held held[] = {
		TCP4("10.5.0.1", 80), TCP6(NULL, 443),
		TCP6("2001:db8::1", 22),
	};
	struct pw_listener_list diag = { 0 }, text = { 0 };

	(void)state;
	sh_run("ip link add eth0 type veth peer name out0 && "
	       "ip link set eth0 up && ip link set out0 up && ip addr add 10.5.0.1/24 dev eth0 && "
	       "ip addr add 2001:db8::1/64 dev eth0 nodad");
	sh_await("ip -6 route show table local | grep -q 2001:db8::1");
	sh_hold(held, PW_ARRAY_SIZE(held));
	for (int f = 0; f < PW_NUM_FAMILIES; f++) {
		assert_int_equal(pw_listen_diag(&tcp_kind, (enum pw_family)f,
						&diag), 0);
		assert_int_equal(pw_listen_text(&tcp_kind, (enum pw_family)f,
						&text), 0);
	}
	assert_int_equal(diag.num, 4);
	assert_int_equal(text.num, diag.num);
	for (size_t i = 0; i < diag.num; i++) {
		const struct pw_listener *d = &diag.items[i];
		size_t same = 0;

		for (size_t k = 0; k < text.num; k++) {
			const struct pw_listener *t = &text.items[k];

			same += t->inode == d->inode && t->port == d->port &&
				t->family == d->family && t->any == d->any &&
				!pw_value_cmp(t->addr, d->addr);
		}
		assert_int_equal(same, 1);
	}
	free(diag.items);
	free(text.items);
}

static void own_sockets_are_not_listed(void **state)
{
	static const struct held held = TCP4(NULL, 80);
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int udp = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };

	(void)state;
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(bind(udp, (struct sockaddr *)&any, sizeof(any)), 0);
	sh_hold(&held, 1);	/* it inherits ours, and holds them too */
	listeners = gathered();
	assert_int_equal(listeners->num, 4);
	pw_listeners_free(listeners);
	sh_close(NULL);
	listeners = gathered();
	assert_int_equal(listeners->num, 0);
	close(fd);
	close(udp);
}

/* Exit status 0: everything is listed, and nothing claimed of its owners */
static int look_as_nobody(void)
{
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;
	const struct pw_listener *l;

	if (setgid(65534) || setuid(65534))
		return 77;
	listeners = gathered();
	l = listeners->list;
	return listeners->owners_known || listeners->missing ||
	       listeners->num != 2 || l[0].pid || l[0].kernel || l[0].comm[0] ||
	       l[0].port != 80 || !l[1].raw;
}

static void owners_may_be_hidden(void **state)
{
	static const struct held held[] = { TCP4(NULL, 80),
					    PACKET(ETH_P_IP) };
	int status;
	pid_t pid;

	(void)state;
	sh_hold(held, PW_ARRAY_SIZE(held));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(look_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# reason: no other user is mapped here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void full_backlog_is_told(void **state)
{
	static const struct held held = TCP4(NULL, 80, .backlog = 1);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;
	int fd[2];

	(void)state;
	sh_hold(&held, 1);
	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fd[i], (struct sockaddr *)&to,
					 sizeof(to)), 0);
	}
	listeners = gathered();
	assert_int_equal(listeners->num, 1);
	assert_int_equal(listeners->list[0].backlog, 1);
	assert_int_equal(listeners->list[0].queue, 2);
	close(fd[0]);
	close(fd[1]);
}

/* What a process calls itself is handed on as it is, and cannot overflow */
static void hostile_names_are_kept(void **state)
{
	static const struct held held = TCP4(NULL, 80);
	static const char evil[] = "\x1b[2J\n<&\xff%s%n\t";
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;

	(void)state;
	sh_hold_as(evil, &held, 1);
	listeners = gathered();
	assert_string_equal(listeners->list[0].comm, evil);
}

/* A vxlan interface has a UDP socket that no process holds */
static void kernel_sockets_are_named_so(void **state)
{
	pw_owned(pw_listeners_free) struct pw_listeners *listeners = NULL;

	(void)state;
	if (system("ip link add vx0 type vxlan id 7 dstport 4789 local "
		   "127.0.0.1 2>/dev/null && ip link set vx0 up")) {
		print_message("# reason: this kernel has no vxlan\n");
		skip();
	}
	listeners = gathered();
	assert_int_equal(listeners->num, 1);
	assert_int_equal(listeners->list[0].port, 4789);
	assert_int_equal(listeners->list[0].pid, 0);
	assert_true(!listeners->owners_known || listeners->list[0].kernel);
}

static const struct route_case {
	const char *name, *src, *dst;
	int err;
} route_cases[] = {
	{ "own address", "192.0.2.7", "192.0.2.1", 0 },
	{ "address of another interface", "192.0.2.7", "10.9.0.1", 0 },
	{ "broadcast", "192.0.2.7", "192.0.2.255", 0 },
	{ "all hosts", "192.0.2.7", "224.0.0.1", 0 },
	{ "group of others", "192.0.2.7", "224.0.0.99", -EHOSTUNREACH },
	{ "neighbour", "192.0.2.7", "192.0.2.8", -EHOSTUNREACH },
	{ "no route", "192.0.2.7", "203.0.113.1", -EHOSTUNREACH },
	{ "source of another interface", "10.9.0.7", "192.0.2.1", -EXDEV },
	{ "group, source of another interface", "10.9.0.7", "224.0.0.1",
	  -EXDEV },
	{ "source nowhere", "203.0.113.1", "192.0.2.1", -EXDEV },
	{ "loopback source", "127.0.0.1", "192.0.2.1", -EXDEV },
	{ "loopback", "192.0.2.7", "127.0.0.1", -EXDEV },
	{ "own source", "192.0.2.1", "192.0.2.1", -EXDEV },
	{ "v6 own address", "2001:db8::7", "2001:db8::1", 0 },
	{ "v6 other source", "2001:db8:9::7", "2001:db8::1", 0 },
	{ "v6 all nodes", "2001:db8::7", "ff02::1", 0 },
	{ "v6 group of others", "2001:db8::7", "ff02::99", -EHOSTUNREACH },
	{ "v6 neighbour", "2001:db8::7", "2001:db8::8", -EHOSTUNREACH },
	{ "v6 no route", "2001:db8::7", "2001:db8:77::8", -EHOSTUNREACH },
	{ "v6 loopback source", "::1", "2001:db8::1", -EXDEV },
	{ "v6 loopback", "2001:db8::7", "::1", -EXDEV },
	{ "v6 mapped source", "::ffff:192.0.2.7", "2001:db8::1", -EXDEV },
};

static struct pw_addr_range parsed(const char *text)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	return range;
}

static void make_two_interfaces(void)
{
	sh_run("ip link add eth0 type veth peer name out0 && "
	       "ip link add eth1 type veth peer name out1 && "
	       "sysctl -qw net.ipv4.conf.all.rp_filter=1 && "
	       "ip addr add 192.0.2.1/24 brd + dev eth0 && "
	       "ip addr add 2001:db8::1/64 dev eth0 nodad && "
	       "ip addr add 10.9.0.1 peer 10.9.0.7/32 dev eth1 && "
	       "for i in eth0 eth1 out0 out1; do ip link set $i up; done");
	sh_await("ip -6 route show table local | grep -q 2001:db8::1");
}

static void knows_what_routing_takes(void **state)
{
	const struct route_case *tc = *state;
	struct pw_addr_range src = parsed(tc->src), dst = parsed(tc->dst);
	int err;

	assert_int_equal(sh_open(NULL), 0);
	make_two_interfaces();
	err = pw_host_accepts_route(dst.family, src.range.first,
				    dst.range.first, if_nametoindex("eth0"));
	sh_close(NULL);
	assert_int_equal(err, tc->err);
}

static void reverse_path_filter_may_be_off(void **state)
{
	struct pw_addr_range src = parsed("10.9.0.7"), dst = parsed("192.0.2.1");

	(void)state;
	make_two_interfaces();
	sh_run("sysctl -qw net.ipv4.conf.all.rp_filter=0 "
	       "net.ipv4.conf.eth0.rp_filter=0");
	assert_int_equal(pw_host_accepts_route(PW_IPV4, src.range.first,
					       dst.range.first,
					       if_nametoindex("eth0")), 0);
}

static const struct pw_host_addr *find_addr(const struct pw_host_addr *addrs,
					    size_t num, const char *text)
{
	struct pw_addr_range want = parsed(text);

	for (size_t i = 0; i < num; i++)
		if (addrs[i].family == want.family &&
		    !pw_value_cmp(addrs[i].addr, want.range.first))
			return &addrs[i];
	fail_msg("no %s", text);
	return NULL;
}

static void lists_addresses(void **state)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct pw_host_addr *a;
	struct pw_host_addr *addrs;
	size_t num;

	(void)state;
	make_two_interfaces();
	sh_run("sysctl -qw net.ipv6.conf.eth1.dad_transmits=100 && "
	       "ip addr add 2001:db8:1::1/64 dev eth1");
	assert_int_equal(pw_host_addrs(&addrs, &num, diags), 0);
	a = find_addr(addrs, num, "127.0.0.1");
	assert_int_equal(a->ifindex, 1);
	assert_int_equal(a->prefix, 8);
	assert_int_equal(a->scope, 254);	/* RT_SCOPE_HOST */
	a = find_addr(addrs, num, "192.0.2.1");
	assert_int_equal(a->ifindex, if_nametoindex("eth0"));
	assert_int_equal(a->broadcast.lo, 0xc00002ff);
	assert_int_equal(a->prefix, 24);
	a = find_addr(addrs, num, "10.9.0.1");	/* ours, not the peer's */
	assert_int_equal(a->broadcast.lo, 0);
	assert_false(find_addr(addrs, num, "2001:db8::1")->tentative);
	assert_true(find_addr(addrs, num, "2001:db8:1::1")->tentative);
	free(addrs);
}

#define ROW(fn, table, i) \
	{ .name = (table)[i].name, .test_func = (fn), \
	  .initial_state = (void *)(uintptr_t)&(table)[i] }

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(found_cases) +
				PW_ARRAY_SIZE(route_cases)];
	const struct CMUnitTest others[] = {
		TEST(text_tells_the_same),
		TEST(own_sockets_are_not_listed),
		TEST(owners_may_be_hidden),
		TEST(full_backlog_is_told),
		TEST(hostile_names_are_kept),
		TEST(kernel_sockets_are_named_so),
		TEST(reverse_path_filter_may_be_off),
		TEST(lists_addresses),
	};
	size_t num = 0;
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(found_cases); i++)
		tests[num++] = (struct CMUnitTest)ROW(finds, found_cases, i);
	for (size_t i = 0; i < PW_ARRAY_SIZE(route_cases); i++)
		tests[num++] = (struct CMUnitTest)ROW(knows_what_routing_takes,
						      route_cases, i);
	failed = cmocka_run_group_tests_name("rows", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("listeners", others, NULL,
						    NULL);
}
