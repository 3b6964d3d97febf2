// SPDX-License-Identifier: GPL-2.0-or-later
/* Trials: who decides, and what the kernel does when their time is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live/readback.h"
#include "load_spoilt.h"
#include "trial_host.h"

#define SHORT_MS 700	/* long enough to look around in */

static char *rules_text(void)
{
	return lh_shell("nft -a list ruleset | sed 's/ expires [0-9a-z]*//g'");
}

/* In a process of its own, which is killed as soon as it is done */
static void try_and_die(const struct host *host, uint32_t n, uint64_t ms)
{
	int done[2], status;
	pid_t pid;
	char byte;

	assert_int_equal(pipe(done), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct host own = { .diags = pw_diags_new() };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pw_nl_open(&own.nl, own.diags) || lt_try(&own, n, ms) ||
		    write(done[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(done[1]);
	assert_int_equal(read(done[0], &byte, 1), 1);
	close(done[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	lh_works(host, 0);
}

static void kernel_ends_it_without_any_process(void **state)
{
	const struct host *host = lh_host(state);
	unsigned int looks = 0;

	lh_works(host, lt_apply(host, 1));
	try_and_die(host, 2, SHORT_MS);
	for (;;) {
		bool decides = lt_decides(2);

		if (!lt_lasts(host))
			break;
		assert_true(decides);	/* for it lasted longer than that */
		looks++;
	}
	assert_true(looks);
	lt_await_end(host);
	assert_true(lt_decides(1));
}

static void reading_tells_both(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, LT_LONG_MS));
	lt_is_on_trial(host, 1, 2);
	assert_true(lt_decides(2));
}

static void confirmed_stays(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, LT_LONG_MS));
	lh_works(host, lt_confirm(host));
	lt_is_in_force(host, 2);
	assert_true(lt_decides(2));
	free(lh_shell("nft flush set inet portwall trial"));
	assert_true(lt_decides(2));
	/* what was in force before goes with the next change */
	assert_true(lh_has_chain(host, "g1.in"));
	lh_works(host, lt_apply(host, 3));
	assert_false(lh_has_chain(host, "g1.in"));
	assert_true(lt_decides(3));
}

static void confirmed_too_late(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;
	char *before, *after;

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, SHORT_MS));
	kernel = lh_kernel_of(host);
	lt_await_end(host);
	before = rules_text();
	/* with what was read when it lasted, and with what holds now */
	assert_int_equal(pw_load_confirm(host->nl, kernel, host->diags),
			 -ETIME);
	assert_int_equal(lt_confirm(host), -ETIME);
	assert_int_equal(pw_diags_kept(host->diags), 0);
	after = rules_text();
	assert_string_equal(before, after);
	assert_true(lt_decides(1));
	lh_works(host, lt_apply(host, 2 + LT_PRE));
	assert_false(lh_has_chain(host, "g2.in"));
	pw_kernel_free(kernel);
	free(before);
	free(after);
}

static void rolled_back_early(void **state)
{
	const struct host *host = lh_host(state);
	char *before, *after;

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, LT_LONG_MS));
	lh_works(host, lt_roll_back(host));
	lt_is_in_force(host, 1);
	assert_true(lt_decides(1));
	before = rules_text();
	lh_works(host, lt_roll_back(host));
	after = rules_text();
	assert_string_equal(before, after);
	lh_works(host, lt_apply(host, 3));
	assert_false(lh_has_chain(host, "g2.in"));
	free(before);
	free(after);
}

static void rolled_back_late(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, 1));
	lt_await_end(host);
	assert_true(lh_has_chain(host, "g2.in"));
	lh_works(host, lt_roll_back(host));
	lt_is_in_force(host, 1);
	assert_false(lh_has_chain(host, "g2.in"));
	assert_true(lt_decides(1));
}

