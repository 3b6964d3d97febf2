// SPDX-License-Identifier: GPL-2.0-or-later
/* Is a ruleset one that can be encoded, and has it a meaning? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruleset/check.h"

/* NFT_NAME_MAXLEN without its NUL */
#define NAME_MAX_LEN 255

int check_fails(const struct check *check, const char *fmt, ...)
{
	const struct pw_chain *chain = check->chain;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!chain)
		return pw_diag_system(check->diags, EPROTO, "%s", text);
	if (!check->rule)
		return pw_diag_system(check->diags, EPROTO, "chain %s: %s",
				      chain->name, text);
	return pw_diag_system(check->diags, EPROTO, "chain %s, rule %td%s%s%s: %s",
			      chain->name, check->rule - chain->rules + 1,
			      check->rule->comment ? " (" : "",
			      check->rule->comment ? check->rule->comment : "",
			      check->rule->comment ? ")" : "", text);
}

static bool is_printable(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

bool check_text(const char *text)
{
	return is_printable(text, 127);
}

static int check_name(const struct check *check, const char *kind,
		      const char *name)
{
	if (*name && is_printable(name, NAME_MAX_LEN))
		return 0;
	return check_fails(check, "a %s has the unusable name '%s'", kind,
			   name);
}

bool check_ifname(const struct pw_range *range)
{
	char name[17];

	return pw_ifname_is_piece(range) &&
	       !strpbrk(pw_ifname_format(range, name), "\"\\");
}

static int check_ifnames(const struct check *check, const struct pw_set *set)
{
	struct pw_set_iter iter = { 0 };
	struct pw_range piece;

	while (pw_set_next_piece(set, &iter, &piece)) {
		if (!check_ifname(&piece))
			return check_fails(check, "set %s holds a name that nft cannot read",
					   set->name);
	}
	return 0;
}

static int check_set(const struct check *check, const struct pw_set *set)
{
	int err = check_name(check, "set", set->name);

	if (err)
		return err;
	if (set->type >= PW_NUM_SET_TYPES)
		return check_fails(check, "set %s has no type", set->name);
	if (set->elems && !set->constant)
		return check_fails(check, "set %s has elements but is not constant",
				   set->name);
	if (set->elems && (set->elems->bits != pw_set_type_bits(set->type) ||
			   !set->elems->normal))
		return check_fails(check, "set %s has elements of another type",
				   set->name);
	if (set->constant && (set->dynamic || set->timeout))
		return check_fails(check, "set %s is constant and changes",
				   set->name);
	if (set->dynamic && (!set->size || set->interval))
		return check_fails(check, "set %s cannot be filled by rules",
				   set->name);
	if (set_has_proto(set->type) && (set->constant || set->dynamic))
		return check_fails(check, "set %s has a type for openings",
				   set->name);
	if (!set->dynamic && !pw_set_type_bits(set->type) &&
	    !set_has_proto(set->type))
		return check_fails(check, "set %s has a type for rules to fill",
				   set->name);
	if (set->timeout_ms && !set->timeout)
		return check_fails(check, "set %s has a life but no timeout",
				   set->name);
	if (set->comment && !check_text(set->comment))
		return check_fails(check, "the comment of set %s cannot be written",
				   set->name);
	if (set->type == PW_T_IFNAME)
		return check_ifnames(check, set);
	return 0;
}

static int check_map_key(const struct check *check, const struct pw_map *map,
			 uint32_t key)
{
	static const uint32_t max[PW_NUM_MAP_KEYS] = {
		[PW_K_PORT] = UINT16_MAX,
		[PW_K_PROTO_PORT] = UINT8_MAX << 16 | UINT16_MAX,
		[PW_K_PROTO] = UINT8_MAX,
		[PW_K_FIB_DADDR] = UINT32_MAX,
	};

	if (key <= max[map->key])
		return 0;
	return check_fails(check, "map %s has the impossible key %u", map->name,
			   key);
}

static int check_map_elem(const struct check *check, const struct pw_map *map,
			  const struct pw_map_elem *elem)
{
	int err = check_map_key(check, map, elem->key);

	if (err)
		return err;
	if (map->counters)
		return check_obj(check, elem->obj, PW_O_COUNTER);
	switch (elem->verdict.kind) {
	case PW_V_ACCEPT:
	case PW_V_DROP:
		return 0;
	case PW_V_JUMP:
	case PW_V_GOTO:
		return check_target(check, elem->verdict.chain);
	default:
		return check_fails(check, "map %s holds a verdict that maps cannot hold",
				   map->name);
	}
}

static int check_map(const struct check *check, const struct pw_map *map)
{
	int err = check_name(check, "map", map->name);

	if (!err && map->key >= PW_NUM_MAP_KEYS)
		return check_fails(check, "map %s has no key", map->name);
	if (!err && map->counters && map->key != PW_K_PORT)
		return check_fails(check, "map %s counts by something but ports",
				   map->name);
	for (size_t i = 0; i < map->num_elems && !err; i++)
		err = check_map_elem(check, map, &map->elems[i]);
	return err;
}

bool check_rate(const struct pw_rate *rate)
{
	return rate->count && rate->burst && pw_rate_unit_name(rate->unit_s);
}

static int check_object(const struct check *check, const struct pw_obj *obj)
{
	int err = check_name(check, "object", obj->name);

	if (!err && obj->kind == PW_O_LIMIT && !check_rate(&obj->rate))
		return check_fails(check, "limit %s has no rate", obj->name);
	if (!err && obj->comment && !check_text(obj->comment))
		return check_fails(check, "the comment of %s cannot be written",
				   obj->name);
	return err;
}

static int check_chain(struct check *check, const struct pw_chain *chain)
{
	int err = check_name(check, "chain", chain->name);

	check->chain = chain;
	if (!err && chain->hook != PW_HOOK_NONE &&
	    chain->policy != PW_V_ACCEPT && chain->policy != PW_V_DROP)
		err = check_fails(check, "its policy is not a verdict");
	for (size_t i = 0; i < chain->num_rules && !err; i++) {
		check->rule = &chain->rules[i];
		err = check_rule(check);
	}
	check->chain = NULL;
	check->rule = NULL;
	return err;
}

int pw_ruleset_check(const struct pw_ruleset *rs, struct pw_diags *diags)
{
	struct check check = { .rs = rs, .diags = diags };
	int err = 0;

	for (size_t i = 0; i < rs->num_sets && !err; i++)
		err = check_set(&check, &rs->sets[i]);
	for (size_t i = 0; i < rs->num_objs && !err; i++)
		err = check_object(&check, &rs->objs[i]);
	for (size_t i = 0; i < rs->num_maps && !err; i++)
		err = check_map(&check, &rs->maps[i]);
	for (size_t i = 0; i < rs->num_chains && !err; i++)
		err = check_chain(&check, &rs->chains[i]);
	return err ? err : check_jumps(&check);
}
