/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of everything that the rules IR can say, for the tests of the codecs. */
#ifndef CODEC_ROWS_H
#define CODEC_ROWS_H

#include <string.h>

#include "portwall/ruleset.h"
#include "ruleset/elems.h"

/* Text that nobody writes to, for members that own theirs elsewhere */
#define TEXT(text) ((char *)(uintptr_t)(text))

#define V(hi, lo) { (hi), (lo) }
#define NAME_LO V(0x6c6f000000000000, 0)
#define NAME_BR V(0x62722d0000000000, 0)
#define NAME_BR_END V(0x62722dffffffffff, UINT64_MAX)
#define DB8 0x20010db800000000

#define RANGE(field, first, last) \
	{ (field), false, PW_NONE, { { 0, (first) }, { 0, (last) } } }
#define ONE(field, value) RANGE(field, value, value)
#define NOT(field, first, last) \
	{ (field), true, PW_NONE, { { 0, (first) }, { 0, (last) } } }
#define WIDE(field, first, last) { (field), false, PW_NONE, { first, last } }
#define NOT_WIDE(field, first, last) { (field), true, PW_NONE, { first, last } }
#define IN(field, set) { (field), false, (set), { { 0, 0 }, { 0, 0 } } }
#define NOT_IN(field, set) { (field), true, (set), { { 0, 0 }, { 0, 0 } } }
#define TCP ONE(PW_F_L4PROTO, 6)
#define UDP ONE(PW_F_L4PROTO, 17)
#define SCTP ONE(PW_F_L4PROTO, 132)

/* Indices before sorting, in the order in which codec_sample() adds */
enum { S_A4, S_H4, S_A6, S_H6, S_P, S_IF, S_IFH, S_ADOPT, S_LOCAL4, S_LOCAL6,
       S_RATE4, S_RATE6, S_CONN, S_CONN4, S_SEEN4, S_OPEN, S_OWN4, S_OWN6,
       S_PP, S_PPN, S_PP4, S_PP6, S_PPN4, S_PPN6, NUM_SAMPLE_SETS };
enum { K_PORT, K_PROTO_PORT, K_PROTO, K_FIB, K_COUNT, NUM_SAMPLE_MAPS };
enum { O_WEB, O_Q, O_LIMIT, NUM_SAMPLE_OBJS };
enum { C_LEAF, C_ROWS, C_INPUT, C_PRE, C_FWD };

#define MAX_MATCHES 6
#define MAX_EFFECTS 4

struct codec_row {
	const char *name;
	struct pw_match matches[MAX_MATCHES];
	struct pw_effect effects[MAX_EFFECTS];
	struct pw_verdict verdict;
	const char *comment;
	const char *text;	/* of nft */
};

/* Ends the matches: the field that does not exist */
#define END { PW_NUM_FIELDS, false, 0, { { 0, 0 }, { 0, 0 } } }
#define M(...) { __VA_ARGS__, END }
#define ANY { END }
/* No effect has text and no number at once: count by num_effects() */
#define E(...) { __VA_ARGS__ }
#define NO_E { { .obj = PW_NONE } }
#define COUNT { .kind = PW_E_COUNTER, .obj = O_WEB }
#define UPDATE(s, ...) { .kind = PW_E_UPDATE, .set = (s), __VA_ARGS__ }
#define ACCEPT { PW_V_ACCEPT, 0, 0 }
#define NONE { PW_V_NONE, 0, 0 }
#define LAST { .obj = PW_NONE }

