/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel made of the rules: compared, and proved once more. */
#ifndef LIVE_READBACK_H
#define LIVE_READBACK_H

#include "portwall/load.h"
#include "portwall/model.h"
#include "portwall/ruleset.h"

/**
 * pw_readback_filled() - Is the generation in the kernel what was compiled?
 * @want:	canonical, compiled from @model for @generation
 *
 * Rules that equal the compiled ones and are proved prove those, too, so one
 * proof is enough. Before the switch: base chains are taken to go where @want says, everything
 * else comes from the kernel. Elements of sets that are too large to be dumped
 * are taken from @want: their names tell their content, and they were looked
 * up one by one when the set was filled.
 *
 * Return: 0; -EPROTO: there is a difference or no proof, with a message;
 *	   errors of pw_kernel_read()
 */
int pw_readback_filled(struct pw_nl *nl, const struct pw_model *model,
		       const struct pw_ruleset *want, uint32_t generation,
		       struct pw_diags *diags);

/* The same after the switch: base chains are compared, nothing proved again */
int pw_readback_switched(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, struct pw_diags *diags);

#endif
