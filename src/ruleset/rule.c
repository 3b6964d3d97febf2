// SPDX-License-Identifier: GPL-2.0-or-later
/* One rule in the one form that equal rules share. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>

#include "ruleset/inner.h"

static int cmp_match(const void *a, const void *b)
{
	const struct pw_match *x = a, *y = b;

	return (x->field > y->field) - (x->field < y->field);
}

/* Matches one single value and not its complement */
static bool is_exactly(const struct pw_match *match, uint64_t value)
{
	return match->set == PW_NONE && !match->negated &&
	       !match->range.first.hi && match->range.first.lo == value &&
	       !match->range.last.hi && match->range.last.lo == value;
}

/*
 * "not in the lower part" of a field with @num values is "in the upper part";
 * conntrack has one encoding for both, so the IR has one form
 */
static void drop_negation(struct pw_match *match, uint64_t num)
{
	uint64_t first = match->range.first.lo, last = match->range.last.lo;

	if (!match->negated || match->set != PW_NONE || last >= num)
		return;
	if (!first && last < num - 1)
		match->range = (struct pw_range){
			pw_value32(last + 1), pw_value32(num - 1) };
	else if (first && last == num - 1)
		match->range = (struct pw_range){
			pw_value32(0), pw_value32(first - 1) };
	else
		return;
	match->negated = false;
}

uint8_t set_nfproto(enum pw_set_type type)
{
	switch (type) {
	case PW_T_IPV4:
	case PW_T_MARK_IPV4:
	case PW_T_IIF_IPV4:
	case PW_T_PORT_PROTO_IPV4:
	case PW_T_PORT_PROTO_NAME_IPV4:
		return NFPROTO_IPV4;
	case PW_T_IPV6:
	case PW_T_MARK_IPV6:
	case PW_T_IIF_IPV6:
	case PW_T_PORT_PROTO_IPV6:
	case PW_T_PORT_PROTO_NAME_IPV6:
		return NFPROTO_IPV6;
	default:
		return 0;
	}
}

uint8_t effect_nfproto(const struct pw_ruleset *rs,
		       const struct pw_effect *effect)
{
	if (effect->kind != PW_E_UPDATE || effect->set >= rs->num_sets)
		return 0;
	return set_nfproto(rs->sets[effect->set].type);
}

uint8_t match_nfproto(const struct pw_ruleset *rs,
		      const struct pw_match *match)
{
	if (match->field >= PW_NUM_FIELDS)
		return 0;
	if (match->set < rs->num_sets &&
	    set_nfproto(rs->sets[match->set].type))
		return set_nfproto(rs->sets[match->set].type);
	return pw_field_info(match->field)->nfproto;
}

static bool family_implied(const struct pw_ruleset *rs,
			   const struct pw_rule *rule, uint64_t nfproto)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		if (match_nfproto(rs, &rule->matches[i]) == nfproto)
			return true;
	}
	for (size_t i = 0; i < rule->num_effects; i++) {
		if (effect_nfproto(rs, &rule->effects[i]) == nfproto)
			return true;
	}
	return false;
}

/* TCP_SYNACK is left out: ports beside it still need their protocol named */
static bool protocol_implied(const struct pw_rule *rule, uint64_t l4proto)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		enum pw_field field = rule->matches[i].field;

		if ((field == PW_F_ICMP_TYPE || field == PW_F_ICMPV6_TYPE) &&
		    pw_field_info(field)->l4proto == l4proto)
			return true;
	}
	return false;
}

static bool is_implied(const struct pw_ruleset *rs, const struct pw_rule *rule,
		       const struct pw_match *match)
{
	uint64_t value = match->range.first.lo;

	if (!value || !is_exactly(match, value))
		return false;
	if (match->field == PW_F_NFPROTO)
		return family_implied(rs, rule, value);
	return match->field == PW_F_L4PROTO && protocol_implied(rule, value);
}

static void drop_implied(const struct pw_ruleset *rs, struct pw_rule *rule)
{
	size_t i = 0;

	while (i < rule->num_matches) {
		struct pw_match *match = &rule->matches[i];

		if (!is_implied(rs, rule, match)) {
			i++;
			continue;
		}
		rule->num_matches--;
		memmove(match, match + 1,
			(rule->num_matches - i) * sizeof(*match));
	}
}

static bool has_field(const struct pw_rule *rule, enum pw_field field)
{
	for (size_t i = 0; i < rule->num_matches; i++) {
		if (rule->matches[i].field == field)
			return true;
	}
	return false;
}

/* The flags are TCP's: say so as nft would */
static int add_tcp(struct pw_rule *rule)
{
	struct pw_match *grown;

	if (!has_field(rule, PW_F_TCP_SYNACK) || has_field(rule, PW_F_L4PROTO))
		return 0;
	grown = realloc(rule->matches,
			(rule->num_matches + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[rule->num_matches++] = (struct pw_match){
		.field = PW_F_L4PROTO,
		.set = PW_NONE,
		.range = { pw_value32(IPPROTO_TCP), pw_value32(IPPROTO_TCP) },
	};
	rule->matches = grown;
	return 0;
}

int rule_canonical(const struct pw_ruleset *rs, struct pw_rule *rule)
{
	int err = add_tcp(rule);

	if (err)
		return err;
	if (rule->num_matches > 1)
		qsort(rule->matches, rule->num_matches, sizeof(*rule->matches),
		      cmp_match);
	for (size_t i = 0; i < rule->num_matches; i++) {
		struct pw_match *match = &rule->matches[i];

		if (i && match[-1].field == match->field)
			return -EEXIST;
		if (match->field == PW_F_CT_STATE)
			drop_negation(match, PW_NUM_CT_STATES);
		if (match->field == PW_F_CT_DNAT)
			drop_negation(match, 2);
	}
	drop_implied(rs, rule);
	return 0;
}
