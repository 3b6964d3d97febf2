// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections from a neighbour: listed, and ended without touching others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "portwall/flows.h"
#include "scan_calls.h"
#include "scan_host.h"

#define TRACK "table inet t { chain c { type filter hook input priority 0;" \
	" ct state invalid counter; }; }"

static void network(void)
{
	sh_neighbour();
	sh_rules(TRACK);
}

static struct pw_flows *gather(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_flows *flows = NULL;
	int err = pw_flows_gather(&flows, diags);

	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		print_error("%s\n", pw_diags_get(diags, i)->text);
	assert_int_equal(err, 0);
	pw_diags_free(diags);
	return flows;
}

static struct pw_flows_end end(const struct pw_flow *flows, size_t num)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_flows_end result = { 0 };
	int err = pw_flows_end(flows, num, &result, diags);

	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		print_error("%s\n", pw_diags_get(diags, i)->text);
	assert_int_equal(err, 0);
	pw_diags_free(diags);
	return result;
}

/* The one flow to @port; NULL: none. More than one fails */
static const struct pw_flow *find(const struct pw_flows *flows, uint16_t port)
{
	const struct pw_flow *found = NULL;

	for (size_t i = 0; i < flows->num; i++) {
		if (flows->list[i].dport != port)
			continue;
		assert_null(found);
		found = &flows->list[i];
	}
	return found;
}

static const struct pw_flow *have(const struct pw_flows *flows, uint16_t port)
{
	const struct pw_flow *flow = find(flows, port);

	assert_non_null(flow);
	return flow;
}

static struct pw_flows_end end_port(uint16_t port)
{
	struct pw_flows *flows = gather();
	struct pw_flows_end result = end(have(flows, port), 1);

	pw_flows_free(flows);
	return result;
}

static void lists_what_came_in(void **state)
{
	struct pw_flows *flows;
	const struct pw_flow *flow;
	struct sc_pair a, b, c;
	char text[PW_ADDR_STRLEN];

	(void)state;
	network();
	a = sc_tcp4(5432);
	b = sc_tcp6(5433);
	c = sc_mapped(5434);
	flows = gather();
	assert_int_equal(flows->num, 3);
	flow = have(flows, 5432);
	assert_int_equal(flow->proto, IPPROTO_TCP);
	assert_int_equal(flow->family, PW_IPV4);
	assert_true(flow->live && flow->tracked && !flow->dnat);
	assert_string_equal(pw_addr_format(PW_IPV4, flow->src, text), THERE4);
	assert_string_equal(pw_addr_format(PW_IPV4, flow->dst, text), HERE4);
	flow = have(flows, 5433);
	assert_int_equal(flow->family, PW_IPV6);
	assert_string_equal(pw_addr_format(PW_IPV6, flow->src, text), THERE6);
	assert_string_equal(pw_addr_format(PW_IPV6, flow->dst, text), HERE6);
	assert_int_equal(have(flows, 5434)->family, PW_IPV4);
	pw_flows_free(flows);
	sc_close(&a);
	sc_close(&b);
	sc_close(&c);
}

/* Connections that this host began, and those over loopback */
static void leaves_out_others(void **state)
{
	struct pw_flows *flows;
	int out, there, accepted, lo;

	(void)state;
	network();
	sh_there();
	there = sc_listen(AF_INET, 80);
	sh_here();
	out = sc_socket(AF_INET, SOCK_STREAM, NULL, 0);
	sc_call(out, AF_INET, THERE4, 80);
	accepted = accept(there, NULL, NULL);
	sc_passes(out, accepted);
	lo = sc_socket(AF_INET, SOCK_STREAM, NULL, 0);
	close(there);
	there = sc_listen(AF_INET, 81);
	sc_call(lo, AF_INET, "127.0.0.1", 81);
	close(lo);
	lo = sc_socket(AF_INET, SOCK_STREAM, NULL, 0);
	sc_call(lo, AF_INET, HERE4, 81);
	flows = gather();
	assert_int_equal(flows->num, 0);
	pw_flows_free(flows);
	close(lo);
	close(there);
	close(out);
	close(accepted);
}

