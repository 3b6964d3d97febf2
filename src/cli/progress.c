// SPDX-License-Identifier: GPL-2.0-or-later
/* Progress of long work: one line on a terminal, redrawn. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR 26			/* columns */
#define WHAT_MAX 34		/* columns: the line has fewer than 80 */
#define PAUSE_NS 100000000u	/* between two drawings */

struct progress progress_begin(const struct cli *cli)
{
	return (struct progress){
		.cli = cli, .on = !cli->quiet && isatty(STDERR_FILENO),
	};
}

void progress_tell(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct progress *progress = arg;
	uint64_t now = cli_elapsed_ns(progress->cli);
	int full;

	if (!progress->on || now < progress->next_ns || !total)
		return;
	if (done > total)
		done = total;
	full = (int)((double)done / (double)total * BAR);
	/* \033[K: ECMA-48 EL, clears the rest of the line */
	fprintf(stderr, "\r  [%.*s%*s] %.*s   %.1f s\033[K", full,
		"##########################", BAR - full, "", WHAT_MAX, what,
		(double)now / 1e9);
	progress->drawn = true;
	progress->next_ns = now + PAUSE_NS;
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
