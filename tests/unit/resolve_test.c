/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From policies to models: which sets, which flags, which refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy_help.h"

/* What one section of a policy becomes; NULL is not looked at */
static const struct section_case {
	const char *name, *text;	/* the section is [allow x] */
	const char *tcp, *udp, *sctp, *protocols, *from, *to, *on;
} section_cases[] = {
	{ "least", "[allow x]\ntcp = 80\n", "80", "", "", "",
	  "0.0.0.0/0 ::/0", "", "*" },
	{ "ports add up", "[allow x]\ntcp = 80-90, 85-95 96\ntcp = 7\n",
	  "7 80-96", "", "", "", NULL, NULL, NULL },
	{ "every port but 0", "[allow x]\ntcp = all\nudp = all, 5\n",
	  "1-65535", "1-65535", "", "", NULL, NULL, NULL },
	{ "services by transport", "[allow x]\ntcp = domain, ssh\n"
	  "udp = domain\nsctp = 7\nprotocol = esp 200\n",
	  "22 53", "53", "7", "50 200", NULL, NULL, NULL },
	{ "port names", "[ports]\nweb = http, https, 8443\nall-web = web, 81\n"
	  "[allow x]\ntcp = all-web, 82\n",
	  "80-82 443 8443", "", "", "", NULL, NULL, NULL },
	{ "port names defined later, for both transports", "[allow x]\n"
	  "tcp = a\nudp = a\n[ports]\na = b, domain\nb = https\n",
	  "53 443", "53 443", "", "", NULL, NULL, NULL },
	{ "a name may hold what only another transport has",
	  "[allow x]\ntcp = a\n[ports]\na = ssh\nb = a, ntp\n",
	  "22", "", "", "", NULL, NULL, NULL },
	{ "sources of both families",
	  "[allow x]\ntcp = 1\nfrom = 192.0.2.7, 2001:db8::/32\n",
	  NULL, NULL, NULL, NULL, "192.0.2.7 2001:db8::/32", "", "*" },
	{ "sources of one family",
	  "[allow x]\ntcp = 1\nfrom = 192.0.2.0-192.0.2.6\n",
	  NULL, NULL, NULL, NULL, "192.0.2.0-192.0.2.6", NULL, NULL },
	{ "names of names", "[addresses]\na = b, 192.0.2.2\nb = c, 192.0.2.1\n"
	  "c = 2001:db8::1\n[allow x]\ntcp = 1\nfrom = a\n", NULL, NULL, NULL,
	  NULL, "192.0.2.1-192.0.2.2 2001:db8::1", NULL, NULL },
	{ "private", "[allow x]\ntcp = 1\nfrom = private\n", NULL, NULL, NULL,
	  NULL, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7", NULL,
	  NULL },
	{ "link-local in a name", "[addresses]\nn = link-local\n"
	  "[allow x]\ntcp = 1\nfrom = n\n", NULL, NULL, NULL, NULL,
	  "169.254.0.0/16 fe80::/10", NULL, NULL },
	{ "except", "[allow x]\ntcp = 1\nfrom = 192.0.2.0/24, 2001:db8::1\n"
	  "except = 192.0.2.128/25, 198.51.100.1\n", NULL, NULL, NULL, NULL,
	  "192.0.2.0/25 2001:db8::1", NULL, NULL },
	{ "except alone", "[allow x]\ntcp = 1\nexcept = 128.0.0.0/1, ::/1\n",
	  NULL, NULL, NULL, NULL, "0.0.0.0/1 8000::/1", NULL, NULL },
	{ "from that is empty", "[allow x]\ntcp = 1\nfrom = 192.0.2.1\n"
	  "except = 192.0.2.0/24\n", NULL, NULL, NULL, NULL, "", NULL, NULL },
	{ "to", "[allow x]\nudp = 1\nto = 224.0.0.251, local ff02::fb\n",
	  NULL, NULL, NULL, NULL, NULL, "224.0.0.251 ff02::fb", NULL },
	{ "interfaces", "[interfaces]\nlan = eth0, wlan*\nall-lan = lan, br0\n"
	  "[allow x]\ntcp = 1\non = all-lan, ppp0\n", NULL, NULL, NULL, NULL,
	  NULL, NULL, "br0 eth0 ppp0 wlan*" },
	{ "a name of an interface that is defined",
	  "[interfaces]\neth0 = wg0\n[allow x]\ntcp = 1\non = eth0\n", NULL,
	  NULL, NULL, NULL, NULL, NULL, "wg0" },
};

