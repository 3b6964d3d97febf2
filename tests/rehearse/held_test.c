// SPDX-License-Identifier: GPL-2.0-or-later
/* What every policy holds: nothing is found in right rules, faults are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "act_help.h"

/* One port of each protocol is published to a container */
#define WEB "[allow web]\ntcp = 80, 443\nudp = 443, 8443\n"
#define TCP_ONLY "[allow web]\ntcp = 80, 443\n"

#define CT_INVALID 4	/* PW_CT_INVALID, checked below */
_Static_assert(CT_INVALID == PW_CT_INVALID, "the state that is dropped");

static void no_discovery(struct pw_ruleset *rs)
{
	act_chain(rs, "g1.nd")->num_rules = 0;
}

/* Takes the matches of a field out of a chain's rules */
static void drop_field(struct pw_chain *c, enum pw_field field)
{
	for (size_t r = 0; r < c->num_rules; r++) {
		struct pw_rule *rule = &c->rules[r];
		size_t kept = 0;

		for (size_t i = 0; i < rule->num_matches; i++)
			if (rule->matches[i].field != field)
				rule->matches[kept++] = rule->matches[i];
		rule->num_matches = kept;
	}
}

static void discovery_from_afar(struct pw_ruleset *rs)
{
	drop_field(act_chain(rs, "g1.nd"), PW_F_HOPLIMIT);
}

static void discovery_from_anybody(struct pw_ruleset *rs)
{
	drop_field(act_chain(rs, "g1.nd"), PW_F_SADDR6);
}

static bool is_martian(const struct pw_rule *rule)
{
	return rule->verdict.kind == PW_V_DROP &&
	       (act_matches(rule, PW_F_SADDR4, 0x7f000000) ||
		act_matches(rule, PW_F_DADDR4, 0x7f000000));
}

static void no_martians(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_martian);
}

static bool is_own_source(const struct pw_rule *rule)
{
	return act_matches(rule, PW_F_FIB_SADDR, RTN_LOCAL);
}

static void no_own_source(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_own_source);
}

/* Loopback addresses are local ones, too: one rule stands in for the other */
static void no_forged(struct pw_ruleset *rs)
{
	no_martians(rs);
	no_own_source(rs);
}

static bool is_established(const struct pw_rule *rule)
{
	return act_matches(rule, PW_F_CT_STATE, PW_CT_ESTABLISHED);
}

static void no_established(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_established);
}

static bool is_invalid(const struct pw_rule *rule)
{
	return act_matches(rule, PW_F_CT_STATE, CT_INVALID);
}

static void no_invalid(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_invalid);
}

static void no_related(struct pw_ruleset *rs)
{
	act_chain(rs, "g1.related")->num_rules = 0;
}

static bool is_igmp(const struct pw_rule *rule)
{
	return act_matches(rule, PW_F_TTL, 1);
}

static void no_igmp(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_igmp);
}

static bool is_dhcp(const struct pw_rule *rule)
{
	return act_matches(rule, PW_F_SPORT, 67);
}

static void no_dhcp(struct pw_ruleset *rs)
{
	act_forget_rules(rs, is_dhcp);
}

static void no_forward(struct pw_ruleset *rs)
{
	act_chain(rs, "forward")->num_rules = 0;
}

/* A rule by hand, first in a chain */
static void put_first(struct pw_ruleset *rs, const char *name,
		      const struct pw_match *matches, size_t num,
		      enum pw_verdict_kind verdict)
{
	struct pw_chain *c = act_chain(rs, name);
	struct pw_rule rule = {
		.matches = (struct pw_match *)(uintptr_t)matches,
		.num_matches = num,
		.verdict = { verdict, PW_NONE, PW_NONE },
		.section = PW_NONE,
	};
	struct pw_rule added;

	assert_int_equal(pw_ruleset_add_rule(rs, (uint32_t)(c - rs->chains),
					     &rule), 0);
	added = c->rules[c->num_rules - 1];
	memmove(c->rules + 1, c->rules,
		(c->num_rules - 1) * sizeof(*c->rules));
	c->rules[0] = added;
}

