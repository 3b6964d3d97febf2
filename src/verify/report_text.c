// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings and cases in words. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "portwall/escape.h"
#include "portwall/names.h"
#include "portwall/text.h"
#include "verify/report_priv.h"

#define MESSAGE_PORTS 120	/* bytes for ports in a message */

/* What a finding without a text says, around its place */
static const struct phrase {
	const char *begin, *end;
} phrases[PW_NUM_STATES] = {
	[PW_STATE_OPEN] = { "reachable", "" },
	[PW_STATE_UNUSED] = { "allowed", ", nothing listens" },
	[PW_STATE_SHIELDED] = { "not reachable", ", something listens" },
	[PW_STATE_CLOSED] = { "not reachable", "" },
	[PW_STATE_REACHABLE] = { "reachable", "" },
	[PW_STATE_LOCAL] = { "on loopback only", "" },
	[PW_STATE_UNKNOWN] = { "could not be decided", "" },
};

static void put_range(const struct pw_range32 *r, FILE *out)
{
	fprintf(out, "%" PRIu32, r->first);
	if (r->last != r->first)
		fprintf(out, "-%" PRIu32, r->last);
}

static void put_ports(const struct pw_rangeset *ports, size_t width, FILE *out)
{
	long begin = ftell(out);

	for (size_t i = 0; i < ports->num; i++) {
		fputs(i ? "," : "", out);
		if (i && ftell(out) - begin > (long)width) {
			fprintf(out, "...(%" PRIu64 ")",
				pw_rangeset_count(ports));
			return;
		}
		put_range(&ports->r32[i], out);
	}
}

static void put_what(const struct pw_finding *f, size_t width, FILE *out)
{
	const char *name = pw_proto_name(f->proto);

	if (!f->proto)
		return;
	if (name)
		fputs(name, out);
	else
		fprintf(out, "protocol %u", f->proto);
	if (!f->ports || pw_rangeset_empty(f->ports))
		return;
	putc('/', out);
	put_ports(f->ports, width, out);
}

char *pw_finding_what(const struct pw_finding *finding, size_t width)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	put_what(finding, width, out);
	(void)pw_text_close(out, &text);
	return text;
}

static void put_foreign(const char *before, const char *text, FILE *out)
{
	fputs(before, out);
	pw_escape_put(text, strlen(text), out);
}

char *pw_finding_where(const struct pw_finding *finding)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	if (finding->iface[0])
		put_foreign(" on ", finding->iface, out);
	if (finding->from)
		put_foreign(" from ", finding->from, out);
	if (finding->addr)
		put_foreign(" to ", finding->addr, out);
	(void)pw_text_close(out, &text);
	return text;
}

/* Behind @begin and the place: "; no section allows it" becomes ": no .." */
static void put_rest(const char *rest, FILE *out)
{
	if (!strncmp(rest, "; ", 2))
		put_foreign(": ", rest + 2, out);
	else
		put_foreign("", rest, out);
}

/* Bytes of the state that @text begins with, 0: it begins otherwise */
static size_t state_len(const char *text)
{
	for (size_t i = 0; i < PW_NUM_STATES; i++) {
		size_t len = strlen(phrases[i].begin);

		if (!strncmp(text, phrases[i].begin, len))
			return len;
	}
	return 0;
}

static void put_sentence(const struct pw_finding *f, const char *where,
			 FILE *out)
{
	const struct phrase *phrase = &phrases[f->state];
	size_t len = f->text ? state_len(f->text) : 0;

	if (!f->text) {
		fprintf(out, "%s%s%s", phrase->begin, where, phrase->end);
		if (f->expected)
			put_foreign(": ", f->expected, out);
	} else if (len) {
		fprintf(out, "%.*s%s", (int)len, f->text, where);
		put_rest(f->text + len, out);
	} else {
		if (*where)
			fprintf(out, "%s: ", where + 1);
		put_foreign("", f->text, out);
	}
}

char *pw_finding_sentence(const struct pw_finding *finding, const char *where)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	put_sentence(finding, where, out);
	(void)pw_text_close(out, &text);
	return text;
}

char *pw_finding_message(const struct pw_finding *finding)
{
	char *what = pw_finding_what(finding, MESSAGE_PORTS);
	char *where = pw_finding_where(finding);
	char *sentence = where ? pw_finding_sentence(finding, where) : NULL;
	char *text = NULL;
	size_t len;
	FILE *out = what && sentence ? pw_text_open(&text, &len) : NULL;

	if (out) {
		fprintf(out, "%s%s%s", what, *what ? ": " : "", sentence);
		if (finding->owner)
			put_foreign(" - ", finding->owner, out);
		if (finding->hint)
			put_foreign("; ", finding->hint, out);
		(void)pw_text_close(out, &text);
	}
	free(what);
	free(where);
	free(sentence);
	return text;
}

int pw_by_case_make(const struct pw_report *report, struct pw_by_case *out)
{
	out->first = calloc(report->num_cases + 1, sizeof(*out->first));
	out->next = calloc(report->num_findings + 1, sizeof(*out->next));
	if (!out->first || !out->next)
		return -ENOMEM;
	for (size_t i = report->num_findings; i; i--) {
		size_t *first = &out->first[report->findings[i - 1].of_case];

		out->next[i - 1] = *first;
		*first = i;
	}
	return 0;
}

void pw_by_case_clear(struct pw_by_case *by_case)
{
	free(by_case->first);
	free(by_case->next);
}

/* Those that make the case what it is; @out grows by a line for each */
static bool put_findings(const struct pw_report *report,
			 const struct pw_by_case *by_case, size_t of_case,
			 bool first, FILE *out)
{
	size_t i = by_case->first[of_case];

	for (; i; i = by_case->next[i - 1]) {
		const struct pw_finding *f = &report->findings[i - 1];
		char *message;

		if (f->result != report->cases[of_case].result)
			continue;
		message = pw_finding_message(f);
		if (!message)
			return false;
		fprintf(out, "%s%s", first ? "" : "\n", message);
		free(message);
		first = false;
	}
	return true;
}

char *pw_case_message(const struct pw_report *report,
		      const struct pw_by_case *by_case, size_t of_case)
{
	const struct pw_case *c = &report->cases[of_case];
	bool complete;
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	if (c->text)
		put_foreign("", c->text, out);
	complete = put_findings(report, by_case, of_case, !c->text, out);
	if (!pw_text_close(out, &text) && complete)
		return text;
	free(text);
	return NULL;
}

const char *pw_case_reason(const struct pw_case *c)
{
	static const char *const known[] = { "computed, not sent",
					     "not looked at" };
	const char *text = c->text ? c->text : "";

	for (size_t i = 0; i < PW_ARRAY_SIZE(known); i++)
		if (!strncmp(text, known[i], strlen(known[i])))
			text += strlen(known[i]);
	return text + strspn(text, ": ");
}

bool pw_report_place(const struct pw_report *report, uint32_t section,
		     const char **file, uint32_t *line)
{
	const struct pw_model *model = report->model;

	if (!model || section >= model->num_sections)
		return false;
	*file = model->sections[section].file;
	*line = model->sections[section].line;
	return true;
}

char *pw_report_time(uint64_t ns, char buf[static 32])
{
	time_t t = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(buf, "1970-01-01T00:00:00Z");
	return buf;
}
