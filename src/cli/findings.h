/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What test and verify found: lines for people, fields of the document. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "cli/cli.h"
#include "portwall/report.h"

/* findings.c: the sorted report on standard output, the worst first; -ENOMEM */
int findings_print(const struct cli *cli, const struct pw_report *report);

/* findings_frame.c: what goes before the table */
int findings_open(const struct cli *cli, const struct pw_report *report);

/*
 * findings_frame.c: what follows the table, and the line that sums up.
 * @lines: of the table, by enum pw_result
 */
int findings_close(const struct cli *cli, const struct pw_report *report,
		   const size_t lines[static PW_NUM_RESULTS]);

/*
 * findings_end.c: can the files of --report be written? Asked before anything
 * is sent. 0; -EINVAL with a message
 */
int findings_check_files(struct cli *cli);

/**
 * findings_end() - Print the report, describe it, write its files
 * @report:	NULL: the run did not come so far
 * @err:	of the run; then the files tell of nothing but that
 *
 * Return: an exit status
 */
int findings_end(struct cli *cli, struct pw_report *report, int err);

/* findings_json.c: all of it in @cli->doc */
void findings_describe(struct cli *cli, const struct pw_report *report);

#endif
