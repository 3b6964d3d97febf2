/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading where a socket takes less than a whole generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_host.h"
#include "nft/load_priv.h"

/* Twice net.core.wmem_max as it is by default (socket(7)), less what
 * netlink_sendmsg() of the kernel keeps for itself */
#define DEFAULT_MAX (2 * 212992 - 32)
#define TINY_MAX 70000		/* little more than the longest message */

/**
 * struct narrow - A wire that takes @max bytes at once
 * @sent:	transactions so far
 * @dies_at:	which of them is not sent, nor anything behind it; 0: none
 * @meddled_at:	before which of them somebody else makes a table
 */
struct narrow {
	struct pw_wire real;
	size_t max;
	int sent, dies_at, meddled_at;
};

static int narrow_send(void *ctx, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	struct narrow *wire = ctx;

	if (len > wire->max)
		return -EMSGSIZE;
	if (nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN &&
	    ++wire->sent == wire->meddled_at)
		free(lh_shell("nft add table inet another"));
	if (wire->dies_at && wire->sent >= wire->dies_at)
		return -EPERM;
	return wire->real.send(wire->real.ctx, buf, len);
}

static ssize_t narrow_recv(void *ctx, void *buf, size_t cap)
{
	const struct narrow *wire = ctx;

	return wire->real.recv(wire->real.ctx, buf, cap);
}

static int narrow_reset(void *ctx, uint32_t *port_id)
{
	const struct narrow *wire = ctx;

	return wire->real.reset(wire->real.ctx, port_id);
}

static uint64_t narrow_now_ms(void *ctx)
{
	const struct narrow *wire = ctx;

	return wire->real.now_ms(wire->real.ctx);
}

static void narrow_pause_ms(void *ctx, unsigned int ms)
{
	const struct narrow *wire = ctx;

	wire->real.pause_ms(wire->real.ctx, ms);
}

static void narrow_close(void *ctx)
{
	const struct narrow *wire = ctx;

	wire->real.close(wire->real.ctx);
}

/* Puts @narrow between @nl and the kernel */
static void make_narrow(struct pw_nl *nl, struct narrow *narrow)
{
	narrow->real = nl->wire;
	nl->wire = (struct pw_wire){
		.ctx = narrow, .port_id = narrow->real.port_id,
		.send = narrow_send, .recv = narrow_recv,
		.reset = narrow_reset, .now_ms = narrow_now_ms,
		.pause_ms = narrow_pause_ms, .close = narrow_close,
	};
}

static void make_wide(struct pw_nl *nl)
{
	const struct narrow *narrow = nl->wire.ctx;
	uint32_t port_id = nl->wire.port_id;

	nl->wire = narrow->real;
	nl->wire.port_id = port_id;
}

static uint32_t add_list(struct pw_ruleset *rs, const char *name, size_t num,
			 bool interval)
{
	struct pw_rangeset *elems = lh_addresses(num);
	uint32_t at = lh_set(rs, name, PW_T_IPV4, interval, elems);

	pw_rangeset_free(elems);
	return at;
}

/* A counter map that outlives its generation, as p.* and k.* do */
static void add_counters(struct pw_ruleset *rs, uint32_t num)
{
	uint32_t obj = pw_ruleset_find_obj(rs, "n.web");
	uint32_t map = lh_ok(pw_ruleset_add_map(rs, "k.tcp.00", PW_K_PORT,
						true));

	for (uint32_t i = 0; i < num; i++) {
		const struct pw_map_elem e = { .key = i + 1, .obj = obj };

		assert_int_equal(pw_map_add(&rs->maps[map], &e), 0);
	}
}

/* Generation @n: so many sections with a chain each, and lists of addresses */
static struct pw_ruleset *want_lists(uint32_t n, int sections, size_t num)
{
	struct pw_ruleset *want = lh_want_new(n);
	uint32_t plain = add_list(want, "a.plain.4.00", num, false);
	uint32_t ranges = add_list(want, "a.ranges.4.00", num, true);
	char name[16];

	for (int i = 0; i < sections; i++) {
		uint32_t chain;

		snprintf(name, sizeof(name), "s.%d", i);
		chain = lh_chain(want, n, name);
		lh_rule(want, chain, i % 2 ? plain : ranges, PW_NONE,
			PW_V_ACCEPT, PW_NONE);
	}
	add_counters(want, 4000);
	assert_int_equal(pw_ruleset_sort(want), 0);
	return want;
}

static void is_in_force(const struct host *host, const struct pw_ruleset *want,
			uint32_t n)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_ruleset *got;

	assert_int_equal(kernel->current, n);
	assert_int_equal(pw_kernel_generation(kernel, n, &got), 0);
	assert_int_equal(got->num_chains, want->num_chains);
	for (size_t i = 0; i < want->num_chains; i++)
		assert_int_equal(got->chains[i].num_rules,
				 want->chains[i].num_rules);
	for (size_t i = 0; i < want->num_sets; i++)
		lh_works(host, pw_load_check_set(host->nl, &want->sets[i],
						 host->diags));
	for (size_t i = 0; i < want->num_maps; i++) {
		uint32_t at = pw_ruleset_find_map(got, want->maps[i].name);

		if (pw_ruleset_find_map(kernel->rules, want->maps[i].name) ==
		    PW_NONE)
			fail_msg("no map %s", want->maps[i].name);
		if (at != PW_NONE)
			assert_int_equal(got->maps[at].num_elems,
					 want->maps[i].num_elems);
	}
	pw_ruleset_free(got);
	pw_kernel_free(kernel);
}