#define MATCH(f, n) { .field = (f), .set = PW_NONE, \
		      .range = { { 0, (n) }, { 0, (n) } } }

static void accept_first(struct pw_ruleset *rs, const struct pw_match *matches,
			 size_t num)
{
	put_first(rs, "g1.pre", matches, num, PW_V_ACCEPT);
	put_first(rs, "g1.in", matches, num, PW_V_ACCEPT);
}

static void gre_by_hand(struct pw_ruleset *rs)
{
	static const struct pw_match gre[] = { MATCH(PW_F_L4PROTO, 47) };

	accept_first(rs, gre, 1);
}

static void from_port_53(struct pw_ruleset *rs)
{
	static const struct pw_match dns[] = {
		MATCH(PW_F_L4PROTO, IPPROTO_UDP), MATCH(PW_F_SPORT, 53),
	};

	accept_first(rs, dns, 2);
}

static void all_icmp(struct pw_ruleset *rs)
{
	static const struct pw_match icmp[] = {
		MATCH(PW_F_L4PROTO, IPPROTO_ICMP),
	};

	accept_first(rs, icmp, 1);
}

static void all_broadcast(struct pw_ruleset *rs)
{
	static const struct pw_match broadcast[] = {
		MATCH(PW_F_FIB_DADDR, RTN_BROADCAST),
	};

	accept_first(rs, broadcast, 1);
}

static void all_related(struct pw_ruleset *rs)
{
	static const struct pw_match related[] = {
		MATCH(PW_F_CT_STATE, PW_CT_RELATED),
	};

	accept_first(rs, related, 1);
}

static void udp_for_all(struct pw_ruleset *rs)
{
	static const struct pw_match udp[] = {
		MATCH(PW_F_L4PROTO, IPPROTO_UDP),
	};

	put_first(rs, "g1.local", udp, 1, PW_V_ACCEPT);
}

/* So that each refusal is seen: 100 a second are soon used up */
static void refuse_all(struct pw_ruleset *rs)
{
	size_t found = 0;

	for (size_t i = 0; i < rs->num_objs; i++)
		if (!strncmp(rs->objs[i].name, "l..reject.", 10)) {
			rs->objs[i].rate.count = 1000000;
			rs->objs[i].rate.burst = 1000000;
			found++;
		}
	assert_int_not_equal(found, 0);
}

static void refuse_sctp(struct pw_ruleset *rs)
{
	static const struct pw_match sctp[] = {
		MATCH(PW_F_L4PROTO, IPPROTO_SCTP),
	};

	put_first(rs, "g1.end", sctp, 1, PW_V_REJECT_PORT);
}

#define HELD pw_stage_held
#define REPLIES pw_stage_replies
#define PASS PW_RES_PASS
#define WRONG PW_RES_VIOLATION