static const struct ends_case {
	const char *name;
	struct sc_pair (*make)(uint16_t port);
	size_t sockets;
	int theirs;		/* error that the peer sees, 0: it is not told */
} ends_cases[] = {
	{ "IPv4", sc_tcp4, 1, ECONNRESET },
	{ "IPv6", sc_tcp6, 1, ECONNRESET },
	{ "mapped", sc_mapped, 1, ECONNRESET },
	{ "connected UDP", sc_udp4, 1, 0 },
	{ "connected UDP over IPv6", sc_udp6, 1, 0 },
};

/* That one, and neither what listens nor a neighbour on another port */
static void ends(void **state)
{
	for (size_t i = 0; i < sizeof(ends_cases) / sizeof(*ends_cases); i++) {
		const struct ends_case *tc = &ends_cases[i];
		struct sc_pair other, pair;
		struct pw_flows_end result;
		struct pw_flows *flows;

		print_message("# %s\n", tc->name);
		if (i)
			assert_int_equal(sh_open(state), 0);
		network();
		other = sc_tcp4(22);
		pair = tc->make(5432);
		result = end_port(5432);
		assert_int_equal(result.sockets, tc->sockets);
		assert_int_equal(result.entries, 1);
		assert_false(result.no_destroy);
		assert_int_equal(sc_await_error(pair.ours), ECONNABORTED);
		if (tc->theirs)
			assert_int_equal(sc_await_error(pair.theirs), tc->theirs);
		flows = gather();
		assert_null(find(flows, 5432));
		assert_non_null(find(flows, 22));
		pw_flows_free(flows);
		sc_passes(other.ours, other.theirs);
		sc_passes(other.theirs, other.ours);
		sc_close(&other);
		sc_close(&pair);
		sh_close(state);
	}
}

static struct pw_flow *of_source(struct pw_flows *flows, uint16_t sport)
{
	for (size_t i = 0; i < flows->num; i++)
		if (flows->list[i].sport == sport)
			return &flows->list[i];
	fail();
	return NULL;
}

/*
 * Two clients of one socket that is not connected: one is ended, and what the
 * server sends to it does not begin anew. It does when the bar is lifted.
 */
static void bars_what_shares_a_socket(void **state)
{
	struct sockaddr_in client = {
		.sin_family = AF_INET, .sin_port = htons(4001),
	};
	struct pw_flows_end result;
	struct pw_flows *flows;
	int a, b, server;

	(void)state;
	network();
	server = sc_socket(AF_INET, SOCK_DGRAM, NULL, 53);
	sh_there();
	a = sc_socket(AF_INET, SOCK_DGRAM, THERE4, 4001);
	sc_call(a, AF_INET, HERE4, 53);
	b = sc_socket(AF_INET, SOCK_DGRAM, THERE4, 4002);
	sc_call(b, AF_INET, HERE4, 53);
	sh_here();
	sc_passes(a, server);
	sc_passes(b, server);
	flows = gather();
	assert_int_equal(flows->num, 2);
	assert_false(of_source(flows, 4001)->live);	/* no reply so far */
	result = end(of_source(flows, 4001), 1);
	pw_flows_free(flows);
	assert_int_equal(result.sockets, 0);
	assert_int_equal(result.entries, 1);
	assert_int_equal(result.bars, 1);
	sc_passes(b, server);
	assert_int_equal(inet_pton(AF_INET, THERE4, &client.sin_addr), 1);
	assert_true(sendto(server, "x", 1, 0, (struct sockaddr *)&client,
			   sizeof(client)) < 0);
	assert_int_equal(errno, EPERM);
	flows = gather();
	assert_true(of_source(flows, 4001)->bar);
	assert_false(of_source(flows, 4002)->bar);
	result = end(of_source(flows, 4001), 1);
	assert_int_equal(result.entries, 1);
	assert_int_equal(result.bars, 0);
	pw_flows_free(flows);
	assert_int_equal(sendto(server, "x", 1, 0, (struct sockaddr *)&client,
				sizeof(client)), 1);
	assert_int_equal(sc_await_error(a), 0);
	close(server);
	close(a);
	close(b);
}

