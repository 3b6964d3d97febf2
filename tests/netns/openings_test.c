// SPDX-License-Identifier: GPL-2.0-or-later
/* Temporary openings as elements of the kernel's sets, with their time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_host.h"
#include "portwall/openings.h"

#define HOUR_MS 3600000u
#define MINUTE_MS 60000u

/* The sets as docs/rules.md declares them */
static void make_sets(void)
{
	free(lh_shell(
		"nft -f - <<'END'\n"
		"table inet portwall {\n"
		" set s.opened { type nf_proto; flags timeout; }\n"
		" set s.open { type inet_service . inet_proto; size 4096;\n"
		"  flags timeout; }\n"
		" set s.open.if { type inet_service . inet_proto . ifname;\n"
		"  size 4096; flags timeout; }\n"
		" set s.open4 { type inet_service . inet_proto . ipv4_addr;\n"
		"  size 4096; flags interval,timeout; }\n"
		" set s.open6 { type inet_service . inet_proto . ipv6_addr;\n"
		"  size 4096; flags interval,timeout; }\n"
		" set s.open4.if {\n"
		"  type inet_service . inet_proto . ifname . ipv4_addr;\n"
		"  size 4096; flags interval,timeout; }\n"
		" set s.open6.if {\n"
		"  type inet_service . inet_proto . ifname . ipv6_addr;\n"
		"  size 4096; flags interval,timeout; }\n"
		"}\n"
		"END\n"));
}

#define ANYONE .any_from = true
#define FROM4(first, last) .family = PW_IPV4, .from = { 0, first }, \
			   .to = { 0, last }
#define FROM6(first_lo, last_lo) .family = PW_IPV6, \
	.from = { 0x20010db800000000, first_lo }, \
	.to = { 0x20010db800000000, last_lo }
#define TCP(a, b) .proto = IPPROTO_TCP, .first = (a), .last = (b)

static const struct kind {
	const char *name;
	struct pw_opening opening;
	const char *element;	/* as nft has it */
} kinds[] = {
	{ "from anyone", { TCP(22, 22), ANYONE }, "22 . tcp" },
	{ "a port of UDP", { .proto = IPPROTO_UDP, .first = 65535,
			     .last = 65535, ANYONE }, "65535 . udp" },
	{ "a port of SCTP", { .proto = IPPROTO_SCTP, .first = 1, .last = 1,
			      ANYONE }, "1 . sctp" },
	{ "several ports", { TCP(8000, 8002), ANYONE }, "8001 . tcp" },
	{ "on an interface", { TCP(22, 22), ANYONE, .iifname = "eth0" },
	  "22 . tcp . \"eth0\"" },
	{ "on an interface with a long name",
	  { TCP(22, 22), ANYONE, .iifname = "abcdefghijklmno" },
	  "22 . tcp . \"abcdefghijklmno\"" },
	{ "from an address", { TCP(22, 22), FROM4(0xc6336407, 0xc6336407) },
	  "22 . tcp . 198.51.100.7" },
	{ "from a prefix", { TCP(22, 22), FROM4(0x0a000000, 0x0affffff) },
	  "22 . tcp . 10.0.0.0/8" },
	{ "from an IPv6 address", { TCP(22, 22), FROM6(7, 7) },
	  "22 . tcp . 2001:db8::7" },
	{ "from an IPv6 prefix", { TCP(22, 22), FROM6(0, UINT64_MAX) },
	  "22 . tcp . 2001:db8::/64" },
	{ "from a prefix on an interface",
	  { TCP(22, 23), FROM4(0x0a000000, 0x0a0000ff), .iifname = "br-1" },
	  "23 . tcp . \"br-1\" . 10.0.0.0/24" },
	{ "from an IPv6 prefix on an interface",
	  { TCP(22, 22), FROM6(0x100, 0x1ff), .iifname = "br-1" },
	  "22 . tcp . \"br-1\" . 2001:db8::100/120" },
};

static struct pw_openings *openings_of(const struct host *host)
{
	struct pw_openings *openings = NULL;

	lh_works(host, pw_openings_read(host->nl, &openings, host->diags));
	return openings;
}

static void add(const struct host *host, const struct pw_opening *opening,
		uint64_t ms)
{
	lh_works(host, pw_openings_add(host->nl, opening, 1, ms, host->diags));
}

static size_t remove_all_like(const struct host *host,
			      const struct pw_opening *opening)
{
	size_t closed = SIZE_MAX;

	lh_works(host, pw_openings_remove(host->nl, opening, opening ? 1 : 0,
					  &closed, host->diags));
	return closed;
}

