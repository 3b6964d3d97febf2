// SPDX-License-Identifier: GPL-2.0-or-later
/* Is one rule one that can be encoded? */
#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>

#include "ruleset/check.h"

/* nft writes times in whole seconds */
#define SECOND_NS 1000000000ULL

static bool is_single(const struct pw_range *range)
{
	return !pw_value_cmp(range->first, range->last);
}

static bool is_flag(const struct pw_match *match)
{
	return is_single(&match->range) && match->range.first.lo <= 1;
}

static bool is_one_value(const struct pw_match *match)
{
	return is_single(&match->range);
}

static bool is_family(const struct pw_match *match)
{
	return is_single(&match->range) &&
	       (match->range.first.lo == NFPROTO_IPV4 ||
		match->range.first.lo == NFPROTO_IPV6);
}

static bool is_ct_state(const struct pw_match *match)
{
	const struct pw_range *range = &match->range;

	return range->last.lo < PW_NUM_CT_STATES &&
	       (range->first.lo || range->last.lo < PW_NUM_CT_STATES - 1);
}

static bool is_synack(const struct pw_match *match)
{
	return is_single(&match->range) && !(match->range.first.lo & ~0x12ULL);
}

/* A name or glob that nft can read between quotes */
static bool is_ifname(const struct pw_match *match)
{
	return check_ifname(&match->range);
}

/* Whole seconds, the last one included or no end at all */
static bool is_time(const struct pw_match *match)
{
	const struct pw_range *range = &match->range;
	bool from = range->first.lo, to = range->last.lo != UINT64_MAX;

	return !match->negated && (from || to) &&
	       !(range->first.lo % SECOND_NS) &&
	       (!to || !((range->last.lo + 1) % SECOND_NS));
}

static bool is_any(const struct pw_match *match)
{
	(void)match;
	return true;
}

/**
 * struct field_rule - What a match of a field may look like
 * @range_ok:	can this range be encoded?
 * @set:	type of sets that it can be looked up in, NO_SET: none
 */
#define NO_SET PW_NUM_SET_TYPES
static const struct field_rule {
	bool (*range_ok)(const struct pw_match *match);
	enum pw_set_type set;
} field_rules[PW_NUM_FIELDS] = {
	[PW_F_IIFNAME]	= { is_ifname, PW_T_IFNAME },
	[PW_F_OIFNAME]	= { is_ifname, PW_T_IFNAME },
	[PW_F_NFPROTO]	= { is_family, PW_T_NFPROTO },
	[PW_F_L4PROTO]	= { is_any, NO_SET },
	[PW_F_CT_STATE]	= { is_ct_state, NO_SET },
	[PW_F_CT_DNAT]	= { is_flag, NO_SET },
	[PW_F_TCP_SYNACK] = { is_synack, NO_SET },
	[PW_F_SOCKET_WILDCARD] = { is_flag, NO_SET },
	[PW_F_ICMP_TYPE] = { is_any, NO_SET },
	[PW_F_ICMPV6_TYPE] = { is_any, NO_SET },
	[PW_F_TTL]	= { is_any, NO_SET },
	[PW_F_HOPLIMIT]	= { is_any, NO_SET },
	[PW_F_SPORT]	= { is_any, PW_T_PORT },
	[PW_F_DPORT]	= { is_any, PW_T_PORT },
	[PW_F_SADDR4]	= { is_any, PW_T_IPV4 },
	[PW_F_DADDR4]	= { is_any, PW_T_IPV4 },
	[PW_F_SADDR6]	= { is_any, PW_T_IPV6 },
	[PW_F_DADDR6]	= { is_any, PW_T_IPV6 },
	[PW_F_FIB_DADDR] = { is_one_value, NO_SET },
	[PW_F_FIB_SADDR] = { is_one_value, NO_SET },
	[PW_F_TIME]	= { is_time, NO_SET },
	[PW_F_CT_ORIG_DADDR4] = { is_any, PW_T_IPV4 },
	[PW_F_CT_ORIG_DADDR6] = { is_any, PW_T_IPV6 },
};

