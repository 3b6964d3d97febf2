/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes in ports: the lines of plan and apply. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include "cli/cli.h"
#include "portwall/change.h"
#include "portwall/listen.h"

/**
 * struct changes_view - What is shown, and what is known beside it
 * @after:	the policy that is compared with what was before
 * @listeners:	NULL: what listens is not known, or not of this host: then
 *		"unused" is called open and "shielded" closed
 */
struct changes_view {
	const struct pw_changes *changes;
	const struct pw_model *after;
	const struct pw_listeners *listeners;
};

/* On standard output, "no port changed" when there is nothing; 0 or -ENOMEM */
int changes_print(const struct changes_view *view);
/* The field "changes": every one of them */
json_t *changes_json(const struct changes_view *view);

/*
 * Finds what changes and shows it, in @cli->doc or on standard output, unless
 * --quiet. @before NULL: nothing was in force. @here: the policies are of this
 * host, so what listens counts. @num: how many; may be NULL. 0 or -ENOMEM
 */
int changes_show(struct cli *cli, const struct pw_model *before,
		 const struct pw_model *after, bool here, size_t *num);

/* States of a port before and after, in the words of portwall(8) */
struct change_words {
	const char *before, *after;
};

struct change_words change_words(const struct changes_view *view,
				 const struct pw_change *change);
/* "tcp", "gre", "protocol 200", "ping"; @buf is for what has no name */
const char *change_proto(const struct pw_change *change, char buf[static 16]);

#endif
