/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status prints, whatever its form. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/cli.h"
#include "portwall/drift.h"

/* What a counter counts, by the beginning of its name (docs/rules.md) */
enum counted { COUNT_SECTION, COUNT_GROUP, COUNT_PING, COUNT_BLOCK,
	       COUNT_DROPPED, COUNT_REFUSED, NUM_COUNTED };

/**
 * struct status_line - A counter of the generation in force
 * @name:	as shown; borrowed
 */
struct status_line {
	enum counted what;
	const char *name;
	uint64_t packets, bytes;
};

/**
 * struct status_view - All that is to be said
 * @lines:	by kind; what counted most comes first
 * @drifts:	what is no longer as it was applied
 */
struct status_view {
	struct pw_status *status;
	struct pw_drifts *drifts;
	struct status_line *lines;
	size_t num_lines;
};

/* "accepted", "dropped" or "refused" */
const char *status_verdict(enum counted what);

/* "root", or the number of a user without a name; returns @buf */
const char *status_user(uid_t uid, char buf[static 40]);

void status_print(struct cli *cli, const struct status_view *view);
void status_describe(struct cli *cli, const struct status_view *view);
/* For the textfile collector of Prometheus' node exporter */
void status_expose(const struct status_view *view, FILE *out);

/* Text of a label's value */
void expose_label(const char *text, FILE *out);

#endif