bool set_has_iif(enum pw_set_type type)
{
	return type == PW_T_IIF_IPV4 || type == PW_T_IIF_IPV6;
}

bool set_has_proto(enum pw_set_type type)
{
	return type >= PW_T_PORT_PROTO && type <= PW_T_PORT_PROTO_NAME_IPV6;
}

bool field_takes_set(enum pw_field field, enum pw_set_type type)
{
	if (set_has_proto(type))
		return field == PW_F_DPORT;
	switch (type) {
	case PW_T_IIF_IPV4:
		return field == PW_F_DADDR4 || field == PW_F_CT_ORIG_DADDR4;
	case PW_T_IIF_IPV6:
		return field == PW_F_DADDR6 || field == PW_F_CT_ORIG_DADDR6;
	default:
		return field_rules[field].set == type && type != NO_SET;
	}
}

static bool range_fits(const struct pw_match *match)
{
	const struct pw_range *range = &match->range;
	struct pw_value max = pw_value_max(pw_field_info(match->field)->bits);
	bool all = !range->first.hi && !range->first.lo &&
		   !pw_value_cmp(range->last, max);

	return pw_value_cmp(range->first, range->last) <= 0 &&
	       pw_value_cmp(range->last, max) <= 0 && !all &&
	       field_rules[match->field].range_ok(match);
}

static int check_match(const struct check *check, const struct pw_match *match)
{
	const struct pw_ruleset *rs = check->rs;
	const char *name;

	if (match->field >= PW_NUM_FIELDS)
		return check_fails(check, "a match has no field");
	name = pw_field_info(match->field)->name;
	if (match->set == PW_NONE && !range_fits(match))
		return check_fails(check, "%s cannot match that", name);
	if (match->set == PW_NONE)
		return 0;
	if (match->set >= rs->num_sets)
		return check_fails(check, "%s is looked up in no set", name);
	if (!field_takes_set(match->field, rs->sets[match->set].type))
		return check_fails(check, "%s cannot be looked up in set %s",
				   name, rs->sets[match->set].name);
	/* the kernel would find ICMP, too, not to be there */
	if (match->negated && set_has_proto(rs->sets[match->set].type))
		return check_fails(check, "what is not in set %s cannot be told",
				   rs->sets[match->set].name);
	return 0;
}

/* The only value that @field may have in this rule, 0: any */
static uint8_t only_value(const struct pw_rule *rule, enum pw_field field)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		const struct pw_match *match = &rule->matches[i];

		if (match->field == field && match->set == PW_NONE &&
		    !match->negated && is_single(&match->range))
			return match->range.first.lo;
	}
	return 0;
}

/* Takes one more thing that asks for @value; false: it asks for another */
static bool agree(uint8_t *sum, uint8_t value)
{
	if (value && *sum && *sum != value)
		return false;
	if (value)
		*sum = value;
	return true;
}

static bool matches(const struct pw_rule *rule, enum pw_field field)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		if (rule->matches[i].field == field)
			return true;
	}
	return false;
}

/* Matches @field, but not one value of it */
static bool is_vague(const struct pw_rule *rule, enum pw_field field)
{
	return matches(rule, field) && !only_value(rule, field);
}

/* Family and protocol that the rule as a whole asks for */
static int check_agreement(const struct check *check, uint8_t *nfproto,
			   uint8_t *l4proto)
{
	const struct pw_rule *rule = check->rule;
	bool ok = true;

	*nfproto = only_value(rule, PW_F_NFPROTO);
	*l4proto = only_value(rule, PW_F_L4PROTO);
	for (size_t i = 0; i < rule->num_matches; i++) {
		const struct pw_match *match = &rule->matches[i];

		ok = ok && agree(nfproto, match_nfproto(check->rs, match)) &&
		     agree(l4proto, pw_field_info(match->field)->l4proto);
	}
	for (size_t i = 0; i < rule->num_effects; i++)
		ok = ok && agree(nfproto, effect_nfproto(check->rs,
							 &rule->effects[i]));
	if (!ok)
		return check_fails(check, "it asks for two families or protocols");
	/* the kernel would compare it twice, which the IR cannot say */
	if ((*nfproto && is_vague(rule, PW_F_NFPROTO)) ||
	    (*l4proto && is_vague(rule, PW_F_L4PROTO)))
		return check_fails(check, "it asks twice for a family or protocol");
	return 0;
}

