// SPDX-License-Identifier: GPL-2.0-or-later
/* What is gathered of the host, and look-ups in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/inet.h"
#include "portwall/host.h"

static char domain[] = "domain", http[] = "http", alt[] = "http-alt";
static char ssh[] = "ssh";

static struct pw_service services[] = {
	{ domain, 53, IPPROTO_TCP },
	{ domain, 53, IPPROTO_UDP },
	{ http, 80, IPPROTO_TCP },
	{ alt, 8080, IPPROTO_TCP },
	{ ssh, 22, IPPROTO_TCP },
};

static struct pw_iface ifaces[] = {
	{ "eth0", 2, 5, false }, { "lo", 1, 0, false }, { "vmbr0", 5, 0, true },
};

static const struct pw_host known = {
	.ifaces = ifaces, .num_ifaces = PW_ARRAY_SIZE(ifaces),
	.ifaces_known = true,
	.services = services, .num_services = PW_ARRAY_SIZE(services),
};

static const struct service_case {
	const char *name, *text;
	size_t len;
	uint8_t proto;
	int port;		/* -1: not found */
} service_cases[] = {
	{ "first", "domain", 6, IPPROTO_TCP, 53 },
	{ "protocol counts", "domain", 6, IPPROTO_UDP, 53 },
	{ "other protocol", "ssh", 3, IPPROTO_UDP, -1 },
	{ "last", "ssh", 3, IPPROTO_TCP, 22 },
	{ "prefix of an entry", "http-al", 7, IPPROTO_TCP, -1 },
	{ "entry that is a prefix", "http", 4, IPPROTO_TCP, 80 },
	{ "only len bytes count", "http-alt, x", 8, IPPROTO_TCP, 8080 },
	{ "empty", "", 0, IPPROTO_TCP, -1 },
	{ "past the end", "zz", 2, IPPROTO_TCP, -1 },
};

static void finds_service(void **state)
{
	const struct service_case *tc = *state;
	const struct pw_service *s = pw_host_service(&known, tc->text, tc->len,
						     tc->proto);

	assert_int_equal(s ? s->port : -1, tc->port);
}

/* What the C library takes for services, but for other protocols */
static void reads_services_as_libc(void **state)
{
	pw_owned(pw_host_free) struct pw_host *host = NULL;
	const struct servent *entry;
	size_t num = 0;

	(void)state;
	assert_int_equal(pw_host_gather_blind(&host), 0);
	for (setservent(1); (entry = getservent()); num++) {
		uint8_t proto = strcmp(entry->s_proto, "tcp") ? IPPROTO_UDP :
								IPPROTO_TCP;
		const struct servent *first;
		const struct pw_service *s;

		if (strcmp(entry->s_proto, "tcp") &&
		    strcmp(entry->s_proto, "udp"))
			continue;
		first = getservbyname(entry->s_name, entry->s_proto);
		s = pw_host_service(host, entry->s_name, strlen(entry->s_name),
				    proto);
		assert_non_null(s);
		assert_int_equal(s->port, ntohs((uint16_t)first->s_port));
		for (char **alias = first->s_aliases; *alias; alias++)
			assert_non_null(pw_host_service(host, *alias,
							strlen(*alias), proto));
	}
	endservent();
	assert_true(num > 20);
}

static void finds_interface(void **state)
{
	(void)state;
	assert_int_equal(pw_host_iface(&known, "eth0")->index, 2);
	assert_null(pw_host_iface(&known, "eth"));
	assert_string_equal(pw_host_iface_by_index(&known, 5)->name, "vmbr0");
	assert_null(pw_host_iface_by_index(&known, 3));
}

static void gathers_host(void **state)
{
	pw_owned(pw_host_free) struct pw_host *host = NULL;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	(void)state;
	assert_int_equal(pw_host_gather(&host, diags), 0);
	assert_true(host->ifaces_known);
	assert_non_null(pw_host_iface(host, "lo"));
	assert_true(host->now_ns > 1000000000u * 1000000000ull);
	assert_int_equal(host->now_ns % 1000000000u, 0);
	for (size_t i = 1; i < host->num_services; i++) {
		const struct pw_service *s = &host->services[i];
		int cmp = strcmp(s[-1].name, s->name);

		assert_true(cmp < 0 || (!cmp && s[-1].proto < s->proto));
	}
}

