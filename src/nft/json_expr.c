// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions of libnftables-json(5): fields, keys, values. */
#include <string.h>

#include "nft/code.h"
#include "nft/json.h"
#include "nft/keys.h"
#include "nft/words.h"
#include "portwall/addr.h"
#include "ruleset/inner.h"

/* How a field is said: { @expr: { @key: @name, @key2: @name2 } } */
static const struct said {
	const char *expr, *key, *name, *key2, *name2;
} fields[PW_NUM_FIELDS] = {
#define META(name) { "meta", "key", name, NULL, NULL }
#define CT(name) { "ct", "key", name, NULL, NULL }
#define ORIGINAL(name) { "ct", "key", name, "dir", "original" }
#define PAYLOAD(proto, name) { "payload", "protocol", proto, "field", name }
#define FIB(of) { "fib", "result", "type", "flags", of }
	[PW_F_IIFNAME] = META("iifname"),
	[PW_F_OIFNAME] = META("oifname"),
	[PW_F_NFPROTO] = META("nfproto"),
	[PW_F_L4PROTO] = META("l4proto"),
	[PW_F_CT_STATE] = CT("state"),
	[PW_F_CT_DNAT] = CT("status"),
	[PW_F_TCP_SYNACK] = PAYLOAD("tcp", "flags"),
	[PW_F_SOCKET_WILDCARD] = { "socket", "key", "wildcard", NULL, NULL },
	[PW_F_ICMP_TYPE] = PAYLOAD("icmp", "type"),
	[PW_F_ICMPV6_TYPE] = PAYLOAD("icmpv6", "type"),
	[PW_F_TTL] = PAYLOAD("ip", "ttl"),
	[PW_F_HOPLIMIT] = PAYLOAD("ip6", "hoplimit"),
	[PW_F_SPORT] = PAYLOAD("th", "sport"),
	[PW_F_DPORT] = PAYLOAD("th", "dport"),
	[PW_F_SADDR4] = PAYLOAD("ip", "saddr"),
	[PW_F_DADDR4] = PAYLOAD("ip", "daddr"),
	[PW_F_SADDR6] = PAYLOAD("ip6", "saddr"),
	[PW_F_DADDR6] = PAYLOAD("ip6", "daddr"),
	[PW_F_FIB_DADDR] = FIB("daddr"),
	[PW_F_FIB_SADDR] = FIB("saddr"),
	[PW_F_TIME] = META("time"),
	[PW_F_CT_ORIG_DADDR4] = ORIGINAL("ip daddr"),
	[PW_F_CT_ORIG_DADDR6] = ORIGINAL("ip6 daddr"),
};

static const struct said in_index = META("iif");

static json_t *say(const struct said *said)
{
	return said->key2 ?
	       json_pack("{s:{s:s,s:s}}", said->expr, said->key, said->name,
			 said->key2, said->name2) :
	       json_pack("{s:{s:s}}", said->expr, said->key, said->name);
}

json_t *json_field(enum pw_field field, uint8_t l4proto)
{
	struct said said = fields[field];

	if ((field == PW_F_SPORT || field == PW_F_DPORT) && l4proto)
		said.name = protocol_word(l4proto);
	return say(&said);
}

