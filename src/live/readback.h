/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel made of the rules: compared with what was proved. */
#ifndef LIVE_READBACK_H
#define LIVE_READBACK_H

#include "portwall/load.h"
#include "portwall/ruleset.h"

/**
 * pw_readback_filled() - Is the generation in the kernel what was compiled?
 * @want:	canonical, compiled for @generation, and proved
 * @genid:	set to the generation id that was looked at
 *
 * Before the switch: base chains are taken to go where @want says, everything
 * else comes from the kernel. Rules that are equal to proved ones are proved.
 * Elements of sets that are too large to be dumped are not compared: their
 * names tell their content, and they were looked up when the set was filled.
 *
 * Return: 0; -EPROTO: there is a difference, with a message that names it;
 *	   errors of pw_kernel_read()
 */
int pw_readback_filled(struct pw_nl *nl, const struct pw_ruleset *want,
		       uint32_t generation, uint32_t *genid,
		       struct pw_diags *diags);

/*
 * The same after the switch, when base chains are what they are. @genid is what
 * the switch alone would have left: unless somebody else was at work, only the
 * base chains are new.
 */
int pw_readback_switched(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, uint32_t genid,
			 struct pw_diags *diags);

#endif
