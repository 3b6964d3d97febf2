// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rule lets a packet in, for people who wonder. */
#include "rehearse/blame.h"

#include <stdio.h>

char *pw_blame_rule(const struct pw_ruleset *rules,
		    const struct pw_packet *packet)
{
	const struct pw_chain *chain;
	const struct pw_rule *rule;
	struct pw_fate fate;
	char *text = NULL;
	int len;

	if (pw_eval_packet(rules, packet, &fate) ||
	    fate.outcome != PW_OUT_ACCEPT)
		return NULL;
	chain = &rules->chains[fate.chain];
	if (fate.rule == PW_NONE) {
		len = asprintf(&text, "the policy of chain %s lets it in",
			       chain->name);
		return len < 0 ? NULL : text;
	}
	rule = &chain->rules[fate.rule];
	len = asprintf(&text, "rule %u of chain %s lets it in%s%s",
		       fate.rule + 1, chain->name, rule->comment ? ": " : "",
		       rule->comment ? rule->comment : "");
	return len < 0 ? NULL : text;
}
