// SPDX-License-Identifier: GPL-2.0-or-later
/* test --json, verify --json: the whole report as fields of the document. */
#include <stdlib.h>
#include <string.h>

#include "cli/findings.h"
#include "cli/json.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? doc_text(text) : json_null();
}

static json_t *lines_of(const char *lines)
{
	json_t *list = json_array();

	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");
		char *line = strndup(lines, len);

		doc_push(list, line ? doc_text(line) : NULL);
		free(line);
		lines += len + (lines[len] == '\n');
	}
	return list;
}

/* The section that decides, and where it begins; null: none */
static void set_section(json_t *object, const struct pw_report *report,
			uint32_t section)
{
	const struct pw_model *model = report->model;
	bool known = model && section < model->num_sections;
	const struct pw_section *s = known ? &model->sections[section] : NULL;

	doc_set(object, "section", s ? doc_text(s->name) : json_null());
	if (!s)
		return;
	doc_set(object, "file", doc_text(s->file));
	doc_set(object, "line", number(s->line));
}

static json_t *case_of(const struct pw_report *report, const struct pw_case *c)
{
	json_t *object = json_object();

	doc_set(object, "suite", doc_text(c->suite));
	doc_set(object, "name", doc_text(c->name));
	doc_set(object, "result", json_string(pw_result_name(c->result)));
	doc_set(object, "text", text_or_null(c->text));
	set_section(object, report, c->section);
	doc_set(object, "probes", number(c->probes));
	doc_set(object, "elapsed_ms", c->ns ? number(c->ns / 1000000) :
					      json_null());
	return object;
}

static json_t *finding_of(const struct pw_report *report,
			  const struct pw_finding *f)
{
	json_t *object = json_object();

	doc_set(object, "result", json_string(pw_result_name(f->result)));
	doc_set(object, "state", json_string(pw_port_state_name(f->state)));
	doc_set(object, "protocol", f->proto ? number(f->proto) : json_null());
	doc_set(object, "ports", f->ports ? doc_ranges(f->ports) :
					    json_null());
	doc_set(object, "interface", text_or_null(f->iface));
	doc_set(object, "from", text_or_null(f->from));
	doc_set(object, "address", text_or_null(f->addr));
	doc_set(object, "evidence", json_string(pw_evidence_name(f->evidence)));
	doc_set(object, "expected", text_or_null(f->expected));
	doc_set(object, "owner", text_or_null(f->owner));
	doc_set(object, "text", text_or_null(f->text));
	doc_set(object, "hint", text_or_null(f->hint));
	set_section(object, report, f->section);
	doc_set(object, "case", number(f->of_case));
	return object;
}

static json_t *totals_of(const struct pw_report *report)
{
	json_t *totals = json_object();

	doc_set(totals, "sweeps", number(report->sweeps));
	doc_set(totals, "probes", number(report->probes));
	doc_set(totals, "lost", number(report->lost));
	doc_set(totals, "given_up", number(report->unknown));
	doc_set(totals, "reached", number(report->reachable));
	doc_set(totals, "pass", number(pw_report_num(report, PW_RES_PASS)));
	doc_set(totals, "computed",
		number(pw_report_num(report, PW_RES_COMPUTED)));
	doc_set(totals, "skipped",
		number(pw_report_num(report, PW_RES_SKIPPED)));
	doc_set(totals, "warning",
		number(pw_report_num(report, PW_RES_WARNING)));
	doc_set(totals, "unknown",
		number(pw_report_num(report, PW_RES_UNKNOWN)));
	doc_set(totals, "violation",
		number(pw_report_num(report, PW_RES_VIOLATION)));
	return totals;
}

void findings_describe(struct cli *cli, const struct pw_report *report)
{
	json_t *cases = json_array(), *findings = json_array();

	for (size_t i = 0; i < report->num_cases; i++)
		doc_push(cases, case_of(report, &report->cases[i]));
	for (size_t i = 0; i < report->num_findings; i++)
		doc_push(findings, finding_of(report, &report->findings[i]));
	doc_set(cli->doc, "compared_with", text_or_null(report->policy));
	doc_set(cli->doc, "started", doc_time(report->start_ns));
	doc_set(cli->doc, "elapsed_ms", number(report->elapsed_ns / 1000000));
	doc_set(cli->doc, "headline", lines_of(report->headline));
	doc_set(cli->doc, "notes", lines_of(report->notes));
	doc_set(cli->doc, "totals", totals_of(report));
	doc_set(cli->doc, "cases", cases);
	doc_set(cli->doc, "findings", findings);
}