int check_obj(const struct check *check, uint32_t obj, enum pw_obj_kind kind)
{
	if (obj >= check->rs->num_objs)
		return check_fails(check, "an object is missing");
	if (check->rs->objs[obj].kind != kind)
		return check_fails(check, "%s is an object of another kind",
				   check->rs->objs[obj].name);
	return 0;
}

static bool has_ports(uint8_t l4proto)
{
	return l4proto == IPPROTO_TCP || l4proto == IPPROTO_UDP ||
	       l4proto == IPPROTO_SCTP;
}

static int check_map_use(const struct check *check, uint32_t index,
			 bool counters, uint8_t l4proto)
{
	const struct pw_map *map;

	if (index >= check->rs->num_maps)
		return check_fails(check, "a map is missing");
	map = &check->rs->maps[index];
	if (map->counters != counters)
		return check_fails(check, "map %s holds something else",
				   map->name);
	if (map->key == PW_K_PORT && !has_ports(l4proto))
		return check_fails(check, "map %s is keyed by port, but no protocol is named",
				   map->name);
	return 0;
}

static int check_update(const struct check *check,
			const struct pw_effect *effect)
{
	const struct pw_set *set;

	if (effect->set >= check->rs->num_sets)
		return check_fails(check, "the set to update is missing");
	set = &check->rs->sets[effect->set];
	if (!set->dynamic || set->type < PW_T_IPV4 ||
	    set->type == PW_T_PORT || set->type == PW_T_IFNAME ||
	    set->type == PW_T_NFPROTO || set_has_proto(set->type))
		return check_fails(check, "set %s cannot be updated", set->name);
	if (effect->key && set->type != PW_T_MARK &&
	    (pw_set_type_bits(set->type) || set_has_iif(set->type)))
		return check_fails(check, "set %s has no constant in its key",
				   set->name);
	if (effect->timeout_ms && !set->timeout)
		return check_fails(check, "set %s keeps its elements for ever",
				   set->name);
	if (effect->rate.count && !check_rate(&effect->rate))
		return check_fails(check, "a limit in set %s has no rate",
				   set->name);
	if (effect->rate.count && effect->conns)
		return check_fails(check, "set %s limits in two ways",
				   set->name);
	if (effect->conns && set->timeout)
		return check_fails(check, "set %s forgets, and so cannot count connections",
				   set->name);
	if (effect->conns_over && !effect->conns)
		return check_fails(check, "set %s counts up to nothing",
				   set->name);
	return 0;
}

static int check_effect(const struct check *check,
			const struct pw_effect *effect, uint8_t l4proto)
{
	switch (effect->kind) {
	case PW_E_COUNTER:
		return check_obj(check, effect->obj, PW_O_COUNTER);
	case PW_E_COUNTER_MAP:
		return check_map_use(check, effect->map, true, l4proto);
	case PW_E_LIMIT:
		return check_obj(check, effect->obj, PW_O_LIMIT);
	case PW_E_LIMIT_INLINE:
		if (check_rate(&effect->rate))
			return 0;
		return check_fails(check, "a limit has no rate");
	case PW_E_UPDATE:
		return check_update(check, effect);
	case PW_E_LOG:
		if (effect->text && *effect->text &&
		    check_text(effect->text) && !strchr(effect->text, '"'))
			return 0;
		return check_fails(check, "a log prefix cannot be written");
	default:
		return check_fails(check, "an effect has no kind");
	}
}

int check_target(const struct check *check, uint32_t chain)
{
	if (chain >= check->rs->num_chains)
		return check_fails(check, "a chain to go to is missing");
	if (check->rs->chains[chain].hook != PW_HOOK_NONE)
		return check_fails(check, "it goes to the base chain %s",
				   check->rs->chains[chain].name);
	return 0;
}

