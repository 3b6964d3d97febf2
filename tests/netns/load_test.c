// SPDX-License-Identifier: GPL-2.0-or-later
/* Fill, switch and clear, alone and beside others who change the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "load_host.h"
#include "load_spoilt.h"
#include "nft/load_priv.h"
#include "nft/load_stamp.h"

static void nothing_there_is_no_error(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel = lh_kernel_of(host);

	assert_false(kernel->exists);
	assert_null(kernel->rules);
	lh_works(host, pw_load_clear(host->nl, host->diags));
	pw_kernel_free(kernel);
}

static void fill_touches_no_packet(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(1);

	lh_works(host, lh_fill(host, want, 1));
	assert_true(lh_has_chain(host, "g1.in"));
	assert_false(lh_has_chain(host, "input"));
	pw_ruleset_free(want);
}

static void reapply_keeps_what_stays_equal(void **state)
{
	const struct host *host = lh_host(state);
	uint64_t handle;

	lh_apply_small(host, 1);
	handle = lh_set_handle(host, "a.shared.4.00");
	assert_true(handle);
	for (uint32_t n = 2; n < 6; n++) {
		lh_apply_small(host, n);
		assert_int_equal(lh_set_handle(host, "a.shared.4.00"), handle);
	}
	free(lh_shell("nft list table inet portwall"));
	/* the one before stays for packets that are in it, no other does */
	assert_true(lh_has_chain(host, "g4.in"));
	assert_false(lh_has_chain(host, "g3.in"));
	assert_true(lh_set_handle(host, "a.own.4.4"));
	assert_int_equal(lh_set_handle(host, "a.own.4.3"), 0);
}

static void orphan_is_removed(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(2);

	lh_apply_small(host, 1);
	lh_works(host, lh_fill(host, want, 2));	/* killed here */
	lh_in_force(host, 1);
	lh_apply_small(host, 3);
	assert_false(lh_has_chain(host, "g2.in"));
	assert_int_equal(lh_set_handle(host, "a.own.4.2"), 0);
	pw_ruleset_free(want);
}

static void orphan_of_the_same_number_is_replaced(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(2);

	lh_apply_small(host, 1);
	lh_works(host, lh_fill(host, want, 2));
	lh_apply_small(host, 2);
	pw_ruleset_free(want);
}

static void policy_drops_at_last(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;

	lh_apply_small(host, 1);
	free(lh_shell("nft 'chain inet portwall input { policy accept; }'"));
	lh_apply_small(host, 2);
	kernel = lh_kernel_of(host);
	for (size_t i = 0; i < kernel->rules->num_chains; i++) {
		const struct pw_chain *chain = &kernel->rules->chains[i];

		if (chain->hook != PW_HOOK_NONE)
			assert_int_equal(chain->policy,
					 chain->hook == PW_HOOK_INPUT ?
					 PW_V_DROP : PW_V_ACCEPT);
	}
	pw_kernel_free(kernel);
}

static void dormant_table_is_woken_up(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;

	lh_apply_small(host, 1);
	free(lh_shell("nft 'table inet portwall { flags dormant; }'"));
	kernel = lh_kernel_of(host);
	assert_true(kernel->dormant);
	pw_kernel_free(kernel);
	lh_apply_small(host, 2);
	kernel = lh_kernel_of(host);
	assert_false(kernel->dormant);
	pw_kernel_free(kernel);
}

static void first_apply_adopts_for_an_hour(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_set adopt = {
		.name = (char[]){ "adopt" }, .type = PW_T_NFPROTO,
		.timeout = true,
	};
	struct pw_ruleset *want = lh_want_new(1);
	char *text;

	lh_ok(pw_ruleset_add_set(want, &adopt));
	assert_int_equal(pw_ruleset_sort(want), 0);
	lh_works(host, lh_apply(host, want, 1));
	text = lh_shell("nft list set inet portwall adopt");
	assert_non_null(strstr(text, "ipv4 timeout 1h expires"));
	assert_non_null(strstr(text, "ipv6 timeout 1h expires"));
	free(text);
	pw_ruleset_free(want);
}

