// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of a neighbour that a policy would not let in: found, ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/cut.h"
#include "portwall/compile.h"
#include "scan_calls.h"
#include "scan_host.h"

#define POLICY "/run/cut.ini"

static struct pw_diags *diags;
static struct pw_intent *intent;

static int open_host(void **state)
{
	diags = pw_diags_new();
	return sh_open(state);
}

static int close_host(void **state)
{
	pw_intent_free(PW_TAKE(intent));
	pw_diags_free(diags);
	return sh_close(state);
}

#define CUT_TEST(fn) cmocka_unit_test_setup_teardown(fn, open_host, close_host)

static void network(void)
{
	sh_neighbour();
	sh_rules("table inet t { chain c { type filter hook input priority 0;"
		 " ct state invalid counter; }; }");
}

static struct pw_ruleset *rules_of(const char *text)
{
	const struct pw_trust trust = { 0 };
	struct pw_ruleset *rs = NULL;
	FILE *file = fopen(POLICY, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(POLICY, 0600), 0);
	pw_intent_free(PW_TAKE(intent));
	assert_int_equal(pw_intent_load(POLICY, &trust, &intent, diags), 0);
	assert_int_equal(pw_compile(intent->model, 1, &rs, diags), 0);
	return rs;
}

static struct pw_cut judge_with(const struct pw_ruleset *rs,
				const struct pw_ruleset *unless,
				const struct pw_openings *openings, bool end)
{
	struct pw_cut cut = { 0 };
	int err = pw_cut_judge(rs, unless, openings,
			       1800000000ull * 1000000000u, end, &cut, diags);

	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		print_error("%s\n", pw_diags_get(diags, i)->text);
	assert_int_equal(err, 0);
	assert_true(cut.known);
	return cut;
}

static struct pw_cut judge(const char *policy, bool end)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = rules_of(policy);

	return judge_with(rs, NULL, NULL, end);
}

/* Ports 22, 80 (IPv4), 80 (IPv6), 5432 twice, 53 of UDP, a ping */
struct scene {
	struct sc_pair ssh, web4, web6, db[2], dns;
};

static struct scene scene(void)
{
	struct scene s;
	int db;

	network();
	s.ssh = sc_tcp4(22);
	s.web4 = sc_tcp4(80);
	s.web6 = sc_tcp6(8080);
	db = sc_listen(AF_INET6, 5432);
	s.db[0] = sc_call_in(db, AF_INET, NULL, 0, HERE4, 5432);
	s.db[1] = sc_call_in(dup(db), AF_INET6, NULL, 0, HERE6, 5432);
	s.dns = sc_udp4(53);
	sh_there();
	sh_run("ping -c 1 -W 5 " HERE4 " >/dev/null");
	sh_here();
	return s;
}

static void scene_close(const struct scene *s)
{
	sc_close(&s->ssh);
	sc_close(&s->web4);
	sc_close(&s->web6);
	sc_close(&s->db[0]);
	sc_close(&s->db[1]);
	sc_close(&s->dns);
}

/* tcp/5432 x2 + ..., as text that rows can hold */
static const char *list_of(const struct pw_cut *cut)
{
	static char text[256];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < cut->num_list; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				"%s%u/%u x%zu", i ? " " : "",
				cut->list[i].first.proto,
				cut->list[i].first.dport, cut->list[i].num);
	return text;
}

