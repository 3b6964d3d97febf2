/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two forms of what a policy lets in: table and document. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

/* Is @ifname one of the policy's container bridges? */
bool is_bridge(const struct pw_model *model, const char *ifname);

/* Adds everything that the table shows to @cli->doc */
void show_describe(struct cli *cli, const struct pw_intent *intent);

#endif
