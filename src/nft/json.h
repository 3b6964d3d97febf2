/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of libnftables-json(5) that rules, sets and maps share. Each value is
 * new and the caller's, or NULL when memory is short.
 */
#ifndef NFT_JSON_H
#define NFT_JSON_H

#include <jansson.h>

#include "portwall/addr.h"
#include "portwall/ruleset.h"

/* Appends @value, which is consumed; NULL and no list any more: short of memory */
json_t *json_append(json_t *list, json_t *value);

/* A comment or log prefix: quotes become apostrophes, as in nft's text */
json_t *json_quoted(const char *text);
/* A word, or the number where there is none */
json_t *json_word(const char *word, uint32_t number);
/* One address, a prefix, or a range */
json_t *json_addrs(enum pw_family family, const struct pw_range *range);
/* A number or a range of numbers */
json_t *json_numbers(const struct pw_range *range);

/* @l4proto: the protocol whose ports they are, 0: of any that has them */
json_t *json_field(enum pw_field field, uint8_t l4proto);
/* What a field is compared with */
json_t *json_value(enum pw_field field, const struct pw_range *range);
/* What is looked up: more than @field where the type of the set says so */
json_t *json_set_key(const struct pw_set *set, enum pw_field field,
		     uint8_t l4proto);
json_t *json_map_key(enum pw_map_key kind, uint8_t l4proto);
/* What an update adds to a set: @key and what the packet has */
json_t *json_update_key(enum pw_set_type type, uint32_t key);

/* The statements of a rule, in order */
json_t *json_rule(const struct pw_ruleset *rs, const struct pw_rule *rule);
/* What ends a rule, or what a map holds; neither PW_V_NONE nor PW_V_MAP */
json_t *json_verdict(const struct pw_ruleset *rs,
		     const struct pw_verdict *verdict);

/* -EINVAL, -EOPNOTSUPP, with a message: there is something JSON cannot say */
int json_check(const struct pw_ruleset *rs, struct pw_diags *diags);

#endif