static void assert_num(const struct host *host, size_t num)
{
	struct pw_openings *openings = openings_of(host);

	assert_int_equal(openings->num, num);
	pw_openings_free(openings);
}

static void assert_lists(const char *text, bool wanted)
{
	char *got = lh_shell("nft list table inet portwall");

	if (!strstr(got, text) == wanted)
		print_error("%s\n", got);
	assert_int_equal(!!strstr(got, text), wanted);
	free(got);
}

static void assert_same(const struct pw_opening *got,
			const struct pw_opening *want)
{
	assert_int_equal(got->proto, want->proto);
	assert_int_equal(got->first, want->first);
	assert_int_equal(got->last, want->last);
	assert_int_equal(got->any_from, want->any_from);
	assert_string_equal(got->iifname, want->iifname);
	if (want->any_from)
		return;
	assert_int_equal(got->family, want->family);
	assert_int_equal(pw_value_cmp(got->from, want->from), 0);
	assert_int_equal(pw_value_cmp(got->to, want->to), 0);
}

/* Of each kind: opened, read, open as nft says, and closed again */
static void each_kind_opens_and_closes(void **state)
{
	const struct host *host = lh_host(state);

	make_sets();
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++) {
		const struct pw_opening *want = &kinds[i].opening;
		struct pw_openings *got;

		print_message("%s\n", kinds[i].name);
		add(host, want, HOUR_MS);
		got = openings_of(host);
		assert_int_equal(got->num, 1);
		assert_same(&got->list[0], want);
		assert_true(got->list[0].left_ms <= HOUR_MS);
		assert_true(got->list[0].left_ms > HOUR_MS - MINUTE_MS);
		pw_openings_free(got);
		assert_lists(kinds[i].element, true);
		assert_lists("{ ipv4 timeout", true);
		assert_int_equal(remove_all_like(host, want),
				 want->last - want->first + 1);
		assert_lists("elements", false);
	}
}

static void all_kinds_are_read_side_by_side(void **state)
{
	const struct host *host = lh_host(state);

	struct pw_openings *got;

	make_sets();
	/* a prefix that holds the address before it is refused */
	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++)
		if (!strstr(kinds[i].name, "address"))
			add(host, &kinds[i].opening, HOUR_MS - 2000 * i);
	got = openings_of(host);
	assert_int_equal(got->num, PW_ARRAY_SIZE(kinds) - 2);
	for (size_t i = 1; i < got->num; i++)
		assert_true(got->list[i - 1].left_ms <= got->list[i].left_ms);
	/* the last kind ends first */
	assert_same(&got->list[0], &kinds[PW_ARRAY_SIZE(kinds) - 1].opening);
	pw_openings_free(got);
	assert_true(remove_all_like(host, NULL) > PW_ARRAY_SIZE(kinds));
	assert_num(host, 0);
	assert_lists("elements", false);
}

static void nothing_is_open_without_sets(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening *one = &kinds[0].opening;
	size_t closed;

	assert_num(host, 0);
	assert_int_equal(pw_openings_add(host->nl, one, 1, 1, host->diags),
			 -ENOENT);
	free(lh_shell("nft add table inet portwall"));
	assert_num(host, 0);
	assert_int_equal(pw_openings_add(host->nl, one, 1, 1, host->diags),
			 -ENOENT);
	assert_int_equal(pw_openings_remove(host->nl, one, 1, &closed,
					    host->diags), -ENOENT);
	assert_int_equal(pw_diags_count(host->diags, PW_ERROR), 0);
}

static void a_thousand_ports_are_one_range(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening many[] = {
		{ TCP(1000, 1999), FROM4(0x0a000000, 0x0affffff) },
		{ TCP(1500, 2023), FROM4(0x0a000000, 0x0affffff) },
	};
	struct pw_openings *got;
	double begun;

	make_sets();
	begun = lh_now_s();
	lh_works(host, pw_openings_add(host->nl, many, 2, HOUR_MS,
				       host->diags));
	print_message("1,024 ports: %.1f ms\n", (lh_now_s() - begun) * 1e3);
	got = openings_of(host);
	assert_int_equal(got->num, 1);
	assert_int_equal(got->list[0].first, 1000);
	assert_int_equal(got->list[0].last, 2023);
	pw_openings_free(got);
}

