/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with one interface, a wire and a container, for probes to look at. */
#ifndef TESTS_INJECT_HOST_H
#define TESTS_INJECT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/inject.h"

/*
 * Host: eth0 with 10.99.0.2/24 and fd99::2/64, docker0 with 172.17.0.1/16 and
 * fd17::1/64. Wire: wire0 with .1 and ::1. Container: 172.17.0.2 and fd17::2.
 * Default routes of the host lead to the wire.
 */
enum ih_side { IH_HOST, IH_WIRE, IH_BOX, IH_NUM_SIDES };

/* Makes it: a group setup; cmocka ends the program when it returns an error */
int ih_setup(void **state);
/* Is there one? Else the test skips itself */
void ih_need(void);

/* Output of a command in the host, which must succeed; the caller frees */
char *ih_shell(const char *command);
/* Loads rules in the syntax of nft(8) after flushing all */
void ih_rules(const char *text);

/* Sockets that are made from now on are of this side */
void ih_enter(enum ih_side side);

/* Frames that arrived at the wire or the container, seen by a packet socket */
int ih_watch(enum ih_side side);
/* Of these: how many bear the address of the probes */
size_t ih_seen(int watch);

#define IH_SOURCE4 0xc6336409u		/* 198.51.100.9 */
#define IH_SOURCE6_HI 0x20010db800000000u	/* 2001:db8::9 */
#define IH_SOURCE6_LO 9u

/* TCP and UDP over both families to all ports of eth0's addresses */
#define IH_SWEEPS 4
struct ih_sweeps {
	struct pw_volley volleys[IH_SWEEPS];
	uint8_t evidence[IH_SWEEPS][65536];
};
void ih_aim(struct ih_sweeps *sweeps);

struct pw_injector *ih_injector(unsigned int ways);
/* Fires, and fails the test with the library's own words */
void ih_fire(struct pw_injector *injector, struct pw_volley *volleys,
	     size_t num);

/* Frames of strangers */
enum ih_flags { IH_SYN = 2, IH_RST = 4, IH_ACK = 16 };
/* Sends a SYN from the wire with this sequence number; returns the flags of the
 * TCP answer, 0: none came */
uint8_t ih_knock(uint16_t sport, uint16_t dport, uint32_t seq);

uint64_t ih_number(const char *path);
double ih_now_s(void);

#endif