static void check(char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	free(got);
}

static void resolves_section(void **state)
{
	const struct section_case *tc = *state;
	struct read_policy got = read_text(tc->text);
	const struct pw_section *section = find_section(&got, "x");

	check(print_set(section->ports[PW_TCP]), tc->tcp);
	check(print_set(section->ports[PW_UDP]), tc->udp);
	check(print_set(section->ports[PW_SCTP]), tc->sctp);
	check(print_set(section->protocols), tc->protocols);
	check(print_addrs(&section->from), tc->from);
	check(print_addrs(&section->to), tc->to);
	check(print_set(section->on), tc->on);
	assert_int_equal(section->any_from, !strstr(tc->text, "from =") &&
			 !strstr(tc->text, "except ="));
	assert_int_equal(section->any_on, !strstr(tc->text, "on ="));
	read_policy_clear(&got);
}

/* What is refused only once names are looked up */
static const struct refusal {
	const char *name, *text, *message;
	uint32_t line;
} refusals[] = {
	{ "no port key", "[allow x]\nfrom = 192.0.2.1\n", "opens nothing", 1 },
	{ "no allow", "[policy]\nping = no\n", "no [allow] section", 1 },
	{ "block alone", "[block x]\ntcp = 1\n", "no [allow] section", 1 },
	{ "block of all", "[allow a]\ntcp = 1\n[block x]\nlog = 1/day\n",
	  "every packet", 3 },
	{ "block from all", "[allow a]\ntcp = 1\n"
	  "[block x]\nfrom = 0.0.0.0/1, 128.0.0.0/1, ::/0\n", "every packet",
	  3 },
	{ "unknown address", "[allow x]\ntcp = 1\nfrom = y\n",
	  "unknown address name 'y'", 3 },
	{ "unknown address of a name nobody uses",
	  "[allow x]\ntcp = 1\n[addresses]\na = y\n",
	  "unknown address name 'y'", 4 },
	{ "section name is no address name",
	  "[allow x]\ntcp = 1\nfrom = x\n", "unknown address name 'x'", 3 },
	{ "unknown service", "[allow x]\ntcp = htpt\n",
	  "unknown tcp service 'htpt'", 2 },
	{ "service of another transport", "[allow x]\ntcp = ntp\n",
	  "unknown tcp service 'ntp'", 2 },
	{ "service of another transport in a name",
	  "[ports]\na = b\nb = ntp\n[allow x]\ntcp = a\n",
	  "'a' has the service 'ntp'", 5 },
	{ "unknown service in a name nobody uses",
	  "[ports]\na = nosuch\n[allow x]\ntcp = 1\n",
	  "unknown service 'nosuch'", 2 },
	{ "unknown service of guard",
	  "[policy]\nguard = sshd\n[allow x]\ntcp = 1\n",
	  "unknown tcp service 'sshd'", 2 },
	{ "name of a service", "[ports]\nssh = 2222\n[allow x]\ntcp = ssh\n",
	  "name of a service", 2 },
	{ "long interface", "[allow x]\ntcp = 1\non = abcdefghijklmnop\n",
	  "unknown interface name", 3 },
	{ "cycle", "[addresses]\na = b\nb = a\n[allow x]\ntcp = 1\nfrom = a\n",
	  "cycle: a -> b -> a", 3 },
	{ "cycle to itself", "[ports]\na = 1, a\n[allow x]\ntcp = a\n",
	  "cycle: a -> a", 2 },
	{ "several to itself", "[ports]\na = 1, 5, a\n[allow x]\ntcp = a\n",
	  "cycle: a -> a", 2 },
	{ "no family in common",
	  "[allow x]\ntcp = 1\nfrom = 192.0.2.1\nto = 2001:db8::1\n",
	  "only IPv4", 3 },
	{ "IPv6 by broadcast",
	  "[allow x]\nudp = 67\nfrom = fe80::/10\nto = broadcast\n",
	  "only IPv6", 3 },
	{ "local in from", "[allow x]\ntcp = 1\nfrom = local\n", "`to` alone",
	  3 },
	{ "multicast in a name",
	  "[addresses]\na = multicast\n[allow x]\ntcp = 1\nto = a\n",
	  "`to` alone", 2 },
};

