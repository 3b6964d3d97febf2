// SPDX-License-Identifier: GPL-2.0-or-later
/* Heal: what is due comes back, and what was left alone is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "portwall/live.h"

#define A "[allow a]\ntcp = 80\n"
#define B "[allow b]\ntcp = 443\n"

/* What is done to the rules, and whether they need healing then */
static struct harm_case {
	const char *name, *nft;	/* %u: the generation in force */
	bool heals;
} harms[] = {
	{ "nothing", NULL, false },
	{ "table deleted", "delete table inet portwall", true },
	{ "all rules flushed", "flush table inet portwall", true },
	{ "a base chain flushed", "flush chain inet portwall input", true },
	{ "a base chain deleted", "delete chain inet portwall forward", true },
	{ "a rule more",
	  "insert rule inet portwall input tcp dport 23 accept", true },
	{ "a rule that is not understood",
	  "add rule inet portwall input counter accept", true },
	{ "a chain, and a rule to it",
	  "add chain inet portwall extra; insert rule inet portwall input jump extra",
	  true },
	{ "rules of a generation gone", "flush chain inet portwall g%u.end",
	  true },
	{ "table put to sleep", "add table inet portwall { flags dormant; }",
	  true },
};

/* A namespace and directories of one test; @harm: its row */
struct place {
	const struct harm_case *harm;
	char root[32], run[64], state[64], policy[64];
	bool able;
	struct pw_diags *diags;
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	p->harm = *state;
	*state = p;
	strcpy(p->root, "/tmp/pw-heal-XXXXXX");
	if (!mkdtemp(p->root))
		return -1;
	snprintf(p->run, sizeof(p->run), "%s/run", p->root);
	snprintf(p->state, sizeof(p->state), "%s/state", p->root);
	snprintf(p->policy, sizeof(p->policy), "%s/p.ini", p->root);
	p->able = !unshare(CLONE_NEWNET);
	p->diags = pw_diags_new();
	return p->diags ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	char command[64];
	int err;

	snprintf(command, sizeof(command), "rm -rf %s", p->root);
	err = system(command);
	pw_diags_free(p->diags);
	free(p);
	return err;
}

static struct place *place(void **state)
{
	struct place *p = *state;

	if (!p->able) {
		print_message("# reason: no network namespace can be made here\n");
		skip();
	}
	return p;
}

static void works(const struct place *p, int err)
{
	for (size_t i = 0; err && i < pw_diags_kept(p->diags); i++)
		print_error("%s\n", pw_diags_get(p->diags, i)->text);
	assert_int_equal(err, 0);
}

static struct pw_where where(const struct place *p)
{
	return (struct pw_where){
		.run_dir = p->run, .state_dir = p->state,
		.patience_ms = 10000,
	};
}