static const struct find_case {
	const char *policy;
	size_t num;
	const char *list;	/* protocol/port xNUMBER */
} finds[] = {
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 22, 80, 8080, 5432\nudp = 53\n", 0, "" },
	{ "[policy]\nping = no\n"
	  "[allow a]\ntcp = 22, 80, 8080, 5432\nudp = 53\n", 1, "1/0 x1" },
	{ "[policy]\nping = yes\n[allow a]\ntcp = 22, 80, 8080\n", 3,
	  "6/5432 x2 17/53 x1" },
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 22, 80, 8080, 5432\nudp = 53\n"
	  "from = 192.0.2.0/24\n", 2, "6/5432 x1 6/8080 x1" },
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 22, 80, 8080, 5432\nudp = 53\non = eth0\n", 0, "" },
	{ "[policy]\nping = yes\n[allow b]\ntcp = 22\n"
	  "[allow a]\ntcp = 22, 80, 8080, 5432\nudp = 53\non = wan0\n", 5,
	  "6/80 x1 6/5432 x2 6/8080 x1 17/53 x1" },
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 1-65535\nudp = 1-65535\nrate = 1/minute\n", 0, "" },
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 1-65535\nudp = 1-65535\nuntil = 2001-01-01T00:00Z\n"
	  "[allow b]\ntcp = 22\n", 5,
	  "6/80 x1 6/5432 x2 6/8080 x1 17/53 x1" },
	{ "[policy]\nping = yes\n"
	  "[allow a]\ntcp = 1-65535\nudp = 1-65535\n"
	  "[block b]\nfrom = 192.0.2.2\n", 5,
	  "1/0 x1 6/22 x1 6/80 x1 6/5432 x1 17/53 x1" },
};

static void finds_what_rules_shut_out(void **state)
{
	struct scene s = scene();

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(finds); i++) {
		struct pw_cut cut = judge(finds[i].policy, false);

		if (strcmp(list_of(&cut), finds[i].list))
			print_error("policy %zu\n", i);
		assert_string_equal(list_of(&cut), finds[i].list);
		assert_int_equal(cut.num, finds[i].num);
		assert_false(cut.end);
	}
	sc_passes(s.db[0].ours, s.db[0].theirs);
	scene_close(&s);
}

static void ends_them_alone(void **state)
{
	struct scene s = scene();
	struct pw_cut cut = judge("[policy]\nping = yes\n"
				  "[allow a]\ntcp = 22, 80, 8080\nudp = 53\n",
				  true);

	(void)state;
	assert_int_equal(cut.num, 2);
	assert_true(cut.end);
	assert_int_equal(cut.ended.sockets, 2);
	assert_int_equal(cut.ended.entries, 2);
	assert_int_equal(sc_await_error(s.db[0].theirs), ECONNRESET);
	assert_int_equal(sc_await_error(s.db[1].theirs), ECONNRESET);
	sc_passes(s.ssh.theirs, s.ssh.ours);
	sc_passes(s.web4.ours, s.web4.theirs);
	sc_passes(s.web6.theirs, s.web6.ours);
	sc_passes(s.dns.theirs, s.dns.ours);
	scene_close(&s);
}

/* A trial is over: only what its candidate let in */
static void only_what_others_let_in(void **state)
{
	struct scene s = scene();
	pw_owned(pw_ruleset_free) struct pw_ruleset *trial =
		rules_of("[policy]\nping = no\n[allow a]\ntcp = 22, 5432\n");
	pw_owned(pw_ruleset_free) struct pw_ruleset *before =
		rules_of("[policy]\nping = no\n[allow a]\ntcp = 22\n");
	struct pw_cut cut = judge_with(before, trial, NULL, false);

	(void)state;
	assert_string_equal(list_of(&cut), "6/5432 x2");
	scene_close(&s);
}

static void openings_let_in(void **state)
{
	struct pw_opening list[] = {
		{ .proto = IPPROTO_TCP, .first = 5000, .last = 6000,
		  .family = PW_IPV4, .from = { 0, 0xc0000200 },
		  .to = { 0, 0xc00002ff } },
		{ .proto = IPPROTO_UDP, .first = 53, .last = 53,
		  .any_from = true, .iifname = "eth0" },
		{ .proto = IPPROTO_TCP, .first = 80, .last = 80,
		  .any_from = true, .iifname = "wan0" },
	};
	struct pw_openings openings = { .list = list, .num = 3 };
	struct scene s = scene();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		rules_of("[policy]\nping = yes\n[allow a]\ntcp = 22, 8080\n");
	struct pw_cut cut = judge_with(rs, NULL, &openings, false);

	(void)state;
	assert_string_equal(list_of(&cut), "6/80 x1 6/5432 x1");
	assert_int_equal(cut.list[1].first.family, PW_IPV6);
	scene_close(&s);
}

