/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial, as apply begins it: what is said, and the question. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include "cli/cli.h"

/* Who is connected, what is tried for how long, and what to do now */
void trial_print(const struct cli *cli, const struct pw_apply *apply);
json_t *trial_object(const struct pw_apply *apply);

/* Is there somebody to ask? */
bool trial_asks(const struct cli *cli);

/**
 * trial_ask() - Count the time down and ask whether the policy stays
 * @generation:	of the trial
 *
 * What other commands do with the trial is noticed. A signal that would end the
 * process, or the end of input, leaves the trial running.
 *
 * Return: an exit status: STATUS_OK when it was confirmed, or goes on
 */
int trial_ask(struct cli *cli, uint32_t generation);

#endif
