/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random policies: what the model says of a packet, of all its ports at once,
 * and what the compiled rules do with it, are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/compile.h>
#include <portwall/eval.h>
#include <portwall/expect.h>

#include "draw.h"
#include "policy_help.h"

#define POLICIES 150
#define PACKETS 200		/* of each policy */

/* A key of a section, each drawn or left out; NULL: left out */
static const char *const ports[] = {
	"tcp = 22", "tcp = 20-30, 80", "tcp = all", "udp = 22, 68, 546",
	"udp = 60-70\ntcp = 1-30", "sctp = 22", "protocol = gre, esp",
	"protocol = igmp\ntcp = 21-22", "udp = 1-1000", NULL,
};
static const char *const froms[] = {
	"from = 192.0.2.0/30", "from = 192.0.2.1, 2001:db8::/126",
	"from = 2001:db8::1-2001:db8::5", "from = link-local",
	"from = 192.0.2.2-192.0.2.9\nexcept = 192.0.2.3",
	"except = 192.0.2.1, 2001:db8::1", NULL, NULL, NULL,
};
static const char *const tos[] = {
	"to = local", "to = broadcast, local", "to = multicast",
	"to = 224.0.0.9, ff02::9", "to = 198.18.0.1, 2001:2::1",
	"to = local, broadcast, multicast", NULL, NULL, NULL, NULL, NULL,
};
static const char *const ons[] = {
	"on = eth0", "on = eth*", "on = docker0, eth1", NULL, NULL, NULL,
};
static const char *const limits[] = {
	"rate = 1/hour", "rate = 5/minute per source", "connections = 3",
	"connections = 2 per source\nrate = 1/second", NULL, NULL, NULL, NULL,
};
static const char *const others[] = {
	"until = 2027-01-15T08:00:05Z", "until = 2027-01-14T08:00Z",
	"log = 1/second", "ping = yes", "ping = yes", NULL, NULL, NULL, NULL,
};
static const char *const policies[] = {
	"default = reject", "default = reject\nlog = 1/minute", "ping = no",
	"ping = 3/second", "ping = no\ndefault = reject", "dhcp = no",
	"containers = ignore", "bridges = eth1", "log = 2/second", NULL,
};

static void line(char **text, const char *words)
{
	char *more;

	if (!words)
		return;
	assert_true(asprintf(&more, "%s%s\n", *text, words) > 0);
	free(*text);
	*text = more;
}

static void section(char **text, uint32_t number, bool block)
{
	const char *what = PICK(ports), *other = PICK(others);
	char name[32];

	snprintf(name, sizeof(name), "[%s s%u]", block ? "block" : "allow",
		 draw(1000) * 16 + number);
	line(text, name);
	if (block && other && !strcmp(other, "ping = yes"))
		other = NULL;
	if (block && !what)		/* or it blocks everything */
		line(text, "on = eth*, docker0");
	else
		line(text, PICK(ons));
	if (!block && !what && !(other && !strcmp(other, "ping = yes")))
		what = "tcp = 22-25";
	line(text, what);
	line(text, PICK(froms));
	line(text, PICK(tos));
	line(text, other);
	if (!block)
		line(text, PICK(limits));
}

static char *random_policy(void)
{
	char *text = strdup("[policy]\n");
	uint32_t allows = 1 + draw(12), blocks = draw(4);

	assert_non_null(text);
	line(&text, PICK(policies));
	for (uint32_t i = 0; i < allows; i++)
		section(&text, i, false);
	for (uint32_t i = 0; i < blocks; i++)
		section(&text, 12 + i, true);
	return text;
}