static int check_verdict(const struct check *check, uint8_t nfproto,
			 uint8_t l4proto)
{
	const struct pw_verdict *verdict = &check->rule->verdict;

	switch (verdict->kind) {
	case PW_V_JUMP:
	case PW_V_GOTO:
		return check_target(check, verdict->chain);
	case PW_V_MAP:
		return check_map_use(check, verdict->map, false, l4proto);
	case PW_V_REJECT_RST:
		if (l4proto != IPPROTO_TCP)
			return check_fails(check, "only TCP can be reset");
		if (!only_value(check->rule, PW_F_NFPROTO))
			return 0;
		return check_fails(check, "nft lists this reset without its family");
	case PW_V_REJECT_PROTO:
		if (nfproto == NFPROTO_IPV4)
			return 0;
		return check_fails(check, "protocol unreachable is of IPv4 alone");
	case PW_V_REJECT_PORT:
		if (!nfproto)
			return 0;
		return check_fails(check, "nft lists this reject, and loads another one");
	case PW_V_NONE:
	case PW_V_ACCEPT:
	case PW_V_DROP:
	case PW_V_RETURN:
		return 0;
	default:
		return check_fails(check, "it has no verdict");
	}
}

/* One of two neighbours that nft 1.0.6 would turn into one wrong comparison */
static bool merges(const struct pw_match *match)
{
	return (match->field == PW_F_SPORT || match->field == PW_F_DPORT) &&
	       match->set == PW_NONE && match->negated &&
	       is_single(&match->range);
}

/* Ports beside a protocol, unless they are looked up together with it */
static int check_ports(const struct check *check, const struct pw_match *match,
		       uint8_t l4proto)
{
	const struct pw_ruleset *rs = check->rs;
	const char *name = pw_field_info(match->field)->name;

	if (match->field != PW_F_SPORT && match->field != PW_F_DPORT)
		return 0;
	if (match->set != PW_NONE && set_has_proto(rs->sets[match->set].type)) {
		if (matches(check->rule, PW_F_L4PROTO) || l4proto)
			return check_fails(check, "a protocol beside set %s, which holds it",
					   rs->sets[match->set].name);
		return 0;
	}
	if (!has_ports(l4proto))
		return check_fails(check, "%s without a protocol that has ports",
				   name);
	return 0;
}

/* Fields in order, each once, ports as they can be */
static int check_matches(const struct check *check, uint8_t l4proto)
{
	const struct pw_rule *rule = check->rule;

	for (size_t i = 0; i < rule->num_matches; i++) {
		enum pw_field field = rule->matches[i].field;
		int err;

		if (i && rule->matches[i - 1].field >= field)
			return check_fails(check, "its matches are not in order");
		if (field == PW_F_DPORT && i && merges(&rule->matches[i - 1]) &&
		    merges(&rule->matches[i]))
			return check_fails(check, "nft reads != on both ports as != on the pair");
		err = check_ports(check, &rule->matches[i], l4proto);
		if (err)
			return err;
	}
	return 0;
}

int check_rule(const struct check *check)
{
	const struct pw_rule *rule = check->rule;
	uint8_t nfproto, l4proto;
	int err = 0;

	if (!rule->num_matches && !rule->num_effects &&
	    rule->verdict.kind == PW_V_NONE)
		return check_fails(check, "it is empty");
	if (rule->comment && !check_text(rule->comment))
		return check_fails(check, "its comment cannot be written");
	for (size_t i = 0; i < rule->num_matches && !err; i++)
		err = check_match(check, &rule->matches[i]);
	if (!err)
		err = check_agreement(check, &nfproto, &l4proto);
	if (!err)
		err = check_matches(check, l4proto);
	for (size_t i = 0; i < rule->num_effects && !err; i++)
		err = check_effect(check, &rule->effects[i], l4proto);
	return err ? err : check_verdict(check, nfproto, l4proto);
}
