// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports as TAP, version 14 (https://testanything.org/tap-version-14-specification.html). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/escape.h"
#include "verify/report_priv.h"

static const struct result_row {
	bool ok;
	const char *skip;	/* the reason is added; NULL: it counts */
} rows[PW_NUM_RESULTS] = {
	[PW_RES_PASS] = { true, NULL },
	[PW_RES_COMPUTED] = { true, "computed, not sent" },
	[PW_RES_SKIPPED] = { true, "not looked at" },
	[PW_RES_WARNING] = { true, NULL },
	[PW_RES_UNKNOWN] = { false, NULL },
	[PW_RES_VIOLATION] = { false, NULL },
};

/* In descriptions and reasons a backslash and '#' are escaped */
static bool put_plain(const char *text, FILE *out)
{
	char *escaped = pw_escape(text);

	for (const char *p = escaped; p && *p; p++) {
		if (*p == '\\' || *p == '#')
			putc('\\', out);
		putc(*p, out);
	}
	free(escaped);
	return escaped;
}

/* A string of YAML in double quotes, @len bytes of printable ASCII */
static void put_quoted(const char *text, size_t len, FILE *out)
{
	putc('"', out);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' || text[i] == '"')
			putc('\\', out);
		putc(text[i], out);
	}
	putc('"', out);
}

static void put_lines(const char *key, const char *text, FILE *out)
{
	fprintf(out, "  %s:\n", key);
	while (*text) {
		size_t len = strcspn(text, "\n");

		fputs("    - ", out);
		put_quoted(text, len, out);
		putc('\n', out);
		text += len + (text[len] == '\n');
	}
}

static void put_place(const struct pw_report *report, const struct pw_case *c,
		      FILE *out)
{
	const char *file;
	uint32_t line;
	char *escaped;

	if (!pw_report_place(report, c->section, &file, &line))
		return;
	escaped = pw_escape(file);
	if (escaped) {
		fputs("  at:\n    file: ", out);
		put_quoted(escaped, strlen(escaped), out);
		fprintf(out, "\n    line: %" PRIu32 "\n", line);
	}
	free(escaped);
}

static int put_details(const struct pw_report *report,
		       const struct pw_by_case *by_case, size_t i, FILE *out)
{
	const struct pw_case *c = &report->cases[i];
	char *message = pw_case_message(report, by_case, i);

	if (!message)
		return -ENOMEM;
	fprintf(out, "  ---\n  result: %s\n", pw_result_name(c->result));
	if (c->probes)
		fprintf(out, "  probes: %" PRIu64 "\n", c->probes);
	if (c->ns)
		fprintf(out, "  duration_ms: %.3f\n", (double)c->ns / 1e6);
	put_place(report, c, out);
	if (*message)
		put_lines("messages", message, out);
	fputs("  ...\n", out);
	free(message);
	return 0;
}

static int put_case(const struct pw_report *report,
		    const struct pw_by_case *by_case, size_t i, FILE *out)
{
	const struct pw_case *c = &report->cases[i];
	const struct result_row *row = &rows[c->result];
	bool complete;

	fprintf(out, "%sok %zu - ", row->ok ? "" : "not ", i + 1);
	complete = put_plain(c->suite, out);
	fputs(": ", out);
	complete &= put_plain(c->name, out);
	if (row->skip)
		fprintf(out, " # SKIP %s", row->skip);
	if (row->skip && *pw_case_reason(c)) {
		fputs(": ", out);
		complete &= put_plain(pw_case_reason(c), out);
	}
	putc('\n', out);
	return complete ? put_details(report, by_case, i, out) : -ENOMEM;
}

static int put_comments(const char *lines, FILE *out)
{
	char *escaped;

	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");
		char *line = strndup(lines, len);

		escaped = line ? pw_escape(line) : NULL;
		free(line);
		if (!escaped)
			return -ENOMEM;
		fprintf(out, "# %s\n", escaped);
		free(escaped);
		lines += len + (lines[len] == '\n');
	}
	return 0;
}

/* Ends the document, one test short: nobody may take it for a whole one */
static int bail_out(const struct pw_report *report, FILE *out)
{
	const char *failure = pw_report_failure(report);
	bool complete;

	if (!failure)
		return 0;
	fputs("Bail out! ", out);
	complete = put_plain(failure, out);
	putc('\n', out);
	return complete ? 0 : -ENOMEM;
}

static int put_cases(const struct pw_report *report, FILE *out)
{
	struct pw_by_case by_case;
	int err = pw_by_case_make(report, &by_case);

	for (size_t i = 0; !err && i < report->num_cases; i++)
		err = put_case(report, &by_case, i, out);
	pw_by_case_clear(&by_case);
	return err;
}

int pw_report_put_tap(const struct pw_report *report, FILE *out)
{
	int err;

	fputs("TAP version 14\n", out);
	fprintf(out, "1..%zu\n", report->num_cases +
		(pw_report_failure(report) != NULL));
	err = put_comments(report->headline, out);
	if (!err)
		err = put_cases(report, out);
	if (!err)
		err = put_comments(report->notes, out);
	return err ? err : bail_out(report, out);
}