static const struct codec_row codec_rows[] = {
	{ "interface", M(WIDE(PW_F_IIFNAME, NAME_LO, NAME_LO)), NO_E, ACCEPT,
	  NULL, "iifname \"lo\" accept" },
	{ "not interface", M(NOT_WIDE(PW_F_OIFNAME, NAME_LO, NAME_LO)), NO_E,
	  ACCEPT, NULL, "oifname != \"lo\" accept" },
	{ "glob", M(WIDE(PW_F_IIFNAME, NAME_BR, NAME_BR_END)), NO_E, ACCEPT,
	  NULL, "iifname \"br-*\" accept" },
	{ "not glob", M(NOT_WIDE(PW_F_IIFNAME, NAME_BR, NAME_BR_END)), NO_E,
	  ACCEPT, NULL, "iifname != \"br-*\" accept" },
	{ "interface set", M(IN(PW_F_IIFNAME, S_IF), NOT_IN(PW_F_OIFNAME, S_IF)),
	  NO_E, ACCEPT, NULL, "iifname @i.if oifname != @i.if accept" },
	{ "interface hash", M(IN(PW_F_IIFNAME, S_IFH)), NO_E, ACCEPT,
	  NULL, "iifname @i.hash accept" },
	{ "family", M(ONE(PW_F_NFPROTO, 2)), NO_E, ACCEPT, NULL,
	  "meta nfproto ipv4 accept" },
	{ "not family", M(NOT(PW_F_NFPROTO, 10, 10)), NO_E, ACCEPT, NULL,
	  "meta nfproto != ipv6 accept" },
	{ "family set", M(IN(PW_F_NFPROTO, S_ADOPT)), NO_E, ACCEPT, NULL,
	  "meta nfproto @adopt accept" },
	{ "protocol", M(ONE(PW_F_L4PROTO, 47)), NO_E, ACCEPT, NULL,
	  "meta l4proto 47 accept" },
	{ "named protocol", M(ONE(PW_F_L4PROTO, 58)), NO_E, ACCEPT, NULL,
	  "meta l4proto icmpv6 accept" },
	{ "not protocol", M(NOT(PW_F_L4PROTO, 6, 6)), NO_E, ACCEPT, NULL,
	  "meta l4proto != tcp accept" },
	{ "protocols", M(RANGE(PW_F_L4PROTO, 1, 5)), NO_E, ACCEPT, NULL,
	  "meta l4proto 1-5 accept" },
	{ "not protocols", M(NOT(PW_F_L4PROTO, 1, 5)), NO_E, ACCEPT, NULL,
	  "meta l4proto != 1-5 accept" },
	{ "established", M(ONE(PW_F_CT_STATE, PW_CT_ESTABLISHED)), NO_E,
	  ACCEPT, NULL, "ct state established accept" },
	{ "new or untracked",
	  M(RANGE(PW_F_CT_STATE, PW_CT_NEW, PW_CT_UNTRACKED)), NO_E, ACCEPT,
	  NULL, "ct state new,untracked accept" },
	{ "not new", M(NOT(PW_F_CT_STATE, PW_CT_NEW, PW_CT_NEW)), NO_E, ACCEPT,
	  NULL, "ct state ! new accept" },
	{ "all but established",
	  M(RANGE(PW_F_CT_STATE, PW_CT_RELATED, PW_CT_INVALID)), NO_E, ACCEPT,
	  NULL, "ct state related,new,untracked,invalid accept" },
	{ "dnat", M(ONE(PW_F_CT_DNAT, 1)), NO_E, ACCEPT, NULL,
	  "ct status dnat accept" },
	{ "no dnat", M(ONE(PW_F_CT_DNAT, 0)), NO_E, ACCEPT, NULL,
	  "ct status ! dnat accept" },
	{ "ack", M(TCP, ONE(PW_F_TCP_SYNACK, 0x10)), NO_E, ACCEPT, NULL,
	  "tcp flags & (syn|ack) == ack accept" },
	{ "no flag", M(TCP, ONE(PW_F_TCP_SYNACK, 0)), NO_E, ACCEPT, NULL,
	  "tcp flags & (syn|ack) == 0 accept" },
	{ "not both flags", M(TCP, NOT(PW_F_TCP_SYNACK, 0x12, 0x12)), NO_E,
	  ACCEPT, NULL, "tcp flags & (syn|ack) != syn|ack accept" },
	{ "flags and port",
	  M(TCP, ONE(PW_F_CT_STATE, PW_CT_NEW), ONE(PW_F_TCP_SYNACK, 2),
	    ONE(PW_F_DPORT, 22)), NO_E, ACCEPT, NULL,
	  "meta l4proto tcp ct state new tcp flags & (syn|ack) == syn tcp dport 22 accept" },
	{ "socket", M(ONE(PW_F_SOCKET_WILDCARD, 0)), NO_E, ACCEPT, NULL,
	  "socket wildcard 0 accept" },
	{ "not socket", M(NOT(PW_F_SOCKET_WILDCARD, 0, 0)), NO_E, ACCEPT, NULL,
	  "socket wildcard != 0 accept" },
	{ "icmp", M(ONE(PW_F_ICMP_TYPE, 8)), NO_E, ACCEPT, NULL,
	  "icmp type echo-request accept" },
	{ "not icmp", M(NOT(PW_F_ICMP_TYPE, 8, 8)), NO_E, ACCEPT, NULL,
	  "icmp type != echo-request accept" },
	{ "icmp types", M(RANGE(PW_F_ICMP_TYPE, 11, 12)), NO_E, ACCEPT, NULL,
	  "icmp type 11-12 accept" },
	{ "icmpv6", M(ONE(PW_F_ICMPV6_TYPE, 128)), NO_E, ACCEPT, NULL,
	  "icmpv6 type echo-request accept" },
	{ "icmpv6 and hop limit",
	  M(RANGE(PW_F_ICMPV6_TYPE, 133, 137), ONE(PW_F_HOPLIMIT, 255),
	    WIDE(PW_F_SADDR6, V(0xfe80000000000000, 0),
		 V(0xfebfffffffffffff, UINT64_MAX))), NO_E, ACCEPT, NULL,
	  "icmpv6 type 133-137 ip6 hoplimit 255 ip6 saddr fe80::/10 accept" },
	{ "ttl", M(ONE(PW_F_L4PROTO, 2), ONE(PW_F_TTL, 1),
		   RANGE(PW_F_DADDR4, 0xe0000000, 0xe00000ff)), NO_E, ACCEPT,
	  NULL, "meta l4proto igmp ip ttl 1 ip daddr 224.0.0.0/24 accept" },
	{ "not ttls", M(NOT(PW_F_TTL, 1, 5)), NO_E, ACCEPT, NULL,
	  "ip ttl != 1-5 accept" },
	{ "port", M(TCP, ONE(PW_F_DPORT, 22)), NO_E, ACCEPT, NULL,
	  "tcp dport 22 accept" },
	{ "ports", M(UDP, RANGE(PW_F_DPORT, 1024, 65535)), NO_E, ACCEPT, NULL,
	  "udp dport 1024-65535 accept" },
	{ "not ports", M(UDP, NOT(PW_F_DPORT, 1024, 2047)), NO_E, ACCEPT, NULL,
	  "udp dport != 1024-2047 accept" },
	{ "not source port", M(SCTP, NOT(PW_F_SPORT, 5, 5)), NO_E, ACCEPT,
	  NULL, "sctp sport != 5 accept" },
	{ "both ports", M(UDP, ONE(PW_F_SPORT, 67), ONE(PW_F_DPORT, 68)), NO_E,
	  ACCEPT, NULL, "udp sport 67 udp dport 68 accept" },
	{ "both ports, one negated",
	  M(UDP, ONE(PW_F_SPORT, 67), NOT(PW_F_DPORT, 68, 68)), NO_E, ACCEPT,
	  NULL, "udp sport 67 udp dport != 68 accept" },
	{ "both ports, one range",
	  M(UDP, RANGE(PW_F_SPORT, 67, 69), ONE(PW_F_DPORT, 68)), NO_E, ACCEPT,
	  NULL, "udp sport 67-69 udp dport 68 accept" },
	{ "port set", M(TCP, IN(PW_F_DPORT, S_P)), NO_E, ACCEPT, NULL,
	  "tcp dport @p.tcp accept" },
	{ "source port, port set", M(TCP, ONE(PW_F_SPORT, 5),
				     NOT_IN(PW_F_DPORT, S_P)), NO_E, ACCEPT,
	  NULL, "tcp sport 5 tcp dport != @p.tcp accept" },
	{ "address", M(ONE(PW_F_SADDR4, 0x0a000001)), NO_E, ACCEPT, NULL,
	  "ip saddr 10.0.0.1 accept" },
	{ "not address", M(NOT(PW_F_SADDR4, 0x0a000001, 0x0a000001)), NO_E,
	  ACCEPT, NULL, "ip saddr != 10.0.0.1 accept" },
	{ "both addresses", M(ONE(PW_F_SADDR4, 0x0a000001),
			      ONE(PW_F_DADDR4, 0x0a000002)), NO_E, ACCEPT,
	  NULL, "ip saddr 10.0.0.1 ip daddr 10.0.0.2 accept" },
	{ "prefix of bytes", M(RANGE(PW_F_SADDR4, 0x0a000000, 0x0affffff)),
	  NO_E, ACCEPT, NULL, "ip saddr 10.0.0.0/8 accept" },
	{ "prefix of bits", M(RANGE(PW_F_SADDR4, 0x0a000000, 0x0a0fffff)),
	  NO_E, ACCEPT, NULL, "ip saddr 10.0.0.0/12 accept" },
	{ "not prefix", M(NOT(PW_F_DADDR4, 0x0a000000, 0x0a0fffff)), NO_E,
	  ACCEPT, NULL, "ip daddr != 10.0.0.0/12 accept" },
	{ "half of all", M(RANGE(PW_F_SADDR4, 0, 0x7fffffff)), NO_E, ACCEPT,
	  NULL, "ip saddr 0.0.0.0/1 accept" },
	{ "addresses", M(RANGE(PW_F_SADDR4, 0x0a000001, 0x0a000005)), NO_E,
	  ACCEPT, NULL, "ip saddr 10.0.0.1-10.0.0.5 accept" },
	{ "not addresses", M(NOT(PW_F_SADDR4, 0x0a000001, 0x0a000005)), NO_E,
	  ACCEPT, NULL, "ip saddr != 10.0.0.1-10.0.0.5 accept" },
	{ "address set", M(IN(PW_F_SADDR4, S_A4), NOT_IN(PW_F_DADDR4, S_H4)),
	  NO_E, ACCEPT, NULL, "ip saddr @a.x.4 ip daddr != @h.x.4 accept" },
	{ "IPv6 address", M(WIDE(PW_F_DADDR6, V(DB8, 1), V(DB8, 1))), NO_E,
	  ACCEPT, NULL, "ip6 daddr 2001:db8::1 accept" },
	{ "IPv6 prefix", M(WIDE(PW_F_SADDR6, V(DB8, 0),
				V(0x20010db8ffffffff, UINT64_MAX))), NO_E,
	  ACCEPT, NULL, "ip6 saddr 2001:db8::/32 accept" },
	{ "IPv6 prefix as short as an IPv4 address",
	  M(WIDE(PW_F_SADDR6, V(0x2000000000000000, 0),
		 V(0x20ffffffffffffff, UINT64_MAX)),
	    NOT_WIDE(PW_F_DADDR6, V(DB8, 0), V(DB8, 0xffffffff))), NO_E,
	  ACCEPT, NULL,
	  "ip6 saddr 2000::/8 ip6 daddr != 2001:db8::/96 accept" },
	{ "mapped", M(WIDE(PW_F_SADDR6, V(0, 0xffff00000000),
			   V(0, 0xffffffffffff))), NO_E, { PW_V_DROP, 0, 0 },
	  NULL, NULL },
	{ "IPv6 addresses", M(WIDE(PW_F_SADDR6, V(DB8, 1), V(DB8, 5))), NO_E,
	  ACCEPT, NULL, "ip6 saddr 2001:db8::1-2001:db8::5 accept" },
	{ "not IPv6 addresses", M(NOT_WIDE(PW_F_SADDR6, V(DB8, 1), V(DB8, 5))),
	  NO_E, ACCEPT, NULL, "ip6 saddr != 2001:db8::1-2001:db8::5 accept" },
	{ "IPv6 sets", M(IN(PW_F_SADDR6, S_A6), NOT_IN(PW_F_DADDR6, S_H6)),
	  NO_E, ACCEPT, NULL, "ip6 saddr @a.x.6 ip6 daddr != @h.x.6 accept" },
	{ "destination type", M(ONE(PW_F_FIB_DADDR, 2)), NO_E, ACCEPT, NULL,
	  "fib daddr type local accept" },
	{ "not source type", M(NOT(PW_F_FIB_SADDR, 3, 3)), NO_E, ACCEPT, NULL,
	  "fib saddr type != broadcast accept" },
	{ "time", M(RANGE(PW_F_TIME, 1700000000000000000,
			  1799999999999999999)), NO_E, ACCEPT, NULL,
	  "meta time >= 1700000000 meta time < 1800000000 accept" },
	{ "from a time on", M(RANGE(PW_F_TIME, 1700000000000000000,
				    UINT64_MAX)), NO_E, ACCEPT, NULL,
	  "meta time >= 1700000000 accept" },
	{ "until a time", M(RANGE(PW_F_TIME, 0, 1799999999999999999)), NO_E,
	  ACCEPT, NULL, "meta time < 1800000000 accept" },
	{ "original address", M(ONE(PW_F_CT_ORIG_DADDR4, 0x0a000001)), NO_E,
	  ACCEPT, NULL, "ct original ip daddr 10.0.0.1 accept" },
	{ "original prefix",
	  M(RANGE(PW_F_CT_ORIG_DADDR4, 0x0a000000, 0x0affffff)), NO_E, ACCEPT,
	  NULL, "ct original ip daddr 10.0.0.0/8 accept" },
	{ "not original prefix",
	  M(NOT(PW_F_CT_ORIG_DADDR4, 0x0a000000, 0x0a0fffff)), NO_E, ACCEPT,
	  NULL, "ct original ip daddr != 10.0.0.0/12 accept" },
	{ "original addresses",
	  M(NOT(PW_F_CT_ORIG_DADDR4, 0x0a000001, 0x0a000003)), NO_E, ACCEPT,
	  NULL, "ct original ip daddr != 10.0.0.1-10.0.0.3 accept" },
	{ "original set", M(IN(PW_F_CT_ORIG_DADDR4, S_LOCAL4)), NO_E, ACCEPT,
	  NULL, "ct original ip daddr @s.local4 accept" },
	{ "original IPv6",
	  M(WIDE(PW_F_CT_ORIG_DADDR6, V(DB8, 0),
		 V(0x20010db8ffffffff, UINT64_MAX))), NO_E, ACCEPT, NULL,
	  "ct original ip6 daddr 2001:db8::/32 accept" },
	{ "original IPv6 set", M(NOT_IN(PW_F_CT_ORIG_DADDR6, S_LOCAL6)), NO_E,
	  ACCEPT, NULL, "ct original ip6 daddr != @s.local6 accept" },
	{ "interface and destination", M(IN(PW_F_DADDR4, S_OWN4)), NO_E,
	  ACCEPT, NULL, "iif . ip daddr @s.own4 accept" },
	{ "not interface and IPv6 destination",
	  M(TCP, NOT_IN(PW_F_DADDR6, S_OWN6)), NO_E, { PW_V_DROP, 0, 0 }, NULL,
	  "meta l4proto tcp iif . ip6 daddr != @s.own6 drop" },
	{ "interface and original destination",
	  M(IN(PW_F_CT_ORIG_DADDR4, S_OWN4)), NO_E, ACCEPT, NULL,
	  "iif . ct original ip daddr @s.own4 accept" },
	{ "interface and original IPv6 destination",
	  M(IN(PW_F_CT_ORIG_DADDR6, S_OWN6)), NO_E, ACCEPT, NULL,
	  "iif . ct original ip6 daddr @s.own6 accept" },
	{ "openings", M(IN(PW_F_DPORT, S_PP)), E(COUNT, LAST), ACCEPT, NULL,
	  "th dport . meta l4proto @s.open counter name \"n.web\" accept" },
	{ "openings of an interface", M(IN(PW_F_DPORT, S_PPN)), NO_E, ACCEPT,
	  NULL, "th dport . meta l4proto . iifname @s.open.if accept" },
	{ "openings of a source", M(IN(PW_F_DPORT, S_PP4)), E(COUNT, LAST),
	  ACCEPT, NULL,
	  "th dport . meta l4proto . ip saddr @s.open4 counter name \"n.web\" accept" },
	{ "openings of an IPv6 source",
	  M(ONE(PW_F_CT_STATE, PW_CT_NEW), IN(PW_F_DPORT, S_PP6)), NO_E, ACCEPT,
	  NULL,
	  "ct state new th dport . meta l4proto . ip6 saddr @s.open6 accept" },
	{ "openings of interface and source",
	  M(WIDE(PW_F_IIFNAME, NAME_LO, NAME_LO), IN(PW_F_DPORT, S_PPN4),
	    ONE(PW_F_DADDR4, 7)), NO_E, ACCEPT, NULL,
	  "iifname \"lo\" th dport . meta l4proto . iifname . ip saddr @s.open4.if ip daddr 0.0.0.7 accept" },
	{ "openings of interface and IPv6 source", M(IN(PW_F_DPORT, S_PPN6)),
	  E(COUNT, LAST), { PW_V_GOTO, C_LEAF, 0 }, "open",
	  "th dport . meta l4proto . iifname . ip6 saddr @s.open6.if counter name \"n.web\" goto c.leaf comment \"open\"" },
	{ "many matches",
	  M(WIDE(PW_F_IIFNAME, NAME_LO, NAME_LO), TCP, ONE(PW_F_DPORT, 22),
	    ONE(PW_F_SADDR4, 1), ONE(PW_F_FIB_SADDR, 1)), E(COUNT, LAST),
	  ACCEPT, "allow ssh (shop.ini:14)",
	  "iifname \"lo\" tcp dport 22 ip saddr 0.0.0.1 fib saddr type unicast counter name \"n.web\" accept comment \"allow ssh (shop.ini:14)\"" },

	{ "counter", ANY, E(COUNT, LAST), NONE, "only \"counted\"",
	  "counter name \"n.web\" comment \"only 'counted'\"" },
	{ "counter map", M(TCP), E({ .kind = PW_E_COUNTER_MAP,
				      .map = K_COUNT }, LAST), ACCEPT, NULL,
	  "meta l4proto tcp counter name tcp dport map @k.tcp accept" },
	{ "ports and counter map", M(UDP, IN(PW_F_DPORT, S_P)),
	  E({ .kind = PW_E_COUNTER_MAP, .map = K_COUNT }, LAST), ACCEPT, NULL,
	  "udp dport @p.tcp counter name udp dport map @k.tcp accept" },
	{ "limit", ANY, E({ .kind = PW_E_LIMIT, .obj = O_LIMIT }, COUNT, LAST),
	  ACCEPT, NULL,
	  "limit name \"l.ssh\" counter name \"n.web\" accept" },
	{ "inline limit", ANY, E({ .kind = PW_E_LIMIT_INLINE,
				   .rate = { 10, 3600, 5 } }, LAST), ACCEPT,
	  NULL, "limit rate 10/hour burst 5 packets accept" },
	{ "log", ANY, E({ .kind = PW_E_LOG, .text = TEXT("portwall: ") },
			LAST), NONE, NULL, "log prefix \"portwall: \"" },
	{ "local address", ANY, E(UPDATE(S_LOCAL4, .add = false), LAST), NONE,
	  NULL, "update @s.local4 { ip daddr }" },
	{ "local IPv6 address", M(TCP), E(UPDATE(S_LOCAL6, .add = true), LAST),
	  NONE, NULL, "meta l4proto tcp add @s.local6 { ip6 daddr }" },
	{ "original and local address", M(ONE(PW_F_CT_ORIG_DADDR4, 9)),
	  E(UPDATE(S_LOCAL4, .timeout_ms = 1500), LAST), NONE, NULL,
	  "ct original ip daddr 0.0.0.9 update @s.local4 { ip daddr timeout 1s500ms }" },
	{ "counted, then local address", ANY,
	  E(COUNT, UPDATE(S_LOCAL4, .add = false), LAST), NONE, NULL,
	  "meta nfproto ipv4 counter name \"n.web\" update @s.local4 { ip daddr }" },
	{ "remember interface and address", ANY,
	  E(UPDATE(S_OWN4, .add = false), LAST), NONE, NULL,
	  "update @s.own4 { iif . ip daddr }" },
	{ "add interface and IPv6 address", ANY,
	  E(UPDATE(S_OWN6, .add = true, .timeout_ms = 2000), LAST), NONE, NULL,
	  "add @s.own6 { iif . ip6 daddr timeout 2s }" },
	{ "rate per source", M(TCP, ONE(PW_F_DPORT, 22)),
	  E(UPDATE(S_RATE4, .key = 17, .timeout_ms = 60000,
		   .rate = { 6, 60, 6 }), COUNT, LAST), ACCEPT, NULL,
	  "tcp dport 22 update @s.rate4 { 0x00000011 . ip saddr timeout 60s limit rate 6/minute burst 6 packets } counter name \"n.web\" accept" },
	{ "rate per IPv6 source", ANY,
	  E(UPDATE(S_RATE6, .key = 0xdeadbeef, .rate = { 1, 1, 9 }), LAST),
	  ACCEPT, NULL,
	  "update @s.rate6 { 0xdeadbeef . ip6 saddr & ffff:ffff:ffff:ffff:: limit rate 1/second burst 9 packets } accept" },
	{ "seen", M(ONE(PW_F_SADDR4, 5)),
	  E(UPDATE(S_SEEN4, .key = 17, .timeout_ms = 60000), LAST),
	  { PW_V_GOTO, C_LEAF, 0 }, NULL,
	  "ip saddr 0.0.0.5 update @s.seen4 { 0x00000011 . ip saddr timeout 60s } goto c.leaf" },
	{ "connections", ANY,
	  E(UPDATE(S_CONN, .key = 17, .add = true, .conns = 3,
		   .conns_over = true), LAST), { PW_V_RETURN, 0, 0 }, NULL,
	  "add @s.conn { 0x00000011 . 0x00000000 ct count over 3 } return" },
	{ "connections not above", ANY,
	  E(UPDATE(S_CONN4, .key = 17, .add = true, .conns = UINT32_MAX),
	    LAST), { PW_V_GOTO, C_LEAF, 0 }, NULL,
	  "add @s.conn4 { 0x00000011 . ip saddr ct count 4294967295 } goto c.leaf" },

	{ "nothing but a verdict", ANY, NO_E, { PW_V_DROP, 0, 0 }, NULL,
	  "drop" },
	{ "return", ANY, NO_E, { PW_V_RETURN, 0, 0 }, NULL, "return" },
	{ "jump", M(TCP), NO_E, { PW_V_JUMP, C_LEAF, 0 }, NULL,
	  "meta l4proto tcp jump c.leaf" },
	{ "goto", ANY, NO_E, { PW_V_GOTO, C_LEAF, 0 }, "to the leaf",
	  "goto c.leaf comment \"to the leaf\"" },
	{ "reset", M(TCP), E(COUNT, LAST), { PW_V_REJECT_RST, 0, 0 }, NULL,
	  "meta l4proto tcp counter name \"n.web\" reject with tcp reset" },
	{ "reset a port", M(TCP, ONE(PW_F_DPORT, 9)), NO_E,
	  { PW_V_REJECT_RST, 0, 0 }, NULL,
	  "tcp dport 9 reject with tcp reset" },
	{ "port unreachable", M(UDP), E(COUNT, LAST),
	  { PW_V_REJECT_PORT, 0, 0 }, NULL,
	  "meta l4proto udp counter name \"n.web\" reject with icmpx port-unreachable" },
	{ "protocol unreachable", M(ONE(PW_F_NFPROTO, 2)), E(COUNT, LAST),
	  { PW_V_REJECT_PROTO, 0, 0 }, NULL,
	  "meta nfproto ipv4 counter name \"n.web\" reject with icmp prot-unreachable" },
	{ "protocol unreachable of a source", M(ONE(PW_F_SADDR4, 5)), NO_E,
	  { PW_V_REJECT_PROTO, 0, 0 }, NULL,
	  "ip saddr 0.0.0.5 reject with icmp prot-unreachable" },
	{ "protocol unreachable after NAT", M(ONE(PW_F_CT_ORIG_DADDR4, 5)),
	  NO_E, { PW_V_REJECT_PROTO, 0, 0 }, NULL,
	  "ct original ip daddr 0.0.0.5 reject with icmp prot-unreachable" },
	{ "port map", M(TCP), NO_E, { PW_V_MAP, 0, K_PORT }, NULL,
	  "meta l4proto tcp tcp dport vmap @m.port" },
	{ "protocol and port map", ANY, E(COUNT, LAST),
	  { PW_V_MAP, 0, K_PROTO_PORT }, NULL,
	  "counter name \"n.web\" meta l4proto . th dport vmap @m.ports" },
	{ "protocol map", M(ONE(PW_F_NFPROTO, 10)), NO_E,
	  { PW_V_MAP, 0, K_PROTO }, NULL,
	  "meta nfproto ipv6 meta l4proto vmap @m.protos" },
	{ "destination map", ANY, NO_E, { PW_V_MAP, 0, K_FIB }, "by kind",
	  "fib daddr type vmap @m.dst comment \"by kind\"" },
};

