/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is warned of, and what is not. The words are in tests/golden/policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "policy/lint.h"
#include "policy_help.h"

/* [allow x] with these lines, beside others; @warning NULL: nothing to say */
static const struct lint_case {
	const char *name, *text, *warning;
} lint_cases[] = {
	{ "nothing", "[allow x]\ntcp = 80\n", NULL },
	{ "from without addresses", "[allow x]\ntcp = 1\nfrom = 192.0.2.1\n"
	  "except = 192.0.2.1\n", "opens nothing" },
	{ "block without addresses", "[allow x]\ntcp = 1\n[block y]\n"
	  "from = 192.0.2.1\nexcept = 192.0.2.1\n", "blocks nothing" },
	{ "from loopback", "[allow x]\ntcp = 1\nfrom = 127.0.0.1, ::1, "
	  "::ffff:192.0.2.1\n", "always dropped" },
	{ "from loopback and others", "[allow x]\ntcp = 1\n"
	  "from = 127.0.0.1, 192.0.2.1\n", NULL },
	{ "more than loopback", "[allow x]\ntcp = 1\nfrom = ::/127\n", NULL },
	{ "block of loopback", "[allow x]\ntcp = 1\n[block y]\n"
	  "from = 127.0.0.0/8\n", NULL },
	{ "over", "[allow x]\ntcp = 1\nuntil = 2027-01-15T08:00Z\n",
	  "in the past" },
	{ "not over", "[allow x]\ntcp = 1\nuntil = 2027-01-15T08:00:01Z\n",
	  NULL },
	{ "host bits", "[allow x]\ntcp = 1\nfrom = 192.0.2.1/24\n",
	  "host bits" },
	{ "no host bits", "[allow x]\ntcp = 1\nfrom = 192.0.2.1/32\n", NULL },
	{ "group", "[allow x]\nudp = 5353\n", "multicast" },
	{ "group in a range", "[allow x]\nudp = 5345-5354\n", "multicast" },
	{ "group among many", "[allow x]\nudp = 5000-5999\n", NULL },
	{ "group among all", "[allow x]\nudp = all\n", NULL },
	{ "group behind another port", "[allow x]\nudp = 53, 5353\n", "multicast" },
	{ "group over tcp", "[allow x]\ntcp = 5353\n", NULL },
	{ "group with its to", "[allow x]\nudp = 5353\nto = 224.0.0.251\n",
	  NULL },
	{ "group with multicast", "[allow x]\nudp = 5353\nto = multicast\n",
	  NULL },
	{ "group with another to", "[allow x]\nudp = 5353\nto = 192.0.2.1\n",
	  "multicast" },
	{ "broadcast", "[allow x]\nudp = 67\n", "broadcast" },
	{ "routing protocol", "[allow x]\nprotocol = ospf\n", "multicast" },
	{ "protocol with ports", "[allow x]\nprotocol = dccp\n",
	  "opens all of them" },
	{ "open to anyone", "[allow x]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "[allow y]\ntcp = 79-81\n", "no effect" },
	{ "open to anyone, but limited", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 79-81\nrate = 1/hour\n", NULL },
	{ "open to anyone for a while", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\n"
	  "until = 2028-01-01T00:00Z\n", NULL },
	{ "open to anyone on a link", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\non = eth0\n", NULL },
	{ "open to anyone by two", "[allow x]\ntcp = 80-81\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\n[allow z]\ntcp = 81\n",
	  "no effect" },
	{ "open to anyone but for one", "[allow x]\ntcp = 80-82\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\n[allow z]\ntcp = 82\n",
	  NULL },
	{ "ping that everybody may", "[allow x]\nping = yes\n", "no effect" },
	{ "ping that is limited", "[policy]\nping = 1/second\n"
	  "[allow x]\nping = yes\n", NULL },
	{ "allowed by a wider one", "[allow x]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "[allow y]\ntcp = 79-81\nfrom = 192.0.2.0/24\n", "no effect" },
	{ "allowed by a wider one that is over earlier", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "until = 2028-01-01T00:00Z\n", NULL },
	{ "allowed by a wider one that is limited", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "connections = 3\n", NULL },
	{ "limited beside a wider one", "[allow x]\ntcp = 80\nrate = 3/day\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\nfrom = 192.0.2.0/24\n",
	  "no effect" },
	{ "logged beside a wider one", "[allow x]\ntcp = 80\nlog = 3/day\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "one port more than a wider one", "[allow x]\ntcp = 80, 82\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 79-81\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "another transport than a wider one", "[allow x]\ntcp = 80\n"
	  "udp = 80\nfrom = 192.0.2.1\n[allow y]\ntcp = 80\n"
	  "from = 192.0.2.0/24\n", NULL },
	{ "ping beside a wider one", "[allow x]\ntcp = 80\nping = yes\n"
	  "from = 192.0.2.1\n[allow y]\ntcp = 80\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "equal but for the name", "[allow x]\nudp = 80\nfrom = 192.0.2.1\n"
	  "[allow y]\nudp = 80\nfrom = 192.0.2.1\n", "'y' has no effect" },
	{ "protocols of a wider one", "[allow x]\nprotocol = esp\n"
	  "from = 2001:db8::1\n[allow y]\nprotocol = esp, gre\n"
	  "from = 2001:db8::/32\n", "no effect" },
	{ "block in a wider one", "[allow x]\ntcp = 80\n[block y]\n"
	  "from = 2001:db8::1\n[block z]\nfrom = 2001:db8::/48\n",
	  "block 'y' has no effect" },
	{ "block of ports in one of all", "[allow x]\ntcp = 80\n[block y]\n"
	  "udp = 9\nfrom = 192.0.2.1\n[block z]\nfrom = 192.0.2.0/24\n",
	  "block 'y' has no effect" },
	{ "block of all and one of ports", "[allow x]\ntcp = 80\n[block y]\n"
	  "from = 192.0.2.1\n[block z]\nudp = all\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "blocks of two families", "[allow x]\ntcp = 80\n[block y]\n"
	  "from = 192.0.2.1, 2001:db8::1\n[block z]\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "blocked wholly", "[allow x]\ntcp = 80\nfrom = 192.0.2.0/25\n"
	  "[block y]\nfrom = 192.0.2.0/24\n", "never opens" },
	{ "blocked by port", "[allow x]\ntcp = 80\n[block y]\ntcp = 70-90\n",
	  "always closed" },
	{ "blocked in part", "[allow x]\ntcp = 80\nfrom = 192.0.2.0/24\n"
	  "[block y]\nfrom = 192.0.2.0/25\n", NULL },
	{ "blocked on one link", "[allow x]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "[block y]\nfrom = 192.0.2.0/24\non = eth0\n", NULL },
	{ "blocked on all its links", "[allow x]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "on = eth0\n[block y]\nfrom = 192.0.2.0/24\non = eth*\n",
	  "never opens" },
	{ "blocked for one family", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1, 2001:db8::1\n[block y]\nfrom = 192.0.2.0/24\n",
	  NULL },
	{ "blocked for a while", "[allow x]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "[block y]\nfrom = 192.0.2.0/24\nuntil = 2028-01-01T00:00Z\n",
	  NULL },
	{ "blocked as long as it lasts", "[allow x]\ntcp = 80\n"
	  "from = 192.0.2.1\nuntil = 2027-06-01T00:00Z\n"
	  "[block y]\nfrom = 192.0.2.0/24\nuntil = 2028-01-01T00:00Z\n",
	  "never opens" },
	{ "blocked to unicast", "[allow x]\nudp = 9\nto = local, multicast\n"
	  "[block y]\nudp = 9\nto = local\n", NULL },
	{ "blocked over another transport", "[allow x]\ntcp = 80\n"
	  "[block y]\nudp = 80\n", NULL },
	{ "closed and open", "[policy]\nclosed = all\n[allow x]\ntcp = 80\n",
	  "closed = all" },
	{ "port of a bridge", "[allow x]\ntcp = 80\non = eth1\n", "bridge" },
	{ "interface like a name", "[interfaces]\nlan = eth0\n"
	  "[allow x]\ntcp = 80\non = lam\n", "neither" },
	{ "interface like no name", "[interfaces]\nlan = eth0\n"
	  "[allow x]\ntcp = 80\non = wg0\n", NULL },
};

static void warns(void **state)
{
	const struct lint_case *tc = *state;
	struct read_policy got = read_text(tc->text);

	assert_int_equal(got.err, 0);
	assert_int_equal(pw_diags_count(got.diags, PW_WARNING),
			 tc->warning ? 1 : 0);
	if (tc->warning)
		assert_true(has_message(got.diags, PW_WARNING, tc->warning));
	read_policy_clear(&got);
}

/* Thousands of pairs that have nothing to do with each other */
static void many_sections_are_quiet(void **state)
{
	struct read_policy got;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	for (unsigned int i = 0; i < 3000; i++)
		fprintf(out, "[allow a%u]\ntcp = %u\nfrom = 10.%u.%u.0/24\n"
			"[block b%u]\ntcp = %u\nfrom = 10.%u.%u.0/25\n", i,
			i + 1, i / 256, i % 256, i, i + 1, i / 256, i % 256);
	fclose(out);
	got = read_text_at(NULL, text, size);
	assert_int_equal(got.err, 0);
	assert_int_equal(pw_diags_count(got.diags, PW_WARNING), 0);
	read_policy_clear(&got);
	free(text);
}

/* Each span that overlaps is visited once, whatever lies in between */
static void walks_over_spans(void **state)
{
	struct pw_spans spans = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		uint32_t first = (seed = seed * 1103515245 + 12345) >> 22;
		uint32_t len = (seed = seed * 1103515245 + 12345) >> 26;

		assert_int_equal(pw_spans_add(&spans, first,
					      first + (i % 50 ? len : 900), i),
				 0);
	}
	pw_spans_sort(&spans);
	for (uint32_t at = 0; at < 2200; at += 3) {
		size_t budget = 1000, want = 0, got = 0;
		struct pw_walk walk = pw_spans_walk(&spans, at, at + at % 7,
						    &budget);

		for (size_t i = 0; i < spans.num; i++)
			want += spans.items[i].first <= at + at % 7 &&
				spans.items[i].last >= at;
		while (pw_walk_next(&walk))
			got++;
		assert_int_equal(got, want);
	}
	pw_spans_clear(&spans);
}

static void walk_ends_with_its_budget(void **state)
{
	struct pw_spans spans = { 0 };
	size_t budget = 3, got = 0;
	struct pw_walk walk;

	(void)state;
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(pw_spans_add(&spans, 1, 9, i), 0);
	pw_spans_sort(&spans);
	walk = pw_spans_walk(&spans, 5, 5, &budget);
	while (pw_walk_next(&walk))
		got++;
	assert_int_equal(got, 3);
	assert_int_equal(budget, 0);
	pw_spans_clear(&spans);
}

static void shortens_ports(void **state)
{
	struct pw_rangeset *set = pw_rangeset_new(16);
	char *text;

	(void)state;
	for (uint32_t port = 10; port < 60; port += 10)
		assert_int_equal(pw_rangeset_add32(set, port, port + 1), 0);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	text = pw_ports_text(PW_UDP, set);
	assert_string_equal(text, "udp 10-11, 20-21, 30-31, 40-41, ...");
	free(text);
	pw_rangeset_free(set);
}

int main(void)
{
	struct CMUnitTest tests[80] = {
		cmocka_unit_test(many_sections_are_quiet),
		cmocka_unit_test(walks_over_spans),
		cmocka_unit_test(walk_ends_with_its_budget),
		cmocka_unit_test(shortens_ports),
	};
	size_t num = 4;

	for (size_t i = 0; i < PW_ARRAY_SIZE(lint_cases); i++)
		tests[num++] = (struct CMUnitTest){
			lint_cases[i].name, warns, NULL, NULL,
			(void *)(uintptr_t)&lint_cases[i] };
	return _cmocka_run_group_tests("lint", tests, num, NULL, NULL);
}
