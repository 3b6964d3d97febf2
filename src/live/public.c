// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports that rules in force let anyone send to. */
#include "live/public.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft/kernel.h"
#include "portwall/array.h"

struct search {
	const struct pw_ruleset *rs;
	struct pw_asked *list;
	size_t num, cap;
};

static int add(struct search *s, uint8_t proto, uint64_t first, uint64_t last)
{
	const struct pw_asked asked = { proto, (uint16_t)first,
					(uint16_t)last };

	return PW_ARRAY_PUSH(s->list, s->num, s->cap, asked);
}

static int add_set(struct search *s, uint8_t proto,
		   const struct pw_rangeset *ports)
{
	int err = 0;

	for (size_t i = 0; !err && ports && i < ports->num; i++) {
		struct pw_range range = pw_rangeset_get(ports, i);

		err = add(s, proto, range.first.lo, range.last.lo);
	}
	return err;
}

/* The chain of a section with limits or a log: "g7.s.web", "g7.a.web" */
static bool is_of_section(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && (!strncmp(dot, ".s.", 3) || !strncmp(dot, ".a.", 3));
}

static bool lets_in(const struct search *s, const struct pw_verdict *verdict)
{
	if (verdict->kind == PW_V_ACCEPT)
		return true;
	return (verdict->kind == PW_V_JUMP || verdict->kind == PW_V_GOTO) &&
	       is_of_section(s->rs->chains[verdict->chain].name);
}

/* Does a rule of the class let everyone in? */
static bool is_open(const struct search *s, uint32_t chain)
{
	const struct pw_chain *class = &s->rs->chains[chain];

	for (size_t i = 0; i < class->num_rules; i++)
		if (!class->rules[i].num_matches &&
		    lets_in(s, &class->rules[i].verdict))
			return true;
	return false;
}

/* Port -> class */
static int add_map(struct search *s, const struct pw_map *map)
{
	int err = 0;

	for (size_t i = 0; !err && i < map->num_elems; i++) {
		const struct pw_map_elem *elem = &map->elems[i];

		if (map->key == PW_K_PROTO_PORT &&
		    (elem->verdict.kind == PW_V_JUMP ||
		     elem->verdict.kind == PW_V_GOTO) &&
		    is_open(s, elem->verdict.chain))
			err = add(s, (uint8_t)(elem->key >> 16),
				  elem->key & 0xffff, elem->key & 0xffff);
	}
	return err;
}

/* A rule that matches protocol and port and nothing else */
static int add_rule(struct search *s, const struct pw_rule *rule)
{
	const struct pw_match *m = rule->matches;
	uint8_t proto;

	if (rule->verdict.kind == PW_V_MAP && !rule->num_matches)
		return add_map(s, &s->rs->maps[rule->verdict.map]);
	if (rule->num_matches != 2 || m[0].field != PW_F_L4PROTO ||
	    m[1].field != PW_F_DPORT || m[0].negated || m[1].negated ||
	    m[0].set != PW_NONE)
		return 0;
	if (!lets_in(s, &rule->verdict) &&
	    !(rule->verdict.kind == PW_V_JUMP &&
	      is_open(s, rule->verdict.chain)))
		return 0;
	proto = (uint8_t)m[0].range.first.lo;
	if (m[1].set != PW_NONE)
		return add_set(s, proto, s->rs->sets[m[1].set].elems);
	return add(s, proto, m[1].range.first.lo, m[1].range.last.lo);
}

/* "g7.local" */
static bool is_local(const char *name)
{
	const char *dot = strchr(name, '.');

	return pw_name_generation(name) && dot && !strcmp(dot, ".local");
}

int pw_public_ports(const struct pw_ruleset *rules, struct pw_asked **out,
		    size_t *num)
{
	struct search s = { .rs = rules };
	int err = 0;

	for (size_t i = 0; !err && i < rules->num_chains; i++) {
		const struct pw_chain *chain = &rules->chains[i];

		for (size_t j = 0; !err && is_local(chain->name) &&
		     j < chain->num_rules; j++)
			err = add_rule(&s, &chain->rules[j]);
	}
	if (err) {
		free(s.list);
		return err;
	}
	*out = s.list;
	*num = s.num;
	return 0;
}
