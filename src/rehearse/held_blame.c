// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rule lets a try in, if that can be told. */
#include "rehearse/held_blame.h"

#include "rehearse/blame.h"

char *pw_try_blame(const struct pw_stage *stage, const struct pw_try *try)
{
	struct pw_arrival arrival;
	struct pw_packet packet;

	pw_try_arrival(stage, &try->probe, try->state, &arrival);
	/* from bridges prerouting lets all pass, which says nothing */
	if (arrival.dst_kind == PW_DST_BEHIND || arrival.published ||
	    stage->plan->scene->ifaces[try->probe.iface].bridge)
		return NULL;
	pw_packet_of(&arrival, &packet);
	if (try->probe.tcp_flags)
		packet.tcp_flags = try->probe.tcp_flags;
	return pw_blame_rule(stage->rules, &packet);
}
