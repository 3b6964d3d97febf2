/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories that a command works with. */
#ifndef CLI_WHERE_H
#define CLI_WHERE_H

#include "cli/cli.h"

/*
 * As the options say. Without --state-dir the rules of other network namespaces
 * than that of process 1 are not remembered: @state_dir is NULL then.
 */
struct pw_where where_of(const struct cli *cli);

/*
 * Open the directory to read it. 0; -ENOENT: nothing is remembered, without a
 * message where that is so because nothing was applied; as pw_state_open()
 */
int open_remembered(struct cli *cli, struct pw_state **out);

/* For commands that would have remembered something: why they have not */
void note_not_remembered(struct cli *cli, const struct pw_where *where);

#endif
