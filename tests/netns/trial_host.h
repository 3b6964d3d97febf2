/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations that packets can tell apart, on trial. */
#ifndef TESTS_NETNS_TRIAL_HOST_H
#define TESTS_NETNS_TRIAL_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "load_host.h"

#define LT_LONG_MS 600000	/* nothing waits for the end of these */
#define LT_KINDS 8
/* Generations of this number on judge in prerouting as well */
#define LT_PRE 1000000

/*
 * Generation @n: UDP port 1000 + n % LT_KINDS is open; one that judges in
 * prerouting closes 2000 + n % LT_KINDS there, the others of these are open
 */
struct pw_ruleset *lt_want_of(uint32_t n);

/* Set up and tear down a test in a namespace whose lo is up */
int lt_open(void **state);
int lt_close(void **state);
#define LT_TEST(fn) cmocka_unit_test_setup_teardown(fn, lt_open, lt_close)

/* Read, fill, and what the name says; errors of the library */
int lt_apply(const struct host *host, uint32_t n);
int lt_try(const struct host *host, uint32_t n, uint64_t ms);
int lt_confirm(const struct host *host);
int lt_roll_back(const struct host *host);

/* By what is read: @n is in force for good, and whole */
void lt_is_in_force(const struct host *host, uint32_t n);
/* @trial is in force, @current, if not 0, behind it; both are whole */
void lt_is_on_trial(const struct host *host, uint32_t current, uint32_t trial);
/* The trial's generation is in force? */
bool lt_lasts(const struct host *host);
/* Waits until the kernel has ended it in both families */
void lt_await_end(const struct host *host);

/* Leaves the processor that tests stay on, to fire from another */
void lt_leave_cpu(void);
/* A socket that receives at a UDP port of either family */
int lt_receiver_of(uint16_t port);

/* By packets, IPv4 and IPv6: is it @n that decides; 0: is all open? */
bool lt_decides(uint32_t n);

#endif
