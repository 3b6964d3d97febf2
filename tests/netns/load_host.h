/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace, small rulesets, and what is in force there. */
#ifndef TESTS_NETNS_LOAD_HOST_H
#define TESTS_NETNS_LOAD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

/* A test's namespace */
struct host {
	struct pw_nl *nl;
	struct pw_diags *diags;
};

/* Set up and tear down a test in a namespace of its own */
int lh_open(void **state);
int lh_close(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lh_open, lh_close)

/* The test's namespace; skips the test where there can be none */
struct host *lh_host(void **state);
/* Fails the test with the library's own words */
void lh_works(const struct host *host, int err);
const char *lh_last_text(const struct pw_diags *diags);
double lh_now_s(void);
/* Output of a shell command, which must succeed; the caller frees */
char *lh_shell(const char *command);

/* The index that a builder returned */
uint32_t lh_ok(int64_t index);
uint32_t lh_chain(struct pw_ruleset *rs, uint32_t n, const char *rest);
uint32_t lh_set(struct pw_ruleset *rs, const char *name,
		   enum pw_set_type type, bool interval,
		   struct pw_rangeset *elems);
/* 10.0.0.0 and every second address from there on */
struct pw_rangeset *lh_addresses(size_t num);
/* [ip saddr @set] [counter name obj] verdict; PW_NONE leaves a part out */
void lh_rule(struct pw_ruleset *rs, uint32_t chain, uint32_t set,
	      uint32_t obj, enum pw_verdict_kind kind, uint32_t target);
/*
 * Generation @n: base chains, gN.in, a chain, a verdict map, a set that every
 * generation has, and one of its own; _new() is for adding to, then sorting
 */
struct pw_ruleset *lh_want_new(uint32_t n);
struct pw_ruleset *lh_want_of(uint32_t n);

struct pw_stamp lh_stamp_of(uint32_t n);
struct pw_kernel *lh_kernel_of(const struct host *host);
/* Read and fill; read, fill and switch: errors of the library */
int lh_fill(const struct host *host, const struct pw_ruleset *want, uint32_t n);
int lh_apply(const struct host *host, const struct pw_ruleset *want,
	     uint32_t n);
/* Fails unless generation @n is in force and equal to lh_want_of(@n) */
void lh_in_force(const struct host *host, uint32_t n);
/* Apply lh_want_of(@n), and look whether it is in force */
void lh_apply_small(const struct host *host, uint32_t n);
bool lh_has_chain(const struct host *host, const char *name);
uint64_t lh_set_handle(const struct host *host, const char *name);

#endif