static const char *const sources[][8] = {
	{ "192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9",
	  "192.0.2.10", "169.254.0.1", "127.0.0.1" },
	{ "2001:db8::", "2001:db8::1", "2001:db8::4", "2001:db8::6", "fe80::1",
	  "::", "::1", "::ffff:192.0.2.1" },
};
static const struct {
	const char *addr[PW_NUM_FAMILIES];
	enum pw_dst_kind kind;
	uint32_t type;
} destinations[] = {
	{ { "198.18.0.1", "2001:2::1" }, PW_DST_LOCAL, RTN_LOCAL },
	{ { "198.18.0.1", "2001:2::1" }, PW_DST_LOCAL, RTN_LOCAL },
	{ { "198.18.0.2", "2001:2::2" }, PW_DST_LOCAL, RTN_LOCAL },
	{ { "198.18.0.15", "2001:2::" }, PW_DST_BROADCAST, RTN_BROADCAST },
	{ { "224.0.0.9", "ff02::9" }, PW_DST_MULTICAST, RTN_MULTICAST },
	{ { "224.0.0.8", "ff02::1" }, PW_DST_MULTICAST, RTN_MULTICAST },
	{ { "198.18.0.3", "2001:2::" }, PW_DST_ANYCAST, RTN_ANYCAST },
};
static const uint8_t protos[] = {
	IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
	IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IGMP, IPPROTO_GRE,
	IPPROTO_ESP, IPPROTO_UDPLITE,
};
static const uint16_t dports[] = {
	0, 1, 19, 20, 21, 22, 23, 30, 31, 59, 60, 66, 68, 70, 71, 80, 546,
	1000, 1001, 65535,
};
static const uint8_t types[] = {
	0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 128, 129, 130, 131, 132, 133, 134,
	135, 136, 137, 143, 144,
};
static const struct {
	enum pw_conn_state said;
	enum pw_ct_state tracked;
} states[] = {
	{ PW_CONN_NEW, PW_CT_NEW }, { PW_CONN_NEW, PW_CT_NEW },
	{ PW_CONN_NEW, PW_CT_NEW }, { PW_CONN_NEW, PW_CT_NEW },
	{ PW_CONN_NEW, PW_CT_UNTRACKED },
	{ PW_CONN_ESTABLISHED, PW_CT_ESTABLISHED },
	{ PW_CONN_RELATED, PW_CT_RELATED }, { PW_CONN_INVALID, PW_CT_INVALID },
};
static const char *const names[] = { "eth0", "eth1", "docker0", "wlan0" };
static const uint16_t sports[] = { 67, 547, 40000 };
static const uint8_t hops[] = { 1, 2, 64, 254, 255 };

static struct pw_value address(const char *text)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	return range.range.first;
}

/* The packet as the model and as the rules see it */
static void random_packet(struct pw_arrival *a, struct pw_packet *p)
{
	enum pw_family family = draw(2) ? PW_IPV6 : PW_IPV4;
	size_t to = draw(PW_ARRAY_SIZE(destinations));
	size_t state = draw(PW_ARRAY_SIZE(states));
	const char *name = PICK(names);
	struct pw_range iface;

	assert_int_equal(pw_ifname_range(name, strlen(name), &iface), 0);
	*a = (struct pw_arrival){
		.iface = iface.first, .family = family,
		.src = address(PICK(sources[family])),
		.dst = address(destinations[to].addr[family]),
		.dst_kind = destinations[to].kind, .own_src = !draw(16),
		.state = states[state].said, .proto = PICK(protos),
		.hop_limit = PICK(hops),
		.now_ns = test_host.now_ns + draw(3) * 5000000000ull,
	};
	*p = (struct pw_packet){
		.family = family, .src = a->src, .dst = a->dst,
		.dst_type = destinations[to].type,
		.src_type = a->own_src ? RTN_LOCAL : RTN_UNICAST,
		.l4proto = a->proto, .tcp_flags = 2,
		.hop_limit = a->hop_limit, .socket_wildcard = -1,
		.state = states[state].tracked, .time_ns = a->now_ns,
	};
	strcpy(p->iifname, name);
	if (a->proto == IPPROTO_ICMP || a->proto == IPPROTO_ICMPV6) {
		p->icmp_type = a->type = PICK(types);
	} else if (a->proto != IPPROTO_GRE && a->proto != IPPROTO_ESP &&
		   a->proto != IPPROTO_IGMP) {
		p->sport = a->sport = PICK(sports);
		p->dport = a->dport = PICK(dports);
	}
}

static enum pw_expected by_fate(const struct pw_fate *fate)
{
	switch (fate->outcome) {
	case PW_OUT_ACCEPT:
		return fate->limited ? PW_EX_LIMITED : PW_EX_REACHABLE;
	case PW_OUT_REFUSE:
		return PW_EX_REFUSED;
	default:
		return PW_EX_CLOSED;
	}
}

