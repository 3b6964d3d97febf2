// SPDX-License-Identifier: GPL-2.0-or-later
/* A private host as its scene says, and nothing of it anywhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "portwall/array.h"
#include "probe/rtnl.h"

#define MANY 300

static ino_t network(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_ino;
}

static void has_device(const char *name, uint32_t index, const uint8_t *mac)
{
	struct ifreq req = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(if_nametoindex(name) == index);
	strcpy(req.ifr_name, name);
	CHECK(!ioctl(fd, SIOCGIFHWADDR, &req));
	CHECK(!memcmp(req.ifr_hwaddr.sa_data, mac, 6));
	CHECK(!ioctl(fd, SIOCGIFFLAGS, &req));
	CHECK((req.ifr_flags & (IFF_UP | IFF_RUNNING)) ==
	      (IFF_UP | IFF_RUNNING));
	close(fd);
}

static bool is_addr(const struct sockaddr *sa, const char *text)
{
	char buf[INET6_ADDRSTRLEN];
	const void *addr = sa->sa_family == AF_INET ?
		(const void *)&((const struct sockaddr_in *)sa)->sin_addr :
		(const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;

	return inet_ntop(sa->sa_family, addr, buf, sizeof(buf)) &&
	       !strcmp(buf, text);
}

static const struct addr_case {
	const char *iface, *addr, *mask, *broadcast;
} addr_cases[] = {
	{ "lo", "127.0.0.1", "255.0.0.0", NULL },
	{ "lo", "::1", NULL, NULL },
	{ "eth0", "198.18.0.1", "255.255.255.240", "198.18.0.15" },
	{ "eth1", "198.18.0.17", "255.255.255.240", "198.18.0.31" },
	{ "docker0", "198.18.0.33", "255.255.255.240", "198.18.0.47" },
	{ "eth0", "203.0.113.7", "255.255.255.255", NULL },
	{ "eth0", "2001:2::1", "ffff:ffff:ffff:ffff::", NULL },
	{ "eth1", "2001:2:0:1::1", "ffff:ffff:ffff:ffff::", NULL },
	{ "docker0", "2001:2:0:2::1", "ffff:ffff:ffff:ffff::", NULL },
	{ "eth0", "2001:db8::7", NULL, NULL },
	{ "eth0", "fe80::70:77ff:fe01:0", "ffff:ffff:ffff:ffff::", NULL },
	{ "docker0", "fe80::70:77ff:fe01:2", "ffff:ffff:ffff:ffff::", NULL },
};

static bool is_case(const struct ifaddrs *ifa, const struct addr_case *tc)
{
	if (!ifa->ifa_addr || strcmp(ifa->ifa_name, tc->iface) ||
	    (ifa->ifa_addr->sa_family != AF_INET &&
	     ifa->ifa_addr->sa_family != AF_INET6) ||
	    !is_addr(ifa->ifa_addr, tc->addr))
		return false;
	if (tc->mask && !is_addr(ifa->ifa_netmask, tc->mask))
		return false;
	return !tc->broadcast || is_addr(ifa->ifa_broadaddr, tc->broadcast);
}

static void has_addresses(void)
{
	struct ifaddrs *all;

	CHECK(!getifaddrs(&all));
	for (size_t i = 0; i < PW_ARRAY_SIZE(addr_cases); i++) {
		const struct ifaddrs *ifa = all;

		while (ifa && !is_case(ifa, &addr_cases[i]))
			ifa = ifa->ifa_next;
		if (!ifa)
			fprintf(stderr, "%s\n", addr_cases[i].addr);
		CHECK(ifa);
	}
	freeifaddrs(all);
}

/* Which interface the host sends to @addr by */
static void routes_to(const char *addr, const char *iface)
{
	char name[IF_NAMESIZE], command[128];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "ip route get %s | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p'",
		 addr);
	pipe = popen(command, "r");
	CHECK(pipe && fscanf(pipe, "%15s", name) == 1);
	CHECK(!pclose(pipe));
	CHECK(!strcmp(name, iface));
}

static void has_routes(void)
{
	routes_to("192.0.2.1", "eth0");
	routes_to("2001:db8:1::1", "eth0");
	routes_to("198.18.0.18", "eth1");
	routes_to("198.18.0.35", "docker0");
	routes_to("2001:2:0:2::3", "docker0");
	routes_to("203.0.113.7", "lo");
}

