// SPDX-License-Identifier: GPL-2.0-or-later
/* One rule as an array of statements of libnftables-json(5). */
#include "nft/code.h"
#include "nft/json.h"
#include "nft/words.h"
#include "ruleset/inner.h"

#define NS_PER_S 1000000000

/**
 * struct line - Statements of one rule
 * @list:	owned by whoever made it
 * @failed:	one could not be made or appended
 */
struct line {
	const struct pw_ruleset *rs;
	const struct pw_rule *rule;
	json_t *list;
	bool failed;
};

static void add(struct line *line, json_t *statement)
{
	line->failed |= json_array_append_new(line->list, statement) != 0;
}

static json_t *match(const char *op, json_t *left, json_t *right)
{
	return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", op, "left", left,
			 "right", right);
}

/* Both flags are looked at, @match says which are there */
static void add_synack(struct line *line, const struct pw_match *m)
{
	uint64_t flags = m->range.first.lo;
	json_t *right = flags == TCP_SYN_ACK ? json_pack("[s,s]", "syn", "ack") :
			flags == 0x10 ? json_string("ack") :
			flags ? json_string("syn") : json_integer(0);

	add(line, match(m->negated ? "!=" : "==",
			json_pack("{s:[o,[s,s]]}", "&",
				  json_field(m->field, 0), "syn", "ack"),
			right));
}

/* Each end by itself: nft reads an end in whole seconds */
static void add_time(struct line *line, const struct pw_match *m)
{
	json_int_t from_s = (json_int_t)(m->range.first.lo / NS_PER_S);
	json_int_t end_s = (json_int_t)(m->range.last.lo / NS_PER_S + 1);

	if (from_s)
		add(line, match(">=", json_field(m->field, 0),
				json_integer(from_s)));
	if (m->range.last.lo != UINT64_MAX)
		add(line, match("<", json_field(m->field, 0),
				json_integer(end_s)));
}

static void add_lookup(struct line *line, const struct pw_match *m,
		       uint8_t l4proto)
{
	const struct pw_set *set = &line->rs->sets[m->set];

	add(line, match(m->negated ? "!=" : "==",
			json_set_key(set, m->field, l4proto),
			json_sprintf("@%s", set->name)));
}

static void add_match(struct line *line, const struct pw_match *m,
		      uint8_t l4proto)
{
	enum code_shape shape = field_codes[m->field].shape;
	bool bits = shape == SHAPE_STATE || shape == SHAPE_DNAT;
	bool negated = shape == SHAPE_DNAT ? !m->range.first.lo : m->negated;

	if (m->set != PW_NONE)
		add_lookup(line, m, l4proto);
	else if (shape == SHAPE_SYNACK)
		add_synack(line, m);
	else if (shape == SHAPE_TIME)
		add_time(line, m);
	else
		add(line, match(bits ? (negated ? "!" : "in") :
				       (negated ? "!=" : "=="),
				json_field(m->field, l4proto),
				shape == SHAPE_DNAT ? json_string("dnat") :
				json_value(m->field, &m->range)));
}

static void add_matches(struct line *line)
{
	const struct pw_rule *rule = line->rule;

	for (size_t i = 0; i < rule->num_matches; i++)
		if (!rule_implies_match(rule, i))
			add_match(line, &rule->matches[i], rule_l4proto(rule));
}

static json_t *rate(const struct pw_rate *r)
{
	return json_pack("{s:{s:I,s:I,s:s}}", "limit",
			 "rate", (json_int_t)r->count,
			 "burst", (json_int_t)r->burst,
			 "per", pw_rate_unit_name(r->unit_s));
}

static json_t *count_of(const struct pw_effect *effect)
{
	json_t *count = json_pack("{s:I}", "val", (json_int_t)effect->conns);

	if (effect->conns_over)
		json_object_set_new(count, "inv", json_true());
	return json_pack("{s:o}", "ct count", count);
}

