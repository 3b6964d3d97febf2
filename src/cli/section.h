/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a section of a policy says, as text for tables and sentences. */
#ifndef CLI_SECTION_H
#define CLI_SECTION_H

#include <stdio.h>

#include "portwall/model.h"

/* What a row of the port table speaks of: a transport, or one of these */
#define REACH_PROTOCOLS PW_NUM_TRANSPORTS
#define REACH_PING (PW_NUM_TRANSPORTS + 1)
#define NUM_REACH (PW_NUM_TRANSPORTS + 2)

/* Does section open (or close) anything of this kind? */
bool section_reaches(const struct pw_section *s, unsigned int reach);

/*
 * Each prints one cell; @reach is used by the first alone.
 * "tcp 80, 443", "esp, gre", "ping"; behind " -> " its destinations
 */
void put_reach(const struct pw_section *s, unsigned int reach, FILE *out);
/* "anyone", or as written with the number of ranges that names stand for */
void put_from(const struct pw_section *s, unsigned int reach, FILE *out);
void put_on(const struct pw_section *s, unsigned int reach, FILE *out);
void put_name(const struct pw_section *s, unsigned int reach, FILE *out);
void put_line(const struct pw_section *s, unsigned int reach, FILE *out);
/* "6/minute per source, until 2027-01-31 18:00Z"; empty when there are none */
void put_limits(const struct pw_section *s, unsigned int reach, FILE *out);
/* "tcp 25, esp from scanners (48,211 ranges) on lan" */
void put_block(const struct pw_section *s, FILE *out);

/* "22, 80-90"; "all" for 1-65535 */
void put_ports(const struct pw_rangeset *ports, FILE *out);
/* "lan, wlan*" */
void put_ifnames(const struct pw_rangeset *names, FILE *out);

/* Ranges in both families */
uint64_t addrs_num(const struct pw_addrs *addrs);
/* Ranges of addresses in all sections */
uint64_t model_num_addresses(const struct pw_model *model);

#endif