static void refuses(void **state)
{
	const struct refusal *tc = *state;
	struct read_policy got = read_text(tc->text);

	assert_int_equal(got.err, -EINVAL);
	assert_non_null(got.policy);
	assert_null(got.model);
	assert_int_equal(pw_diags_count(got.diags, PW_ERROR), 1);
	assert_true(has_message(got.diags, PW_ERROR, tc->message));
	assert_int_equal(pw_diags_get(got.diags, 0)->line, tc->line);
	read_policy_clear(&got);
}

static void policy_defaults(void **state)
{
	struct read_policy got = read_text("[allow a]\ntcp = 80\n");
	const struct pw_model *model = got.model;
	struct pw_range range;

	(void)state;
	assert_int_equal(got.err, 0);
	assert_string_equal(model->source, "test.ini");
	assert_true(model->now_ns == test_host.now_ns);
	assert_int_equal(model->on_default, PW_DEFAULT_DROP);
	assert_int_equal(model->ping, PW_PING_YES);
	assert_true(model->dhcp);
	assert_false(model->log_set);
	assert_int_equal(model->containers, PW_CONTAINERS_FOLLOW);
	assert_int_equal(model->established, PW_ESTABLISHED_KEEP);
	assert_true(pw_rangeset_empty(model->guard));
	assert_int_equal(pw_ifname_range("br-5f0c", 7, &range), 0);
	assert_true(pw_rangeset_contains(model->bridges, range.first));
	assert_int_equal(pw_ifname_range("docker0", 7, &range), 0);
	assert_true(pw_rangeset_contains(model->bridges, range.first));
	assert_int_equal(pw_ifname_range("docker1", 7, &range), 0);
	assert_false(pw_rangeset_contains(model->bridges, range.first));
	read_policy_clear(&got);
}

static void policy_keys(void **state)
{
	struct read_policy got = read_text(
		"[policy]\ndefault = reject\nping = 3/second\ndhcp = no\n"
		"log = 4/minute burst 8\ncontainers = ignore\n"
		"established = cut\nguard = ssh, 2222\nclosed = all\n"
		"bridges = br-*\n");
	const struct pw_model *model = got.model;

	(void)state;
	assert_int_equal(got.err, 0);
	assert_int_equal(model->on_default, PW_DEFAULT_REJECT);
	assert_int_equal(model->ping, PW_PING_RATE);
	assert_int_equal(model->ping_rate.count, 3);
	assert_int_equal(model->ping_rate.unit_s, 1);
	assert_int_equal(model->ping_rate.burst, 3);
	assert_false(model->dhcp);
	assert_true(model->log_set);
	assert_int_equal(model->log.unit_s, 60);
	assert_int_equal(model->log.burst, 8);
	assert_int_equal(model->containers, PW_CONTAINERS_IGNORE);
	assert_int_equal(model->established, PW_ESTABLISHED_CUT);
	assert_true(pw_rangeset_empty(model->bridges));
	check(print_set(model->guard), "22 2222");
	assert_int_equal(model->num_sections, 0);
	read_policy_clear(&got);
}

static void words_of_policy_keys(void **state)
{
	struct read_policy got = read_text(
		"[policy]\nping = no\nlog = no\nbridges = br-*, docker0\n"
		"containers = follow\n[interfaces]\ndocker0 = eth7\n"
		"[allow a]\nping = yes\n");

	(void)state;
	assert_int_equal(got.err, 0);
	assert_int_equal(got.model->ping, PW_PING_NO);
	assert_false(got.model->log_set);
	check(print_set(got.model->bridges), "br-* docker0");
	assert_true(find_section(&got, "a")->ping);
	read_policy_clear(&got);
}

