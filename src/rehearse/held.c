// SPDX-License-Identifier: GPL-2.0-or-later
/* The act of what is held: whatever is no new connection to a port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rehearse/held.h"

static int (*const groups[])(struct pw_held *) = {
	pw_held_protocols, pw_held_icmp, pw_held_errors, pw_held_discovery,
	pw_held_groups, pw_held_dhcp, pw_held_casts, pw_held_behind,
	pw_held_pieces, pw_held_flags, pw_held_odd_ports, pw_held_spoofed,
};

/* Over IPv4: all but TCP, UDP and ICMP */
#define NUM_PROTOCOLS (256 - 3)

static size_t num_found(const struct pw_report *report)
{
	size_t num = 0;

	for (size_t i = 0; i < report->num_findings; i++)
		num += !strcmp(report->cases[report->findings[i].of_case].suite,
			       "held");
	return num;
}

static int play(struct pw_held *held)
{
	int err = pw_held_paths(held);

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(groups); i++) {
		held->of_path = NULL;
		err = groups[i](held);
		/* one call a group: packets of two may be one connection */
		if (!err)
			err = pw_tries_fire(&held->tries);
		if (!err)
			err = pw_sandbox_forget(held->stage->sb,
						held->stage->diags);
	}
	if (!err && !num_found(held->stage->report))
		err = pw_report_note(held->stage->report,
				     "also held: forged and mapped sources, ICMP, neighbour discovery, DHCP, broadcast, multicast, fragments, TCP flags, %d protocols",
				     NUM_PROTOCOLS);
	if (!err && held->left_out)
		err = pw_report_note(held->stage->report,
				     "%zu classes of source were asked about ports alone: too many sections; --full asks all",
				     held->left_out);
	return err;
}

int pw_stage_held(struct pw_stage *stage)
{
	struct pw_held held = {
		.stage = stage,
		.tries = pw_tries_new(stage, "held"),
		.ports = malloc(sizeof(*held.ports)),
	};
	int err = held.ports ? pw_stage_reload(stage) : -ENOMEM;

	if (!err)
		err = play(&held);
	pw_tries_clear(&held.tries);
	pw_held_paths_free(&held);
	free(held.ports);
	return err;
}
