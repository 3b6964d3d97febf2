/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of nft text that rules, sets and maps share. */
#ifndef NFT_PRINT_H
#define NFT_PRINT_H

#include <stdio.h>

#include "portwall/ruleset.h"

void print_rule(const struct pw_ruleset *rs, const struct pw_rule *rule,
		FILE *out);

void print_verdict(const struct pw_ruleset *rs,
		   const struct pw_verdict *verdict, FILE *out);

/* In quotes; nft knows no escapes, so a quote becomes an apostrophe */
void print_quoted(const char *text, FILE *out);

/* "tcp", or the number where only /etc/protocols would know the name */
void print_protocol(uint8_t proto, FILE *out);
/* "local", or the number */
void print_addrtype(uint32_t type, FILE *out);
/* "10s", "1s500ms" */
void print_time_ms(uint64_t ms, FILE *out);
/* "6/minute burst 6 packets" */
void print_rate(const struct pw_rate *rate, FILE *out);

#endif