static void clear_takes_ours_alone(void **state)
{
	const struct host *host = lh_host(state);
	char *before, *after;

	free(lh_shell("nft 'table inet other { set s { type ipv4_addr; "
		   "elements = { 192.0.2.1 } }; chain c { type filter hook "
		   "input priority 0; ip saddr @s counter drop; }; }'; "
		   "nft 'table ip portwall { chain input { type filter hook "
		   "input priority 5; }; }'"));
	before = lh_shell("nft -a list ruleset");
	lh_apply_small(host, 1);
	lh_apply_small(host, 2);
	lh_works(host, pw_load_clear(host->nl, host->diags));
	after = lh_shell("nft -a list ruleset");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void table_of_others_is_left_alone(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(1);
	struct pw_kernel *kernel;
	char *before, *after;

	free(lh_shell("nft 'table inet portwall { comment \"mine\"; "
		   "chain input { }; }'"));
	before = lh_shell("nft -a list ruleset");
	kernel = lh_kernel_of(host);
	assert_true(kernel->exists);
	assert_int_equal(kernel->format, 0);
	assert_non_null(kernel->rules);
	assert_int_equal(lh_fill(host, want, 1), -EEXIST);
	assert_non_null(strstr(lh_last_text(host->diags), "did not make"));
	assert_int_equal(pw_load_clear(host->nl, host->diags), -EEXIST);
	after = lh_shell("nft -a list ruleset");
	assert_string_equal(before, after);
	free(before);
	free(after);
	pw_kernel_free(kernel);
	pw_ruleset_free(want);
}

static void newer_format_is_refused(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(1);
	uint8_t data[PW_USERDATA_MAX];
	struct nlmsghdr *nlh;
	struct pw_batch batch;
	uint32_t genid;

	lh_works(host, pw_nl_genid(host->nl, &genid));
	assert_int_equal(pw_batch_open(&batch, host->nl->seq, genid), 0);
	nlh = pw_batch_add(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, PW_TABLE);
	mnl_attr_put(nlh, NFTA_TABLE_USERDATA,
		     pw_format_put(PW_FORMAT + 1, data), data);
	lh_works(host, pw_load_commit(host->nl, &batch, host->diags));
	pw_batch_clear(&batch);

	assert_int_equal(lh_fill(host, want, 1), -EPROTONOSUPPORT);
	assert_non_null(strstr(lh_last_text(host->diags), "newer"));
	lh_works(host, pw_load_clear(host->nl, host->diags));
	lh_apply_small(host, 1);
	pw_ruleset_free(want);
}

static void refusal_names_the_set(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_new(2);
	struct pw_rangeset *elems = lh_addresses(3);
	uint32_t set = lh_set(want, "a.many.4.00", PW_T_IPV4, false, elems);

	lh_apply_small(host, 1);
	want->sets[set].size = 2;
	assert_int_equal(pw_ruleset_sort(want), 0);
	assert_int_equal(lh_apply(host, want, 2), -ENFILE);
	assert_non_null(strstr(lh_last_text(host->diags),
			       "elements of set a.many.4.00"));
	lh_in_force(host, 1);
	assert_false(lh_has_chain(host, "g2.in"));
	pw_rangeset_free(elems);
	pw_ruleset_free(want);
}

static void look_ups_find_other_content(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_rangeset *more = lh_addresses(10);
	struct pw_set set = {
		.name = (char[]){ "a.shared.4.00" }, .type = PW_T_IPV4,
		.constant = true, .interval = true, .elems = lh_addresses(9),
	};

	lh_apply_small(host, 1);
	lh_works(host, pw_load_check_set(host->nl, &set, host->diags));
	pw_rangeset_free(set.elems);
	set.elems = more;
	assert_int_equal(pw_load_check_set(host->nl, &set, host->diags),
			 -EPROTO);
	assert_non_null(strstr(lh_last_text(host->diags),
			       "does not find 10.0.0.18"));
	pw_rangeset_free(more);
	set.elems = lh_addresses(1);
	set.elems->r32[0].first = 0x0a000001;
	set.elems->r32[0].last = 0x0a000001;
	assert_int_equal(pw_load_check_set(host->nl, &set, host->diags),
			 -EPROTO);
	pw_rangeset_free(set.elems);
}

static void change_of_ours_meanwhile_is_noticed(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(2);
	struct pw_stamp stamp = lh_stamp_of(2);
	struct pw_kernel *kernel;

	lh_apply_small(host, 1);
	kernel = lh_kernel_of(host);
	free(lh_shell("nft add rule inet portwall g1.in accept"));
	assert_int_equal(pw_load_fill(host->nl, want, &stamp, kernel,
				      host->diags), -EAGAIN);
	assert_non_null(strstr(lh_last_text(host->diags), "somebody else"));
	assert_int_equal(pw_load_switch(host->nl, want, &stamp, kernel,
					false, host->diags), -ESTALE);
	pw_kernel_free(kernel);
	pw_ruleset_free(want);
}

/* Commits to another table until it is killed */
static pid_t start_storm(void)
{
	struct pw_nl_refusal why;
	struct pw_wire wire;
	struct pw_nl *nl;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* no test, no storm */
	if (pw_wire_open(&wire) || !(nl = pw_nl_new(&wire)))
		_exit(1);
	for (unsigned int i = 0;; i++) {
		struct nlmsghdr *nlh;
		struct pw_batch batch;

		if (pw_batch_open(&batch, nl->seq, 0))
			_exit(1);
		nlh = pw_batch_add(&batch, i & 1 ? NFT_MSG_DELTABLE :
						   NFT_MSG_NEWTABLE,
				   i & 1 ? 0 : NLM_F_CREATE);
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "storm");
		(void)pw_nl_commit(nl, &batch, &why);
		pw_batch_clear(&batch);
		usleep(5000);	/* busy, but no machine is too slow for it */
	}
}

