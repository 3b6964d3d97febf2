/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of pw_ruleset_check(). Each returns 0, or -EPROTO with a message. */
#ifndef RULESET_CHECK_H
#define RULESET_CHECK_H

#include "ruleset/elems.h"
#include "ruleset/inner.h"

/**
 * struct check - What is looked at; messages name it
 * @chain, @rule: NULL: a set, map or object
 */
struct check {
	const struct pw_ruleset *rs;
	struct pw_diags *diags;
	const struct pw_chain *chain;
	const struct pw_rule *rule;
};

__attribute__((format(printf, 2, 3)))
int check_fails(const struct check *check, const char *fmt, ...);

int check_rule(const struct check *check);
int check_obj(const struct check *check, uint32_t obj, enum pw_obj_kind kind);
/* A chain that can be jumped to */
int check_target(const struct check *check, uint32_t chain);
/* No cycles, and no path longer than the kernel's jump stack; -ENOMEM */
int check_jumps(const struct check *check);

bool check_rate(const struct pw_rate *rate);
/* An interface's name or a glob, as nft can read it between quotes */
bool check_ifname(const struct pw_range *range);
/* A comment or log prefix: at most 127 printable bytes */
bool check_text(const char *text);

#endif