static void limits_and_texts(void **state)
{
	struct read_policy got = read_text(
		"[allow a]\ntcp = 1\nrate = 6/hour burst 9 per source\n"
		"connections = 3\nlog = 2/day\nuntil = 2027-01-31T18:00Z\n"
		"comment = the reason\nfrom = private,  192.0.2.0/24\n"
		"except = link-local\non = eth0 wlan*\n[allow b]\ntcp = 2\n");
	const struct pw_section *a = find_section(&got, "a");
	const struct pw_section *b = find_section(&got, "b");

	(void)state;
	assert_true(a->rate.set && a->rate.per_source);
	assert_int_equal(a->rate.rate.count, 6);
	assert_int_equal(a->rate.rate.unit_s, 3600);
	assert_int_equal(a->rate.rate.burst, 9);
	assert_true(a->connections.set && !a->connections.per_source);
	assert_int_equal(a->connections.rate.count, 3);
	assert_int_equal(a->connections.rate.unit_s, 0);
	assert_int_equal(a->connections.rate.burst, 0);
	assert_true(a->log_set);
	assert_int_equal(a->log.unit_s, 86400);
	assert_true(a->until_ns == 1801418400ull * 1000000000);
	assert_string_equal(a->comment, "the reason");
	assert_string_equal(a->from_text,
			    "private, 192.0.2.0/24 except link-local");
	assert_string_equal(a->on_text, "eth0, wlan*");
	assert_string_equal(a->file, "test.ini");
	assert_int_equal(a->line, 1);
	assert_int_equal(a->loc.col, 8);
	assert_ptr_equal(a->loc.src, got.src);
	assert_false(b->rate.set || b->connections.set || b->log_set);
	assert_true(!b->until_ns && !b->comment && !b->from_text &&
		    !b->on_text);
	assert_int_equal(b->line, 11);
	read_policy_clear(&got);
}

static void destinations(void **state)
{
	struct read_policy got = read_text(
		"[allow a]\ntcp = 1\n[allow b]\nudp = 2\nto = broadcast\n"
		"[allow c]\nudp = 3\nto = multicast, local, 192.0.2.1\n"
		"[block d]\ntcp = 4\n[block e]\nudp = 5\nto = local\n"
		"[block f]\nfrom = 192.0.2.1\n");
	const struct pw_section *s;

	(void)state;
	s = find_section(&got, "a");
	assert_true(s->to_local && !s->any_to && !s->everything);
	assert_false(s->to_broadcast || s->to_multicast);
	s = find_section(&got, "b");
	assert_true(s->to_broadcast && !s->to_local && !s->to_multicast);
	s = find_section(&got, "c");
	assert_true(s->to_multicast && s->to_local && !s->to_broadcast);
	s = find_section(&got, "d");
	assert_true(s->block && s->any_to && !s->to_local && !s->everything);
	s = find_section(&got, "e");
	assert_true(s->to_local && !s->any_to);
	s = find_section(&got, "f");
	assert_true(s->everything && s->any_to && s->any_on && !s->any_from);
	read_policy_clear(&got);
}

