// SPDX-License-Identifier: GPL-2.0-or-later
/* The directories that a command works with. */
#include "cli/where.h"

#include <errno.h>

#include "portwall/state.h"

#define PATIENCE_MS 20000	/* for runs before this one */

struct pw_where where_of(const struct cli *cli)
{
	struct pw_where where = {
		.run_dir = cli->run_dir, .state_dir = cli->state_dir,
		.patience_ms = PATIENCE_MS,
		/* who asks whether to keep a trial begins once more then */
		.confined = cli->command->job == PW_JOB_CHANGE &&
			    !cli->trial_ms,
	};

	if (!where.state_dir && pw_state_is_ours())
		where.state_dir = PW_STATE_DIR;
	return where;
}

int open_remembered(struct cli *cli, struct pw_state **out)
{
	const struct pw_where where = where_of(cli);

	if (where.state_dir)
		return pw_state_open(where.state_dir, false, out, cli->diags);
	note_not_remembered(cli, &where);
	return -ENOENT;
}

void note_not_remembered(struct cli *cli, const struct pw_where *where)
{
	if (where->state_dir)
		return;
	pw_diag_note(cli->diags, NULL,
		     "nothing is remembered here: not the network namespace of process 1");
	pw_diag_hint(cli->diags, "name a directory with --state-dir");
}
