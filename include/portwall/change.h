/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes from one policy to another, in ports and not in rules. */
#ifndef PORTWALL_CHANGE_H
#define PORTWALL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "model.h"
#include "own.h"

enum pw_change_kind {
	PW_CHANGE_OPENS,	/* was not reachable, will be */
	PW_CHANGE_CLOSES,
	PW_CHANGE_LIMIT,	/* stays reachable: a limit comes, goes, changes */
	PW_CHANGE_UNTIL,	/* is as before today, and will not be one day */
	PW_CHANGE_SETTING,	/* of [policy]: default, dhcp, log, ..; a log */
	PW_CHANGE_STAYS,	/* of a first apply: what is still let in, and.. */
	PW_CHANGE_REST,		/* ..everything else, which closes: one line */
	PW_NUM_CHANGES
};

/* Destinations as sections tell them apart; OTHER: by address alone */
enum pw_change_to { PW_TO_LOCAL, PW_TO_BROADCAST, PW_TO_MULTICAST, PW_TO_OTHER,
		    PW_NUM_TO };

/**
 * struct pw_change - Ports whose fate changes alike
 * @proto:	IPPROTO_*; 0: echo requests, or not about a protocol (@kind)
 * @first, @last: ports; 0: a protocol without
 * @admits:	the new policy lets them in today
 * @text:	of a setting: "dhcp: yes -> no"; of LIMIT and UNTIL: both sides,
 *		"unlimited -> 6/minute"; else NULL
 * @any_from:	anyone, but for whom blocks refuse before and after alike
 * @from:	sources that the change is about, less those that are blocked
 *		before and after alike
 * @on:		interface names; NULL: any
 * @to:		destinations of each kind
 * @from_text:	as the policy names them where that is exact, else the first of
 *		them and how many more; NULL: anyone
 * @on_text:	likewise; NULL: any
 * @to_text:	likewise; NULL: the host's own addresses
 * @section:	that opens it, or the block that closes it, or that opened it:
 *		of the new policy if it has one of this kind and name, else
 *		@gone, of the old one. Borrowed from its model; NULL: [policy]
 */
struct pw_change {
	enum pw_change_kind kind;
	uint8_t proto;
	uint16_t first, last;
	bool admits;
	char *text;
	bool any_from;
	struct pw_addrs from;
	struct pw_rangeset *on;
	struct pw_addrs to[PW_NUM_TO];
	char *from_text, *on_text, *to_text;
	const struct pw_section *section;
	bool gone;
};

/**
 * struct pw_changes - All of them, by kind, then by protocol and port
 * @list:	complete: what two policies let in differs where it says so, and
 *		nowhere else. What answers to a DHCP client, and what is on its
 *		way to a container, follow the settings.
 * @num_ports:	of them, those about ports: neither SETTING nor STAYS
 */
struct pw_changes {
	struct pw_change *list;
	size_t num, cap, num_ports;
};

/**
 * pw_changes_find() - Compare two policies by what they mean
 * @before:	NULL: nothing was in force, every port was open
 * @after:	its clock is "now" for both
 *
 * Exact: regions of source, interface, destination and port are compared, not
 * sections; moving a port to another section, renaming and reordering change
 * nothing. Equal address sets are not walked. Ports that share one limit are
 * not told from ports with one each.
 *
 * Return: 0; -ENOMEM
 */
int pw_changes_find(const struct pw_model *before,
		    const struct pw_model *after, struct pw_changes **out);
void pw_changes_free(struct pw_changes *changes);
PW_DEFINE_OWNED(struct pw_changes, pw_changes_free)

#endif