/* Permanent neighbours with the address that wires answer for */
static int count_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const uint8_t wire[3] = { 0x02, 'p', 'w' };
	const struct nlattr *attr;
	size_t *num = arg;

	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		*num += mnl_attr_get_type(attr) == NDA_LLADDR &&
			ndm->ndm_state == NUD_PERMANENT &&
			!memcmp(mnl_attr_get_payload(attr), wire, sizeof(wire));
	}
	return MNL_CB_OK;
}

static void has_neighbours(void)
{
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct pw_rtnl *rt;
	size_t num = 0;

	CHECK(!pw_rtnl_open(&rt));
	nlh->nlmsg_type = RTM_GETNEIGH;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ndmsg));
	CHECK(!pw_rtnl_dump(rt, nlh, count_neighbour, &num));
	CHECK(num == 8);	/* three gateways, a container, two families */
	pw_rtnl_close(rt);
}

static const struct {
	const char *name;
	int value;
} sysctls[] = {
	{ "ipv4/ip_forward", 1 },
	{ "ipv4/conf/eth0/rp_filter", 0 },
	{ "ipv4/conf/all/rp_filter", 0 },
	{ "ipv4/conf/all/accept_local", 1 },
	{ "ipv4/icmp_ratemask", 0 },
	{ "ipv6/icmp/ratelimit", 0 },
	{ "ipv4/tcp_syncookies", 2 },
	{ "ipv4/icmp_echo_ignore_broadcasts", 0 },
	{ "ipv6/conf/eth0/forwarding", 1 },
	{ "ipv6/conf/eth0/accept_dad", 0 },
	{ "ipv6/conf/eth0/accept_ra", 0 },
	{ "ipv6/conf/eth0/disable_ipv6", 0 },
};

static void has_sysctls(void)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(sysctls); i++) {
		char path[96];
		int value = -1;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/sys/net/%s",
			 sysctls[i].name);
		file = fopen(path, "re");
		CHECK(file && fscanf(file, "%d", &value) == 1);
		fclose(file);
		if (value != sysctls[i].value)
			fprintf(stderr, "%s is %d\n", sysctls[i].name, value);
		CHECK(value == sysctls[i].value);
	}
}

static void has_two_sides(struct pw_sandbox *sb)
{
	ino_t host = network();

	CHECK(!pw_sandbox_side(sb, PW_SIDE_WIRE));
	CHECK(network() != host);
	CHECK(!if_nametoindex("eth0"));
	CHECK(if_nametoindex("w2") == sb->ends[2].wire_index);
	CHECK(!pw_sandbox_side(sb, PW_SIDE_HOST));
	CHECK(network() == host);
}

static void builds_scene(const void *become)
{
	struct pw_scene *scene = apart_scene();
	ino_t before = network();
	struct pw_sandbox *sb;

	if (become)
		apart_become_nobody();
	sb = apart_open(scene);
	CHECK(before && network() != before);
	for (size_t i = 0; i < scene->num_ifaces; i++)
		has_device(scene->ifaces[i].name, sb->ends[i].host_index,
			   sb->ends[i].host_mac);
	has_addresses();
	has_routes();
	has_neighbours();
	has_sysctls();
	has_two_sides(sb);
	CHECK(!pw_sandbox_count(sb)->sent);
	pw_sandbox_close(sb);
	pw_scene_free(scene);
}

static void opens_as_root(void **state)
{
	(void)state;
	apart(builds_scene, NULL);
}

static void opens_as_nobody(void **state)
{
	(void)state;
	apart(builds_scene, "nobody");
}

/* A process that may not be traced does not own its files below /proc */
static void opens_untraceable(const void *arg)
{
	(void)arg;
	apart_become_nobody();
	CHECK(!prctl(PR_SET_DUMPABLE, 0));
	builds_scene(NULL);
	CHECK(prctl(PR_GET_DUMPABLE) == 0);
	CHECK(getuid() == 0);
}

static void stays_untraceable(void **state)
{
	(void)state;
	apart(opens_untraceable, NULL);
}

static void open_quietly(const void *arg)
{
	(void)arg;
	(void)apart_open(apart_scene());
}

