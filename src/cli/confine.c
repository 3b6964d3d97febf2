// SPDX-License-Identifier: GPL-2.0-or-later
/* What this run may do: less than its caller, and less towards its end. */
#include <errno.h>
#include <jansson.h>
#include <time.h>

#include "cli/cli.h"
#include "portwall/own.h"

static enum pw_job job_of(const struct cli *cli)
{
	if (!cli->command || cli->help || cli->against)
		return PW_JOB_READ;
	return cli->command->job;
}

static int start(struct cli *cli)
{
	int err = pw_confine_start(job_of(cli), cli->diags);

	if (err > 0 && cli->verbose)
		fputs("portwall: this kernel has no filters of system calls; going on without\n",
		      stderr);
	return err < 0 ? err : 0;
}

/* Whatever goes wrong, a host has to be closed when it boots */
static int start_boot(struct cli *cli)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();

	if (unsaid && pw_confine_start(job_of(cli), unsaid) < 0)
		pw_diag_warning(cli->diags, NULL,
				"privileges could not be given away: going on with all of them");
	return unsaid ? 0 : -ENOMEM;
}

int confine_start(struct cli *cli)
{
	return cli->command && cli->command->run == cmd_boot ? start_boot(cli) :
							       start(cli);
}

int confine_settle(struct cli *cli)
{
	int err;

	tzset();	/* reads the time zone of the host, now or never */
	json_object_seed(0);	/* and this /dev/urandom */
	err = pw_confine_settle(job_of(cli));
	return err ? pw_diag_system(cli->diags, -err,
				    "system calls could not be confined") : 0;
}