static void opening_again_sets_the_time(void **state)
{
	static const uint64_t times[] = { HOUR_MS, MINUTE_MS, 2 * HOUR_MS };
	const struct host *host = lh_host(state);
	const struct pw_opening wide = { TCP(22, 25), ANYONE };

	make_sets();
	for (size_t i = 0; i < PW_ARRAY_SIZE(times); i++) {
		struct pw_openings *got;

		/* a part of what is open, among others */
		add(host, &wide, times[i]);
		add(host, &kinds[0].opening, times[i]);
		got = openings_of(host);
		assert_int_equal(got->num, 1);
		assert_true(got->list[0].left_ms <= times[i]);
		assert_true(got->list[0].left_ms > times[i] - MINUTE_MS / 2);
		pw_openings_free(got);
	}
}

static void parts_of_what_is_open_are_refused(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening prefix = { TCP(22, 22),
					   FROM4(0x0a000000, 0x0affffff) };
	const struct pw_opening others[] = {
		{ TCP(20, 30), FROM4(0x0a010000, 0x0a01ffff) },
		{ TCP(22, 22), FROM4(0, UINT32_MAX) },
	};

	make_sets();
	add(host, &prefix, HOUR_MS);
	for (size_t i = 0; i < PW_ARRAY_SIZE(others); i++) {
		assert_int_equal(pw_openings_add(host->nl, &others[i], 1, 1000,
						 host->diags), -EEXIST);
		assert_non_null(strstr(lh_last_text(host->diags),
				       "tcp/22 is open from 10.0.0.0/8"));
		assert_num(host, 1);
	}
	/* another port, protocol, interface or family is none of it */
	add(host, &(struct pw_opening){ TCP(23, 23),
					FROM4(0x0a010000, 0x0a01ffff) },
	    HOUR_MS);
	add(host, &(struct pw_opening){ TCP(22, 22), .iifname = "eth0",
					FROM4(0x0a010000, 0x0a01ffff) },
	    HOUR_MS);
	add(host, &(struct pw_opening){ TCP(22, 22), ANYONE }, HOUR_MS);
	assert_num(host, 4);
}

static const struct closing {
	const char *name;
	struct pw_opening closed;
	size_t num;
} closings[] = {
	{ "whatever the source and interface", { TCP(22, 22), ANYONE }, 4 },
	{ "of one interface", { TCP(22, 22), ANYONE, .iifname = "eth0" }, 2 },
	{ "of one source", { TCP(22, 22), FROM4(0x0a000000, 0x0affffff) }, 2 },
	{ "of both", { TCP(22, 22), FROM4(0x0a000000, 0x0affffff),
		       .iifname = "eth0" }, 1 },
	{ "of ports around it", { TCP(1, 65535), ANYONE }, 4 },
	{ "of a part of the source", { TCP(22, 22), FROM4(0x0a000000, 0x0a000000) },
	  0 },
	{ "of another port", { TCP(23, 23), ANYONE }, 0 },
	{ "of another protocol", { .proto = IPPROTO_UDP, .first = 22,
				   .last = 22, ANYONE }, 0 },
	{ "of another interface", { TCP(22, 22), ANYONE, .iifname = "eth1" },
	  0 },
};

static void closes_what_is_named(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening open[] = {
		{ TCP(22, 22), ANYONE },
		{ TCP(22, 22), ANYONE, .iifname = "eth0" },
		{ TCP(22, 22), FROM4(0x0a000000, 0x0affffff) },
		{ TCP(22, 22), FROM4(0x0a000000, 0x0affffff),
		  .iifname = "eth0" },
	};

	make_sets();
	for (size_t i = 0; i < PW_ARRAY_SIZE(closings); i++) {
		print_message("%s\n", closings[i].name);
		lh_works(host, pw_openings_add(host->nl, open,
					       PW_ARRAY_SIZE(open), HOUR_MS,
					       host->diags));
		assert_int_equal(remove_all_like(host, &closings[i].closed),
				 closings[i].num);
		assert_num(host, PW_ARRAY_SIZE(open) - closings[i].num);
	}
}

/* How long packets ask for openings, in minutes, by what nft says */
static unsigned int gate_minutes(void)
{
	char *text = lh_shell("nft -j list set inet portwall s.opened | "
			      "tr , '\\n' | sed -n 's/.*\"expires\": //p' | "
			      "tr -dc '0-9\\n' | sort -n | head -n 1");
	unsigned int seconds = (unsigned int)strtoul(text, NULL, 10);

	free(text);
	return (seconds + 30) / 60;
}