/* Two generations, so that the first one has to be taken away again */
static void applies_twice(const struct host *host, int sections, size_t num)
{
	for (uint32_t n = 1; n <= 3; n++) {
		struct pw_ruleset *want = want_lists(n, sections, num);
		double begin = lh_now_s();

		lh_works(host, lh_apply(host, want, n));
		print_message("generation %u: %.3f s\n", n,
			      lh_now_s() - begin);
		is_in_force(host, want, n);
		pw_ruleset_free(want);
	}
	assert_false(lh_has_chain(host, "g1.s.0"));
	assert_true(lh_has_chain(host, "g2.s.0"));
}

static void default_buffer(void **state)
{
	struct narrow narrow = { .max = DEFAULT_MAX };
	struct host *host = lh_host(state);

	make_narrow(host->nl, &narrow);
	applies_twice(host, 10000, 300000);
	assert_true(narrow.sent > 20);
	make_wide(host->nl);
}

enum { GOOD, BAD, SKIPPED };

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return;
	fputs(text, file);
	fclose(file);
}

/* Where no capability of the first user namespace helps */
static int apply_as_nobody(void)
{
	struct host host = { .diags = pw_diags_new() };

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
	    pw_nl_open(&host.nl, host.diags))
		return SKIPPED;
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 65534 1");
	applies_twice(&host, 10000, 300000);
	return GOOD;
}

static void another_user(void **state)
{
	int status;
	pid_t pid;

	(void)lh_host(state);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(apply_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		print_message("# reason: no other user, or no user namespace\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), GOOD);
}

/* How many transactions a fill takes there */
static int count_pieces(void)
{
	struct narrow narrow = { .max = TINY_MAX };
	struct host host = { .diags = pw_diags_new() };
	struct pw_ruleset *want = want_lists(1, 100, 6000);

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(pw_nl_open(&host.nl, host.diags), 0);
	make_narrow(host.nl, &narrow);
	lh_works(&host, lh_fill(&host, want, 1));
	pw_nl_close(host.nl);
	pw_diags_free(host.diags);
	pw_ruleset_free(want);
	return narrow.sent;
}

/* Cut off before each of its pieces, then loaded by somebody with more room */
static void cut_off(void **state)
{
	struct host *host = lh_host(state);
	int pieces = count_pieces();

	assert_true(pieces > 8);
	for (int i = 1; i <= pieces; i++) {
		struct narrow narrow = { .max = TINY_MAX, .dies_at = i };
		struct pw_ruleset *want = want_lists(1, 100, 6000);

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		pw_nl_close(host->nl);
		assert_int_equal(pw_nl_open(&host->nl, host->diags), 0);
		make_narrow(host->nl, &narrow);
		assert_int_equal(lh_fill(host, want, 1), -EPERM);
		make_wide(host->nl);
		lh_works(host, lh_apply(host, want, 1));
		is_in_force(host, want, 1);
		pw_ruleset_free(want);
	}
}

/* The same over a generation in force that uses none of it */
static void cut_off_later(void **state)
{
	struct host *host = lh_host(state);
	int pieces = count_pieces();

	for (int i = 1; i <= pieces; i += 2) {
		struct narrow narrow = { .max = TINY_MAX, .dies_at = i };
		struct pw_ruleset *want = want_lists(2, 100, 6000);

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		pw_nl_close(host->nl);
		assert_int_equal(pw_nl_open(&host->nl, host->diags), 0);
		lh_apply_small(host, 1);
		make_narrow(host->nl, &narrow);
		assert_int_equal(lh_fill(host, want, 2), -EPERM);
		make_wide(host->nl);
		lh_in_force(host, 1);
		lh_works(host, lh_apply(host, want, 2));
		is_in_force(host, want, 2);
		pw_ruleset_free(want);
	}
}

/* Whoever works on another table between two pieces is no reason to give up */
static void meddled_with(void **state)
{
	struct host *host = lh_host(state);

	for (int i = 1; i <= 12; i++) {
		struct narrow narrow = { .max = TINY_MAX, .meddled_at = i };
		struct pw_ruleset *want = want_lists(1, 100, 6000);

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		pw_nl_close(host->nl);
		assert_int_equal(pw_nl_open(&host->nl, host->diags), 0);
		make_narrow(host->nl, &narrow);
		lh_works(host, lh_apply(host, want, 1));
		assert_true(narrow.sent > i);
		make_wide(host->nl);
		is_in_force(host, want, 1);
		pw_ruleset_free(want);
	}
}

/* Less than one message needs, and nothing of it stays */
static void no_room_at_all(void **state)
{
	struct narrow narrow = { .max = 4000 };
	struct host *host = lh_host(state);
	struct pw_ruleset *want = want_lists(1, 100, 6000);

	make_narrow(host->nl, &narrow);
	assert_int_equal(lh_fill(host, want, 1), -EMSGSIZE);
	assert_non_null(strstr(lh_last_text(host->diags), "bytes"));
	assert_false(lh_kernel_of(host)->exists);
	make_wide(host->nl);
	pw_ruleset_free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(default_buffer),
		TEST(another_user),
		TEST(cut_off),
		TEST(cut_off_later),
		TEST(meddled_with),
		TEST(no_room_at_all),
	};

	return cmocka_run_group_tests_name("load_pieces", tests, NULL, NULL);
}
