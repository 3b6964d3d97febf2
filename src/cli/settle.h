/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trial, or the policy in force, was settled. */
#ifndef CLI_SETTLE_H
#define CLI_SETTLE_H

#include "cli/cli.h"

/* Confirm, or roll back, and say what came of it; an exit status */
int settle_confirm(struct cli *cli);
int settle_rollback(struct cli *cli);
/* A trial is over: take it away and say what is in force; STATUS_DIFFERENT */
int settle_expired(struct cli *cli);

/* "shop.ini of 2026-11-02 09:14:00", or "nothing" */
void put_stamp(const struct pw_stamp *stamp, FILE *out);

#endif
