/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left out first where there is no time for everything. */
#include "verify/plan.h"

/*
 * Ports of most lists about one class, with random ones and without, and ten
 * for what a sweep costs beside its probes
 */
#define RANDOM_LIST 100
#define SHORT_LIST 36

static uint64_t cost(const struct pw_planner *p, uint32_t class,
		     const struct pw_thrift *thrift, uint64_t groups)
{
	uint64_t sources = p->about_first[class + 1] - p->about_first[class];
	uint64_t all = RANDOM_LIST + (sources - 1) *
		       (thrift->random_within ? SHORT_LIST : RANDOM_LIST);

	if (!sources || !groups)
		return 0;
	if (thrift->others == PW_OTHERS_ALL)
		return groups * all;
	if (thrift->others == PW_OTHERS_WITHIN)
		return all + (groups - 1) * RANDOM_LIST;
	return all;
}

static uint64_t estimate(const struct pw_planner *p,
			 const struct pw_thrift *thrift)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < p->plan->num_classes; c++)
		sum += cost(p, c, thrift, p->groups_of[c]);
	return sum;
}

struct pw_thrift pw_thrift_choose(const struct pw_planner *p,
				  size_t num_protos, uint64_t max)
{
	static const struct pw_thrift ways[] = {
		{ false, PW_OTHERS_ALL, 1 },
		{ true, PW_OTHERS_ALL, 1 },
		{ true, PW_OTHERS_WITHIN, 1 },
		{ true, PW_OTHERS_NONE, 1 },
	};
	struct pw_thrift way;
	uint64_t probes = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(ways); i++) {
		way = ways[i];
		probes = estimate(p, &way) * num_protos;
		if (probes <= max)
			return way;
	}
	way.step = (size_t)(probes / max) + 1;
	return way;
}
