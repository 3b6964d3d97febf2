// SPDX-License-Identifier: GPL-2.0-or-later
/* The emergency policy lets in what the policy lets in of remote access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/compile.h>
#include <portwall/eval.h>
#include <portwall/state.h>

#include "draw.h"
#include "policy_help.h"

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 30
#else
#define ROUNDS 150
#endif

/* Text between the two lines of comment at the start and the last line */
static char *body_of(const struct read_policy *got)
{
	char *text, *body, *start, *end;

	assert_int_equal(pw_emergency_text(got->model, got->model->guard,
					   &text), 0);
	start = strchr(strchr(text, '\n') + 1, '\n') + 2;
	end = strstr(start, "\n; sha256 ");
	assert_non_null(end);
	body = strndup(start, (size_t)(end + 1 - start));
	free(text);
	return body;
}

static const struct text_case {
	const char *name, *policy, *want;
} texts[] = {
	{ "nothing is left", "[policy]\nguard = 22\n[allow a]\ntcp = 80\n",
	  "[policy]\nclosed = all\n" },
	{ "no guard", "[allow a]\ntcp = 22\n", "[policy]\nclosed = all\n" },
	{ "from anyone", "[policy]\nguard = 22, 80-90\nping = no\ndhcp = no\n"
	  "[allow a]\ntcp = 1-30, 85-100\nudp = 22\n",
	  "[allow guard-1]\ntcp = 22, 85-90\n\n"
	  "[policy]\nping = no\ndhcp = no\n" },
	{ "sources, interfaces, limits",
	  "[policy]\nguard = 22\nping = 5/second burst 7\n"
	  "[addresses]\noffice = 192.0.2.0/24, 2001:db8::1\n"
	  "[interfaces]\nlan = eth1*, eth2*, wg0, 12345678901234*\n"
	  "[allow a]\ntcp = ssh\nfrom = office\nexcept = 192.0.2.7\non = lan\n"
	  "rate = 6/minute burst 3 per source\nconnections = 2\n"
	  "until = 2030-01-01T00:00:00Z\n",
	  "[allow guard-1]\ntcp = 22\n"
	  "from = 192.0.2.0-192.0.2.6, 192.0.2.8-192.0.2.255, 2001:db8::1\n"
	  "on = 12345678901234*, eth1*, eth2*, wg0\n"
	  "rate = 6/minute burst 3 per source\nconnections = 2\n"
	  "until = 2030-01-01T00:00:00Z\n\n[policy]\nping = 5/second burst 7\n" },
	{ "over already", "[policy]\nguard = 22\n"
	  "[allow a]\ntcp = 22\nuntil = 2020-01-01T00:00:00Z\n",
	  "[policy]\nclosed = all\n" },
	{ "destinations", "[policy]\nguard = 22\n"
	  "[allow a]\ntcp = 22\nto = 192.0.2.1\n"
	  "[allow b]\ntcp = 22\nto = local, 192.0.2.2\non = a\n"
	  "[allow c]\ntcp = 22\nto = broadcast\n",
	  "[allow guard-1]\ntcp = 22\nto = 192.0.2.1\n\n"
	  "[allow guard-2]\ntcp = 22\non = a\n\n[policy]\n" },
	{ "blocks", "[policy]\nguard = 22, 23\n"
	  "[allow a]\ntcp = 22, 23\nfrom = 192.0.2.0/24\n"
	  "[block x]\nfrom = 192.0.2.8/29, 198.51.100.0/24\n"
	  "[block y]\ntcp = 23, 80\nfrom = 192.0.2.1\non = b\n"
	  "[block z]\ntcp = 80\nfrom = 192.0.2.2\n"
	  "[block w]\nfrom = 198.51.100.0/24\n",
	  "[block blocked-1]\nfrom = 192.0.2.8/29\n\n"
	  "[block blocked-2]\ntcp = 23\nfrom = 192.0.2.1\non = b\n\n"
	  "[allow guard-1]\ntcp = 22-23\nfrom = 192.0.2.0/24\n\n[policy]\n" },
};

/* The list of bridges, which every policy has, is not repeated in each row */
static void drop_bridges(char *text)
{
	char *line = strstr(text, "bridges = "), *next;

	while (line) {
		next = strchr(line, '\n') + 1;
		memmove(line, next, strlen(next) + 1);
		line = strstr(text, "bridges = ");
	}
}