/* Our end is closed by RST, and the entry is deleted */
static void drop(const struct sc_pair *pair)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(pair->ours, SOL_SOCKET, SO_LINGER, &at_once,
		   sizeof(at_once));
	close(pair->ours);
	assert_int_equal(sc_await_error(pair->theirs), ECONNRESET);
	close(pair->theirs);
	/* the kernel would reuse an entry that was closed so */
	assert_int_equal(end_port(5432).entries, 1);
}

/*
 * Ended and begun anew between the same ports: another entry. The id is made of
 * the place in memory, which may be the old one: until it is not.
 */
static void leaves_the_next_of_that_name(void **state)
{
	struct pw_flows *old, *now = NULL;
	struct pw_flows_end result;
	struct sc_pair pair, others[100];
	size_t num = 0;
	int listener, other;

	(void)state;
	network();
	listener = sc_listen(AF_INET, 5432);
	other = sc_listen(AF_INET, 22);
	pair = sc_call_in(listener, AF_INET, THERE4, 4000, HERE4, 5432);
	old = gather();
	do {
		assert_true(num < 100);
		pw_flows_free(now);
		drop(&pair);
		others[num++] = sc_call_in(other, AF_INET, NULL, 0, HERE4, 22);
		pair = sc_call_in(listener, AF_INET, THERE4, 4000, HERE4, 5432);
		now = gather();
	} while (have(now, 5432)->id_be == have(old, 5432)->id_be);
	result = end(have(old, 5432), 1);
	pw_flows_free(old);
	pw_flows_free(now);
	assert_int_equal(result.sockets, 0);
	assert_int_equal(result.entries, 0);
	sc_passes(pair.ours, pair.theirs);
	sc_passes(pair.theirs, pair.ours);
	while (num--) {
		close(others[num].ours);
		close(others[num].theirs);
	}
	close(other);
	sc_close(&pair);
}

/* Gone meanwhile: what listens is all there is between these ports */
static void leaves_listeners(void **state)
{
	struct pw_flows_end result;
	struct pw_flows *flows;
	struct sc_pair pair;

	(void)state;
	network();
	pair = sc_tcp4(5432);
	flows = gather();
	close(pair.theirs);
	assert_int_equal(sc_await_error(pair.ours), 0);
	close(pair.ours);
	sh_await("! ss -Htn state connected | grep -q :5432");
	result = end(have(flows, 5432), 1);
	pw_flows_free(flows);
	assert_int_equal(result.sockets, 0);
	pair = sc_call_in(pair.listener, AF_INET, NULL, 0, HERE4, 5432);
	sc_close(&pair);
}

/* Older than all rules: conntrack has not seen it, and may yet take it up */
static void ends_untracked(void **state)
{
	struct pw_flows_end result;
	struct pw_flows *flows;
	struct sc_pair pair;

	(void)state;
	sh_neighbour();
	pair = sc_tcp4(5432);
	flows = gather();
	assert_int_equal(flows->num, 1);
	assert_false(flows->list[0].tracked);
	assert_true(flows->list[0].live);
	sh_rules(TRACK);
	result = end(flows->list, 1);
	pw_flows_free(flows);
	assert_int_equal(result.sockets, 1);
	assert_int_equal(result.entries, 0);
	assert_int_equal(sc_await_error(pair.theirs), ECONNRESET);
	sc_close(&pair);
}

