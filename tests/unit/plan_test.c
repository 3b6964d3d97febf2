/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sweeps a policy gets: interfaces, classes of sources, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/expect.h>

#include "policy_help.h"

struct planned {
	struct read_policy policy;
	struct pw_plan *plan;
};

static struct planned plan_text(const char *text, bool all)
{
	struct planned got = { .policy = read_text(text) };

	assert_int_equal(got.policy.err, 0);
	assert_int_equal(pw_plan_make(got.policy.model, all, 1, &got.plan,
				      got.policy.diags), 0);
	return got;
}

static void planned_clear(struct planned *got)
{
	pw_plan_free(got->plan);
	read_policy_clear(&got->policy);
}

#define WEB "[policy]\n" \
	    "containers = ignore\n" \
	    "[allow web]\n" \
	    "tcp = 80, 443\n" \
	    "udp = 443\n" \
	    "[allow ssh]\n" \
	    "tcp = 22\n" \
	    "from = 198.51.100.0/24, 2001:db8:a::/64\n"

static const struct count_case {
	const char *name, *text;
	size_t ifaces, classes, full;
} counts[] = {
	/* other0; anyone and ssh's, twice; tcp 2 sets, udp 1, two families */
	{ "one interface, two classes", WEB, 1, 4, 6 },
	{ "a bridge is a group of its own",
	  "[policy]\ncontainers = follow\n[allow a]\ntcp = 80\n", 2, 2, 8 },
	{ "sections of other interfaces make groups",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\non = eth0\n"
	  "[allow b]\ntcp = 81\non = eth1\n"
	  "[allow c]\ntcp = 82\non = eth0, eth1\n", 3, 2, 12 },
	{ "interfaces of one group share their sweeps",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\non = eth0, eth1, eth2\n", 4, 2, 8 },
	{ "one family only",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n", 1, 3, 5 },
	{ "sources that reach the same need no sweep of their own",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "[allow b]\ntcp = 80\nfrom = 203.0.113.0/24\n", 1, 4, 5 },
	{ "overlaps are classes",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0-192.0.2.99\n"
	  "[allow b]\ntcp = 81\nfrom = 192.0.2.50-192.0.2.150\n", 1, 5, 7 },
	{ "what except leaves out",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nexcept = 192.0.2.0/24\n", 1, 3, 5 },
	{ "limits are told apart",
	  "[policy]\ncontainers = ignore\n"
	  "[allow a]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "[allow b]\ntcp = 80\nrate = 1/second\n", 1, 3, 5 },
};

static void counts_sweeps(void **state)
{
	const struct count_case *tc = *state;
	struct planned got = plan_text(tc->text, false);

	assert_int_equal(got.plan->scene->num_ifaces, tc->ifaces);
	assert_int_equal(got.plan->num_classes, tc->classes);
	assert_int_equal(got.plan->full, tc->full);
	assert_int_equal(got.plan->left_out, 0);
	planned_clear(&got);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(counts)];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(counts); i++)
		tests[num++] = (struct CMUnitTest){
			.name = counts[i].name, .test_func = counts_sweeps,
			.initial_state = (void *)(uintptr_t)&counts[i],
		};
	return _cmocka_run_group_tests("plan", tests, num, NULL, NULL);
}