static void mapped_address_is_ipv4(void **state)
{
	uint8_t addr_be[16] = { [10] = 0xff, 0xff, 192, 0, 2, 9 };
	enum pw_family family = PW_IPV6;

	(void)state;
	assert_int_equal(pw_inet_get(&family, addr_be).lo, 0xc0000209);
	assert_int_equal(family, PW_IPV4);
	addr_be[0] = 0x20;
	family = PW_IPV6;
	assert_int_equal(pw_inet_get(&family, addr_be).hi, 0x20ull << 56);
	assert_int_equal(family, PW_IPV6);
}

struct pair {
	int listener, client, server;
	uint16_t port, client_port;
};

static uint16_t bound_port(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin6_port);
}

/* A dual-stack listener and an IPv4 client, on loopback */
static void connect_pair(struct pair *p)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET };

	p->listener = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&any,
			      sizeof(any)), 0);
	assert_int_equal(listen(p->listener, 1), 0);
	p->port = bound_port(p->listener);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(p->port);
	p->client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->client, (struct sockaddr *)&to,
				 sizeof(to)), 0);
	p->client_port = bound_port(p->client);
	p->server = accept(p->listener, NULL, NULL);
	assert_true(p->server >= 0);
}

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static const struct pw_conn *find(const struct pw_conn *conns, size_t num,
				  uint32_t inode)
{
	for (size_t i = 0; i < num; i++)
		if (conns[i].inode == inode)
			return &conns[i];
	return NULL;
}

static void sees_connection(void **state)
{
	pw_owned(pw_conns_free) struct pw_conns *conns = NULL;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const struct pw_conn *server, *listener;
	struct pair p;

	(void)state;
	connect_pair(&p);
	assert_int_equal(pw_conns_gather(&conns, diags), 0);
	server = find(conns->established, conns->num_established,
		      inode_of(p.server));
	assert_non_null(server);
	assert_int_equal(server->family, PW_IPV4);
	assert_int_equal(server->local.lo, INADDR_LOOPBACK);
	assert_int_equal(server->peer.lo, INADDR_LOOPBACK);
	assert_int_equal(server->local_port, p.port);
	assert_int_equal(server->peer_port, p.client_port);
	listener = find(conns->listeners, conns->num_listeners,
			inode_of(p.listener));
	assert_non_null(listener);
	assert_int_equal(listener->local_port, p.port);
	assert_null(find(conns->listeners, conns->num_listeners,
			 inode_of(p.server)));
	close(p.client);
	close(p.server);
	close(p.listener);
}

static bool holds(const char *const *names, uint32_t inode)
{
	uint32_t *inodes = NULL;
	size_t num = 0;
	bool found = false, hidden = true;

	assert_int_equal(pw_sockets_held_by(names, &inodes, &num, &hidden), 0);
	assert_false(hidden);
	for (size_t i = 0; i < num; i++)
		found |= inodes[i] == inode;
	free(inodes);
	return found;
}

static void finds_holder(void **state)
{
	static const char *const ours[] = { "nobody", "pw-holder", NULL };
	static const char *const others[] = { "pw-holde", "pw-holder2", NULL };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "pw-holder"), 0);
	assert_true(holds(ours, inode_of(fd)));
	assert_false(holds(others, inode_of(fd)));
	close(fd);
}

static void routes_to_loopback(void **state)
{
	const struct pw_value local = pw_value32(INADDR_LOOPBACK);
	pw_owned(pw_host_free) struct pw_host *host = NULL;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	uint32_t index = 0;

	(void)state;
	assert_int_equal(pw_host_gather(&host, diags), 0);
	assert_int_equal(pw_host_route(PW_IPV4, local, local, &index), 0);
	assert_string_equal(pw_host_iface_by_index(host, index)->name, "lo");
}

#define NUM_PLAIN 6

int main(void)
{
	struct CMUnitTest tests[NUM_PLAIN + PW_ARRAY_SIZE(service_cases)] = {
		cmocka_unit_test(reads_services_as_libc),
		cmocka_unit_test(finds_interface),
		cmocka_unit_test(gathers_host),
		cmocka_unit_test(mapped_address_is_ipv4),
		cmocka_unit_test(sees_connection),
		cmocka_unit_test(finds_holder),
		cmocka_unit_test(routes_to_loopback),
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(service_cases); i++)
		tests[NUM_PLAIN + i] = (struct CMUnitTest){
			service_cases[i].name, finds_service, NULL, NULL,
			(void *)(uintptr_t)&service_cases[i]
		};
	return _cmocka_run_group_tests("host", tests, PW_ARRAY_SIZE(tests),
				       NULL, NULL);
}
