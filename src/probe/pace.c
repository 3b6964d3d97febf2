// SPDX-License-Identifier: GPL-2.0-or-later
/* A clock, and how fast probes may be sent. */
#include "probe/pace.h"

#include <time.h>

#define BURST_NS (10 * PW_MS_NS)	/* what a late sender may make up for */

uint64_t pw_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * PW_S_NS + (uint64_t)ts.tv_nsec;
}

struct pw_pace pw_pace_of(uint32_t rate)
{
	return (struct pw_pace){ PW_S_NS / (rate ? rate : 1), pw_now_ns() };
}

uint64_t pw_pace_take(struct pw_pace *pace)
{
	uint64_t now = pw_now_ns();

	if (now < pace->next_ns)
		return pace->next_ns - now;
	if (now - pace->next_ns > BURST_NS)
		pace->next_ns = now - BURST_NS;
	pace->next_ns += pace->gap_ns;
	return 0;
}