static void tried_again(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, SHORT_MS));
	lh_works(host, lt_try(host, 3, LT_LONG_MS));
	lt_is_on_trial(host, 1, 3);
	assert_true(lh_has_chain(host, "g2.in"));
	assert_true(lt_decides(3));
	/* after an end, and shorter than the one before */
	lh_works(host, lt_try(host, 4, 1));
	assert_false(lh_has_chain(host, "g2.in"));
	lt_await_end(host);
	assert_true(lt_decides(1));
	lh_works(host, lt_try(host, 5, LT_LONG_MS));
	assert_false(lh_has_chain(host, "g4.in"));
	lt_is_on_trial(host, 1, 5);
	assert_true(lt_decides(5));
	lh_works(host, lt_confirm(host));
	lt_is_in_force(host, 5);
}

static void apply_ends_it(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, LT_LONG_MS));
	lh_works(host, lt_apply(host, 3));
	lt_is_in_force(host, 3);
	assert_true(lt_decides(3));
	/* packets may be in either */
	assert_true(lh_has_chain(host, "g1.in"));
	assert_true(lh_has_chain(host, "g2.in"));
	lh_works(host, lt_apply(host, 4));
	assert_false(lh_has_chain(host, "g1.in"));
	assert_false(lh_has_chain(host, "g2.in"));
}

static void first_apply_on_trial(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;
	char *text;

	lh_works(host, lt_try(host, 1, SHORT_MS));
	lt_is_on_trial(host, 0, 1);
	assert_true(lt_decides(1));
	lt_await_end(host);
	assert_true(lt_decides(0));
	assert_int_equal(lt_confirm(host), -ETIME);
	lh_works(host, lt_try(host, 1 + LT_PRE, LT_LONG_MS));
	assert_true(lt_decides(1 + LT_PRE));
	lh_works(host, lt_roll_back(host));
	assert_true(lt_decides(0));
	kernel = lh_kernel_of(host);
	assert_false(kernel->exists);
	pw_kernel_free(kernel);
	lh_works(host, lt_try(host, 3, LT_LONG_MS));
	lh_works(host, lt_confirm(host));
	lt_is_in_force(host, 3);
	text = lh_shell("nft list chain inet portwall input");
	assert_non_null(strstr(text, "policy drop"));
	free(text);
}

/* @from judges in prerouting or not, and so does @to */
static void change_of_hooks(const struct host *host, uint32_t from, uint32_t to)
{
	lh_works(host, lt_apply(host, from));
	lh_works(host, lt_try(host, to, SHORT_MS));
	lt_is_on_trial(host, from, to);
	assert_true(lt_decides(to));
	lt_await_end(host);
	assert_true(lt_decides(from));
	lh_works(host, lt_try(host, to + LT_KINDS, LT_LONG_MS));
	lh_works(host, lt_confirm(host));
	lt_is_in_force(host, to + LT_KINDS);
	assert_true(lt_decides(to + LT_KINDS));
}

static void candidate_without_prerouting(void **state)
{
	change_of_hooks(lh_host(state), 1 + LT_PRE, 2);
}

static void candidate_with_prerouting(void **state)
{
	change_of_hooks(lh_host(state), 1, 2 + LT_PRE);
}

static void both_with_prerouting(void **state)
{
	change_of_hooks(lh_host(state), 1 + LT_PRE, 2 + LT_PRE);
}

static int read_back(const struct host *host, uint32_t n)
{
	struct pw_ruleset *want = lt_want_of(n);
	uint32_t genid;
	int err;

	lh_works(host, pw_nl_genid(host->nl, &genid));
	err = pw_readback_switched(host->nl, want, n, genid, host->diags);
	pw_ruleset_free(want);
	return err;
}

/* What somebody does to base chains while a trial lasts */
static const struct meddling {
	const char *name, *command;
	uint32_t to;
	bool seen, seen_behind;
} meddlings[] = {
	{ "nothing", "true", 2 + LT_PRE, false, false },
	{ "a rule in front", "nft insert rule inet portwall input tcp dport 22 "
	  "accept", 2 + LT_PRE, true, true },
	{ "a rule behind", "nft add rule inet portwall forward tcp dport 22 "
	  "drop", 2 + LT_PRE, true, true },
	{ "the way on trial is gone", "nft flush chain inet portwall input; "
	  "nft add rule inet portwall input goto g1000001.in", 2 + LT_PRE,
	  true, false },
	{ "the way back is gone", "nft flush chain inet portwall input; nft "
	  "add rule inet portwall input meta nfproto @trial goto g1000002.in",
	  2 + LT_PRE, false, true },
	{ "the way back comes first", "nft insert rule inet portwall input "
	  "goto g1000001.in", 2 + LT_PRE, true, true },
	{ "nothing is judged that should not be", "nft flush chain inet "
	  "portwall prerouting; nft add rule inet portwall prerouting goto "
	  "g1000001.pre", 2, true, false },
	{ "an old generation in an empty chain", "nft insert rule inet "
	  "portwall forward goto g1000001.pre", 2 + LT_PRE, true, true },
};

