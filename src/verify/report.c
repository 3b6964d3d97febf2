// SPDX-License-Identifier: GPL-2.0-or-later
/* The model of a report: cases, findings, and what follows from them. */
#include "portwall/report.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "verify/report_priv.h"

/* Exit statuses that follow from a report; portwall(8) lists all */
enum { EXIT_AS_WANTED = 0, EXIT_VIOLATION = 1, EXIT_UNDECIDED = 4 };

static const char *const states[] = {
	[PW_STATE_OPEN] = "open",
	[PW_STATE_UNUSED] = "unused",
	[PW_STATE_SHIELDED] = "shielded",
	[PW_STATE_CLOSED] = "closed",
	[PW_STATE_REACHABLE] = "reachable",
	[PW_STATE_LOCAL] = "local",
	[PW_STATE_UNKNOWN] = "unknown",
};

static const char *const results[] = {
	[PW_RES_PASS] = "pass",
	[PW_RES_COMPUTED] = "computed",
	[PW_RES_SKIPPED] = "skipped",
	[PW_RES_WARNING] = "warning",
	[PW_RES_UNKNOWN] = "unknown",
	[PW_RES_VIOLATION] = "violation",
};

static_assert(PW_ARRAY_SIZE(states) == PW_NUM_STATES, "every state");
static_assert(PW_ARRAY_SIZE(results) == PW_NUM_RESULTS, "every result");

const char *pw_port_state_name(enum pw_port_state state)
{
	return states[state];
}

const char *pw_result_name(enum pw_result result)
{
	return results[result];
}

struct pw_report *pw_report_new(const char *command,
				const struct pw_model *model)
{
	struct pw_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->command = command;
	report->model = model;
	if (model)
		report->policy = strdup(model->source);
	if (!model || report->policy)
		return report;
	free(report);
	return NULL;
}

static void case_clear(struct pw_case *c)
{
	free(c->suite);
	free(c->name);
	free(c->text);
}

/* Of a finding, copied by pw_report_find(): const is for those who read */
static void string_free(const char *text)
{
	union {
		const char *theirs;
		char *ours;
	} copy = { text };

	free(copy.ours);
}

void pw_finding_clear(struct pw_finding *f)
{
	pw_rangeset_free(f->ports);
	string_free(f->from);
	string_free(f->addr);
	string_free(f->expected);
	string_free(f->owner);
	string_free(f->text);
	string_free(f->hint);
}

void pw_report_free(struct pw_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->num_cases; i++)
		case_clear(&report->cases[i]);
	for (size_t i = 0; i < report->num_findings; i++)
		pw_finding_clear(&report->findings[i]);
	free(report->cases);
	free(report->findings);
	free(report->policy);
	free(report->headline);
	free(report->where);
	free(report->notes);
	free(report->failure);
	free(report);
}

static char *format(const char *fmt, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

int64_t pw_report_case(struct pw_report *report, const char *suite,
		       enum pw_result result, const char *name, ...)
{
	struct pw_case c = {
		.suite = strdup(suite), .result = result,
		.section = PW_NO_SECTION,
	};
	va_list ap;

	va_start(ap, name);
	c.name = format(name, ap);
	va_end(ap);
	if (c.suite && c.name && report->num_cases < UINT32_MAX &&
	    !PW_ARRAY_PUSH(report->cases, report->num_cases,
			   report->cap_cases, c))
		return (int64_t)report->num_cases - 1;
	case_clear(&c);
	return -ENOMEM;
}

/* Puts what was formatted in the place of *@at; takes @text, also NULL */
static int replace(char **at, char *text)
{
	if (!text)
		return -ENOMEM;
	free(*at);
	*at = text;
	return 0;
}

int pw_report_say(struct pw_report *report, uint32_t of_case,
		  const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = replace(&report->cases[of_case].text, format(fmt, ap));
	va_end(ap);
	return err;
}

int pw_report_where(struct pw_report *report, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = replace(&report->where, format(fmt, ap));
	va_end(ap);
	return err;
}

/* NULL stays NULL; false: no memory */
static bool copy(const char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

static bool copy_ports(struct pw_rangeset **out, const struct pw_rangeset *set)
{
	*out = set ? pw_rangeset_new(set->bits) : NULL;
	return !set || (*out && !pw_rangeset_add_set(*out, set) &&
			!pw_rangeset_normalise(*out));
}

static bool finding_copy(struct pw_finding *out, const struct pw_finding *f)
{
	bool complete = true;

	*out = *f;
	complete &= copy_ports(&out->ports, f->ports);
	complete &= copy(&out->from, f->from);
	complete &= copy(&out->addr, f->addr);
	complete &= copy(&out->expected, f->expected);
	complete &= copy(&out->owner, f->owner);
	complete &= copy(&out->text, f->text);
	complete &= copy(&out->hint, f->hint);
	return complete;
}

int pw_report_find(struct pw_report *report, const struct pw_finding *finding)
{
	struct pw_case *c = &report->cases[finding->of_case];
	struct pw_finding f;

	if (!finding_copy(&f, finding) ||
	    PW_ARRAY_PUSH(report->findings, report->num_findings,
			  report->cap_findings, f)) {
		pw_finding_clear(&f);
		return -ENOMEM;
	}
	if (f.result > c->result)
		c->result = f.result;
	return 0;
}

/* Takes @line */
static int add_line(char **lines, char *line)
{
	char *joined = NULL;

	if (!line || !*lines)
		return replace(lines, line);
	if (asprintf(&joined, "%s\n%s", *lines, line) < 0)
		joined = NULL;
	free(line);
	return replace(lines, joined);
}

int pw_report_headline(struct pw_report *report, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = add_line(&report->headline, format(fmt, ap));
	va_end(ap);
	return err;
}

int pw_report_note(struct pw_report *report, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = add_line(&report->notes, format(fmt, ap));
	va_end(ap);
	return err;
}

int pw_report_fail(struct pw_report *report, int status, const char *why)
{
	report->failed_status = status;
	return replace(&report->failure, strdup(why));
}

enum pw_result pw_report_worst(const struct pw_report *report)
{
	enum pw_result worst = PW_RES_PASS;

	for (size_t i = 0; i < report->num_cases; i++)
		if (report->cases[i].result > worst)
			worst = report->cases[i].result;
	return worst;
}

size_t pw_report_num(const struct pw_report *report, enum pw_result result)
{
	size_t num = 0;

	for (size_t i = 0; i < report->num_cases; i++)
		num += report->cases[i].result == result;
	return num;
}

const char *pw_report_failure(const struct pw_report *report)
{
	if (report->failed_status)
		return report->failure ? report->failure :
					 "the run ended early";
	return report->num_cases ? NULL : "nothing was tried";
}

int pw_report_status(const struct pw_report *report)
{
	enum pw_result worst = pw_report_worst(report);

	if (report->failed_status)
		return report->failed_status;
	if (worst == PW_RES_VIOLATION)
		return EXIT_VIOLATION;
	if (worst == PW_RES_UNKNOWN || !report->num_cases)
		return EXIT_UNDECIDED;
	return EXIT_AS_WANTED;
}
