// SPDX-License-Identifier: GPL-2.0-or-later
/* Clock and seed of a verifier's run. */
#include <errno.h>
#include <sys/random.h>

#include "verify/run.h"

uint64_t pw_clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int pw_pick_seed(uint64_t *seed, struct pw_diags *diags)
{
	if (*seed)
		return 0;
	if (getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
		return pw_diag_system(diags, errno, "random numbers");
	return 0;
}
