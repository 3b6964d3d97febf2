/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from text, for tests. */
#ifndef TESTS_POLICY_HELP_H
#define TESTS_POLICY_HELP_H

#include <portwall/policy.h>

/* A small host: services domain, http, https, ntp, smtp and ssh; eth0, lo;
 * eth1 is a port of br0; 2027-01-15 08:00 UTC */
extern const struct pw_host test_host;

/**
 * struct read_policy - What became of a text
 * @err:	of pw_policy_parse(), or if that is 0, pw_policy_resolve()
 * @policy, @model: NULL if there is none
 */
struct read_policy {
	int err;
	struct pw_diags *diags;
	struct pw_source *src;
	struct pw_policy *policy;
	struct pw_model *model;
};

/* Relative paths start from @dir, which may be NULL */
struct read_policy read_text_at(const char *dir, const char *text, size_t len);
struct read_policy read_text(const char *text);
void read_policy_clear(struct read_policy *got);

/* Section by name, the test fails without it */
const struct pw_section *find_section(const struct read_policy *got,
				      const char *name);
/* Is there a message of @severity that holds @words? */
bool has_message(const struct pw_diags *diags, enum pw_severity severity,
		 const char *words);
/* The normal form; the caller frees */
char *print_policy(const struct pw_policy *policy);
/* All ranges of a set, "1-2 5"; the caller frees */
char *print_set(const struct pw_rangeset *set);
/* The same of both families */
char *print_addrs(const struct pw_addrs *addrs);

#endif
