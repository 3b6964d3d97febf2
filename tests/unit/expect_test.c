/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy says of packets: the sentences of policy-language, in rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/array.h>
#include <portwall/expect.h>

#include "policy_help.h"
#include "verify/expect.h"

#define ALLOW	"[allow a]\ntcp = 22\n"
#define POLICY	"[policy]\n"

/* Addresses as text, what is not said is of a SYN from 192.0.2.1 to port 22 */
struct packet {
	const char *iface, *src, *dst;
	enum pw_dst_kind kind;
	enum pw_conn_state state;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t type, hops;
	bool v6, lo, own_src, published;
	uint64_t now_ns;
};

static struct pw_value address(const char *text, enum pw_family *family)
{
	struct pw_addr_range range;

	assert_int_equal(pw_addr_range_parse(text, strlen(text), &range), 0);
	*family = range.family;
	return range.range.first;
}

static struct pw_arrival arrival(const struct packet *p)
{
	const char *iface = p->iface ? p->iface : "eth0";
	enum pw_family family, other;
	struct pw_range name;
	struct pw_arrival a = {
		.lo = p->lo, .dst_kind = p->kind, .own_src = p->own_src,
		.published = p->published, .state = p->state,
		.proto = p->proto ? p->proto : IPPROTO_TCP,
		.sport = p->sport, .dport = p->dport, .type = p->type,
		.hop_limit = p->hops ? p->hops : 64, .now_ns = p->now_ns,
	};

	a.src = address(p->src ? p->src : p->v6 ? "2001:db8::1" : "192.0.2.1",
			&family);
	a.dst = address(p->dst ? p->dst :
			family == PW_IPV6 ? "2001:2::1" : "198.18.0.1", &other);
	assert_int_equal(family, other);
	a.family = family;
	assert_int_equal(pw_ifname_range(iface, strlen(iface), &name), 0);
	a.iface = name.first;
	return a;
}