static inline void codec_add_set(struct pw_ruleset *rs, struct pw_set set,
				 const struct pw_range *ranges, size_t num)
{
	if (num) {
		set.elems = pw_rangeset_new(pw_set_type_bits(set.type));
		for (size_t i = 0; i < num; i++)
			pw_rangeset_add(set.elems, ranges[i].first,
					ranges[i].last);
		pw_rangeset_normalise(set.elems);
	}
	pw_ruleset_add_set(rs, &set);
	pw_rangeset_free(set.elems);
}

static const struct codec_set {
	struct pw_set set;
	size_t num_ranges;
	struct pw_range ranges[3];
} codec_sets[NUM_SAMPLE_SETS] = {
#define N(first, last) { { 0, (first) }, { 0, (last) } }
	[S_A4] = { { .name = TEXT("a.x.4"), .type = PW_T_IPV4,
		     .constant = true, .interval = true,
		     .comment = TEXT("two lists") },
		   3, { N(0x0a000000, 0x0affffff), N(0x0b000001, 0x0b000005),
			N(0xf0000000, UINT32_MAX) } },
	[S_H4] = { { .name = TEXT("h.x.4"), .type = PW_T_IPV4,
		     .constant = true },
		   2, { N(0x0a000001, 0x0a000003), N(0x0b000001, 0x0b000001) } },
	[S_A6] = { { .name = TEXT("a.x.6"), .type = PW_T_IPV6,
		     .constant = true, .interval = true },
		   2, { N(0, 7), { V(DB8, 0), V(0x20010db8ffffffff,
						UINT64_MAX) } } },
	[S_H6] = { { .name = TEXT("h.x.6"), .type = PW_T_IPV6,
		     .constant = true },
		   1, { { V(DB8, 1), V(DB8, 3) } } },
	[S_P] = { { .name = TEXT("p.tcp"), .type = PW_T_PORT,
		    .constant = true },
		  2, { N(80, 82), N(443, 443) } },
	[S_IF] = { { .name = TEXT("i.if"), .type = PW_T_IFNAME,
		     .constant = true, .interval = true },
		   3, { { NAME_LO, NAME_LO }, { NAME_BR, NAME_BR_END },
			/* br.*, which touches br-* */
			{ V(0x62722e0000000000, 0),
			  V(0x62722effffffffff, UINT64_MAX) } } },
	[S_IFH] = { { .name = TEXT("i.hash"), .type = PW_T_IFNAME,
		      .constant = true }, 1, { { NAME_LO, NAME_LO } } },
	[S_ADOPT] = { { .name = TEXT("adopt"), .type = PW_T_NFPROTO,
			.timeout = true }, 0, { N(0, 0) } },
	[S_LOCAL4] = { { .name = TEXT("s.local4"), .type = PW_T_IPV4,
			 .dynamic = true, .timeout = true,
			 .timeout_ms = 10000, .size = 65535 }, 0, { N(0, 0) } },
	[S_LOCAL6] = { { .name = TEXT("s.local6"), .type = PW_T_IPV6,
			 .dynamic = true, .timeout = true,
			 .timeout_ms = 10500, .size = 65535 }, 0, { N(0, 0) } },
	[S_RATE4] = { { .name = TEXT("s.rate4"), .type = PW_T_MARK_IPV4,
			.dynamic = true, .timeout = true, .size = 65535 },
		      0, { N(0, 0) } },
	[S_RATE6] = { { .name = TEXT("s.rate6"), .type = PW_T_MARK_IPV6,
			.dynamic = true, .timeout = true, .size = 65535 },
		      0, { N(0, 0) } },
	[S_CONN] = { { .name = TEXT("s.conn"), .type = PW_T_MARK,
		       .dynamic = true, .size = 1024 }, 0, { N(0, 0) } },
	[S_CONN4] = { { .name = TEXT("s.conn4"), .type = PW_T_MARK_IPV4,
			.dynamic = true, .size = 65535 }, 0, { N(0, 0) } },
	[S_SEEN4] = { { .name = TEXT("s.seen4"), .type = PW_T_MARK_IPV4,
			.dynamic = true, .timeout = true, .size = 65535,
			.comment = TEXT("who came") }, 0, { N(0, 0) } },
	[S_OPEN] = { { .name = TEXT("open"), .type = PW_T_PORT,
		       .interval = true, .timeout = true }, 0, { N(0, 0) } },
	[S_OWN4] = { { .name = TEXT("s.own4"), .type = PW_T_IIF_IPV4,
		       .dynamic = true, .timeout = true,
		       .timeout_ms = 10000, .size = 65535 }, 0, { N(0, 0) } },
	[S_OWN6] = { { .name = TEXT("s.own6"), .type = PW_T_IIF_IPV6,
		       .dynamic = true, .timeout = true,
		       .timeout_ms = 10000, .size = 65535 }, 0, { N(0, 0) } },
#define OPENINGS(suffix, of, ranges) \
	{ { .name = TEXT("s.open" suffix), .type = PW_T_PORT_PROTO##of, \
	    .interval = (ranges), .timeout = true, .size = 4096 }, \
	  0, { N(0, 0) } }
	[S_PP] = OPENINGS("", , false),
	[S_PPN] = OPENINGS(".if", _NAME, false),
	[S_PP4] = OPENINGS("4", _IPV4, true),
	[S_PP6] = OPENINGS("6", _IPV6, true),
	[S_PPN4] = OPENINGS("4.if", _NAME_IPV4, true),
	[S_PPN6] = OPENINGS("6.if", _NAME_IPV6, true),
};

