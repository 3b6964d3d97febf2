/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A digest of rules: the same for what was compiled and what was read back. */
#ifndef LIVE_RULESDIGEST_H
#define LIVE_RULESDIGEST_H

#include <stdint.h>

#include "portwall/ruleset.h"

/**
 * pw_rules_digest() - SHA-256 of what pw_ruleset_diff() compares
 * @rs:		canonical
 *
 * Two rulesets without a difference have one digest. Elements of constant sets
 * are not in it: their names tell their content.
 */
void pw_rules_digest(const struct pw_ruleset *rs, uint8_t digest[32]);

#endif
