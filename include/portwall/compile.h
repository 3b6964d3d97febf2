/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the model to rules, and the proof that both mean the same. */
#ifndef PORTWALL_COMPILE_H
#define PORTWALL_COMPILE_H

#include "diag.h"
#include "model.h"
#include "ruleset.h"

/**
 * pw_compile() - The whole table for one generation
 * @generation:	number in the names of generation chains and maps, from 1
 *
 * Deterministic: equal models and generations give equal bytes. The layout is
 * docs/rules.md. Address sets of the model are shared, not copied. The result
 * is canonical (pw_ruleset_sort()).
 *
 * Return: 0; -ENOMEM; -E2BIG with a message: more than the kernel takes
 */
int pw_compile(const struct pw_model *model, uint32_t generation,
	       struct pw_ruleset **out, struct pw_diags *diags);

/**
 * pw_prove() - Do these rules mean what the model says, for every packet?
 * @rs:		canonical, with the elements of every constant set
 *
 * Shares no code with pw_compile(). Each base chain is evaluated for all
 * packets and compared with the model's own reading of policy-language; whose
 * generation the base chains go to does not matter.
 *
 * Return: 0 proved; -EPROTO: not equal, with a message that names a packet,
 *	   what the policy says of it, what the rules do, and the rule; -ENOMEM
 */
int pw_prove(const struct pw_model *model, const struct pw_ruleset *rs,
	     struct pw_diags *diags);

#endif