static void leaves_the_machine_alone(void **state)
{
	ino_t before = network();
	struct if_nameindex *names = if_nameindex(), *after;
	struct apart child;

	(void)state;
	assert_non_null(names);
	assert_true(apart_begin(&child, open_quietly, NULL));
	assert_int_equal(network(), before);
	after = if_nameindex();
	assert_non_null(after);
	for (size_t i = 0; names[i].if_index || after[i].if_index; i++) {
		assert_int_equal(names[i].if_index, after[i].if_index);
		assert_string_equal(names[i].if_name, after[i].if_name);
	}
	if_freenameindex(names);
	if_freenameindex(after);
	apart_end(&child);
}

static void finds_no_room(const void *arg)
{
	struct pw_scene *scene = apart_scene();
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = NULL;

	(void)arg;
	CHECK(pw_sandbox_open(scene, &sb, diags) == -ENOSPC);
	CHECK(!sb && strstr(pw_diags_get(diags, 0)->text,
			    "user.max_net_namespaces"));
	CHECK(strstr(pw_diags_get(diags, 0)->hint, "--computed"));
}

static void finds_room(const void *arg)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = NULL;

	(void)arg;
	if (pw_sandbox_open(apart_scene(), &sb, diags))
		_exit(1);
}

/* Two network namespaces are allowed, so that a third shows the first ones */
static void ends_with_its_process(const void *arg)
{
	struct apart first;
	bool room = false;

	(void)arg;
	apart_become_root_of_new();
	apart_write("/proc/sys/user/max_net_namespaces", "2");
	CHECK(apart_begin(&first, open_quietly, NULL));
	CHECK(!apart_status(finds_no_room, NULL));
	apart_end(&first);
	/*
	 * No event tells when the kernel has let go of them. A try that got
	 * but one leaves that one to be let go of too: each waits twice as
	 * long as the one before, or they could go on so for ever.
	 */
	for (int ms = 1; ms < 1 << 14 && !room; ms *= 2) {
		poll(NULL, 0, ms);
		room = !apart_status(finds_room, NULL);
	}
	CHECK(room);
}

static void leaves_nothing_behind(void **state)
{
	(void)state;
	apart(ends_with_its_process, NULL);
}

static void makes_many(const void *arg)
{
	struct pw_scene *scene = pw_scene_new();
	struct pw_sandbox *sb;
	char name[24];

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "if%d", i);
		CHECK(pw_scene_add_iface(scene, name, i >= MANY - 50) == i);
	}
	sb = apart_open(scene);
	for (int i = 0; i < MANY; i++)
		has_device(scene->ifaces[i].name, sb->ends[i].host_index,
			   sb->ends[i].host_mac);
	pw_sandbox_close(sb);
	pw_scene_free(scene);
}

static void many_interfaces(void **state)
{
	(void)state;
	apart(makes_many, NULL);
}

/* A name that the kernel does not take is said */
static void refuses_name(const void *arg)
{
	struct pw_scene *scene = pw_scene_new();
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = NULL;

	(void)arg;
	CHECK(pw_scene_add_iface(scene, "good", false) == 0);
	CHECK(pw_scene_add_iface(scene, "a/b", false) == 1);
	CHECK(pw_sandbox_open(scene, &sb, diags) < 0);
	CHECK(!sb && strstr(pw_diags_get(diags, 0)->text, "interface a/b"));
	pw_diags_free(diags);
	pw_scene_free(scene);
}

static void names_the_interface(void **state)
{
	(void)state;
	apart(refuses_name, NULL);
}

static void opens_empty(const void *arg)
{
	struct pw_scene *scene = pw_scene_new();

	(void)arg;
	pw_sandbox_close(apart_open(scene));
	pw_scene_free(scene);
}

static void no_interfaces(void **state)
{
	(void)state;
	apart(opens_empty, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_as_root),
		cmocka_unit_test(opens_as_nobody),
		cmocka_unit_test(stays_untraceable),
		cmocka_unit_test(leaves_the_machine_alone),
		cmocka_unit_test(leaves_nothing_behind),
		cmocka_unit_test(many_interfaces),
		cmocka_unit_test(names_the_interface),
		cmocka_unit_test(no_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
