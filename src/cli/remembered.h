/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A remembered policy, as if it had just been read. */
#ifndef CLI_REMEMBERED_H
#define CLI_REMEMBERED_H

#include "cli/cli.h"

/*
 * The history's entry that the first argument names, or without one the policy
 * that boot loads. 0; -EINVAL: there is none, with a message; as
 * pw_bundle_load()
 */
int remembered_load(struct cli *cli, struct pw_intent **out);

#endif
