/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private host for all tests of a program, and probes to it. */
#ifndef TESTS_SANDBOX_BOX_H
#define TESTS_SANDBOX_BOX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/sandbox.h"

#define NUM_PORTS 65536
#define BRIDGE 2		/* docker0, behind eth0 and eth1 */

extern const struct pw_value box_link_source6, box_group4, box_group6;
extern struct pw_scene *box_scene;
extern struct pw_sandbox *box;
extern struct pw_diags *box_diags;

/* What is fired next, and what came of it */
extern struct pw_probe probes[NUM_PORTS];
extern uint8_t seen[NUM_PORTS];
extern size_t num_probes;

/* Set-up and tear-down of a group */
int box_open(void **state);
int box_close(void **state);

/* A table with a chain in input, one in forward, and its end */
#define INPUT "table inet t {\nchain c {\ntype filter hook input priority 0\n" \
	      "meta l4proto icmpv6 accept\n"
#define FORWARD "}\nchain f {\ntype filter hook forward priority 0\n"
#define END "}\n}\n"

void box_nft(const char *text);
/* The rules under test, in place of those before; NULL: none */
void box_rules(const char *text);

/* How many of 100 frames get lost that @side sends */
void box_lose(enum pw_side side, unsigned int percent);
void box_lose_no_more(enum pw_side side);

/* From a stranger to the first interface */
struct pw_probe box_probe(enum pw_family family, uint8_t proto, uint16_t port);
struct pw_probe box_icmp(enum pw_family family, uint8_t type);

void box_begin(void);
void box_add(struct pw_probe probe);
void box_fire(void);
/* All ports at once, and how long it took; @what: under which rules */
void box_sweep(enum pw_family family, uint8_t proto, const char *what);

void box_expect(size_t index, enum pw_evidence want);
void box_expect_all(enum pw_evidence want);
/* How a probe of TCP or UDP sees that it was let through */
enum pw_evidence box_reached(uint8_t proto);
bool box_is_published(uint8_t proto, size_t port);
double box_now(void);

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

#define FOR_FAMILY(f) for (int f = 0; f < PW_NUM_FAMILIES; f++)
#define FOR_FAMILY_PROTO(f, p) \
	FOR_FAMILY(f) \
		for (size_t p = 0; p < PW_ARRAY_SIZE(protos); p++)

#endif
