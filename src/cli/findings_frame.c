// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands around the table of findings, and the line that sums up. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/findings.h"
#include "cli/output.h"
#include "cli/table.h"
#include "portwall/text.h"

#define MAX_NAMES 24	/* of a list, unless --verbose */

/* Prints what was written to @out, wrapped; takes both */
static int print_text(FILE *out, char **text)
{
	if (pw_text_close(out, text))
		return -ENOMEM;
	print_wrapped(*text, 0, 2, stdout);
	free(*text);
	return 0;
}

static int print_lines(const char *lines)
{
	while (lines && *lines) {
		size_t len = strcspn(lines, "\n"), size;
		char *text = NULL;
		FILE *out = pw_text_open(&text, &size);

		if (!out)
			return -ENOMEM;
		pw_escape_put(lines, len, out);
		if (print_text(out, &text))
			return -ENOMEM;
		lines += len + (lines[len] == '\n');
	}
	return 0;
}

int findings_open(const struct cli *cli, const struct pw_report *report)
{
	return cli->quiet ? 0 : print_lines(report->headline);
}

/* "ICMP messages" of "ICMP messages on eth0 over IPv4" */
static size_t short_len(const struct pw_case *c)
{
	const char *on = strstr(c->name, " on ");

	return on ? (size_t)(on - c->name) : strlen(c->name);
}

/* Cases that share a line with @c: of one kind, for one reason */
static bool shares(const struct pw_case *a, const struct pw_case *b)
{
	return a->result == b->result &&
	       !strcmp(pw_case_reason(a), pw_case_reason(b));
}

static bool same_name(const struct pw_case *a, const struct pw_case *b)
{
	return short_len(a) == short_len(b) &&
	       !memcmp(a->name, b->name, short_len(a));
}

/* Was a case before @at, with which it shares a line, called the same? */
static bool is_repeated(const struct pw_report *report, size_t first, size_t at)
{
	const struct pw_case *c = report->cases;

	for (size_t i = first; i < at; i++)
		if (shares(&c[i], &c[at]) && same_name(&c[i], &c[at]))
			return true;
	return false;
}

/* "LABEL: name, name (reason)" of all that share a line with case @first */
static int print_names(const struct cli *cli, const struct pw_report *report,
		       size_t first, const char *label)
{
	const struct pw_case *c = report->cases;
	const char *reason = pw_case_reason(&c[first]);
	size_t num = 0, len;
	char *text = NULL;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s: ", label);
	for (size_t i = first; i < report->num_cases; i++) {
		if (!shares(&c[first], &c[i]) || is_repeated(report, first, i))
			continue;
		if (num++ == MAX_NAMES && !cli->verbose) {
			fputs(", ..", out);
			break;
		}
		fputs(num > 1 ? ", " : "", out);
		pw_escape_put(c[i].name, short_len(&c[i]), out);
	}
	if (*reason) {
		fputs(" (", out);
		pw_escape_put(reason, strlen(reason), out);
		putc(')', out);
	}
	return print_text(out, &text);
}

static bool is_first(const struct pw_report *report, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (shares(&report->cases[i], &report->cases[at]))
			return false;
	return true;
}

/* A line for each reason */
static int print_groups(const struct cli *cli, const struct pw_report *report,
			enum pw_result result, const char *label)
{
	int err = 0;

	for (size_t i = 0; !err && i < report->num_cases; i++) {
		if (report->cases[i].result != result || !is_first(report, i))
			continue;
		err = print_names(cli, report, i, label);
	}
	return err;
}

/* "until of 'migration': shown with a time just ahead"; limits are in the notes */
static int print_ends(const struct pw_report *report)
{
	for (size_t i = 0; i < report->num_cases; i++) {
		const struct pw_case *c = &report->cases[i];
		char *text = NULL;
		size_t len;
		FILE *out;

		if (c->result != PW_RES_PASS || !c->text ||
		    strcmp(c->suite, "until") != 0)
			continue;
		out = pw_text_open(&text, &len);
		if (!out)
			return -ENOMEM;
		pw_escape_put(c->name, strlen(c->name), out);
		fputs(": ", out);
		pw_escape_put(c->text, strlen(c->text), out);
		if (print_text(out, &text))
			return -ENOMEM;
	}
	return 0;
}