static void lists_pings(void **state)
{
	struct pw_flows *flows;
	struct pw_flows_end result;

	(void)state;
	network();
	sh_there();
	sh_run("ping -c 1 -W 5 " HERE4 " >/dev/null");
	sh_run("ping -c 1 -W 5 " HERE6 " >/dev/null");
	sh_here();
	flows = gather();
	assert_int_equal(flows->num, 2);
	for (size_t i = 0; i < flows->num; i++) {
		const struct pw_flow *flow = &flows->list[i];
		bool v4 = flow->family == PW_IPV4;

		assert_int_equal(flow->proto,
				 v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
		assert_int_equal(flow->icmp_type, v4 ? 8 : 128);
		assert_int_equal(flow->dport, 0);
	}
	result = end(flows->list, flows->num);
	assert_int_equal(result.entries, 2);
	pw_flows_free(flows);
}

#define MANY 20000

/* Entries of one server, as it would have them: 20,000 ports of a client */
static void ends_many(void **state)
{
	struct pw_flows_end result;
	struct pw_flows *flows;
	struct sc_pair other;
	int server;

	(void)state;
	network();
	other = sc_tcp4(22);
	server = sc_socket(AF_INET, SOCK_DGRAM, NULL, 53);
	sh_there();
	for (uint16_t i = 0; i < MANY; i++) {
		int fd = sc_socket(AF_INET, SOCK_DGRAM, THERE4,
				   (uint16_t)(10000 + i));

		sc_call(fd, AF_INET, HERE4, 53);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		close(fd);
	}
	sh_here();
	flows = gather();
	assert_int_equal(flows->num, MANY + 1);
	for (size_t i = 0; i < flows->num; i++) {
		if (flows->list[i].dport != 22)
			continue;
		flows->list[i] = flows->list[--flows->num];
		break;
	}
	result = end(flows->list, flows->num);
	assert_int_equal(result.entries, MANY);
	pw_flows_free(flows);
	sc_passes(other.theirs, other.ours);
	sc_close(&other);
	close(server);
}

struct attempt {
	struct pw_flows *flows;
	struct pw_diags *diags;
	int err;
};

static void attempt_to_gather(void *arg)
{
	struct attempt *a = arg;

	a->err = pw_flows_gather(&a->flows, a->diags);
}

static void names_missing_privilege(void **state)
{
	struct attempt a = { .diags = pw_diags_new() };

	(void)state;
	network();
	sh_powerless(attempt_to_gather, &a);
	assert_int_equal(a.err, -EPERM);
	assert_null(a.flows);
	assert_int_equal(pw_diags_count(a.diags, PW_ERROR), 1);
	pw_diags_free(a.diags);
}

static void knows_that_nobody_tracks(void **state)
{
	struct pw_flows *flows;

	(void)state;
	flows = gather();
	assert_int_equal(flows->num, 0);
	pw_flows_free(flows);
}

/*
 * A kernel without CONFIG_INET_DIAG_DESTROY. Of what is sent about TCP over
 * IPv6 the request to destroy is the only one of 72 bytes (struct
 * inet_diag_req_v2).
 */
static int refuse_destroy(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 72, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void ends_without_destroy(void **state)
{
	struct pw_flows_end result = { 0 };
	struct sc_pair pair, other;
	int status = -1;
	pid_t pid;

	(void)state;
	network();
	other = sc_tcp4(22);
	pair = sc_tcp6(5432);
	pid = fork();
	if (!pid) {
		if (refuse_destroy())
			_exit(3);
		result = end_port(5432);
		_exit(!result.no_destroy || result.sockets ||
		      result.entries != 1 || result.bars != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	sc_is_barred(pair.ours, pair.theirs, other.ours, other.theirs);
	sc_close(&pair);
	sc_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_what_came_in),
		TEST(leaves_out_others),
		TEST(ends),
		TEST(bars_what_shares_a_socket),
		TEST(leaves_the_next_of_that_name),
		TEST(leaves_listeners),
		TEST(ends_untracked),
		TEST(lists_pings),
		TEST(ends_many),
		TEST(names_missing_privilege),
		TEST(knows_that_nobody_tracks),
		TEST(ends_without_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