static void writes(void **state)
{
	const struct text_case *tc = *state;
	struct read_policy got = read_text(tc->policy);
	char *body;

	assert_int_equal(got.err, 0);
	body = body_of(&got);
	drop_bridges(body);
	assert_string_equal(body, tc->want);
	free(body);
	read_policy_clear(&got);
}

static const char *const tcps[] = { "22", "22, 2222", "80", "2222, 80",
				    "22-2222" };
static const char *const froms[] = {
	"", "", "from = 192.0.2.0/24\n", "from = 192.0.2.0/25, 2001:db8::/64\n",
	"from = 192.0.2.7\n", "from = 10.0.0.0/8, 192.0.2.3\n",
	"except = 192.0.2.0/24\n", "from = 2001:db8::/32\nexcept = 2001:db8::7\n",
};
static const char *const ons[] = { "", "", "on = eth0\n", "on = eth*, br1\n" };
static const char *const tos[] = { "", "", "", "to = 198.51.100.1\n",
				   "to = local\n", "to = broadcast\n" };
static const char *const untils[] = { "", "", "", "until = 2020-01-01T00:00Z\n",
				      "until = 2028-01-01T00:00Z\n" };

static void put_section(unsigned int i, FILE *out)
{
	bool block = draw(3) == 0, everything = block && draw(2);

	fprintf(out, "[%s s%u]\n", block ? "block" : "allow", i);
	if (!everything)
		fprintf(out, "tcp = %s\n", PICK(tcps));
	fputs(PICK(tos), out);
	fputs(everything ? "from = 192.0.2.0-192.0.2.9\n" : PICK(froms), out);
	fputs(PICK(ons), out);
	fputs(PICK(untils), out);
	if (!block && draw(4) == 0)
		fputs("rate = 5/minute\n", out);
}

static char *random_policy(void)
{
	unsigned int num = 1 + draw(6);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs("[policy]\nguard = 22, 2222\nclosed = all\n", out);
	for (unsigned int i = 0; i < num; i++)
		put_section(i, out);
	fclose(out);
	return text;
}

static struct pw_value addr_of(const char *text, enum pw_family *family)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	*family = range.family;
	return range.range.first;
}

static struct pw_packet random_packet(void)
{
	static const char *const sources[] = {
		"192.0.2.3", "192.0.2.7", "192.0.2.200", "10.1.2.3",
		"203.0.113.1", "2001:db8::1", "2001:db8::7", "2001:db8:1::1",
	};
	static const char *const ifaces[] = { "eth0", "eth1", "br1", "wg0" };
	static const uint16_t ports[] = { 22, 2222, 80, 100 };
	struct pw_packet packet = {
		.l4proto = IPPROTO_TCP, .sport = 50000, .dport = PICK(ports),
		.tcp_flags = 2, .hop_limit = 64, .socket_wildcard = -1,
		.state = PW_CT_NEW,
		.time_ns = test_host.now_ns + (uint64_t)draw(2) * 63072000000000000,
	};
	enum pw_family family;

	packet.src = addr_of(PICK(sources), &packet.family);
	packet.dst = addr_of(packet.family == PW_IPV6 ? "2001:db8:ff::1" :
			     draw(2) ? "198.51.100.1" : "198.51.100.2", &family);
	strcpy(packet.iifname, PICK(ifaces));
	return packet;
}

/* Parses, resolves, compiles and is proved */
static void compile(struct read_policy *got, struct pw_ruleset **rs)
{
	assert_int_equal(got->err, 0);
	assert_int_equal(pw_compile(got->model, 1, rs, got->diags), 0);
	assert_int_equal(pw_prove(got->model, *rs, got->diags), 0);
}

/* How many of the packets got in by the emergency policy */
static unsigned int compare(const struct pw_ruleset *whole,
			    const struct pw_ruleset *rescue, const char *text)
{
	struct pw_fate a, b;
	unsigned int num = 0;

	for (unsigned int i = 0; i < 200; i++) {
		struct pw_packet packet = random_packet();
		bool remote = packet.dport == 22 || packet.dport == 2222;

		assert_int_equal(pw_eval_packet(whole, &packet, &a), 0);
		assert_int_equal(pw_eval_packet(rescue, &packet, &b), 0);
		if ((b.outcome == PW_OUT_ACCEPT) !=
		    (remote && a.outcome == PW_OUT_ACCEPT))
			fail_msg("port %u on %s\n%s", packet.dport,
				 packet.iifname, text);
		num += b.outcome == PW_OUT_ACCEPT;
	}
	return num;
}