static const struct expect_case {
	const char *name, *policy;
	struct packet packet;
	enum pw_expected what;
	const char *section;	/* NULL: none */
} cases[] = {
	{ "what is not named is closed", POLICY ALLOW, { .dport = 23 },
	  PW_EX_CLOSED, NULL },
	{ "what is named is open", POLICY ALLOW, { .dport = 22 },
	  PW_EX_REACHABLE, "a" },
	{ "in both families", POLICY ALLOW, { .dport = 22, .v6 = true },
	  PW_EX_REACHABLE, "a" },
	{ "for its protocol", POLICY ALLOW,
	  { .dport = 22, .proto = IPPROTO_UDP }, PW_EX_CLOSED, NULL },
	{ "port 0 is always closed", POLICY "[allow a]\ntcp = all\n",
	  { .dport = 0 }, PW_EX_CLOSED, NULL },
	{ "port 65535 is of all", POLICY "[allow a]\ntcp = all\n",
	  { .dport = 65535 }, PW_EX_REACHABLE, "a" },
	{ "a protocol", POLICY "[allow a]\nprotocol = gre\n",
	  { .proto = IPPROTO_GRE }, PW_EX_REACHABLE, "a" },
	{ "another protocol", POLICY "[allow a]\nprotocol = gre\n",
	  { .proto = IPPROTO_ESP }, PW_EX_CLOSED, NULL },
	{ "reject", POLICY "default = reject\n" ALLOW, { .dport = 23 },
	  PW_EX_REFUSED, NULL },
	{ "reject, another protocol", POLICY "default = reject\n" ALLOW,
	  { .proto = IPPROTO_ESP }, PW_EX_REFUSED, NULL },

	{ "from", POLICY ALLOW "from = 192.0.2.0/24\n", { .dport = 22 },
	  PW_EX_REACHABLE, "a" },
	{ "from elsewhere", POLICY ALLOW "from = 192.0.2.0/24\n",
	  { .dport = 22, .src = "192.0.3.0" }, PW_EX_CLOSED, NULL },
	{ "from one family", POLICY ALLOW "from = 192.0.2.0/24\n",
	  { .dport = 22, .v6 = true }, PW_EX_CLOSED, NULL },
	{ "except", POLICY ALLOW "except = 192.0.2.1\n", { .dport = 22 },
	  PW_EX_CLOSED, NULL },
	{ "except beside", POLICY ALLOW "except = 192.0.2.1\n",
	  { .dport = 22, .src = "192.0.2.2" }, PW_EX_REACHABLE, "a" },
	{ "except of one family alone", POLICY ALLOW "except = 192.0.2.1\n",
	  { .dport = 22, .v6 = true }, PW_EX_REACHABLE, "a" },
	{ "on", POLICY ALLOW "on = eth*\n", { .dport = 22 },
	  PW_EX_REACHABLE, "a" },
	{ "on another", POLICY ALLOW "on = eth1\n", { .dport = 22 },
	  PW_EX_CLOSED, NULL },

	{ "broadcast without to", POLICY ALLOW,
	  { .dport = 22, .kind = PW_DST_BROADCAST }, PW_EX_CLOSED, NULL },
	{ "multicast is never refused", POLICY "default = reject\n" ALLOW,
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.9" },
	  PW_EX_CLOSED, NULL },
	{ "to broadcast", POLICY ALLOW "to = broadcast\n",
	  { .dport = 22, .kind = PW_DST_BROADCAST }, PW_EX_REACHABLE, "a" },
	{ "to broadcast alone", POLICY ALLOW "to = broadcast\n",
	  { .dport = 22 }, PW_EX_CLOSED, NULL },
	{ "to multicast", POLICY ALLOW "to = multicast, local\n",
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.9" },
	  PW_EX_REACHABLE, "a" },
	{ "to multicast and local", POLICY ALLOW "to = multicast, local\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "to a group", POLICY ALLOW "to = 224.0.0.9\n",
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.9" },
	  PW_EX_REACHABLE, "a" },
	{ "to another group", POLICY ALLOW "to = 224.0.0.9\n",
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.8" },
	  PW_EX_CLOSED, NULL },
	{ "to another address", POLICY ALLOW "to = 198.18.0.2\n",
	  { .dport = 22 }, PW_EX_CLOSED, NULL },
	{ "to this address", POLICY ALLOW "to = 198.18.0.1\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "anycast by its address", POLICY ALLOW "to = 2001:2::\n",
	  { .dport = 22, .v6 = true, .dst = "2001:2::",
	    .kind = PW_DST_ANYCAST }, PW_EX_REACHABLE, "a" },
	{ "anycast is not local", POLICY ALLOW "to = local\n",
	  { .dport = 22, .v6 = true, .dst = "2001:2::",
	    .kind = PW_DST_ANYCAST }, PW_EX_CLOSED, NULL },

	{ "block beats allow",
	  POLICY "default = reject\n" ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .dport = 22 }, PW_EX_CLOSED, "b" },
	{ "block of other ports",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\ntcp = 23\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "block with except",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.0/24\nexcept = 192.0.2.1\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "block is silent about what is closed anyway",
	  POLICY "default = reject\n" ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .dport = 0 }, PW_EX_CLOSED, "b" },
	{ "block of every destination",
	  POLICY ALLOW "to = multicast\n[block b]\nfrom = 192.0.2.1\n",
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.9" },
	  PW_EX_CLOSED, "b" },
	{ "block to local alone",
	  POLICY ALLOW "to = multicast\n[block b]\nfrom = 192.0.2.1\n"
	  "to = local\n",
	  { .dport = 22, .kind = PW_DST_MULTICAST, .dst = "224.0.0.9" },
	  PW_EX_REACHABLE, "a" },
	{ "block never ends what is established",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .dport = 22, .state = PW_CONN_ESTABLISHED },
	  PW_EX_REACHABLE, NULL },
	{ "block and ping", POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_CLOSED, "b" },
	{ "block with ports and ping",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\ntcp = all\nudp = all\n",
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_REACHABLE, NULL },
	{ "block and errors",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .proto = IPPROTO_ICMP, .type = 3, .state = PW_CONN_RELATED },
	  PW_EX_REACHABLE, NULL },
	{ "block and neighbour discovery",
	  POLICY ALLOW "[block b]\nfrom = fe80::/10\n",
	  { .proto = IPPROTO_ICMPV6, .type = 135, .hops = 255,
	    .src = "fe80::1" }, PW_EX_REACHABLE, NULL },
	{ "block and DHCP", POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .proto = IPPROTO_UDP, .sport = 67, .dport = 68 },
	  PW_EX_REACHABLE, NULL },

	{ "ping without a word", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_REACHABLE, NULL },
	{ "ping over IPv6", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 128, .v6 = true },
	  PW_EX_REACHABLE, NULL },
	{ "ping = no", POLICY "ping = no\n" ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_CLOSED, NULL },
	{ "ping = no, refused", POLICY "ping = no\ndefault = reject\n" ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_REFUSED, NULL },
	{ "ping = no ends later requests too", POLICY "ping = no\n" ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .state = PW_CONN_ESTABLISHED },
	  PW_EX_CLOSED, NULL },
	{ "ping = RATE", POLICY "ping = 10/second\n" ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_LIMITED, NULL },
	{ "ping = yes of a section",
	  POLICY "ping = no\n" ALLOW "ping = yes\nfrom = 192.0.2.1\n",
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_REACHABLE, "a" },
	{ "ping = yes of a section, from elsewhere",
	  POLICY "ping = no\n" ALLOW "ping = yes\nfrom = 192.0.2.2\n",
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_CLOSED, NULL },
	{ "ping of a limited section",
	  POLICY "ping = no\n" ALLOW "ping = yes\nrate = 1/hour\n",
	  { .proto = IPPROTO_ICMP, .type = 8 }, PW_EX_LIMITED, "a" },
	{ "ping to a group", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .kind = PW_DST_MULTICAST,
	    .dst = "224.0.0.1" }, PW_EX_CLOSED, NULL },
	{ "ping to a group that a section names",
	  POLICY ALLOW "ping = yes\nto = 224.0.0.1\n",
	  { .proto = IPPROTO_ICMP, .type = 8, .kind = PW_DST_MULTICAST,
	    .dst = "224.0.0.1" }, PW_EX_REACHABLE, "a" },
	{ "another request of ICMP", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 13 }, PW_EX_CLOSED, NULL },
	{ "type 8 of ICMPv6 is no ping", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 8, .v6 = true },
	  PW_EX_CLOSED, NULL },
	{ "ping from an own address", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .own_src = true },
	  PW_EX_CLOSED, NULL },
	{ "ping from 127/8", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .src = "127.0.0.1" },
	  PW_EX_CLOSED, NULL },

	{ "loopback", POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .lo = true, .iface = "lo", .src = "127.0.0.1", .dport = 1 },
	  PW_EX_REACHABLE, NULL },
	{ "loopback from a wire", POLICY "default = reject\n" ALLOW,
	  { .src = "127.255.0.1", .dport = 22 }, PW_EX_CLOSED, NULL },
	{ "to loopback from a wire", POLICY ALLOW,
	  { .dst = "127.0.0.1", .dport = 22 }, PW_EX_CLOSED, NULL },
	{ "beside loopback", POLICY ALLOW, { .src = "128.0.0.1", .dport = 22 },
	  PW_EX_REACHABLE, "a" },
	{ "::1 from a wire", POLICY ALLOW, { .src = "::1", .dport = 22 },
	  PW_EX_CLOSED, NULL },
	{ "::2", POLICY ALLOW, { .src = "::2", .dport = 22 },
	  PW_EX_REACHABLE, "a" },
	{ "mapped", POLICY ALLOW, { .src = "::ffff:192.0.2.1", .dport = 22 },
	  PW_EX_CLOSED, NULL },
	{ "beside mapped", POLICY ALLOW, { .src = "::fffe:192.0.2.1",
	  .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "established from 127/8", POLICY ALLOW,
	  { .src = "127.0.0.1", .state = PW_CONN_ESTABLISHED },
	  PW_EX_CLOSED, NULL },
	{ "established", POLICY ALLOW,
	  { .dport = 40000, .state = PW_CONN_ESTABLISHED },
	  PW_EX_REACHABLE, NULL },
	{ "related, and no error", POLICY ALLOW,
	  { .dport = 40000, .state = PW_CONN_RELATED }, PW_EX_CLOSED, NULL },
	{ "related, and no error, refused", POLICY "default = reject\n" ALLOW,
	  { .dport = 40000, .state = PW_CONN_RELATED }, PW_EX_REFUSED, NULL },
	{ "invalid ping that nobody answers",
	  POLICY "default = reject\nping = no\n" ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .state = PW_CONN_INVALID },
	  PW_EX_CLOSED, NULL },
	{ "related, and allowed", POLICY ALLOW,
	  { .dport = 22, .state = PW_CONN_RELATED }, PW_EX_REACHABLE, "a" },
	{ "packet too big", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 2, .v6 = true,
	    .state = PW_CONN_RELATED }, PW_EX_REACHABLE, NULL },
	{ "redirect of IPv4", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 5, .state = PW_CONN_RELATED },
	  PW_EX_CLOSED, NULL },
	{ "error of nothing", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 3, .state = PW_CONN_INVALID },
	  PW_EX_CLOSED, NULL },
	{ "invalid is not refused", POLICY "default = reject\n" ALLOW,
	  { .dport = 22, .state = PW_CONN_INVALID }, PW_EX_CLOSED, NULL },
	{ "own address as source", POLICY "default = reject\n" ALLOW,
	  { .dport = 22, .own_src = true }, PW_EX_CLOSED, NULL },

	{ "solicitation", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 135, .hops = 255, .v6 = true },
	  PW_EX_REACHABLE, NULL },
	{ "solicitation that was routed", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 135, .hops = 254, .v6 = true },
	  PW_EX_CLOSED, NULL },
	{ "advertisement, invalid by conntrack", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 136, .hops = 255, .v6 = true,
	    .state = PW_CONN_INVALID }, PW_EX_REACHABLE, NULL },
	{ "router advertisement", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 134, .hops = 255,
	    .src = "febf::1" }, PW_EX_REACHABLE, NULL },
	{ "router advertisement from afar", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 134, .hops = 255, .v6 = true },
	  PW_EX_CLOSED, NULL },
	{ "redirect from afar", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 137, .hops = 255,
	    .src = "fec0::1" }, PW_EX_CLOSED, NULL },
	{ "listener query", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 130, .hops = 1, .src = "fe80::1",
	    .dst = "ff02::1", .kind = PW_DST_MULTICAST },
	  PW_EX_REACHABLE, NULL },
	{ "listener query from ::", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 130, .hops = 1, .src = "::" },
	  PW_EX_CLOSED, NULL },
	{ "listener report from ::", POLICY ALLOW,
	  { .proto = IPPROTO_ICMPV6, .type = 143, .hops = 1, .src = "::" },
	  PW_EX_REACHABLE, NULL },
	{ "discovery is of ICMPv6", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 135, .hops = 255 },
	  PW_EX_CLOSED, NULL },
	{ "IGMP", POLICY ALLOW,
	  { .proto = IPPROTO_IGMP, .hops = 1, .dst = "239.255.255.255",
	    .kind = PW_DST_MULTICAST }, PW_EX_REACHABLE, NULL },
	{ "IGMP that was routed", POLICY ALLOW,
	  { .proto = IPPROTO_IGMP, .hops = 2, .dst = "224.0.0.1",
	    .kind = PW_DST_MULTICAST }, PW_EX_CLOSED, NULL },
	{ "IGMP to an own address", POLICY ALLOW,
	  { .proto = IPPROTO_IGMP, .hops = 1 }, PW_EX_CLOSED, NULL },

	{ "DHCP reply", POLICY ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 67, .dport = 68,
	    .kind = PW_DST_BROADCAST }, PW_EX_REACHABLE, NULL },
	{ "dhcp = no", POLICY "dhcp = no\n" ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 67, .dport = 68 },
	  PW_EX_CLOSED, NULL },
	{ "DHCP request", POLICY ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 68, .dport = 67 },
	  PW_EX_CLOSED, NULL },
	{ "DHCP over TCP", POLICY ALLOW, { .sport = 67, .dport = 68 },
	  PW_EX_CLOSED, NULL },
	{ "DHCPv6 reply", POLICY ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 547, .dport = 546,
	    .src = "fe80::1" }, PW_EX_REACHABLE, NULL },
	{ "DHCPv6 reply from afar", POLICY ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 547, .dport = 546, .v6 = true },
	  PW_EX_CLOSED, NULL },
	{ "DHCPv4 ports over IPv6", POLICY ALLOW,
	  { .proto = IPPROTO_UDP, .sport = 67, .dport = 68,
	    .src = "fe80::1" }, PW_EX_CLOSED, NULL },

	{ "rate", POLICY ALLOW "rate = 1/hour\n", { .dport = 22 },
	  PW_EX_LIMITED, "a" },
	{ "connections", POLICY ALLOW "connections = 1\n", { .dport = 22 },
	  PW_EX_LIMITED, "a" },
	{ "unlimited beats limited",
	  POLICY ALLOW "rate = 1/hour\n[allow b]\ntcp = 22\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "b" },
	{ "unlimited of others",
	  POLICY ALLOW "rate = 1/hour\n[allow b]\ntcp = 22\n"
	  "from = 192.0.2.2\n",
	  { .dport = 22 }, PW_EX_LIMITED, "a" },
	{ "the first by name",
	  POLICY "[allow c]\ntcp = 20-30\n[allow b]\ntcp = 22\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "b" },

	{ "until", POLICY ALLOW "until = 2027-01-15T08:00:01Z\n",
	  { .dport = 22 }, PW_EX_REACHABLE, "a" },
	{ "until, the second it ends",
	  POLICY ALLOW "until = 2027-01-15T08:00:01Z\n",
	  { .dport = 22, .now_ns = 1800000001ull * 1000000000 },
	  PW_EX_CLOSED, NULL },
	{ "until, just before",
	  POLICY ALLOW "until = 2027-01-15T08:00:01Z\n",
	  { .dport = 22, .now_ns = 1800000001ull * 1000000000 - 1 },
	  PW_EX_REACHABLE, "a" },
	{ "until, a clock set back",
	  POLICY ALLOW "until = 2027-01-15T08:00:01Z\n",
	  { .dport = 22, .now_ns = 1799999999ull * 1000000000 },
	  PW_EX_CLOSED, NULL },
	{ "until of a block",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n"
	  "until = 2027-01-15T08:00:01Z\n",
	  { .dport = 22, .now_ns = 1800000001ull * 1000000000 },
	  PW_EX_REACHABLE, "a" },

	{ "bridges are judged as others", POLICY ALLOW,
	  { .dport = 23, .iface = "docker0" }, PW_EX_CLOSED, NULL },
	{ "published, from outside", POLICY ALLOW,
	  { .dport = 23, .published = true }, PW_EX_CLOSED, NULL },
	{ "published and allowed", POLICY ALLOW,
	  { .dport = 22, .published = true }, PW_EX_REACHABLE, "a" },
	{ "published, from a bridge", POLICY ALLOW,
	  { .dport = 23, .published = true, .iface = "docker0" },
	  PW_EX_REACHABLE, NULL },
	{ "published, from a bridge, blocked",
	  POLICY ALLOW "[block b]\nfrom = 192.0.2.1\n",
	  { .dport = 23, .published = true, .iface = "docker0" },
	  PW_EX_REACHABLE, NULL },
	{ "published, from a bridge, invalid", POLICY ALLOW,
	  { .dport = 23, .published = true, .iface = "docker0",
	    .state = PW_CONN_INVALID }, PW_EX_CLOSED, NULL },
	{ "straight to a container", POLICY "default = reject\n" ALLOW,
	  { .dport = 22, .kind = PW_DST_BEHIND }, PW_EX_CLOSED, NULL },
	{ "straight to a container, published", POLICY ALLOW,
	  { .dport = 23, .kind = PW_DST_BEHIND, .published = true },
	  PW_EX_REACHABLE, NULL },
	{ "from one container to another", POLICY ALLOW,
	  { .dport = 23, .kind = PW_DST_BEHIND, .iface = "br-1" },
	  PW_EX_REACHABLE, NULL },
	{ "ping straight to a container", POLICY ALLOW,
	  { .proto = IPPROTO_ICMP, .type = 8, .kind = PW_DST_BEHIND },
	  PW_EX_CLOSED, NULL },
	{ "replies to a container", POLICY ALLOW,
	  { .kind = PW_DST_BEHIND, .state = PW_CONN_ESTABLISHED },
	  PW_EX_REACHABLE, NULL },
	{ "other bridges", POLICY "bridges = eth0\n" ALLOW,
	  { .dport = 23, .published = true }, PW_EX_REACHABLE, NULL },
	{ "ignored, published", POLICY "containers = ignore\n" ALLOW,
	  { .dport = 23, .published = true }, PW_EX_REACHABLE, NULL },
	{ "ignored, published, invalid", POLICY "containers = ignore\n" ALLOW,
	  { .dport = 23, .published = true, .state = PW_CONN_INVALID },
	  PW_EX_CLOSED, NULL },
	{ "ignored, behind", POLICY "containers = ignore\n" ALLOW,
	  { .dport = 23, .kind = PW_DST_BEHIND }, PW_EX_REACHABLE, NULL },
	{ "ignored, own ports", POLICY "containers = ignore\n" ALLOW,
	  { .dport = 23, .iface = "docker0" }, PW_EX_CLOSED, NULL },
};

static void as_the_language_says(void **state)
{
	const struct expect_case *tc = *state;
	struct read_policy got = read_text(tc->policy);
	struct pw_arrival a = arrival(&tc->packet);
	struct pw_expectation expected = { .what = 99 };

	assert_int_equal(got.err, 0);
	pw_expect(got.model, &a, &expected);
	assert_int_equal(expected.what, tc->what);
	assert_non_null(expected.why);
	if (!tc->section)
		assert_int_equal(expected.section, PW_NO_SECTION);
	else
		assert_ptr_equal(&got.model->sections[expected.section],
				 find_section(&got, tc->section));
	read_policy_clear(&got);
}

/* The same row by its map of ports */
static void ports_agree(void **state)
{
	const struct expect_case *tc = *state;
	struct read_policy got = read_text(tc->policy);
	struct pw_ports_expected *ports = calloc(1, sizeof(*ports));
	struct pw_arrival a = arrival(&tc->packet);
	struct pw_expectation expected;

	assert_int_equal(got.err, 0);
	assert_non_null(ports);
	pw_expect_ports(got.model, &a, ports);
	for (uint32_t port = 0; port <= 65535; port++) {
		a.dport = (uint16_t)port;
		pw_expect(got.model, &a, &expected);
		assert_int_equal(ports->what[port], expected.what);
		assert_int_equal(ports->section[port], expected.section);
	}
	free(ports);
	read_policy_clear(&got);
}

/* Sections that are not asked do not speak */
static void some_sections(void **state)
{
	static const uint32_t second[] = { 1 };
	struct read_policy got = read_text(
		POLICY ALLOW "[allow b]\ntcp = 23\n[block c]\ntcp = 24\n");
	struct pw_ports_expected *ports = calloc(1, sizeof(*ports));
	struct pw_arrival a = arrival(&(struct packet){ 0 });

	(void)state;
	assert_int_equal(got.err, 0);
	assert_non_null(ports);
	pw_expect_ports_of(got.model, &a, second, 1, ports);
	assert_int_equal(ports->what[22], PW_EX_CLOSED);
	assert_int_equal(ports->what[23], PW_EX_REACHABLE);
	assert_int_equal(ports->section[23], 1);
	assert_int_equal(ports->section[24], PW_NO_SECTION);
	pw_expect_ports_of(got.model, &a, NULL, 0, ports);
	assert_int_equal(ports->what[23], PW_EX_CLOSED);
	free(ports);
	read_policy_clear(&got);
}

int main(void)
{
	static struct CMUnitTest tests[2 * PW_ARRAY_SIZE(cases) + 1];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++) {
		void *row = (void *)(uintptr_t)&cases[i];

		tests[num++] = (struct CMUnitTest){
			cases[i].name, as_the_language_says, NULL, NULL, row };
		tests[num++] = (struct CMUnitTest){
			cases[i].name, ports_agree, NULL, NULL, row };
	}
	tests[num++] = (struct CMUnitTest)cmocka_unit_test(some_sections);
	return _cmocka_run_group_tests("expect", tests, num, NULL, NULL);
}
