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
	PW_CHANGE_UNTIL,	/* likewise the end */
	PW_CHANGE_SETTING,	/* of [policy]: ping, default, dhcp, log, .. */
};

/**
 * struct pw_change - Ports whose fate changes alike
 * @proto:	IPPROTO_*; 0: echo requests, or a setting
 * @first, @last: ports; 0: a protocol without
 * @text:	of a setting: "ping: yes -> no"; of a limit and an end: both
 *		sides; else NULL
 * @from:	sources that the change is about; @any_from: anyone
 * @from_text:	as the policy names them where that is exact, else counted and
 *		with the first of them; NULL: anyone
 * @on_text:	interfaces, NULL: any
 * @to_text:	destinations other than the host's own addresses, NULL: those
 * @section:	that opens it (new policy) or opened it (the old one), or the
 *		block that closes it; borrowed from its model, NULL: none
 * @gone:	@section is no longer there
 */
struct pw_change {
	enum pw_change_kind kind;
	uint8_t proto;
	uint16_t first, last;
	char *text;
	bool any_from;
	struct pw_addrs from;
	char *from_text, *on_text, *to_text;
	const struct pw_section *section;
	bool gone;
};

/**
 * struct pw_changes - All of them, what opens first, then by protocol and port
 * @list:	complete: two policies with the same list let in the same
 */
struct pw_changes {
	struct pw_change *list;
	size_t num, cap;
};

/**
 * pw_changes_find() - Compare two policies by what they mean
 * @before:	NULL: nothing was in force, every port was open
 *
 * Exact: regions of source, interface, destination and port are compared, not
 * sections; moving a port to another section, renaming and reordering change
 * nothing. Equal address sets are not walked.
 *
 * Return: 0; -ENOMEM
 */
int pw_changes_find(const struct pw_model *before,
		    const struct pw_model *after, struct pw_changes **out);
void pw_changes_free(struct pw_changes *changes);
PW_DEFINE_OWNED(struct pw_changes, pw_changes_free)

#endif