static const struct act acts[] = {
	{ "web", WEB, NULL, HELD, PASS, NULL },
	{ "neither ping nor DHCP", "[policy]\nping = no\ndhcp = no\n" WEB,
	  NULL, HELD, PASS, NULL },
	{ "few pings, refusals", "[policy]\nping = 5/second\ndefault = reject\n"
	  WEB, NULL, HELD, PASS, NULL },
	{ "refusals of all", "[policy]\ndefault = reject\n" WEB, refuse_all,
	  HELD, PASS, NULL },
	{ "all ports", "[allow all]\ntcp = all\nudp = all\nsctp = all\n",
	  NULL, HELD, PASS, NULL },
	{ "nothing at all", "[policy]\nclosed = all\n", NULL, HELD, PASS,
	  NULL },
	{ "groups", "[allow mdns]\nudp = 5353\nto = 224.0.0.251, ff02::fb\n"
	  "[allow netbios]\nudp = 137\ntcp = 19\nto = broadcast, multicast\n",
	  NULL, HELD, PASS, NULL },
	{ "protocols", "[allow vpn]\nprotocol = esp, gre, ah, ospf, 33, 136\n"
	  "from = 203.0.113.0/24, 2001:db8:5::/48\non = eth1\n"
	  "[allow rp]\nprotocol = ospf, igmp\nto = multicast\n",
	  NULL, HELD, PASS, NULL },
	{ "containers ignored", "[policy]\ncontainers = ignore\n" WEB,
	  NULL, HELD, PASS, NULL },
	{ "pings of some", "[policy]\nping = no\n[allow mon]\nping = yes\n"
	  "tcp = 9100\nfrom = 203.0.113.0/24, 2001:db8:5::/48\n"
	  "[block bad]\nfrom = 203.0.113.128/25\n",
	  NULL, HELD, PASS, NULL },
	{ "neighbour discovery is missing", WEB, no_discovery, HELD, WRONG,
	  "neighbour solicitation (ipv6-icmp) was not let through" },
	{ "neighbour discovery from afar", WEB, discovery_from_afar, HELD,
	  WRONG, "router advertisement from afar (ipv6-icmp) was let" },
	{ "neighbour discovery from anybody", WEB, discovery_from_anybody,
	  HELD, WRONG, "MLD query from a global address (ipv6-icmp) was let" },
	{ "loopback sources let in", WEB, no_forged, HELD, WRONG,
	  "loopback or mapped source was let through" },
	{ "loopback destinations let in", WEB, no_martians, HELD, WRONG,
	  "loopback or mapped destination was let through" },
	{ "own addresses let in", WEB, no_own_source, HELD, WRONG,
	  "own source was let through" },
	{ "own addresses let in, TCP alone",
	  "[policy]\nping = no\n" TCP_ONLY, no_own_source, HELD, WRONG,
	  "the host answered a packet" },
	{ "own addresses let in, one port",
	  "[policy]\nping = no\n[allow dns]\nudp = 53\n", no_own_source, HELD,
	  WRONG, "own source was let through" },
	{ "fragments of some",
	  "[allow a]\ntcp = 22, 23\nudp = 22, 23\nfrom = 203.0.113.0/24\n",
	  NULL, HELD, PASS, NULL },
	{ "invalid packets let in", TCP_ONLY, no_invalid, HELD, WRONG,
	  "a FIN of no connection was let through" },
	{ "no IGMP", WEB, no_igmp, HELD, WRONG,
	  "IGMP (igmp) was not let through" },
	{ "no DHCP", WEB, no_dhcp, HELD, WRONG,
	  "DHCP answer was not let through" },
	{ "containers laid open", WEB, no_forward, HELD, WRONG,
	  "straight to a container was let through" },
	{ "GRE by hand", WEB, gre_by_hand, HELD, WRONG,
	  "an IP protocol (gre) was let through" },
	{ "port 53 is trusted", WEB, from_port_53, HELD, WRONG,
	  "rule 1 of chain g1.in lets it in" },
	{ "all of ICMP", WEB, all_icmp, HELD, WRONG,
	  "ICMP redirect (icmp) was let through" },
	{ "broadcast", WEB, all_broadcast, HELD, WRONG,
	  "limited broadcast was let through" },
	{ "a refusal", WEB, refuse_sctp, HELD, WRONG,
	  "SCTP was refused, not dropped" },
	{ "replies", WEB, NULL, REPLIES, PASS, NULL },
	{ "replies to whom is blocked",
	  "[policy]\nclosed = all\n[block all]\nfrom = 0.0.0.0/1, ::/1\n"
	  "[block more]\nfrom = 128.0.0.0/1, 8000::/1\n",
	  NULL, REPLIES, PASS, NULL },
	{ "no replies", WEB, no_established, REPLIES, WRONG,
	  "the answer to a TCP connection was not let through" },
	{ "no errors", WEB, no_related, REPLIES, WRONG,
	  "packet too big, about a connection (ipv6-icmp) was not let" },
	{ "all that is related", WEB, all_related, REPLIES, WRONG,
	  "a redirect about a connection (icmp) was let through" },
	{ "answers of strangers", WEB, udp_for_all, REPLIES, WRONG,
	  "an answer from another host was let through" },
};

int main(void)
{
	return run_acts(acts, PW_ARRAY_SIZE(acts));
}