static void others_may_commit_all_the_time(void **state)
{
	const struct host *host = lh_host(state);
	uint32_t before, now = 0, n = 0;
	pid_t storm;

	lh_works(host, pw_nl_genid(host->nl, &before));
	storm = start_storm();
	/* two generations each, the first of ours one more: the rest is storm */
	while (n < 10 || now - before < 2 * n + 100) {
		lh_apply_small(host, ++n);
		lh_works(host, pw_nl_genid(host->nl, &now));
	}
	kill(storm, SIGKILL);
	waitpid(storm, NULL, 0);
}

static void lost_answers_change_nothing(void **state)
{
	const struct host *host = lh_host(state);

	ls_spoil(host);
	for (uint32_t n = 1; n < 6; n++) {
		ls_spoilt.lose = (int)n;
		ls_spoilt.lost = 0;
		lh_apply_small(host, n);
		assert_true(ls_spoilt.lost);
	}
	ls_close();
}

/* Each send in turn is done and said to be interrupted; each answer is lost */
static void any_single_failure_changes_nothing(void **state)
{
	const struct host *host = lh_host(state);
	uint32_t n = 0;
	bool failed;

	ls_spoil(host);
	for (int i = 0; i < 2; i++) {
		int *fail = i ? &ls_spoilt.fail_send : &ls_spoilt.fail_recv;

		for (int at = 0; at == 0 || failed; at++) {
			*fail = at;
			lh_apply_small(host, ++n);
			failed = *fail < 0;
			*fail = -1;
		}
	}
	assert_true(n > 50);
	ls_close();
}

static void overtaken_transactions_are_sent_again(void **state)
{
	const struct host *host = lh_host(state);

	ls_spoil(host);
	for (uint32_t n = 1; n < 9; n++) {
		ls_spoilt.overtake = (int)n;
		lh_apply_small(host, n);
		assert_true(ls_spoilt.overtake <= 0);
	}
	ls_close();
}

/* Whatever comes, reading ends with rules or a message, within its memory */
static void garbled_answers_are_survived(void **state)
{
	const struct host *host = lh_host(state);
	unsigned int read = 0;

	lh_apply_small(host, 1);
	ls_spoil(host);
	ls_spoilt.garbling = true;
	for (uint32_t i = 0; i < 3000; i++) {
		pw_owned(pw_diags_free) struct pw_diags *diags =
			pw_diags_new();
		pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
		int err;

		ls_spoilt.random = i;
		err = pw_kernel_read(host->nl, 0, &kernel, diags);
		assert_int_not_equal(err, -EINVAL);
		assert_true(err || kernel);
		if (err && !pw_diags_count(diags, PW_ERROR))
			fail_msg("%s without a message", strerror(-err));
		read += !err;
	}
	assert_in_range(read, 1, 2999);
	ls_close();
}

static void patience_ends(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_ruleset *want = lh_want_of(2);

	lh_apply_small(host, 1);
	ls_spoil(host);
	ls_spoilt.overtake = INT_MAX;
	assert_int_equal(lh_apply(host, want, 2), -EAGAIN);
	assert_non_null(strstr(lh_last_text(host->diags), "kept changing"));
	lh_in_force(host, 1);
	ls_close();
	pw_ruleset_free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_there_is_no_error),
		TEST(fill_touches_no_packet),
		TEST(reapply_keeps_what_stays_equal),
		TEST(orphan_is_removed),
		TEST(orphan_of_the_same_number_is_replaced),
		TEST(policy_drops_at_last),
		TEST(dormant_table_is_woken_up),
		TEST(first_apply_adopts_for_an_hour),
		TEST(clear_takes_ours_alone),
		TEST(table_of_others_is_left_alone),
		TEST(newer_format_is_refused),
		TEST(refusal_names_the_set),
		TEST(look_ups_find_other_content),
		TEST(change_of_ours_meanwhile_is_noticed),
		TEST(others_may_commit_all_the_time),
		TEST(lost_answers_change_nothing),
		TEST(any_single_failure_changes_nothing),
		TEST(overtaken_transactions_are_sent_again),
		TEST(garbled_answers_are_survived),
		TEST(patience_ends),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
