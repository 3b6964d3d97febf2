// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table as the JSON that "nft -j -f" loads: libnftables-json(5).
 *
 * One command a line, each made and forgotten: only the elements of sets are
 * many, and they are written one by one. nft executes commands in their order
 * (its text is sorted first), so what others refer to comes before them.
 *
 * nft 1.0.6 refuses the flag "dynamic" and adds it itself where a rule of the
 * same document updates the set; it leaves out the comments of sets.
 */
#include <errno.h>
#include <string.h>

#include "nft/code.h"
#include "nft/json.h"
#include "nft/keys.h"
#include "nft/words.h"
#include "portwall/nft.h"
#include "ruleset/elems.h"

#define SCHEMA 1	/* JSON_SCHEMA_VERSION of nft, never another so far */

/* "{"add": {@kind: " and what @object says; it stays open. @object is consumed */
static int put_open(const char *kind, json_t *object, FILE *out)
{
	int err = object ? 0 : -ENOMEM;

	fprintf(out, ",\n{\"add\": {\"%s\": {", kind);
	if (!err && json_dumpf(object, out, JSON_EMBED | JSON_ENSURE_ASCII))
		err = ferror(out) ? -EIO : -ENOMEM;
	json_decref(object);
	return err;
}

static int put(const char *kind, json_t *object, FILE *out)
{
	int err = put_open(kind, object, out);

	fputs("}}}", out);
	return err;
}

/* What every object of our table has */
static json_t *named(const char *name)
{
	return json_pack("{s:s,s:s,s:s}", "family", "inet", "table", PW_TABLE,
			 "name", name);
}

