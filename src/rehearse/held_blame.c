// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rule lets a packet in, for people who wonder. */
#include "rehearse/held_blame.h"

#include <stdio.h>

#include "portwall/eval.h"

char *pw_try_blame(const struct pw_stage *stage, const struct pw_try *try)
{
	const struct pw_ruleset *rules = stage->rules;
	const struct pw_chain *chain;
	const struct pw_rule *rule;
	struct pw_arrival arrival;
	struct pw_packet packet;
	struct pw_fate fate;
	char *text = NULL;
	int len;

	pw_try_arrival(stage, &try->probe, try->state, &arrival);
	/* from bridges prerouting lets all pass, which says nothing */
	if (arrival.dst_kind == PW_DST_BEHIND || arrival.published ||
	    stage->plan->scene->ifaces[try->probe.iface].bridge)
		return NULL;
	pw_packet_of(&arrival, &packet);
	if (try->probe.tcp_flags)
		packet.tcp_flags = try->probe.tcp_flags;
	if (pw_eval_packet(rules, &packet, &fate) ||
	    fate.outcome != PW_OUT_ACCEPT)
		return NULL;
	chain = &rules->chains[fate.chain];
	if (fate.rule == PW_NONE)
		len = asprintf(&text, "the policy of chain %s lets it in",
			       chain->name);
	else {
		rule = &chain->rules[fate.rule];
		len = asprintf(&text, "rule %u of chain %s lets it in%s%s",
			       fate.rule + 1, chain->name,
			       rule->comment ? ": " : "", rule->comment ?: "");
	}
	return len < 0 ? NULL : text;
}