static void meddling_is_seen(void **state)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(meddlings); i++) {
		const struct meddling *m = &meddlings[i];
		const struct host *host = lh_host(state);
		int trial, behind;

		lh_works(host, lt_apply(host, 1 + LT_PRE));
		lh_works(host, lt_try(host, m->to, LT_LONG_MS));
		free(lh_shell(m->command));
		trial = read_back(host, m->to);
		behind = read_back(host, 1 + LT_PRE);
		if (trial != (m->seen ? -EPROTO : 0) ||
		    behind != (m->seen_behind ? -EPROTO : 0))
			fail_msg("%s: %d, behind it %d", m->name, trial,
				 behind);
		pw_diags_free(host->diags);
		((struct host *)*state)->diags = pw_diags_new();
		lh_works(host, pw_load_clear(host->nl, host->diags));
	}
}

/* Others' rules are not taken over, nor does what they took stay away */
static void meddling_ends_with_the_trial(void **state)
{
	const struct host *host = lh_host(state);

	lh_works(host, lt_apply(host, 1 + LT_PRE));
	lh_works(host, lt_try(host, 2 + LT_PRE, LT_LONG_MS));
	free(lh_shell("nft insert rule inet portwall input accept; "
		      "nft flush chain inet portwall prerouting"));
	lh_works(host, lt_roll_back(host));
	lt_is_in_force(host, 1 + LT_PRE);
	lh_works(host, lt_try(host, 3 + LT_PRE, LT_LONG_MS));
	free(lh_shell("nft insert rule inet portwall input accept; "
		      "nft flush chain inet portwall prerouting"));
	lh_works(host, lt_confirm(host));
	lt_is_in_force(host, 3 + LT_PRE);
}

/* Read, then taken away by somebody: nothing may go to it any more */
static void changed_after_it_was_read(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;

	lh_works(host, lt_apply(host, 1));
	lh_works(host, lt_try(host, 2, LT_LONG_MS));
	kernel = lh_kernel_of(host);
	lh_works(host, lt_apply(host, 3));
	assert_int_equal(pw_load_confirm(host->nl, kernel, host->diags),
			 -ESTALE);
	assert_int_equal(pw_load_rollback(host->nl, kernel, host->diags),
			 -ESTALE);
	lt_is_in_force(host, 3);
	pw_kernel_free(kernel);
}

static void wait_until(double end)
{
	while (lh_now_s() < end) {
		const struct timespec pause = { .tv_nsec = 100000 };

		nanosleep(&pause, NULL);
	}
}

#define RACES 120
#define RACE_MS 20
#define FEW 10
#define STEP_S 0.0005

/* 0 or -ETIME, @wait_s after the trial of generation @n has begun */
static int race(const struct host *host, uint32_t n, double wait_s)
{
	struct pw_kernel *kernel;
	double begin;
	int err;

	lh_works(host, lt_try(host, n, RACE_MS));
	begin = lh_now_s();
	kernel = lh_kernel_of(host);
	assert_int_equal(kernel->trial, n);
	wait_until(begin + wait_s);
	err = pw_load_confirm(host->nl, kernel, host->diags);
	pw_kernel_free(kernel);
	if (err != -ETIME)
		lh_works(host, err);
	return err;
}

