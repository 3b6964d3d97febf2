/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do two rulesets decide alike for every packet? */
#ifndef TESTS_MEANING_H
#define TESTS_MEANING_H

#include <stdbool.h>

#include <portwall/ruleset.h>

/*
 * Compares base chain by base chain what is accepted, dropped and refused how,
 * under which limits, and which destinations are remembered. Of packets that
 * cannot be, one kind is left out: to a group's address that is not multicast.
 */
bool meaning_equal(const struct pw_ruleset *a, const struct pw_ruleset *b);

#endif