static void lets_in_what_the_policy_lets_in(void **state)
{
	unsigned int num = 0, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		pw_owned(pw_ruleset_free) struct pw_ruleset *whole = NULL;
		pw_owned(pw_ruleset_free) struct pw_ruleset *rescue = NULL;
		char *text = random_policy(), *emergency;
		struct read_policy a = read_text(text), b;

		if (a.err) {	/* a block of everything */
			refused++;
		} else {
			compile(&a, &whole);
			assert_int_equal(pw_emergency_text(a.model,
							   a.model->guard,
							   &emergency), 0);
			b = read_text(emergency);
			compile(&b, &rescue);
			num += compare(whole, rescue, emergency);
			read_policy_clear(&b);
			free(emergency);
		}
		read_policy_clear(&a);
		free(text);
	}
	assert_true(refused < ROUNDS / 4);
	assert_true(num > ROUNDS);
}

/* @num single addresses that have no neighbours, from 10.0.0.0 */
static char *policy_with_list(const char *start, unsigned int num,
			      const char *end)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(start, out);
	for (unsigned int i = 0; i < num; i++)
		fprintf(out, "from = 10.%u.%u.%u\n", i >> 15,
			(i >> 7) & 255, (i << 1) & 255);
	fputs(end, out);
	fclose(out);
	return text;
}

static const struct large_case {
	const char *name, *start;
	unsigned int num;
	const char *end, *holds;
	bool blocked;		/* 10.0.0.0, which the list begins with */
} large[] = {
	{ "a block as long as is written", "[block b]\n", 4096,
	  "[policy]\nguard = 22\n[allow a]\ntcp = 22\n", "[block blocked-1]",
	  true },
	{ "a block that is too long", "[block b]\n", 4097,
	  "[policy]\nguard = 22\n[allow a]\ntcp = 22\n",
	  "; anyone, also the sources of 1 block,", false },
	{ "too long, and not for anyone", "[block b]\n", 4097,
	  "[policy]\nguard = 22\n[allow a]\ntcp = 22\nfrom = 10.0.0.0/8\n",
	  "10.0.0.1, 10.0.0.3,", true },
	{ "a long list that is let in", "[policy]\nguard = 22\n"
	  "[allow a]\ntcp = 22\n", 70000, "", "10.2.34.222\n", false },
};

static void long_lists(void **state)
{
	const struct large_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	char *text = policy_with_list(tc->start, tc->num, tc->end), *emergency;
	struct read_policy a = read_text(text), b;
	struct pw_packet packet = random_packet();
	struct pw_fate fate;

	assert_int_equal(a.err, 0);
	assert_int_equal(pw_emergency_text(a.model, a.model->guard,
					   &emergency), 0);
	assert_non_null(strstr(emergency, tc->holds));
	b = read_text(emergency);
	compile(&b, &rs);
	packet.src = addr_of("10.0.0.0", &packet.family);
	packet.dst = addr_of("198.51.100.1", &packet.family);
	packet.dport = 22;
	assert_int_equal(pw_eval_packet(rs, &packet, &fate), 0);
	assert_int_equal(fate.outcome,
			 tc->blocked ? PW_OUT_DROP : PW_OUT_ACCEPT);
	read_policy_clear(&a);
	read_policy_clear(&b);
	free(emergency);
	free(text);
}

#define NUM_TESTS (PW_ARRAY_SIZE(texts) + PW_ARRAY_SIZE(large) + 1)

static void set_row(struct CMUnitTest *test, const char *name,
		    CMUnitTestFunction run, const void *row)
{
	union { const void *c; void *v; } cast = { row };

	test->name = name;
	test->test_func = run;
	test->initial_state = cast.v;
}

int main(void)
{
	static struct CMUnitTest tests[NUM_TESTS];
	size_t n = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(texts); i++)
		set_row(&tests[n++], texts[i].name, writes, &texts[i]);
	for (size_t i = 0; i < PW_ARRAY_SIZE(large); i++)
		set_row(&tests[n++], large[i].name, long_lists, &large[i]);
	set_row(&tests[n++], "lets in what the policy lets in",
		lets_in_what_the_policy_lets_in, NULL);
	return cmocka_run_group_tests_name("emergency", tests, NULL, NULL);
}