static void add_update(struct line *line, const struct pw_effect *effect)
{
	const struct pw_set *set = &line->rs->sets[effect->set];
	json_t *elem = json_update_key(set->type, effect->key), *update;
	json_t *stmts = json_array();

	if (effect->timeout_ms)
		elem = json_pack("{s:{s:o,s:I}}", "elem", "val", elem,
				 "timeout",
				 (json_int_t)(effect->timeout_ms / 1000));
	if (effect->rate.count)
		line->failed |= json_array_append_new(stmts,
						      rate(&effect->rate));
	if (effect->conns)
		line->failed |= json_array_append_new(stmts, count_of(effect));
	update = json_pack("{s:s,s:o,s:o}", "op",
			   effect->add ? "add" : "update", "elem", elem, "set",
			   json_sprintf("@%s", set->name));
	if (json_array_size(stmts))
		line->failed |= json_object_set(update, "stmt", stmts);
	json_decref(stmts);
	add(line, json_pack("{s:o}", "set", update));
}

static json_t *map_use(const struct pw_map *map, json_t *key)
{
	return json_pack("{s:o,s:o}", "key", key, "data",
			 json_sprintf("@%s", map->name));
}

static void add_effect(struct line *line, const struct pw_effect *effect)
{
	const struct pw_ruleset *rs = line->rs;
	uint8_t l4proto = rule_l4proto(line->rule);

	switch (effect->kind) {
	case PW_E_COUNTER:
		add(line, json_pack("{s:s}", "counter",
				    rs->objs[effect->obj].name));
		break;
	case PW_E_COUNTER_MAP:
		add(line, json_pack("{s:{s:o}}", "counter", "map",
				    map_use(&rs->maps[effect->map],
					    json_field(PW_F_DPORT, l4proto))));
		break;
	case PW_E_LIMIT:
		add(line, json_pack("{s:s}", "limit",
				    rs->objs[effect->obj].name));
		break;
	case PW_E_LIMIT_INLINE:
		add(line, rate(&effect->rate));
		break;
	case PW_E_UPDATE:
		add_update(line, effect);
		break;
	case PW_E_LOG:
		add(line, json_pack("{s:{s:o}}", "log", "prefix",
				    json_quoted(effect->text)));
		break;
	}
}

static void add_effects(struct line *line)
{
	const struct pw_rule *rule = line->rule;
	uint8_t family = rule_late_family(line->rs, rule);

	/* An update that comes first makes nft compare it at that place */
	if (family && !effect_nfproto(line->rs, &rule->effects[0]))
		add(line, match("==", json_field(PW_F_NFPROTO, 0),
				json_string(family_word(family))));
	for (size_t i = 0; i < rule->num_effects; i++)
		add_effect(line, &rule->effects[i]);
}

json_t *json_verdict(const struct pw_ruleset *rs,
		     const struct pw_verdict *verdict)
{
	switch (verdict->kind) {
	case PW_V_ACCEPT:
		return json_pack("{s:n}", "accept");
	case PW_V_DROP:
		return json_pack("{s:n}", "drop");
	case PW_V_RETURN:
		return json_pack("{s:n}", "return");
	case PW_V_REJECT_RST:
		return json_pack("{s:{s:s}}", "reject", "type", "tcp reset");
	case PW_V_REJECT_PORT:
		return json_pack("{s:{s:s,s:s}}", "reject", "type", "icmpx",
				 "expr", "port-unreachable");
	case PW_V_REJECT_PROTO:
		return json_pack("{s:{s:s,s:s}}", "reject", "type", "icmp",
				 "expr", "prot-unreachable");
	default:
		return json_pack("{s:{s:s}}", verdict->kind == PW_V_JUMP ?
				 "jump" : "goto", "target",
				 rs->chains[verdict->chain].name);
	}
}

json_t *json_rule(const struct pw_ruleset *rs, const struct pw_rule *rule)
{
	struct line line = { rs, rule, json_array(), false };
	const struct pw_verdict *verdict = &rule->verdict;
	const struct pw_map *map;

	add_matches(&line);
	add_effects(&line);
	if (verdict->kind == PW_V_MAP) {
		map = &rs->maps[verdict->map];
		add(&line, json_pack("{s:o}", "vmap",
				     map_use(map, json_map_key(map->key,
							   rule_l4proto(rule)))));
	} else if (verdict->kind != PW_V_NONE) {
		add(&line, json_verdict(rs, verdict));
	}
	if (line.failed) {
		json_decref(line.list);
		return NULL;
	}
	return line.list;
}
