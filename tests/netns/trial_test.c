// SPDX-License-Identifier: GPL-2.0-or-later
/* Trials: what the kernel does with them when their time is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "load_host.h"

#define LONG_MS 600000

static int try_for(const struct host *host, uint32_t n, uint64_t ms)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_ruleset *want = lh_want_of(n);
	struct pw_stamp stamp = lh_stamp_of(n);
	int err = pw_load_fill(host->nl, want, &stamp, kernel, host->diags);

	if (!err)
		err = pw_load_try(host->nl, want, &stamp, kernel,
				  !kernel->current, ms, host->diags);
	pw_kernel_free(kernel);
	pw_ruleset_free(want);
	return err;
}

/* Generation @n reads as if it were the only one */
static void reads_alone(const struct pw_kernel *kernel, uint32_t n)
{
	struct pw_ruleset *want = lh_want_of(n), *got = NULL;
	char *what = NULL;

	assert_int_equal(pw_kernel_generation(kernel, n, &got), 0);
	if (pw_ruleset_diff(want, got, &what))
		fail_msg("generation %u: %s", n, what);
	pw_ruleset_free(got);
	pw_ruleset_free(want);
}

/* @trial lives and @current, if not 0, is behind it */
static void on_trial(const struct host *host, uint32_t current, uint32_t trial)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	struct pw_stamp stamp = lh_stamp_of(trial);

	assert_int_equal(kernel->current, current);
	assert_int_equal(kernel->trial, trial);
	assert_in_range(kernel->trial_left_ms, 1, LONG_MS);
	assert_int_equal(pw_kernel_in_force(kernel), trial);
	assert_memory_equal(pw_kernel_stamp(kernel), &stamp, sizeof(stamp));
	reads_alone(kernel, trial);
	if (current)
		reads_alone(kernel, current);
	pw_kernel_free(kernel);
}

static int confirm(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	int err = pw_load_confirm(host->nl, kernel, host->diags);

	pw_kernel_free(kernel);
	return err;
}

static int roll_back(const struct host *host)
{
	struct pw_kernel *kernel = lh_kernel_of(host);
	int err = pw_load_rollback(host->nl, kernel, host->diags);

	pw_kernel_free(kernel);
	return err;
}

static void trial_is_read(void **state)
{
	const struct host *host = lh_host(state);

	lh_apply_small(host, 1);
	lh_works(host, try_for(host, 2, LONG_MS));
	on_trial(host, 1, 2);
	lh_works(host, confirm(host));
	lh_in_force(host, 2);
	lh_works(host, try_for(host, 3, LONG_MS));
	on_trial(host, 2, 3);
	lh_works(host, roll_back(host));
	lh_in_force(host, 2);
}

static void first_trial_is_read(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_kernel *kernel;

	lh_works(host, try_for(host, 1, LONG_MS));
	on_trial(host, 0, 1);
	lh_works(host, roll_back(host));
	kernel = lh_kernel_of(host);
	assert_false(kernel->exists);
	pw_kernel_free(kernel);
	lh_works(host, try_for(host, 1, LONG_MS));
	lh_works(host, confirm(host));
	lh_in_force(host, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trial_is_read),
		TEST(first_trial_is_read),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
