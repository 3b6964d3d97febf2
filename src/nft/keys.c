// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of sets and maps as the bytes that the kernel compares. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include "nft/keys.h"
#include "ruleset/inner.h"

/* Numbers of nft's data types (its enum datatypes), six bits each in a concat */
enum {
	TYPE_NFPROTO = 2, TYPE_IPADDR = 7, TYPE_IP6ADDR = 8,
	TYPE_INET_PROTOCOL = 12, TYPE_INET_SERVICE = 13, TYPE_MARK = 19,
	TYPE_IFINDEX = 20,
	TYPE_FIB_ADDR = 38, TYPE_IFNAME = 41,
};

#define CONCAT(a, b) ((a) << 6 | (b))
#define PORT_PROTO CONCAT(TYPE_INET_SERVICE, TYPE_INET_PROTOCOL)
#define PORT_PROTO_NAME CONCAT(PORT_PROTO, TYPE_IFNAME)

enum { ORDER_CONCAT, ORDER_HOST, ORDER_BE };

/*
 * PW_T_MARK is declared with a second part that is always 0: nft 1.0.6 lists a
 * lone constant as "[invalid type]", which it cannot load again
 */
static const struct pw_key_info set_keys[PW_NUM_SET_TYPES] = {
	[PW_T_IPV4] = { TYPE_IPADDR, 4, ORDER_BE, "ipv4_addr" },
	[PW_T_IPV6] = { TYPE_IP6ADDR, 16, ORDER_BE, "ipv6_addr" },
	[PW_T_PORT] = { TYPE_INET_SERVICE, 2, ORDER_BE, "inet_service" },
	[PW_T_IFNAME] = { TYPE_IFNAME, 16, ORDER_HOST, "ifname" },
	[PW_T_NFPROTO] = { TYPE_NFPROTO, 1, ORDER_CONCAT, "nf_proto" },
	[PW_T_MARK] = { CONCAT(TYPE_MARK, TYPE_MARK), 8, ORDER_CONCAT,
			"mark . mark" },
	[PW_T_MARK_IPV4] = { CONCAT(TYPE_MARK, TYPE_IPADDR), 8, ORDER_CONCAT,
			     "mark . ipv4_addr" },
	[PW_T_MARK_IPV6] = { CONCAT(TYPE_MARK, TYPE_IP6ADDR), 20, ORDER_CONCAT,
			     "mark . ipv6_addr" },
	[PW_T_IIF_IPV4] = { CONCAT(TYPE_IFINDEX, TYPE_IPADDR), 8, ORDER_CONCAT,
			    "iface_index . ipv4_addr" },
	[PW_T_IIF_IPV6] = { CONCAT(TYPE_IFINDEX, TYPE_IP6ADDR), 20,
			    ORDER_CONCAT, "iface_index . ipv6_addr" },
	[PW_T_PORT_PROTO] = { PORT_PROTO, 8, ORDER_CONCAT,
			      "inet_service . inet_proto" },
	[PW_T_PORT_PROTO_NAME] = { PORT_PROTO_NAME, 24, ORDER_CONCAT,
				   "inet_service . inet_proto . ifname" },
	[PW_T_PORT_PROTO_IPV4] = {
		CONCAT(PORT_PROTO, TYPE_IPADDR), 12, ORDER_CONCAT,
		"inet_service . inet_proto . ipv4_addr", { 2, 1, 4 } },
	[PW_T_PORT_PROTO_IPV6] = {
		CONCAT(PORT_PROTO, TYPE_IP6ADDR), 24, ORDER_CONCAT,
		"inet_service . inet_proto . ipv6_addr", { 2, 1, 16 } },
	[PW_T_PORT_PROTO_NAME_IPV4] = {
		CONCAT(PORT_PROTO_NAME, TYPE_IPADDR), 28, ORDER_CONCAT,
		"inet_service . inet_proto . ifname . ipv4_addr",
		{ 2, 1, 16, 4 } },
	[PW_T_PORT_PROTO_NAME_IPV6] = {
		CONCAT(PORT_PROTO_NAME, TYPE_IP6ADDR), 40, ORDER_CONCAT,
		"inet_service . inet_proto . ifname . ipv6_addr",
		{ 2, 1, 16, 16 } },
};