json_t *json_quoted(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	for (char *quote = copy; quote && (quote = strchr(quote, '"')); )
		*quote = '\'';
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

json_t *json_word(const char *word, uint32_t number)
{
	return word ? json_string(word) : json_integer(number);
}

json_t *json_numbers(const struct pw_range *range)
{
	json_int_t first = (json_int_t)range->first.lo;

	if (!pw_value_cmp(range->first, range->last))
		return json_integer(first);
	return json_pack("{s:[I,I]}", "range", first,
			 (json_int_t)range->last.lo);
}

json_t *json_addrs(enum pw_family family, const struct pw_range *range)
{
	char text[2 * PW_ADDR_STRLEN];
	unsigned int bits = family == PW_IPV4 ? 32 : 128;
	char *end;

	pw_addr_range_format(family, range, text);
	end = text + strcspn(text, "/-");
	if (!*end)
		return json_string(text);
	if (*end == '/') {
		*end = '\0';
		return json_pack("{s:{s:s,s:i}}", "prefix", "addr", text, "len",
				 pw_range_prefix_len(range, bits));
	}
	*end = '\0';
	return json_pack("{s:[s,s]}", "range", text, end + 1);
}

json_t *json_append(json_t *list, json_t *value)
{
	if (!json_array_append_new(list, value))
		return list;
	json_decref(list);
	return NULL;
}

static json_t *states(const struct pw_range *range)
{
	json_t *list;

	if (!pw_value_cmp(range->first, range->last))
		return json_string(ct_state_word(range->first.lo));
	list = json_array();
	for (uint64_t i = range->first.lo; i <= range->last.lo; i++)
		list = json_append(list, json_string(ct_state_word(i)));
	return list;
}

static json_t *protocols(const struct pw_range *range)
{
	return pw_value_cmp(range->first, range->last) ? json_numbers(range) :
	       json_word(protocol_word(range->first.lo), range->first.lo);
}

static json_t *icmp_types(enum pw_field field, const struct pw_range *range)
{
	const char *word = icmp_word(field, range);

	return word ? json_string(word) : json_numbers(range);
}

json_t *json_value(enum pw_field field, const struct pw_range *range)
{
	char name[17];

	switch (field_codes[field].shape) {
	case SHAPE_ADDR:
		return json_addrs(pw_field_info(field)->bits == 32 ? PW_IPV4 :
				  PW_IPV6, range);
	case SHAPE_NAME:
		return json_string(pw_ifname_format(range, name));
	case SHAPE_STATE:
		return states(range);
	default:
		break;
	}
	switch (field) {
	case PW_F_NFPROTO:
		return json_string(family_word(range->first.lo));
	case PW_F_L4PROTO:
		return protocols(range);
	case PW_F_ICMP_TYPE:
	case PW_F_ICMPV6_TYPE:
		return icmp_types(field, range);
	case PW_F_FIB_DADDR:
	case PW_F_FIB_SADDR:
		return json_word(addrtype_word(range->first.lo),
				 range->first.lo);
	default:
		return json_numbers(range);
	}
}

json_t *json_set_key(const struct pw_set *set, enum pw_field field,
		      uint8_t l4proto)
{
	enum pw_field parts[PW_KEY_PARTS];
	size_t num = pw_key_fields(set->type, parts);
	json_t *list;

	if (set_has_iif(set->type))
		return json_pack("{s:[o,o]}", "concat", say(&in_index),
				 json_field(field, 0));
	if (!num)
		return json_field(field, l4proto);
	list = json_array();
	for (size_t i = 0; i < num; i++)
		list = json_append(list, json_field(parts[i], 0));
	return json_pack("{s:o}", "concat", list);
}

static json_t *masked_source(void)
{
	return json_pack("{s:[o,s]}", "&", json_field(PW_F_SADDR6, 0),
			 "ffff:ffff:ffff:ffff::");
}

json_t *json_update_key(enum pw_set_type type, uint32_t key)
{
	json_int_t mark = key;

	switch (type) {
	case PW_T_MARK:
		return json_pack("{s:[I,i]}", "concat", mark, 0);
	case PW_T_MARK_IPV4:
		return json_pack("{s:[I,o]}", "concat", mark,
				 json_field(PW_F_SADDR4, 0));
	case PW_T_MARK_IPV6:
		return json_pack("{s:[I,o]}", "concat", mark, masked_source());
	case PW_T_IIF_IPV4:
		return json_pack("{s:[o,o]}", "concat", say(&in_index),
				 json_field(PW_F_DADDR4, 0));
	case PW_T_IIF_IPV6:
		return json_pack("{s:[o,o]}", "concat", say(&in_index),
				 json_field(PW_F_DADDR6, 0));
	default:
		return json_field(type == PW_T_IPV4 ? PW_F_DADDR4 : PW_F_DADDR6,
				 0);
	}
}

json_t *json_map_key(enum pw_map_key kind, uint8_t l4proto)
{
	switch (kind) {
	case PW_K_PORT:
		return json_field(PW_F_DPORT, l4proto);
	case PW_K_PROTO_PORT:
		return json_pack("{s:[o,o]}", "concat",
				 json_field(PW_F_L4PROTO, 0),
				 json_field(PW_F_DPORT, 0));
	case PW_K_PROTO:
		return json_field(PW_F_L4PROTO, 0);
	default:
		return json_field(PW_F_FIB_DADDR, 0);
	}
}