/* Adds a member, whose value is consumed; a NULL object stays NULL */
static json_t *with(json_t *object, const char *key, json_t *value)
{
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

static int put_chain(const struct pw_chain *chain, FILE *out)
{
	json_t *object = named(chain->name);

	if (chain->hook != PW_HOOK_NONE) {
		object = with(object, "type", json_string("filter"));
		object = with(object, "hook",
			      json_string(hook_word(chain->hook)));
		object = with(object, "prio", json_integer(chain->priority));
		object = with(object, "policy",
			      json_string(chain->policy == PW_V_DROP ?
					  "drop" : "accept"));
	}
	return put("chain", object, out);
}

static int put_obj(const struct pw_obj *obj, FILE *out)
{
	json_t *object = named(obj->name);

	if (obj->comment)
		object = with(object, "comment", json_quoted(obj->comment));
	if (obj->kind == PW_O_COUNTER)
		return put("counter", object, out);
	object = with(object, "rate", json_integer(obj->rate.count));
	object = with(object, "per",
		      json_string(pw_rate_unit_name(obj->rate.unit_s)));
	object = with(object, "burst", json_integer(obj->rate.burst));
	return put("limit", object, out);
}

/* "ipv4_addr", or the parts of "mark . ipv4_addr" as an array */
static json_t *type_of(const char *text)
{
	json_t *list = json_array();

	for (;;) {
		size_t len = strcspn(text, " ");

		list = json_append(list, json_stringn(text, len));
		if (!text[len])
			break;
		text += len + strlen(" . ");
	}
	if (json_array_size(list) == 1) {
		json_t *only = json_incref(json_array_get(list, 0));

		json_decref(list);
		return only;
	}
	return list;
}

static json_t *flags_of(const struct pw_set *set)
{
	json_t *list = json_array();

	if (set->constant)
		list = json_append(list, json_string("constant"));
	if (set->interval)
		list = json_append(list, json_string("interval"));
	if (set->timeout)
		list = json_append(list, json_string("timeout"));
	return list;
}

static json_t *describe_set(const struct pw_set *set)
{
	json_t *object = named(set->name), *flags = flags_of(set);

	object = with(object, "type", type_of(pw_set_key_info(set->type)->text));
	if (!flags || json_array_size(flags))
		object = with(object, "flags", flags);
	else
		json_decref(flags);
	/* nft declares the size of a set with elements itself */
	if (set->size && !(set->constant && set->elems))
		object = with(object, "size", json_integer(set->size));
	if (set->timeout_ms)
		object = with(object, "timeout",
			      json_integer((json_int_t)(set->timeout_ms / 1000)));
	if (set->comment)
		object = with(object, "comment", json_quoted(set->comment));
	return object;
}

static json_t *element(const struct pw_set *set, const struct pw_range *range)
{
	char name[17];

	switch (set->type) {
	case PW_T_IPV4:
		return json_addrs(PW_IPV4, range);
	case PW_T_IPV6:
		return json_addrs(PW_IPV6, range);
	case PW_T_IFNAME:
		return json_string(pw_ifname_format(range, name));
	default:
		return json_numbers(range);
	}
}

/* Between elements that are lines; @value is consumed */
static int put_element(json_t *value, bool first, FILE *out)
{
	int err = value ? 0 : -ENOMEM;

	fputs(first ? ", \"elem\": [\n" : ",\n", out);
	if (!err && json_dumpf(value, out, JSON_ENCODE_ANY | JSON_ENSURE_ASCII))
		err = ferror(out) ? -EIO : -ENOMEM;
	json_decref(value);
	return err;
}

static int put_set(const struct pw_set *set, FILE *out)
{
	int err = put_open("set", describe_set(set), out);
	struct pw_set_iter iter = { 0 };
	struct pw_range piece;
	bool first = true;

	while (!err && pw_set_next_piece(set, &iter, &piece)) {
		err = put_element(element(set, &piece), first, out);
		first = false;
	}
	fputs(first ? "}}}" : "]}}}", out);
	return err;
}

static json_t *map_key(enum pw_map_key kind, uint32_t key)
{
	switch (kind) {
	case PW_K_PROTO_PORT:
		return json_pack("{s:[o,i]}", "concat",
				 json_word(protocol_word(key >> 16), key >> 16),
				 (int)(key & UINT16_MAX));
	case PW_K_PROTO:
		return json_word(protocol_word(key), key);
	case PW_K_FIB_DADDR:
		return json_word(addrtype_word(key), key);
	default:
		return json_integer(key);
	}
}

static int put_map_elem(const struct pw_ruleset *rs, const struct pw_map *map,
			size_t i, FILE *out)
{
	const struct pw_map_elem *elem = &map->elems[i];
	json_t *data = map->counters ? json_string(rs->objs[elem->obj].name) :
				       json_verdict(rs, &elem->verdict);

	return put_element(json_pack("[o,o]", map_key(map->key, elem->key),
				     data), !i, out);
}

static int put_map(const struct pw_ruleset *rs, const struct pw_map *map,
		   FILE *out)
{
	json_t *object = named(map->name);
	int err;

	object = with(object, "type", type_of(pw_map_key_info(map->key)->text));
	object = with(object, "map",
		      json_string(map->counters ? "counter" : "verdict"));
	if (map->num_elems)
		object = with(object, "size",
			      json_integer((json_int_t)map->num_elems));
	err = put_open("map", object, out);
	for (size_t i = 0; !err && i < map->num_elems; i++)
		err = put_map_elem(rs, map, i, out);
	fputs(map->num_elems ? "]}}}" : "}}}", out);
	return err;
}

static int put_rule(const struct pw_ruleset *rs, const struct pw_chain *chain,
		    const struct pw_rule *rule, FILE *out)
{
	json_t *object = json_pack("{s:s,s:s,s:s,s:o}", "family", "inet",
				   "table", PW_TABLE, "chain", chain->name,
				   "expr", json_rule(rs, rule));

	if (rule->comment)
		object = with(object, "comment", json_quoted(rule->comment));
	return put("rule", object, out);
}

static int put_rules(const struct pw_ruleset *rs, const struct pw_chain *chain,
		     FILE *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < chain->num_rules; i++)
		err = put_rule(rs, chain, &chain->rules[i], out);
	return err;
}

static int put_table(const struct pw_ruleset *rs, FILE *out)
{
	int err = put("table", json_pack("{s:s,s:s}", "family", "inet",
					 "name", PW_TABLE), out);

	for (size_t i = 0; !err && i < rs->num_chains; i++)
		err = put_chain(&rs->chains[i], out);
	for (size_t i = 0; !err && i < rs->num_objs; i++)
		err = put_obj(&rs->objs[i], out);
	for (size_t i = 0; !err && i < rs->num_sets; i++)
		err = put_set(&rs->sets[i], out);
	for (size_t i = 0; !err && i < rs->num_maps; i++)
		err = put_map(rs, &rs->maps[i], out);
	for (size_t i = 0; !err && i < rs->num_chains; i++)
		err = put_rules(rs, &rs->chains[i], out);
	return err;
}

int pw_nft_print_json(const struct pw_ruleset *rs, FILE *out,
		      struct pw_diags *diags)
{
	int err = json_check(rs, diags);

	if (err)
		return err;
	fprintf(out, "{\"nftables\": [\n{\"metainfo\": "
		"{\"json_schema_version\": %d}}", SCHEMA);
	err = put_table(rs, out);
	fputs("\n]}\n", out);
	if (err)
		return err;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
