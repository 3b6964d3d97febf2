/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that the rules would not let in: as lines, and as a document. */
#ifndef CLI_CUT_H
#define CLI_CUT_H

#include "cli/cli.h"
#include "portwall/live.h"

/*
 * Which were ended, or live on; nothing where there are none. @policy: what
 * would end them with apply --cut, NULL: not said
 */
void print_cut(const struct pw_cut *cut, const char *policy);
/* Adds the field "cut" */
void describe_cut(json_t *doc, const struct pw_cut *cut);

#endif