static void the_gate_lives_as_long_as_the_last(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening *a = &kinds[0].opening, *b = &kinds[1].opening;

	make_sets();
	add(host, a, 10 * MINUTE_MS);
	assert_int_equal(gate_minutes(), 10);
	add(host, b, 30 * MINUTE_MS);
	assert_int_equal(gate_minutes(), 30);
	add(host, a, 5 * MINUTE_MS);
	assert_int_equal(gate_minutes(), 30);
	assert_int_equal(remove_all_like(host, b), 1);
	assert_int_equal(gate_minutes(), 5);
	assert_int_equal(remove_all_like(host, a), 1);
	assert_lists("elements", false);
}

static void the_kernel_ends_it(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_openings *got = NULL;

	make_sets();
	add(host, &kinds[0].opening, 200);
	add(host, &kinds[7].opening, 300);
	do {
		pw_openings_free(got);
		got = openings_of(host);
	} while (got->num);
	pw_openings_free(got);
	assert_int_equal(remove_all_like(host, NULL), 0);
}

/* What ends between look and change voids the change: it is made again */
static void endings_in_between_do_no_harm(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening all = { TCP(1, 40), ANYONE };
	const struct pw_opening prefix = { TCP(1, 40),
					   FROM4(0x0a000000, 0x0affffff) };

	make_sets();
	for (unsigned int i = 0; i < 150; i++) {
		add(host, &all, 1 + i % 7);
		add(host, &prefix, 1 + i % 5);
		if (i % 3 == 0)
			remove_all_like(host, NULL);
	}
	add(host, &all, HOUR_MS);
	remove_all_like(host, &prefix);
	add(host, &all, HOUR_MS);
	assert_num(host, 1);
}

static void too_many_are_refused(void **state)
{
	const struct host *host = lh_host(state);
	const struct pw_opening most = { TCP(1, 4096), ANYONE };
	const struct pw_opening *one = &kinds[1].opening;

	make_sets();
	add(host, &most, HOUR_MS);
	assert_int_equal(pw_openings_add(host->nl, one, 1, 1000, host->diags),
			 -ENOSPC);
	assert_non_null(strstr(lh_last_text(host->diags), "too many openings"));
	assert_num(host, 1);
	assert_int_equal(gate_minutes(), 60);
	assert_int_equal(remove_all_like(host, &most), 4096);
}

static void what_others_put_there(void **state)
{
	const struct host *host = lh_host(state);
	struct pw_openings *got;

	make_sets();
	free(lh_shell("nft add element inet portwall s.open '{ 7 . udp }'"));
	free(lh_shell("nft add element inet portwall s.open4 "
		      "'{ 10-19 . tcp . 10.0.0.0/8 timeout 1h }'"));
	got = openings_of(host);
	assert_int_equal(got->num, 2);
	assert_int_equal(got->list[0].first, 10);
	assert_int_equal(got->list[0].last, 19);
	assert_true(got->list[1].left_ms == UINT64_MAX);
	pw_openings_free(got);
	add(host, &kinds[0].opening, HOUR_MS);
	assert_int_equal(gate_minutes(), 60);
	assert_int_equal(remove_all_like(host, NULL), 3);
	assert_num(host, 0);
}

/* Everybody changes the tables: transactions are computed anew */
static void others_at_work_do_no_harm(void **state)
{
	const struct host *host = lh_host(state);
	pid_t child;

	make_sets();
	free(lh_shell("nft add table inet other"));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			free(lh_shell("nft 'add chain inet other c; "
				      "delete chain inet other c'"));
	}
	for (unsigned int i = 0; i < 60; i++) {
		const struct pw_opening one = {
			.proto = IPPROTO_UDP, .first = (uint16_t)(1 + 2 * i),
			.last = (uint16_t)(1 + 2 * i), ANYONE };

		add(host, &one, HOUR_MS);
		if (i % 2)
			assert_int_equal(remove_all_like(host, &one), 1);
	}
	assert_num(host, 30);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(pw_diags_count(host->diags, PW_ERROR), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_kind_opens_and_closes),
		TEST(all_kinds_are_read_side_by_side),
		TEST(nothing_is_open_without_sets),
		TEST(a_thousand_ports_are_one_range),
		TEST(opening_again_sets_the_time),
		TEST(parts_of_what_is_open_are_refused),
		TEST(closes_what_is_named),
		TEST(the_gate_lives_as_long_as_the_last),
		TEST(the_kernel_ends_it),
		TEST(endings_in_between_do_no_harm),
		TEST(too_many_are_refused),
		TEST(what_others_put_there),
		TEST(others_at_work_do_no_harm),
	};

	return cmocka_run_group_tests_name("openings", tests, NULL, NULL);
}