static inline void codec_add_objs(struct pw_ruleset *rs)
{
	static const struct pw_rate rate = { 6, 60, 6 };

	pw_ruleset_add_obj(rs, "n.web", PW_O_COUNTER, NULL);
	pw_ruleset_add_obj(rs, "q.x", PW_O_COUNTER, NULL);
	pw_ruleset_add_obj(rs, "l.ssh", PW_O_LIMIT, &rate);
	rs->objs[O_Q].comment = strdup("web, ssh");
}

/* Declared like the sample's, no elements */
static inline void codec_add_maps(struct pw_ruleset *rs)
{
	pw_ruleset_add_map(rs, "m.port", PW_K_PORT, false);
	pw_ruleset_add_map(rs, "m.ports", PW_K_PROTO_PORT, false);
	pw_ruleset_add_map(rs, "m.protos", PW_K_PROTO, false);
	pw_ruleset_add_map(rs, "m.dst", PW_K_FIB_DADDR, false);
	pw_ruleset_add_map(rs, "k.tcp", PW_K_PORT, true);
}

static inline void codec_add_elems(struct pw_ruleset *rs)
{
	static const struct {
		uint32_t map;
		struct pw_map_elem elem;
	} elems[] = {
		{ K_PORT, { 22, 0, { PW_V_JUMP, C_LEAF, 0 } } },
		{ K_PORT, { 443, 0, ACCEPT } },
		{ K_PROTO_PORT, { 6 << 16 | 22, 0, { PW_V_GOTO, C_LEAF, 0 } } },
		{ K_PROTO_PORT, { 17 << 16 | 5353, 0, { PW_V_DROP, 0, 0 } } },
		{ K_PROTO, { 47, 0, { PW_V_JUMP, C_LEAF, 0 } } },
		{ K_PROTO, { 50, 0, ACCEPT } },
		{ K_FIB, { 2, 0, { PW_V_GOTO, C_LEAF, 0 } } },
		{ K_FIB, { 5, 0, { PW_V_DROP, 0, 0 } } },
		{ K_COUNT, { 80, O_WEB, NONE } },
		{ K_COUNT, { 443, O_Q, NONE } },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(elems); i++)
		pw_map_add(&rs->maps[elems[i].map], &elems[i].elem);
}