static void sections_in_order(void **state)
{
	static const char *const want[] = { "B", "a", "a-1", "a.1", "b", "A",
					    "b" };
	struct read_policy got = read_text(
		"[block b]\ntcp = 9\n[allow b]\ntcp = 1\n[allow a.1]\ntcp = 2\n"
		"[allow a]\ntcp = 3\n[allow B]\ntcp = 4\n[block A]\ntcp = 5\n"
		"[allow a-1]\ntcp = 6\n");

	(void)state;
	assert_int_equal(got.err, 0);
	assert_int_equal(got.model->num_sections, PW_ARRAY_SIZE(want));
	for (size_t i = 0; i < PW_ARRAY_SIZE(want); i++) {
		assert_string_equal(got.model->sections[i].name, want[i]);
		assert_int_equal(got.model->sections[i].block, i >= 5);
	}
	read_policy_clear(&got);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* One list, used twice and through a name, is one set */
static void shares_lists(void **state)
{
	static const char text[] =
		"[addresses]\nn = file:l.txt\n[allow a]\ntcp = 1\n"
		"from = file:l.txt\n[allow b]\ntcp = 2\nfrom = n\n"
		"[allow c]\ntcp = 3\nfrom = n, 192.0.2.9\n";
	char dir[] = "/tmp/resolve_test.XXXXXX", path[64];
	const struct pw_section *a, *b, *c;
	struct read_policy got;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/l.txt", dir);
	write_file(path, "192.0.2.1\n# x\n2001:db8::/32 ; y\n192.0.2.0\n");
	got = read_text_at(dir, text, sizeof(text) - 1);
	a = find_section(&got, "a");
	b = find_section(&got, "b");
	c = find_section(&got, "c");
	assert_ptr_equal(a->from.set[PW_IPV4], b->from.set[PW_IPV4]);
	assert_ptr_equal(a->from.set[PW_IPV6], b->from.set[PW_IPV6]);
	check(print_addrs(&a->from), "192.0.2.0/31 2001:db8::/32");
	check(print_addrs(&c->from), "192.0.2.0/31 192.0.2.9 2001:db8::/32");
	read_policy_clear(&got);
	unlink(path);
	rmdir(dir);
}

/* A name that is another name is the same sets; so is what a section lists */
static void shares_names(void **state)
{
	struct read_policy got = read_text(
		"[ports]\np = 1, 3, ntp\nq = p\nr = q, 5\n"
		"[interfaces]\ni = eth0\nk = i\n"
		"[allow a]\nudp = p\non = i\n[allow b]\nudp = q\non = k\n"
		"[allow c]\nudp = r\n");
	const struct pw_section *a = find_section(&got, "a");
	const struct pw_section *b = find_section(&got, "b");

	(void)state;
	assert_ptr_equal(a->ports[PW_UDP], b->ports[PW_UDP]);
	assert_ptr_equal(a->on, b->on);
	check(print_set(b->ports[PW_UDP]), "1 3 123");
	check(print_set(b->on), "eth0");
	check(print_set(find_section(&got, "c")->ports[PW_UDP]), "1 3 5 123");
	read_policy_clear(&got);
	got = read_text("[ports]\np = 1, ntp\nq = p\n[allow a]\ntcp = q\n");
	assert_int_equal(got.err, -EINVAL);
	assert_true(has_message(got.diags, PW_ERROR,
				"'q' has the service 'ntp'"));
	read_policy_clear(&got);
}

/* The hash of a policy follows what lists hold, not how they are written */
static void digest_follows_lists(void **state)
{
	static const char text[] = "[allow a]\ntcp = 1\nfrom = file:l.txt\n";
	static const char *const lists[] = {
		"192.0.2.1\n192.0.2.0\n", "# other\n192.0.2.0/31\n",
		"192.0.2.0\n",
	};
	char dir[] = "/tmp/resolve_test.XXXXXX", path[64];
	struct read_policy got[3];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/l.txt", dir);
	for (int i = 0; i < 3; i++) {
		write_file(path, lists[i]);
		got[i] = read_text_at(dir, text, sizeof(text) - 1);
		find_section(&got[i], "a");
	}
	assert_memory_equal(got[0].model->digest, got[1].model->digest, 32);
	assert_memory_not_equal(got[0].model->digest, got[2].model->digest, 32);
	for (int i = 0; i < 3; i++)
		read_policy_clear(&got[i]);
	unlink(path);
	rmdir(dir);
}

static void digest_follows_text(void **state)
{
	struct read_policy a = read_text("[allow a]\ntcp = 80\n");
	struct read_policy b = read_text("[allow a]\ntcp = 81\n");

	(void)state;
	assert_int_equal(a.err | b.err, 0);
	assert_memory_not_equal(a.model->digest, b.model->digest, 32);
	read_policy_clear(&a);
	read_policy_clear(&b);
}

/* As deep as a file can nest names; a stack of calls would end */
static void nests_deeply(void **state)
{
	static const unsigned int depth = 100000;
	const struct pw_section *section;
	struct read_policy got;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	fprintf(out, "[allow a]\ntcp = 1\nfrom = n0\n[addresses]\n");
	for (unsigned int i = 0; i < depth; i++)
		fprintf(out, "n%u = n%u\n", i, i + 1);
	fprintf(out, "n%u = 192.0.2.1\n", depth);
	fclose(out);
	got = read_text_at(NULL, text, size);
	section = find_section(&got, "a");
	check(print_addrs(&section->from), "192.0.2.1");
	read_policy_clear(&got);
	free(text);
}

#define ROWS(table, test)						\
	for (size_t i = 0; i < PW_ARRAY_SIZE(table); i++)		\
		tests[num++] = (struct CMUnitTest){			\
			table[i].name, test, NULL, NULL,		\
			(void *)(uintptr_t)&table[i] }

int main(void)
{
	struct CMUnitTest tests[80] = {
		cmocka_unit_test(policy_defaults),
		cmocka_unit_test(policy_keys),
		cmocka_unit_test(words_of_policy_keys),
		cmocka_unit_test(limits_and_texts),
		cmocka_unit_test(destinations),
		cmocka_unit_test(sections_in_order),
		cmocka_unit_test(shares_lists),
		cmocka_unit_test(shares_names),
		cmocka_unit_test(digest_follows_lists),
		cmocka_unit_test(digest_follows_text),
		cmocka_unit_test(nests_deeply),
	};
	size_t num = 10;

	ROWS(section_cases, resolves_section);
	ROWS(refusals, refuses);
	return _cmocka_run_group_tests("resolve", tests, num, NULL, NULL);
}