static const struct pw_key_info map_keys[PW_NUM_MAP_KEYS] = {
	[PW_K_PORT] = { TYPE_INET_SERVICE, 2, ORDER_BE, "inet_service" },
	[PW_K_PROTO_PORT] = { CONCAT(TYPE_INET_PROTOCOL, TYPE_INET_SERVICE), 8,
			      ORDER_CONCAT, "inet_proto . inet_service" },
	/* nft gives protocols no byte order */
	[PW_K_PROTO] = { TYPE_INET_PROTOCOL, 1, ORDER_CONCAT, "inet_proto" },
	[PW_K_FIB_DADDR] = { TYPE_FIB_ADDR, 4, ORDER_HOST, "fib_addrtype" },
};

const struct pw_key_info *pw_set_key_info(enum pw_set_type type)
{
	return &set_keys[type];
}

const struct pw_key_info *pw_map_key_info(enum pw_map_key key)
{
	return &map_keys[key];
}

size_t pw_key_fields(enum pw_set_type type,
		     enum pw_field fields[static PW_KEY_PARTS])
{
	size_t num = 0;

	if (!set_has_proto(type))
		return 0;
	fields[num++] = PW_F_DPORT;
	fields[num++] = PW_F_L4PROTO;
	if (type == PW_T_PORT_PROTO_NAME || type == PW_T_PORT_PROTO_NAME_IPV4 ||
	    type == PW_T_PORT_PROTO_NAME_IPV6)
		fields[num++] = PW_F_IIFNAME;
	if (set_nfproto(type))
		fields[num++] = set_nfproto(type) == NFPROTO_IPV4 ?
				PW_F_SADDR4 : PW_F_SADDR6;
	return num;
}

void pw_value_to_be(struct pw_value value, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t up = len - 1 - i;	/* bytes below this one */

		buf[i] = up < 8 ? value.lo >> 8 * up : value.hi >> 8 * (up - 8);
	}
}

struct pw_value pw_value_from_be(const uint8_t *buf, size_t len)
{
	struct pw_value value = { 0, 0 };

	for (size_t i = 0; i < len; i++) {
		value.hi = value.hi << 8 | value.lo >> 56;
		value.lo = value.lo << 8 | buf[i];
	}
	return value;
}

bool pw_set_is_concat(enum pw_set_type type)
{
	return set_keys[type].type >= CONCAT(1, 0);
}

/* Names are bytes in their order, the others numbers: both highest first */
size_t pw_set_key(enum pw_set_type type, struct pw_value value,
		  uint8_t buf[static PW_KEY_MAX])
{
	size_t len = set_keys[type].len;

	if (pw_set_is_concat(type))
		return 0;
	pw_value_to_be(value, buf, len);
	return len;
}

int pw_set_key_parse(enum pw_set_type type, const void *key, size_t len,
		     struct pw_value *out)
{
	if (pw_set_is_concat(type) || len != set_keys[type].len)
		return -EBADMSG;
	*out = pw_value_from_be(key, len);
	return 0;
}

size_t pw_map_key(enum pw_map_key kind, uint32_t key,
		  uint8_t buf[static PW_KEY_MAX])
{
	size_t len = map_keys[kind].len;

	switch (kind) {
	case PW_K_FIB_DADDR:
		memcpy(buf, &key, len);
		break;
	case PW_K_PROTO_PORT:
		memset(buf, 0, len);
		buf[0] = key >> 16;
		pw_value_to_be(pw_value32(key), buf + 4, 2);
		break;
	default:
		pw_value_to_be(pw_value32(key), buf, len);
	}
	return len;
}

int pw_map_key_parse(enum pw_map_key kind, const void *key, size_t len,
		     uint32_t *out)
{
	const uint8_t *bytes = key;
	uint8_t again[PW_KEY_MAX];

	if (len != map_keys[kind].len)
		return -EBADMSG;
	switch (kind) {
	case PW_K_FIB_DADDR:
		memcpy(out, key, len);
		break;
	case PW_K_PROTO_PORT:
		*out = (uint32_t)bytes[0] << 16 | bytes[4] << 8 | bytes[5];
		break;
	default:
		*out = pw_value_from_be(bytes, len).lo;
	}
	/* what fills up the parts is compared as well */
	(void)pw_map_key(kind, *out, again);
	return memcmp(again, key, len) ? -EBADMSG : 0;
}