static void nothing_in_force_lets_in_all(void **state)
{
	struct scene s = scene();
	struct pw_cut cut = judge_with(NULL, NULL, NULL, true);

	(void)state;
	assert_int_equal(cut.num, 0);
	assert_int_equal(cut.ended.entries, 0);
	scene_close(&s);
}

static size_t num_bars(void)
{
	struct pw_flows *flows = NULL;
	size_t num = 0;

	assert_int_equal(pw_flows_gather(&flows, diags), 0);
	for (size_t i = 0; i < flows->num; i++)
		num += flows->list[i].bar;
	pw_flows_free(flows);
	return num;
}

/* They last while the rules shut out, and not a policy longer */
static void bars_go_with_the_policy(void **state)
{
	static const char closed[] = "[allow a]\ntcp = 22\n";
	struct pw_cut cut;
	int client;

	(void)state;
	network();
	sh_echo(AF_INET, 53);
	sh_there();
	client = sc_socket(AF_INET, SOCK_DGRAM, THERE4, 4001);
	sc_call(client, AF_INET, HERE4, 53);
	sh_here();
	for (int i = 0; i < 2; i++) {
		sc_passes(client, client);
		cut = judge(closed, true);
		assert_string_equal(list_of(&cut), "17/53 x1");
		assert_int_equal(cut.ended.bars, 1);
		cut = judge(closed, true);
		assert_int_equal(cut.num, 0);
		assert_int_equal(cut.ended.entries, 0);
		assert_int_equal(num_bars(), 1);
		if (i)
			judge_with(NULL, NULL, NULL, false);
		else
			judge("[allow a]\nudp = 53\n", false);
		assert_int_equal(num_bars(), 0);
	}
	sc_passes(client, client);
	close(client);
}

/* A list that could not be read: nobody knows */
static void unread_sets_are_told(void **state)
{
	struct scene s = scene();
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		rules_of("[policy]\nping = yes\n[allow a]\ntcp = 22, 8080\n"
			 "[allow b]\ntcp = 5432\n"
			 "from = 192.0.2.2, 192.0.2.4, 192.0.2.6, 192.0.2.8, "
			 "192.0.2.10, 192.0.2.12, 192.0.2.14, 192.0.2.16, "
			 "192.0.2.18, 192.0.2.20, 192.0.2.22\n");
	struct pw_cut cut;

	(void)state;
	for (size_t i = 0; i < rs->num_sets; i++) {
		if (rs->sets[i].name[0] != 'a' || !rs->sets[i].constant)
			continue;
		pw_rangeset_free(rs->sets[i].elems);
		rs->sets[i].elems = NULL;
	}
	cut = judge_with(rs, NULL, NULL, false);
	assert_string_equal(list_of(&cut), "6/80 x1 6/5432 x1 17/53 x1");
	assert_int_equal(cut.list[1].first.family, PW_IPV6);
	assert_int_equal(cut.unknown, 1);
	assert_int_equal(pw_diags_count(diags, PW_WARNING), 1);
	scene_close(&s);
}

/* The rules are in force: that nobody could look is a warning */
struct look {
	struct pw_ruleset *rs;
	struct pw_cut cut;
	int err;
};

static void look_at_it(void *arg)
{
	struct look *look = arg;

	look->err = pw_cut_judge(look->rs, NULL, NULL, 0, true, &look->cut,
				 diags);
}

static void says_when_it_cannot_look(void **state)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs =
		rules_of("[allow a]\ntcp = 22\n");
	struct look look = { .rs = rs };

	(void)state;
	network();
	sh_powerless(look_at_it, &look);
	assert_int_equal(look.err, 0);
	assert_false(look.cut.known);
	assert_int_equal(pw_diags_count(diags, PW_ERROR), 0);
	assert_int_equal(pw_diags_count(diags, PW_WARNING), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUT_TEST(finds_what_rules_shut_out),
		CUT_TEST(ends_them_alone),
		CUT_TEST(only_what_others_let_in),
		CUT_TEST(openings_let_in),
		CUT_TEST(nothing_in_force_lets_in_all),
		CUT_TEST(bars_go_with_the_policy),
		CUT_TEST(unread_sets_are_told),
		CUT_TEST(says_when_it_cannot_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
