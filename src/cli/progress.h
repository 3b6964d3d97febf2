/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress of long work: one line on a terminal, redrawn. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

/**
 * struct progress - The line on standard error
 * @on:		there is a terminal, and it is wanted
 * @drawn:	something stands there
 * @next_ns:	monotonic clock: not before
 */
struct progress {
	const struct cli *cli;
	bool on, drawn;
	uint64_t next_ns;
};

struct progress progress_begin(const struct cli *cli);
/* A pw_progress; @arg is the struct progress */
void progress_tell(void *arg, const char *what, uint64_t done, uint64_t total);
/* Takes the line away: what follows is the result */
void progress_end(struct progress *progress);

#endif
