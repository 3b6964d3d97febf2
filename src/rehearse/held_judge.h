/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What single packets saw against what the policy says of them. */
#ifndef REHEARSE_HELD_JUDGE_H
#define REHEARSE_HELD_JUDGE_H

#include "rehearse/held_try.h"

/**
 * pw_tries_judge() - Report what is wrong with packets of one case
 * @tries:	for its stage
 *
 * Packets of one kind, from one source, that are wrong in the same way become
 * one finding with their ports or protocols.
 *
 * Return: 0; -ENOMEM
 */
int pw_tries_judge(struct pw_tries *tries, const struct pw_try *list,
		   const uint8_t *evidence, size_t num);

#endif
