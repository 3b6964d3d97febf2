/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that nft's text and its JSON share, and what both leave out. */
#ifndef NFT_WORDS_H
#define NFT_WORDS_H

#include "portwall/ruleset.h"

/* Words of nft's own grammar, which ask no /etc/protocols; NULL: a number */
const char *protocol_word(uint8_t proto);
/* Of RTN_*; NULL: a number */
const char *addrtype_word(uint32_t type);
/* "ipv4" or "ipv6" */
const char *family_word(uint8_t nfproto);
const char *ct_state_word(enum pw_ct_state state);
const char *hook_word(enum pw_hook hook);
/* Of the types that our rules name, the one that people know; NULL: numbers */
const char *icmp_word(enum pw_field field, const struct pw_range *range);

/* nft makes comparison @i itself, at this very place, for what follows */
bool rule_implies_match(const struct pw_rule *rule, size_t i);

#endif
