// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of test and verify: the report on all its ways, and the status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/findings.h"
#include "cli/output.h"

int findings_check_files(struct cli *cli)
{
	mode_t before = umask(cli->umask);
	int err = 0;

	for (size_t i = 0; !err && i < cli->reports.num; i++)
		err = pw_report_check(cli->reports.list[i], cli->diags);
	umask(before);
	if (err)
		cli->policy = NULL;	/* it is not the policy that is wrong */
	return err;
}

/* Written last: whatever happened before is in them */
static int write_files(struct cli *cli, const struct pw_report *report)
{
	mode_t before = umask(cli->umask);
	int err = 0;

	for (size_t i = 0; !err && i < cli->reports.num; i++)
		err = pw_report_write(report, cli->reports.list[i], cli->diags);
	umask(before);
	return err;
}

/* The first error in one line */
static char *reason(const struct cli *cli)
{
	char *text = NULL;

	for (size_t i = 0; i < pw_diags_kept(cli->diags); i++) {
		const struct pw_diag *diag = pw_diags_get(cli->diags, i);
		int len;

		if (diag->severity != PW_ERROR)
			continue;
		if (diag->where)
			len = asprintf(&text, "%s:%u:%u: %s", diag->where,
				       diag->line, diag->col, diag->text);
		else
			len = asprintf(&text, "%s", diag->text);
		return len < 0 ? NULL : text;
	}
	return strdup("refused");
}

/* When the command began, if it did not come to what it reports about */
static uint64_t began_ns(const struct cli *cli)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec -
	       cli_elapsed_ns(cli);
}

/* Nobody may take a report of an earlier run for one of this */
static int report_failure(struct cli *cli, struct pw_report *report, int err)
{
	int status = status_of(cli, err);
	char *why = reason(cli);

	if (!report->start_ns)
		report->start_ns = began_ns(cli);
	if (!report->policy && cli->policy)
		report->policy = strdup(cli->policy);
	if (!why || pw_report_fail(report, status, why) ||
	    write_files(cli, report))
		status = STATUS_REFUSED;
	free(why);
	return status;
}

static int report_all(struct cli *cli, struct pw_report *report)
{
	int err = pw_report_sort(report);

	messages_print(cli);
	if (!err && cli->doc)
		findings_describe(cli, report);
	else if (!err)
		err = findings_print(cli, report);
	if (!err)
		err = write_files(cli, report);
	return err ? status_of(cli, err) : pw_report_status(report);
}

int findings_end(struct cli *cli, struct pw_report *report, int err)
{
	pw_owned(pw_report_free) struct pw_report *empty = NULL;

	if (!err)
		err = confine_settle(cli);
	if (report)
		return err ? report_failure(cli, report, err) :
			     report_all(cli, report);
	empty = pw_report_new(cli->command->name, NULL);
	return empty ? report_failure(cli, empty, err) :
		       status_of(cli, -ENOMEM);
}