/* Too late, and the next round comes sooner; in time, and it comes later */
static void confirm_races_the_end(void **state)
{
	const struct host *host = lh_host(state);
	uint32_t base = 1, confirmed = 0;
	double wait_s = RACE_MS / 2e3;

	lh_works(host, lt_apply(host, base));
	for (uint32_t n = 2; n < 2 + RACES; n++) {
		if (race(host, n, wait_s)) {
			wait_s -= STEP_S;
			assert_false(lt_lasts(host));
			lt_await_end(host);
		} else {
			wait_s += STEP_S;
			base = n;
			confirmed++;
			lt_is_in_force(host, base);
		}
		assert_true(lt_decides(base));
	}
	assert_in_range(confirmed, FEW, RACES - FEW);
}

/* A change, and what holds after it */
static int try_2(const struct host *host)
{
	return lt_try(host, 2, LT_LONG_MS);
}

static int try_3(const struct host *host)
{
	return lt_try(host, 3, LT_LONG_MS);
}

static void is_2_on_trial(const struct host *host)
{
	lt_is_on_trial(host, 1, 2);
}

static void is_3_on_trial(const struct host *host)
{
	lt_is_on_trial(host, 1, 3);
}

static void is_2(const struct host *host)
{
	lt_is_in_force(host, 2);
}

static void is_1(const struct host *host)
{
	lt_is_in_force(host, 1);
}

static const struct change {
	const char *name;
	int (*change)(const struct host *host);
	void (*outcome)(const struct host *host);
	bool on_trial;		/* before it */
} changes[] = {
	{ "try", try_2, is_2_on_trial, false },
	{ "try again", try_3, is_3_on_trial, true },
	{ "confirm", lt_confirm, is_2, true },
	{ "roll back", lt_roll_back, is_1, true },
};

static void begin_anew(const struct host *host, const struct change *change)
{
	lh_works(host, pw_load_clear(host->nl, host->diags));
	lh_works(host, lt_apply(host, 1));
	if (change->on_trial)
		lh_works(host, lt_try(host, 2, LT_LONG_MS));
}

/* Each send in turn is done and said to be interrupted; each answer is lost */
static void any_single_failure_changes_nothing(void **state)
{
	const struct host *host = lh_host(state);
	unsigned int failures = 0;

	ls_spoil(host);
	for (size_t i = 0; i < 2 * PW_ARRAY_SIZE(changes); i++) {
		const struct change *change = &changes[i / 2];
		int *fail = i % 2 ? &ls_spoilt.fail_send :
				    &ls_spoilt.fail_recv;
		bool failed = true;

		for (int at = 0; failed; at++) {
			begin_anew(host, change);
			*fail = at;
			lh_works(host, change->change(host));
			failed = *fail < 0;
			*fail = -1;
			change->outcome(host);
			failures += failed;
		}
	}
	assert_true(failures > 100);
	ls_close();
}

static void lost_and_overtaken(void **state)
{
	const struct host *host = lh_host(state);

	ls_spoil(host);
	for (size_t i = 0; i < PW_ARRAY_SIZE(changes); i++) {
		for (int often = 1; often < 4; often++) {
			begin_anew(host, &changes[i]);
			ls_spoilt.lose = often;
			ls_spoilt.lost = 0;
			ls_spoilt.overtake = 4 - often;
			lh_works(host, changes[i].change(host));
			assert_true(ls_spoilt.lost);
			changes[i].outcome(host);
		}
	}
	ls_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LT_TEST(reading_tells_both),
		LT_TEST(kernel_ends_it_without_any_process),
		LT_TEST(confirmed_stays),
		LT_TEST(confirmed_too_late),
		LT_TEST(rolled_back_early),
		LT_TEST(rolled_back_late),
		LT_TEST(tried_again),
		LT_TEST(apply_ends_it),
		LT_TEST(first_apply_on_trial),
		LT_TEST(candidate_without_prerouting),
		LT_TEST(candidate_with_prerouting),
		LT_TEST(both_with_prerouting),
		LT_TEST(meddling_is_seen),
		LT_TEST(meddling_ends_with_the_trial),
		LT_TEST(changed_after_it_was_read),
		LT_TEST(confirm_races_the_end),
		LT_TEST(any_single_failure_changes_nothing),
		LT_TEST(lost_and_overtaken),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
