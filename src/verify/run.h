/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every run of a verifier begins with: a clock and a seed. */
#ifndef VERIFY_RUN_H
#define VERIFY_RUN_H

#include <stdint.h>
#include <time.h>

#include "portwall/diag.h"

uint64_t pw_clock_ns(clockid_t clock);

/* From the system where @seed is 0. 0; errors with a message */
int pw_pick_seed(uint64_t *seed, struct pw_diags *diags);

#endif