static inline void codec_add_chains(struct pw_ruleset *rs)
{
	pw_ruleset_add_chain(rs, "c.leaf");
	pw_ruleset_add_chain(rs, "g7.rows");
	pw_ruleset_add_base(rs, "input", PW_HOOK_INPUT, 0, PW_V_DROP);
	pw_ruleset_add_base(rs, "prerouting", PW_HOOK_PREROUTING, -199,
			    PW_V_ACCEPT);
	pw_ruleset_add_base(rs, "forward", PW_HOOK_FORWARD, -1, PW_V_ACCEPT);
}

/* Everything that rules refer to, and no rules */
static inline struct pw_ruleset *codec_ground(void)
{
	struct pw_ruleset *rs = pw_ruleset_new();

	for (size_t i = 0; i < NUM_SAMPLE_SETS; i++)
		codec_add_set(rs, codec_sets[i].set, codec_sets[i].ranges,
			      codec_sets[i].num_ranges);
	codec_add_maps(rs);
	codec_add_objs(rs);
	codec_add_chains(rs);
	return rs;
}

static inline int codec_add_row(struct pw_ruleset *rs,
				const struct codec_row *row)
{
	struct pw_match matches[MAX_MATCHES];
	struct pw_effect effects[MAX_EFFECTS];
	struct pw_rule rule = {
		.matches = matches, .effects = effects,
		.verdict = row->verdict, .comment = TEXT(row->comment),
		.section = PW_NONE,
	};

	memcpy(matches, row->matches, sizeof(matches));
	memcpy(effects, row->effects, sizeof(effects));
	while (matches[rule.num_matches].field != PW_NUM_FIELDS)
		rule.num_matches++;
	while (effects[rule.num_effects].obj != PW_NONE)
		rule.num_effects++;
	return pw_ruleset_add_rule(rs, C_ROWS, &rule);
}

/* All rows in one chain that input and prerouting go to */
static inline struct pw_ruleset *codec_sample(void)
{
	struct pw_ruleset *rs = codec_ground();
	struct pw_rule rule = { .verdict = { PW_V_GOTO, C_ROWS, 0 } };

	codec_add_elems(rs);
	pw_ruleset_add_rule(rs, C_INPUT, &rule);
	pw_ruleset_add_rule(rs, C_PRE, &rule);
	for (size_t i = 0; i < PW_ARRAY_SIZE(codec_rows); i++)
		codec_add_row(rs, &codec_rows[i]);
	return rs;
}

/* Without times below a second, which JSON cannot say */
static inline void codec_simplify(struct pw_ruleset *rs)
{
	for (size_t i = 0; i < rs->num_sets; i++)
		rs->sets[i].timeout_ms -= rs->sets[i].timeout_ms % 1000;
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t k = 0; k < rs->chains[i].num_rules; k++) {
			struct pw_rule *rule = &rs->chains[i].rules[k];

			for (size_t e = 0; e < rule->num_effects; e++)
				rule->effects[e].timeout_ms -=
					rule->effects[e].timeout_ms % 1000;
		}
}

#endif