static bool all_computed(const struct pw_report *report)
{
	return report->num_cases && pw_report_num(report, PW_RES_COMPUTED) ==
				    report->num_cases;
}

static void put_probes(const struct pw_report *report, FILE *out)
{
	char count[32];

	if (all_computed(report)) {
		fputs("computed, not sent", out);
		return;
	}
	fprintf(out, "%s probe%s", format_count(report->probes, count),
		plural(report->probes));
	if (report->lost)
		fprintf(out, ", %s sent again",
			format_count(report->lost, count));
}

/* Lines of the table: what was one fault in many places is one */
static void put_counts(const struct pw_report *report, const size_t *lines,
		       FILE *out)
{
	static const struct count_row {
		enum pw_result result;
		const char *one, *several;
	} rows[] = {
		{ PW_RES_VIOLATION, "violation", "violations" },
		{ PW_RES_UNKNOWN, "undecided", "undecided" },
		{ PW_RES_WARNING, "warning", "warnings" },
	};
	char buf[32];
	bool any = false;

	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++) {
		size_t num = lines[rows[i].result];

		if (!num)
			continue;
		fprintf(out, "%s%s %s", any ? ", " : "",
			format_count(num, buf),
			num == 1 ? rows[i].one : rows[i].several);
		any = true;
	}
	if (!any)
		fputs(report->policy ? "as the policy says" : "no violation",
		      out);
}

/* "as the policy says: 2,752,512 probes, 412 reachable, all of them allowed" */
static void put_rehearsal(const struct pw_report *report, const size_t *lines,
			  FILE *out)
{
	char buf[32];

	put_counts(report, lines, out);
	fputs(": ", out);
	put_probes(report, out);
	if (all_computed(report))
		return;
	fprintf(out, ", %s reachable", format_count(report->reachable, buf));
	if (!lines[PW_RES_VIOLATION] && !lines[PW_RES_UNKNOWN])
		fputs(report->reachable ? ", all of them allowed" : "", out);
}

/* "262,144 probes on eth0 and lan, 0.6 s; 1 violation, 1 warning" */
static void put_inspection(const struct pw_report *report, const size_t *lines,
			   FILE *out)
{
	put_probes(report, out);
	if (report->where) {
		fputs(" on ", out);
		pw_escape_put(report->where, strlen(report->where), out);
	}
	fprintf(out, ", %.1f s; ", (double)report->elapsed_ns / 1e9);
	put_counts(report, lines, out);
}

static int print_summary(const struct pw_report *report, const size_t *lines)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return -ENOMEM;
	if (!report->num_cases)
		fputs("nothing was tried: it could not be decided", out);
	else if (strcmp(report->command, "test") != 0)
		put_inspection(report, lines, out);
	else
		put_rehearsal(report, lines, out);
	return print_text(out, &text);
}

static int print_rest(const struct cli *cli, const struct pw_report *report)
{
	int err = print_ends(report);

	if (!err)
		err = print_groups(cli, report, PW_RES_COMPUTED,
				   "computed, not sent");
	if (!err)
		err = print_groups(cli, report, PW_RES_SKIPPED,
				   "not looked at");
	return err ? err : print_lines(report->notes);
}

/* A rehearsal is summed up first, a host with its many lines last */
int findings_close(const struct cli *cli, const struct pw_report *report,
		   const size_t lines[static PW_NUM_RESULTS])
{
	bool last = strcmp(report->command, "test") != 0;
	bool brief = all_computed(report) && !cli->verbose;
	int err = 0;

	if (cli->quiet)
		return 0;
	if (!last)
		err = print_summary(report, lines);
	if (!err)
		err = brief ? print_lines(report->notes) :
			      print_rest(cli, report);
	return err || !last ? err : print_summary(report, lines);
}
