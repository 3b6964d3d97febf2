// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading what is large, and where little is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_host.h"

/* Every second port: a plain set is a bitmap, a large one better a tree */
static void many_ports(const struct host *host, uint32_t n, uint32_t num,
		       bool interval)
{
	struct pw_rangeset *elems = pw_rangeset_new(16);
	struct pw_ruleset *want = lh_want_new(n);
	struct pw_kernel *kernel;
	char name[32];
	uint32_t at;

	for (uint32_t i = 0; i < num; i++)
		assert_int_equal(pw_rangeset_add32(elems, 2 * i + 1,
						   2 * i + 1), 0);
	snprintf(name, sizeof(name), "p.tcp.%u", num);
	lh_set(want, name, PW_T_PORT, interval, elems);
	assert_int_equal(pw_ruleset_sort(want), 0);
	lh_works(host, lh_apply(host, want, n));
	kernel = lh_kernel_of(host);
	at = pw_ruleset_find_set(kernel->rules, name);
	assert_int_not_equal(at, PW_NONE);
	assert_true(pw_rangeset_equal(kernel->rules->sets[at].elems, elems));
	pw_kernel_free(kernel);
	pw_ruleset_free(want);
	pw_rangeset_free(elems);
}

static void half_of_all_ports(void **state)
{
	const struct host *host = lh_host(state);

	many_ports(host, 1, 2048, false);
	many_ports(host, 2, 32768, true);
}

static void many_chains(void **state)
{
	const struct host *host = lh_host(state);

	for (uint32_t n = 1; n <= 2; n++) {
		struct pw_ruleset *want = lh_want_new(n);
		struct pw_kernel *kernel;
		double begin = lh_now_s(), filled;
		char name[16];

		for (int i = 0; i < 10000; i++) {
			snprintf(name, sizeof(name), "s.%d", i);
			lh_rule(want, lh_chain(want, n, name), PW_NONE,
				 PW_NONE, PW_V_ACCEPT, PW_NONE);
		}
		assert_int_equal(pw_ruleset_sort(want), 0);
		kernel = lh_kernel_of(host);
		pw_kernel_free(kernel);
		print_message("10,000 chains: read %.3f s", lh_now_s() - begin);
		begin = lh_now_s();
		lh_works(host, lh_fill(host, want, n));
		filled = lh_now_s();
		lh_works(host, lh_apply(host, want, n));
		print_message(", read and fill %.3f s, again and switch %.3f "
			      "s\n", filled - begin, lh_now_s() - filled);
		pw_ruleset_free(want);
	}
}

static void a_million(const struct host *host, bool interval)
{
	struct pw_rangeset *elems = lh_addresses(1000000);
	struct pw_ruleset *want = lh_want_new(1);
	double begin;

	lh_set(want, "a.list.4.00", PW_T_IPV4, interval, elems);
	assert_int_equal(pw_ruleset_sort(want), 0);
	begin = lh_now_s();
	lh_works(host, lh_fill(host, want, 1));
	print_message("a million %s: fill %.3f s",
		      interval ? "ranges" : "addresses", lh_now_s() - begin);
	begin = lh_now_s();
	lh_works(host, lh_apply(host, want, 1));
	print_message(", again %.4f s\n", lh_now_s() - begin);
	assert_true(lh_set_handle(host, "a.list.4.00"));
	pw_ruleset_free(want);
	pw_rangeset_free(elems);
}

static void a_million_addresses(void **state)
{
	a_million(lh_host(state), false);
}

static void a_million_ranges(void **state)
{
	a_million(lh_host(state), true);
}

/* Runs @body in a child, which says with its exit status how it went */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

enum { GOOD, BAD, SKIPPED };

static int open_without_capability(void)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_nl *nl = NULL;

	if (setresuid(65534, 65534, 65534))
		return SKIPPED;
	if (pw_nl_open(&nl, diags) != -EPERM || nl)
		return BAD;
	return strstr(lh_last_text(diags), "CAP_NET_ADMIN") ? GOOD : BAD;
}

static void lack_of_capability_is_explained(void **state)
{
	int how;

	(void)lh_host(state);
	how = in_child(open_without_capability);
	if (how == SKIPPED) {
		print_message("# reason: no other user to become\n");
		skip();
	}
	assert_int_equal(how, GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(half_of_all_ports),
		TEST(many_chains),
		TEST(a_million_addresses),
		TEST(a_million_ranges),
		TEST(lack_of_capability_is_explained),
	};

	return cmocka_run_group_tests_name("load_large", tests, NULL, NULL);
}
