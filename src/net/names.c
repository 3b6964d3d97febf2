/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names taken from the field: protocols, units, interfaces. */
#include "portwall/names.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* As in Debian's /etc/protocols, and what IANA has added since */
static const char *const protos[256] = {
	[0] = "hopopt", [1] = "icmp", [2] = "igmp", [3] = "ggp",
	[4] = "ipencap", [5] = "st", [6] = "tcp", [8] = "egp", [9] = "igp",
	[12] = "pup", [17] = "udp", [20] = "hmp", [22] = "xns-idp",
	[27] = "rdp", [29] = "iso-tp4", [33] = "dccp", [36] = "xtp",
	[37] = "ddp", [38] = "idpr-cmtp", [41] = "ipv6", [43] = "ipv6-route",
	[44] = "ipv6-frag", [45] = "idrp", [46] = "rsvp", [47] = "gre",
	[50] = "esp", [51] = "ah", [57] = "skip", [58] = "ipv6-icmp",
	[59] = "ipv6-nonxt", [60] = "ipv6-opts", [73] = "rspf", [81] = "vmtp",
	[88] = "eigrp", [89] = "ospf", [93] = "ax.25", [94] = "ipip",
	[97] = "etherip", [98] = "encap", [103] = "pim", [108] = "ipcomp",
	[112] = "vrrp", [115] = "l2tp", [124] = "isis", [132] = "sctp",
	[133] = "fc", [135] = "mobility-header", [136] = "udplite",
	[137] = "mpls-in-ip", [138] = "manet", [139] = "hip", [140] = "shim6",
	[141] = "wesp", [142] = "rohc", [143] = "ethernet", [144] = "aggfrag",
	[145] = "nsh", [146] = "homa", [147] = "bit-emu",
};

/* Second names, understood but never printed */
static const struct {
	const char *name;
	uint8_t proto;
} aliases[] = {
	{ "ip", 0 },		{ "ip-encap", 4 },	{ "ipsec-esp", 50 },
	{ "ipsec-ah", 51 },	{ "icmpv6", 58 },	{ "icmp6", 58 },
	{ "ospfigp", 89 },	{ "carp", 112 },	{ "udp-lite", 136 },
};

static bool is_word(const char *name, const char *text, size_t len)
{
	return name && strlen(name) == len && !memcmp(name, text, len);
}

const char *pw_proto_name(uint8_t proto)
{
	return protos[proto];
}

int pw_proto_by_name(const char *name, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < PW_ARRAY_SIZE(protos); i++)
		if (is_word(protos[i], name, len)) {
			*out = i;
			return 0;
		}
	for (size_t i = 0; i < PW_ARRAY_SIZE(aliases); i++)
		if (is_word(aliases[i].name, name, len)) {
			*out = aliases[i].proto;
			return 0;
		}
	return -ENOENT;
}

static struct pw_value value_of_bytes(const uint8_t bytes[16])
{
	struct pw_value v = { 0, 0 };

	for (int i = 0; i < 8; i++) {
		v.hi = v.hi << 8 | bytes[i];
		v.lo = v.lo << 8 | bytes[i + 8];
	}
	return v;
}

static void bytes_of_value(struct pw_value v, uint8_t bytes[16])
{
	for (int i = 0; i < 8; i++) {
		bytes[i] = v.hi >> (56 - 8 * i);
		bytes[i + 8] = v.lo >> (56 - 8 * i);
	}
}

/* What the kernel takes as a name, and no control characters */
static bool is_ifname_byte(char c)
{
	return (unsigned char)c > ' ' && c != '/' && c != ':' && c != '*' &&
	       c != 0x7f;
}

int pw_ifname_range(const char *text, size_t len, struct pw_range *out)
{
	uint8_t first[16] = { 0 }, last[16] = { 0 };
	bool glob;

	if (!len || len > PW_IFNAME_MAX || is_word(".", text, len) ||
	    is_word("..", text, len))
		return -EINVAL;
	glob = text[len - 1] == '*';
	len -= glob;
	for (size_t i = 0; i < len; i++)
		if (!is_ifname_byte(text[i]))
			return -EINVAL;
	if (glob)
		memset(last, 0xff, sizeof(last));
	memcpy(first, text, len);
	memcpy(last, text, len);
	*out = (struct pw_range){ value_of_bytes(first), value_of_bytes(last) };
	return 0;
}

const char *pw_ifname_format(const struct pw_range *range, char buf[static 17])
{
	uint8_t first[16], last[16];
	size_t len = 0, rest;

	bytes_of_value(range->first, first);
	bytes_of_value(range->last, last);
	while (len < 16 && first[len] == last[len])
		len++;
	for (rest = len; rest < 16; rest++)
		if (first[rest] || last[rest] != 0xff)
			break;
	memcpy(buf, first, 16);
	buf[16] = '\0';
	if (len < 16 && rest == 16)
		memcpy(buf + len, "*", 2);
	return buf;
}

const char *pw_rate_unit_name(uint32_t unit_s)
{
	static const struct {
		uint32_t unit_s;
		const char *name;
	} units[] = {
		{ 1, "second" }, { 60, "minute" },
		{ 3600, "hour" }, { 86400, "day" },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(units); i++)
		if (units[i].unit_s == unit_s)
			return units[i].name;
	return NULL;
}

void pw_rate_print(const struct pw_rate *rate, FILE *out)
{
	fprintf(out, "%" PRIu32 "/%s", rate->count,
		pw_rate_unit_name(rate->unit_s));
	if (rate->burst != rate->count)
		fprintf(out, " burst %" PRIu32, rate->burst);
}
