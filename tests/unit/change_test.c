/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes from one policy to another: each kind of it, and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/change.h>

#include "policy_help.h"

/**
 * struct change_case - Two policies, and all that changes
 * @before:	NULL: nothing was in force
 * @want:	a line for each change, see put_change()
 */
static const struct change_case {
	const char *name, *before, *after, *want;
} cases[] = {
	{ "nothing",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22\n", "" },
	{ "names, order, comments",
	  "[allow a]\ntcp = 22\nrate = 1/hour\n[allow b]\ntcp = 80\n",
	  "[allow z]\ntcp = 80\ncomment = x\n"
	  "[allow y]\nrate = 1/hour\ntcp = 22\n", "" },
	{ "a port moves to another section",
	  "[allow a]\ntcp = 22, 80\n[allow b]\ntcp = 443\n",
	  "[allow a]\ntcp = 22\n[allow b]\ntcp = 80, 443\n", "" },
	{ "sources are divided among sections",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/25\n"
	  "[allow b]\ntcp = 22\nfrom = 192.0.2.128/25\n", "" },
	{ "a port opens",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22, 8443\n",
	  "opens tcp/8443 by a\n" },
	{ "neighbours are one line, others are not",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22-24, 80\n",
	  "opens tcp/23-24 by a\nopens tcp/80 by a\n" },
	{ "a section is gone",
	  "[allow a]\ntcp = 22\n[allow b]\ntcp = 5432\nfrom = 192.0.2.1\n",
	  "[allow a]\ntcp = 22\n",
	  "closes tcp/5432 from 192.0.2.1 by b, gone\n" },
	{ "a section closes a port of its own",
	  "[allow a]\ntcp = 22, 80\n", "[allow a]\ntcp = 22\n",
	  "closes tcp/80 by a\n" },
	{ "what another section opens does not open",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\n[allow b]\ntcp = 22\nfrom = 192.0.2.1\n", "" },
	{ "more sources",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.1\n",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.1, 2001:db8::1\n",
	  "opens tcp/22 from 2001:db8::1 by a\n" },
	{ "everybody else",
	  "[addresses]\noffice = 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24\n"
	  "[allow a]\ntcp = 22\nfrom = office\n",
	  "[allow a]\ntcp = 22\n",
	  "opens tcp/22 from anyone but office by a\n" },
	{ "many sources",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/29\n",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/29, 198.51.100.1, "
	  "198.51.100.3, 198.51.100.5, 198.51.100.7\n",
	  "opens tcp/22 from 198.51.100.1, 198.51.100.3 and 2 more by a\n" },
	{ "a name for sources",
	  "[allow b]\nudp = 53\n",
	  "[addresses]\noffice = 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24\n"
	  "[allow a]\ntcp = 22\nfrom = office\n[allow b]\nudp = 53\n",
	  "opens tcp/22 from office by a\n" },
	{ "an exception",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\nexcept = 192.0.2.7\n",
	  "closes tcp/22 from 192.0.2.7 by a\n" },
	{ "one family",
	  "[allow a]\ntcp = 22\nfrom = 0.0.0.0/0\n", "[allow a]\ntcp = 22\n",
	  "opens tcp/22 from any IPv6 address by a\n" },
	{ "an interface",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22\non = eth0\n",
	  "closes tcp/22 on any but eth0 by a\n" },
	{ "names of interfaces",
	  "[interfaces]\nlan = eth1, wlan*\n[allow a]\ntcp = 22\non = lan\n",
	  "[interfaces]\nlan = eth1, wlan*\n[allow a]\ntcp = 22-23\non = lan\n"
	  "[allow b]\ntcp = 22\non = eth0\n",
	  "opens tcp/22 on eth0 by b\nopens tcp/23 on lan by a\n" },
	{ "destinations",
	  "[allow a]\nudp = 5353\n",
	  "[allow a]\nudp = 5353\n"
	  "[allow m]\nudp = 5353\nto = 224.0.0.251, ff02::fb\n",
	  "opens udp/5353 to 224.0.0.251, ff02::fb by m\n" },
	{ "kinds of destinations",
	  "[allow a]\nudp = 67\n", "[allow a]\nudp = 67\nto = local, broadcast\n",
	  "opens udp/67 to broadcast by a\n" },
	{ "own addresses, one by one",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22\nto = 192.0.2.1\n",
	  /* whether it is a broadcast address is known on a host alone */
	  "opens tcp/22 to 192.0.2.1 by a\n"
	  "closes tcp/22 to 0.0.0.0-192.0.2.0, 192.0.2.2-223.255.255.255 "
	  "and 2 more by a\n" },
	{ "protocols",
	  "[allow a]\nprotocol = gre\n", "[allow a]\nprotocol = esp, 200\n",
	  "opens 50 by a\nopens 200 by a\ncloses 47 by a\n" },
	{ "a block",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\n[block b]\nfrom = 192.0.2.0/24\n",
	  "closes ping from 192.0.2.0/24 by b\n"
	  "closes tcp/22 from 192.0.2.0/24 by b\n" },
	{ "a block of ports",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\n[block b]\ntcp = 1-100\nfrom = 192.0.2.0/24\n",
	  "closes tcp/22 from 192.0.2.0/24 by b\n" },
	{ "a block that goes",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n"
	  "[block b]\ntcp = 22\nfrom = 192.0.2.1\n",
	  "[allow a]\ntcp = 22\nfrom = 192.0.2.0/24\n",
	  "opens tcp/22 from 192.0.2.1 by a\n" },
	{ "who is blocked on both sides is not meant",
	  "[allow a]\ntcp = 22\n[block b]\nfrom = 192.0.2.0/24\n",
	  "[allow a]\ntcp = 22, 80\n[block c]\nfrom = 192.0.2.0/24\n",
	  "opens tcp/80 by a\n" },
	{ "a list of the blocked grows",
	  "[addresses]\nbad = 192.0.2.1, 192.0.2.3, 192.0.2.5\n"
	  "[policy]\nping = no\n[allow a]\ntcp = 22\n[block b]\nfrom = bad\n",
	  "[addresses]\nbad = 192.0.2.1, 192.0.2.3, 192.0.2.7\n"
	  "[policy]\nping = no\n[allow a]\ntcp = 22\n[block b]\nfrom = bad\n",
	  "opens tcp/22 from 192.0.2.5 by a\n"
	  "closes tcp/22 from 192.0.2.7 by b\n" },
	{ "who is blocked does not get in",
	  "[allow a]\ntcp = 22\n[block b]\nfrom = 192.0.2.0/24\n",
	  "[allow a]\ntcp = 22\n[allow c]\ntcp = 80\nfrom = 192.0.2.1\n"
	  "[block b]\nfrom = 192.0.2.0/24\n", "" },
	{ "a limit comes",
	  "[allow a]\ntcp = 22\n", "[allow a]\ntcp = 22\nrate = 6/minute\n",
	  "limit tcp/22 by a: unlimited -> 6/minute\n" },
	{ "a limit changes",
	  "[allow a]\ntcp = 22\nrate = 6/minute per source\n",
	  "[allow a]\ntcp = 22\nrate = 6/minute burst 9\nconnections = 3\n",
	  "limit tcp/22 by a: 6/minute per source -> "
	  "3 connections, 6/minute burst 9\n" },
	{ "limits add up",
	  "[allow a]\ntcp = 22\nrate = 5/minute\n",
	  "[allow a]\ntcp = 22\nrate = 5/minute\n"
	  "[allow b]\ntcp = 22\nrate = 5/minute\n",
	  "limit tcp/22 by a: 5/minute -> 5/minute + 5/minute\n" },
	{ "limits add up from two sides",
	  "[allow a]\ntcp = 22\nrate = 5/minute\nfrom = 192.0.2.0/24\n"
	  "[allow b]\ntcp = 22\nrate = 5/minute\nfrom = 192.0.2.0/24\n",
	  "[allow a]\ntcp = 22\nrate = 5/minute\nfrom = 192.0.2.0/25\n"
	  "[allow b]\ntcp = 22\nrate = 5/minute\nfrom = 192.0.2.128/25\n",
	  "limit tcp/22 from 192.0.2.0/25 by a: 5/minute + 5/minute -> "
	  "5/minute\n"
	  "limit tcp/22 from 192.0.2.128/25 by b: 5/minute + 5/minute -> "
	  "5/minute\n" },
	{ "a limit that does not count",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\n[allow b]\ntcp = 22\nrate = 1/hour\n", "" },
	{ "an end comes",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\nuntil = 2027-01-31T18:00Z\n",
	  "until tcp/22 by a: no end -> until 2027-01-31 18:00Z\n" },
	{ "an end of a block",
	  "[allow a]\ntcp = 22\n[block b]\ntcp = 22\non = eth0\n",
	  "[allow a]\ntcp = 22\n"
	  "[block b]\ntcp = 22\non = eth0\nuntil = 2027-01-31T18:00Z\n",
	  "until tcp/22 on eth0 by a: closed -> "
	  "closed until 2027-01-31 18:00Z, then unlimited\n" },
	{ "what has ended opens nothing",
	  "[allow a]\ntcp = 22\n",
	  "[allow a]\ntcp = 22\n"
	  "[allow b]\ntcp = 80\nuntil = 2026-01-31T18:00Z\n", "" },
	{ "pings",
	  "[policy]\nping = yes\n[allow a]\ntcp = 22\n",
	  "[policy]\nping = no\n[allow a]\ntcp = 22\n", "closes ping\n" },
	{ "a limit for pings",
	  "[policy]\nping = yes\n[allow a]\ntcp = 22\n",
	  "[policy]\nping = 3/second\n[allow a]\ntcp = 22\n",
	  "limit ping: unlimited -> 3/second\n" },
	{ "pings of a section",
	  "[policy]\nping = no\n[allow a]\ntcp = 22\n",
	  "[policy]\nping = no\n[allow a]\ntcp = 22\n"
	  "[allow p]\nping = yes\nfrom = 192.0.2.1\n",
	  "opens ping from 192.0.2.1 by p\n" },
	{ "settings",
	  "[allow a]\ntcp = 22\n",
	  "[policy]\ndefault = reject\ndhcp = no\nlog = 5/minute\n"
	  "established = cut\nguard = 22, 2222\nbridges = br0\n"
	  "[allow a]\ntcp = 22\nlog = 1/second\n",
	  "setting: bridges: br-*, cali*, cilium_*, cni*, docker0, "
	  "docker_gwbridge, flannel*, incusbr*, lxc*, lxdbr*, nerdctl*, "
	  "podman*, virbr*, weave* -> br0\n"
	  "setting: default: drop -> reject\n"
	  "setting: dhcp: yes -> no\n"
	  "setting: established: keep -> cut\n"
	  "setting: guard: what sshd listens on -> 22, 2222\n"
	  "setting: log: no -> 5/minute\n"
	  "setting by a: log of allow 'a': no -> 1/second\n" },
	{ "bridges have no meaning without containers",
	  "[allow a]\ntcp = 22\n",
	  "[policy]\ncontainers = ignore\n[allow a]\ntcp = 22\n",
	  "setting: containers: follow -> ignore\n" },
	{ "a first apply",
	  NULL,
	  "[policy]\nping = no\n[allow a]\ntcp = 22, 80\nrate = 1/hour\n"
	  "[block b]\nfrom = 192.0.2.0/24\n",
	  "stays tcp/22 by a\nstays tcp/80 by a\nrest\n" },
	{ "everything closed at first",
	  NULL, "[policy]\nping = no\nclosed = all\n", "rest\n" },
};

static const char *const kinds[PW_NUM_CHANGES] = {
	[PW_CHANGE_OPENS] = "opens", [PW_CHANGE_CLOSES] = "closes",
	[PW_CHANGE_LIMIT] = "limit", [PW_CHANGE_UNTIL] = "until",
	[PW_CHANGE_SETTING] = "setting", [PW_CHANGE_STAYS] = "stays",
	[PW_CHANGE_REST] = "rest",
};

static void put_ports(const struct pw_change *c, FILE *out)
{
	bool ports = c->kind != PW_CHANGE_SETTING && c->kind != PW_CHANGE_REST;

	if (ports && !c->proto)
		fputs(" ping", out);
	if (c->proto && !c->first)
		fprintf(out, " %u", c->proto);
	if (c->first)
		fprintf(out, " %s/%u", pw_proto_name(c->proto), c->first);
	if (c->first != c->last)
		fprintf(out, "-%u", c->last);
}

/* "opens tcp/22 from office on eth0 to 192.0.2.1 by ssh, gone: a -> b" */
static void put_change(const struct pw_change *c, FILE *out)
{
	const char *const texts[][2] = {
		{ " from ", c->from_text }, { " on ", c->on_text },
		{ " to ", c->to_text },
		{ " by ", c->section ? c->section->name : NULL },
		{ ", ", c->gone ? "gone" : NULL }, { ": ", c->text },
	};

	fputs(kinds[c->kind], out);
	put_ports(c, out);
	for (size_t i = 0; i < PW_ARRAY_SIZE(texts); i++)
		if (texts[i][1])
			fprintf(out, "%s%s", texts[i][0], texts[i][1]);
	putc('\n', out);
}

static char *write_down(const struct pw_changes *changes)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; i < changes->num; i++)
		put_change(&changes->list[i], out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void changes(void **state)
{
	const struct change_case *tc = *state;
	struct read_policy before = { 0 }, after = read_text(tc->after);
	struct pw_changes *got;
	char *text;

	if (tc->before)
		before = read_text(tc->before);
	assert_int_equal(before.err, 0);
	assert_int_equal(after.err, 0);
	assert_int_equal(pw_changes_find(before.model, after.model, &got), 0);
	text = write_down(got);
	assert_string_equal(text, tc->want);
	free(text);
	pw_changes_free(got);
	read_policy_clear(&before);
	read_policy_clear(&after);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(cases)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){
			cases[i].name, changes, NULL, NULL, (void *)(uintptr_t)&cases[i],
		};
	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
