/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has somebody changed the rules in force since they were loaded? */
#ifndef LIVE_CHANGED_H
#define LIVE_CHANGED_H

#include <stdbool.h>

#include "portwall/load.h"

/*
 * Compares the rules of the generation in force, of which there has to be one,
 * with the digest in its stamp. 0 or -ENOMEM.
 */
int pw_kernel_changed(const struct pw_kernel *kernel, bool *changed);

/* Does portwall make no chain of this name? Nothing of ours leads there. */
bool pw_chain_is_strange(const struct pw_chain *chain);

#endif
