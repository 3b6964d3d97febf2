/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ruleset holds beside its public arrays. */
#ifndef RULESET_INNER_H
#define RULESET_INNER_H

#include "portwall/ruleset.h"
#include "ruleset/index.h"

/**
 * struct ruleset - What pw_ruleset_new() really allocates
 * @pub:	first, so that a pointer to it is a pointer to the whole
 * @chains, @sets, @maps, @objs: positions by name, always up to date
 */
struct ruleset {
	struct pw_ruleset pub;
	struct index chains, sets, maps, objs;
};

const char *chain_name(const void *array, uint32_t pos);
const char *set_name(const void *array, uint32_t pos);
const char *map_name(const void *array, uint32_t pos);
const char *obj_name(const void *array, uint32_t pos);

/*
 * Puts the matches of a rule in their one form: sorted, states of conntrack
 * without a needless negation, no family or protocol that another match or
 * effect implies anyway. -EEXIST: a field twice; -ENOMEM
 */
int rule_canonical(const struct pw_ruleset *rs, struct pw_rule *rule);

/* Can a field be looked up in sets of this type? */
bool field_takes_set(enum pw_field field, enum pw_set_type type);
/* Keys that begin with the index of the interface */
bool set_has_iif(enum pw_set_type type);
/* Keys that begin with port and protocol */
bool set_has_proto(enum pw_set_type type);
/* Family of the address in the key of a set, 0: there is none */
uint8_t set_nfproto(enum pw_set_type type);

/* Family that a match asks of the packet, 0: none */
uint8_t match_nfproto(const struct pw_ruleset *rs,
		      const struct pw_match *match);
/* Family that an effect asks of the packet (it keys by address), 0: none */
uint8_t effect_nfproto(const struct pw_ruleset *rs,
		       const struct pw_effect *effect);

#endif