/*
 * Two answers to pings differ in words alone. One that a limited section admits
 * first, and [policy] ping beyond, was on a way with a limit. And an invalid
 * one is refused by the rules, but the kernel answers no broken checksum, and
 * no other echo request is invalid (nf_reject_verify_csum()).
 */
static bool agree(const struct pw_expectation *expected,
		  const struct pw_packet *p, const struct pw_fate *fate)
{
	bool echo = p->icmp_type == (p->family == PW_IPV4 ? 8 : 128);

	if (echo && expected->what == PW_EX_REACHABLE)
		return fate->outcome == PW_OUT_ACCEPT;
	if (echo && p->state == PW_CT_INVALID &&
	    expected->what == PW_EX_CLOSED)
		return fate->outcome != PW_OUT_ACCEPT;
	return by_fate(fate) == expected->what;
}

static void show(const char *text, const struct pw_packet *p,
		 const struct pw_expectation *expected,
		 const struct pw_fate *fate)
{
	char src[PW_ADDR_STRLEN], dst[PW_ADDR_STRLEN];

	fail_msg("%s\n%s %s>%s type %u/%u proto %u %u>%u icmp %u hops %u "
		 "state %d: expected %d (%s), rules %d%s", text, p->iifname,
		 pw_addr_format(p->family, p->src, src),
		 pw_addr_format(p->family, p->dst, dst), p->src_type,
		 p->dst_type, p->l4proto, p->sport, p->dport, p->icmp_type,
		 p->hop_limit, p->state, expected->what, expected->why,
		 fate->outcome, fate->limited ? " limited" : "");
}

static void one_policy(unsigned int seen[4])
{
	char *text = random_policy();
	struct read_policy got = read_text(text);
	struct pw_ports_expected *map = malloc(sizeof(*map));
	struct pw_ruleset *rs;

	assert_non_null(map);
	if (got.err)
		fail_msg("%s", text);
	assert_int_equal(pw_compile(got.model, 1, &rs, got.diags), 0);
	for (int i = 0; i < PACKETS; i++) {
		struct pw_expectation expected;
		struct pw_arrival a;
		struct pw_packet p;
		struct pw_fate fate;

		random_packet(&a, &p);
		pw_expect(got.model, &a, &expected);
		assert_int_equal(pw_eval_packet(rs, &p, &fate), 0);
		if (!agree(&expected, &p, &fate))
			show(text, &p, &expected, &fate);
		seen[expected.what]++;
		if (i % 40)
			continue;
		pw_expect_ports(got.model, &a, map);
		assert_int_equal(map->what[a.dport], expected.what);
		assert_int_equal(map->section[a.dport], expected.section);
	}
	free(map);
	pw_ruleset_free(rs);
	read_policy_clear(&got);
	free(text);
}

static void rules_agree(void **state)
{
	unsigned int seen[4] = { 0 };

	(void)state;
	for (int i = 0; i < POLICIES; i++)
		one_policy(seen);
	for (size_t i = 0; i < PW_ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 20);
}

/* All ports of a few packets of each policy, not the drawn ones alone */
static void maps_agree(void **state)
{
	struct pw_ports_expected *map = malloc(sizeof(*map));

	(void)state;
	assert_non_null(map);
	for (int i = 0; i < 12; i++) {
		char *text = random_policy();
		struct read_policy got = read_text(text);
		struct pw_expectation expected;
		struct pw_arrival a;
		struct pw_packet p;

		assert_int_equal(got.err, 0);
		random_packet(&a, &p);
		a.state = PW_CONN_NEW;
		pw_expect_ports(got.model, &a, map);
		for (uint32_t port = 0; port <= 65535; port++) {
			a.dport = (uint16_t)port;
			pw_expect(got.model, &a, &expected);
			assert_int_equal(map->what[port], expected.what);
			assert_int_equal(map->section[port], expected.section);
		}
		read_policy_clear(&got);
		free(text);
	}
	free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_agree),
		cmocka_unit_test(maps_agree),
	};

	return cmocka_run_group_tests_name("expect_random", tests, NULL, NULL);
}