static void apply(const struct place *p, const char *text, uint64_t trial_ms)
{
	struct pw_apply a = {
		.path = p->policy, .where = where(p), .trial_ms = trial_ms,
		.sudo_uid = (uid_t)-1,
	};
	FILE *file = fopen(p->policy, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	works(p, pw_apply(&a, p->diags));
	pw_intent_free(a.before);
	pw_intent_free(a.intent);
	free(a.sessions);
}

static struct pw_settle heal(const struct place *p)
{
	struct pw_settle settle = { .where = where(p), .sudo_uid = (uid_t)-1 };

	works(p, pw_heal(&settle, p->diags));
	return settle;
}

static struct pw_status *status(const struct place *p)
{
	struct pw_status *seen = NULL;

	works(p, pw_status_read(&seen, p->diags));
	return seen;
}

static uint32_t in_force(const struct place *p)
{
	pw_owned(pw_status_free) struct pw_status *seen = status(p);

	return pw_kernel_in_force(seen->kernel);
}

static void harm(const struct place *p, const char *format)
{
	char command[160], whole[200];

	snprintf(command, sizeof(command), "%s", format);
	if (strchr(format, '%')) {
		const char *rest = strchr(format, '%');

		snprintf(command, sizeof(command), "%.*s%u%s",
			 (int)(rest - format), format, in_force(p), rest + 2);
	}
	snprintf(whole, sizeof(whole), "nft '%s'", command);
	assert_int_equal(system(whole), 0);
}

static void mends(void **state)
{
	struct place *p = place(state);
	pw_owned(pw_status_free) struct pw_status *seen = NULL;
	struct pw_settle settle;

	apply(p, B, 0);
	apply(p, A, 0);
	if (p->harm->nft)
		harm(p, p->harm->nft);
	settle = heal(p);
	assert_int_equal(settle.done, p->harm->heals);
	seen = status(p);
	assert_int_equal(seen->state, PW_LIVE_ONE);
	assert_false(seen->changed);
	assert_memory_equal(settle.stamp.digest, seen->kernel->stamp.digest,
			    sizeof(settle.stamp.digest));
	assert_false(heal(p).done);
}

/* Who applied it, and when, is not who healed it */
static void keeps_who_and_when(void **state)
{
	struct place *p = place(state);
	pw_owned(pw_status_free) struct pw_status *before = NULL;
	struct pw_settle settle;

	apply(p, A, 0);
	before = status(p);
	harm(p, "delete table inet portwall");
	settle = heal(p);
	assert_true(settle.done && settle.remembered);
	assert_int_equal(settle.state, PW_LIVE_NONE);
	assert_int_equal(settle.stamp.time_ns, before->kernel->stamp.time_ns);
}

static void mends_a_trial_for_its_time(void **state)
{
	struct place *p = place(state);
	pw_owned(pw_status_free) struct pw_status *before = NULL, *after = NULL;

	apply(p, A, 0);
	apply(p, B, 600000);
	before = status(p);
	harm(p, "flush chain inet portwall g%u.end");
	assert_true(heal(p).done);
	after = status(p);
	assert_int_equal(after->state, PW_LIVE_TRIAL);
	assert_memory_equal(after->kernel->trial_stamp.digest,
			    before->kernel->trial_stamp.digest, 32);
	assert_in_range(after->kernel->trial_left_ms, 1,
			before->kernel->trial_left_ms);
	assert_int_equal(after->kernel->current, before->kernel->current);
	assert_false(after->changed);
}

/* A trial is in the kernel alone: with the table it is gone */
static void returns_from_a_lost_trial(void **state)
{
	struct place *p = place(state);
	pw_owned(pw_status_free) struct pw_status *before = NULL, *after = NULL;

	apply(p, A, 0);
	before = status(p);
	apply(p, B, 600000);
	harm(p, "delete table inet portwall");
	assert_true(heal(p).done);
	after = status(p);
	assert_int_equal(after->state, PW_LIVE_ONE);
	assert_memory_equal(after->kernel->stamp.digest,
			    before->kernel->stamp.digest, 32);
}

static void await_end_of_trial(const struct place *p)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	bool runs;

	do {
		pw_owned(pw_status_free) struct pw_status *seen = status(p);

		runs = seen->state == PW_LIVE_TRIAL;
		if (runs)
			nanosleep(&pause, NULL);
	} while (runs);
}

static void takes_an_old_trial_away(void **state)
{
	struct place *p = place(state);
	pw_owned(pw_status_free) struct pw_status *after = NULL;
	struct pw_settle settle;

	apply(p, A, 0);
	apply(p, B, 1000);
	await_end_of_trial(p);
	settle = heal(p);
	assert_int_equal(settle.state, PW_LIVE_EXPIRED);
	after = status(p);
	assert_int_equal(after->state, PW_LIVE_ONE);
	assert_false(after->changed);
}

/* Their sets are the table's, not a generation's */
static void leaves_openings(void **state)
{
	struct place *p = place(state);
	const struct pw_opening opening = {
		.proto = IPPROTO_TCP, .first = 2222, .last = 2222,
		.any_from = true,
	};
	struct pw_open open = { .where = where(p), .list = &opening, .num = 1,
				.ms = 600000 };
	pw_owned(pw_status_free) struct pw_status *seen = NULL;

	apply(p, A, 0);
	works(p, pw_open(&open, p->diags));
	free(open.blocked);
	harm(p, "flush chain inet portwall g%u.end");
	assert_true(heal(p).done);
	seen = status(p);
	assert_int_equal(seen->openings->num, 1);
	assert_in_range(seen->openings->list[0].left_ms, 1, 600000);
}

static void has_nothing_to_put_back(void **state)
{
	struct place *p = place(state);
	struct pw_settle settle = { .where = where(p) };

	assert_int_equal(pw_heal(&settle, p->diags), -ENOENT);
	apply(p, A, 0);
	assert_int_equal(pw_clear(&settle, p->diags), 0);
	assert_int_equal(pw_heal(&settle, p->diags), -ENOENT);
	assert_int_equal(pw_diags_count(p->diags, PW_ERROR), 2);
	assert_int_equal(in_force(p), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_place, remove_place)

int main(void)
{
	static const struct CMUnitTest others[] = {
		TEST(keeps_who_and_when),
		TEST(mends_a_trial_for_its_time),
		TEST(returns_from_a_lost_trial),
		TEST(takes_an_old_trial_away),
		TEST(leaves_openings),
		TEST(has_nothing_to_put_back),
	};
	struct CMUnitTest rows[PW_ARRAY_SIZE(harms)];
	int failed;

	for (size_t i = 0; i < PW_ARRAY_SIZE(harms); i++)
		rows[i] = (struct CMUnitTest){
			harms[i].name, mends, make_place, remove_place,
			&harms[i],
		};
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(others, NULL, NULL);
}
