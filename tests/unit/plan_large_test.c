/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of very large policies: every class is asked, and what is not is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <portwall/expect.h>

#include "policy_help.h"

#define MANY 10000u
#define MILLION 1000000u

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct pw_plan *plan_of(const struct pw_model *model,
			       struct pw_diags *diags)
{
	struct pw_plan *plan = NULL;
	double start = now_s();

	assert_int_equal(pw_plan_make(model, false, 1, &plan, diags), 0);
	print_message("planned in %.2f s: %zu classes, %zu sweeps, %llu probes"
		      ", %llu left out\n", now_s() - start, plan->num_classes,
		      plan->num_sweeps, (unsigned long long)plan->probes,
		      (unsigned long long)plan->left_out);
	return plan;
}

/* One line of each section's body, by its number */
static struct read_policy read_many(void (*put)(FILE *out, unsigned int i))
{
	struct read_policy got;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned int i = 0; i < MANY; i++) {
		fprintf(out, "[allow s%u]\ntcp = %u\n", i, 1000 + i);
		put(out, i);
	}
	assert_int_equal(fclose(out), 0);
	got = read_text(text);
	assert_int_equal(got.err, 0);
	free(text);
	return got;
}

static void put_prefix(FILE *out, unsigned int i)
{
	fprintf(out, "from = 10.%u.%u.0/24\n", i / 100, i % 100 * 2);
}

static void put_except(FILE *out, unsigned int i)
{
	fprintf(out, "except = 10.%u.%u.0/24\n", i / 100, i % 100 * 2);
}

static void put_overlap(FILE *out, unsigned int i)
{
	fprintf(out, "from = 10.0.%u.%u-10.%u.0.0\n", i / 250, i % 250,
		1 + i * 7919 % MANY / 50);
}

static void put_iface(FILE *out, unsigned int i)
{
	put_prefix(out, i);
	fprintf(out, "on = vlan%u\n", i % 5000);
}

static const struct many_case {
	const char *name;
	void (*put)(FILE *out, unsigned int i);
	size_t min_classes, ifaces;
} many[] = {
	{ "ten thousand prefixes", put_prefix, MANY + 2, 2 },
	{ "ten thousand exceptions", put_except, MANY + 2, 2 },
	{ "ten thousand ranges that overlap", put_overlap, MANY + 2, 2 },
	{ "five thousand interfaces", put_iface, MANY + 2, 4001 },
};

/* Is every class asked, about the port of a section that tells it apart? */
static void check_asked(const struct pw_model *model,
			const struct pw_plan *plan)
{
	bool *asked = calloc(plan->num_classes, sizeof(*asked));
	size_t num = 0;

	assert_non_null(asked);
	for (size_t i = 0; i < plan->num_sweeps; i++) {
		const struct pw_sweep *s = &plan->sweeps[i];
		const struct pw_source_class *class = &plan->classes[s->class];
		uint32_t port = class->num_sections ?
			model->sections[class->sections[0]]
				.ports[PW_TCP]->r32[0].first : 1;

		if (s->proto != IPPROTO_TCP || !s->ports)
			continue;
		for (size_t k = 0; k < s->num_ports; k++)
			asked[s->class] |= s->ports[k] == port;
	}
	for (size_t i = 0; i < plan->num_classes; i++)
		num += asked[i];
	print_message("%zu of %zu classes asked\n", num, plan->num_classes);
	free(asked);
	/* of those on interfaces that there is no room for, none is */
	assert_true(num > plan->num_classes * 3 / 4);
}

static void plans_many_sections(void **state)
{
	const struct many_case *tc = *state;
	struct read_policy policy = read_many(tc->put);
	struct pw_plan *plan = plan_of(policy.model, policy.diags);

	assert_true(plan->num_classes >= tc->min_classes);
	assert_int_equal(plan->scene->num_ifaces, tc->ifaces);
	assert_int_equal(plan->full, 100);
	assert_true(plan->left_out > 0);
	assert_true(plan->probes < 20 * MILLION);
	check_asked(policy.model, plan);
	pw_plan_free(plan);
	read_policy_clear(&policy);
}

/* Every sweep's sections are those of its source, many or few */
static void expects_of_many(void **state)
{
	struct read_policy policy = read_many(put_except);
	struct pw_plan *plan = plan_of(policy.model, policy.diags);
	struct pw_ports_expected *got = malloc(2 * sizeof(*got));
	size_t step = plan->num_sweeps / 50;

	(void)state;
	assert_non_null(got);
	for (size_t i = 0; i < plan->num_sweeps; i += step) {
		const struct pw_sweep *sweep = &plan->sweeps[i];
		struct pw_arrival arrival;

		if (plan->scene->ifaces[sweep->iface].bridge)
			continue;
		pw_sweep_arrival(plan, sweep, &arrival);
		pw_sweep_expect(policy.model, plan, sweep, &got[0]);
		pw_expect_ports(policy.model, &arrival, &got[1]);
		assert_memory_equal(&got[0], &got[1], sizeof(*got));
	}
	free(got);
	pw_plan_free(plan);
	read_policy_clear(&policy);
}

/* A list of a million addresses is one class */
static void plans_a_million_addresses(void **state)
{
	struct read_policy policy = read_text(
		"[allow a]\ntcp = 80\nfrom = 10.0.0.1\n"
		"[block b]\nfrom = 10.0.0.1\n[allow c]\ntcp = 81\n");
	struct pw_rangeset *set = pw_rangeset_new(32);
	struct pw_plan *plan;

	(void)state;
	assert_int_equal(policy.err, 0);
	assert_non_null(set);
	for (uint32_t i = 0; i < MILLION; i++)
		assert_int_equal(pw_rangeset_add32(set, 0x0b000000 + 3 * i,
						   0x0b000000 + 3 * i), 0);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	for (size_t i = 0; i < policy.model->num_sections; i++) {
		struct pw_section *s = &policy.model->sections[i];

		if (s->any_from)
			continue;
		pw_rangeset_free(s->from.set[PW_IPV4]);
		s->from.set[PW_IPV4] = pw_rangeset_ref(set);
	}
	plan = plan_of(policy.model, policy.diags);
	assert_int_equal(plan->num_classes, 3);
	assert_null(plan->classes[1].set);
	assert_int_equal(plan->classes[1].num_sections, 2);
	assert_int_equal(plan->left_out, 0);
	pw_rangeset_free(set);
	pw_plan_free(plan);
	read_policy_clear(&policy);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(many) + 2] = {
		cmocka_unit_test(expects_of_many),
		cmocka_unit_test(plans_a_million_addresses),
	};
	size_t num = 2;

	for (size_t i = 0; i < PW_ARRAY_SIZE(many); i++)
		tests[num++] = (struct CMUnitTest){
			.name = many[i].name, .test_func = plans_many_sections,
			.initial_state = (void *)(uintptr_t)&many[i],
		};
	return _cmocka_run_group_tests("plan_large", tests, num, NULL, NULL);
}
