/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that rules in force let anyone send to. */
#ifndef LIVE_PUBLIC_H
#define LIVE_PUBLIC_H

#include <stddef.h>

#include "nft/others.h"
#include "portwall/ruleset.h"

/**
 * pw_public_ports() - From the rules alone, without the policy
 * @rules:	of one generation, laid out as docs/rules.md says
 * @out:	in no order, some perhaps twice; the caller frees
 *
 * Also those within a limit; not those of some interfaces or until some time.
 *
 * Return: 0; -ENOMEM
 */
int pw_public_ports(const struct pw_ruleset *rules, struct pw_asked **out,
		    size_t *num);

#endif
