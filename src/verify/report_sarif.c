// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0): a result for
 * whatever is not as it should be or was not seen to be, none for a pass.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/escape.h"
#include "portwall/text.h"
#include "verify/report_priv.h"

#define STATES(s) (1u << PW_STATE_##s)
#define ANY_STATE (~0u)
#define REACHED (STATES(OPEN) | STATES(UNUSED) | STATES(REACHABLE))
#define NOT_REACHED (STATES(CLOSED) | STATES(SHIELDED))

/* 3.27.9, 3.27.10: a level other than "none" goes with kind "fail" alone */
static const struct rule {
	enum pw_result result;
	unsigned int states;	/* of a finding; a case without: ANY_STATE */
	const char *id, *name, *text, *level, *kind;
} rules[] = {
	{ PW_RES_VIOLATION, REACHED, "reachable", "ReachablePort",
	  "A port can be reached that no section allows.", "error", "fail" },
	{ PW_RES_VIOLATION, NOT_REACHED, "not-reachable", "PortNotReachable",
	  "A port cannot be reached although a section allows it.", "error",
	  "fail" },
	{ PW_RES_VIOLATION, ANY_STATE, "violation", "Violation",
	  "The host does not behave as the policy says.", "error", "fail" },
	{ PW_RES_WARNING, STATES(UNUSED), "unused", "UnusedOpening",
	  "A port is allowed that nothing listens on.", "warning", "fail" },
	{ PW_RES_WARNING, ANY_STATE, "warning", "Warning",
	  "Something deserves attention.", "warning", "fail" },
	{ PW_RES_UNKNOWN, ANY_STATE, "unknown", "Undecided",
	  "It could not be decided.", "none", "open" },
	{ PW_RES_SKIPPED, ANY_STATE, "skipped", "NotLookedAt",
	  "It was not looked at.", "none", "notApplicable" },
	{ PW_RES_COMPUTED, ANY_STATE, "computed", "Computed",
	  "It was computed from the rules, nothing was sent.", "none",
	  "informational" },
};

#define NUM_RULES (sizeof(rules) / sizeof(rules[0]))

struct log {
	const struct pw_report *report;
	bool incomplete;
};

static void set(struct log *log, json_t *object, const char *key,
		json_t *value)
{
	if (json_object_set_new(object, key, value))
		log->incomplete = true;
}

static void push(struct log *log, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		log->incomplete = true;
}

/* NULL when memory is short: set() and push() notice */
static json_t *text_of(const char *text)
{
	char *escaped = pw_escape(text);
	json_t *value = escaped ? json_string(escaped) : NULL;

	free(escaped);
	return value;
}

static json_t *message_of(struct log *log, const char *text)
{
	json_t *message = json_object();

	set(log, message, "text", text_of(text));
	return message;
}

/*
 * A reference by RFC 3986: an absolute path becomes file:///.., a first segment
 * with a colon would be a scheme (4.2), and readers that compare names do not
 * know "./x" for x (6.2.2.3)
 */
static json_t *uri_of(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	char *text = NULL;
	json_t *value;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	fputs(*path == '/' ? "file://" : "", out);
	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	for (; *path; path++) {
		if (strchr(plain, *path))
			putc(*path, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*path);
	}
	(void)pw_text_close(out, &text);
	value = text ? json_string(text) : NULL;
	free(text);
	return value;
}

/* A file to point at: "<stdin>" is none */
static bool find_place(const struct pw_report *report, uint32_t section,
		       const char **file, uint32_t *line)
{
	if (!pw_report_place(report, section, file, line)) {
		*file = report->policy;
		*line = 1;
	}
	return *file && **file && **file != '<' && strcmp(*file, "-") != 0;
}

static void set_locations(struct log *log, json_t *result, uint32_t section)
{
	json_t *list = json_array(), *physical, *artifact, *region, *location;
	const char *file;
	uint32_t line;

	set(log, result, "locations", list);
	if (!find_place(log->report, section, &file, &line))
		return;
	location = json_object();
	push(log, list, location);
	physical = json_object();
	set(log, location, "physicalLocation", physical);
	artifact = json_object();
	set(log, physical, "artifactLocation", artifact);
	set(log, artifact, "uri", uri_of(file));
	region = json_object();
	set(log, physical, "region", region);
	set(log, region, "startLine", json_integer(line));
}

static size_t rule_of(enum pw_result result, unsigned int states)
{
	size_t i = 0;

	while (i + 1 < NUM_RULES && (rules[i].result != result ||
				     (rules[i].states & states) != states))
		i++;
	return i;
}

static json_t *result_of(struct log *log, size_t rule, const char *text,
			 uint32_t section)
{
	json_t *result = json_object();

	set(log, result, "ruleId", json_string(rules[rule].id));
	set(log, result, "ruleIndex", json_integer((json_int_t)rule));
	set(log, result, "kind", json_string(rules[rule].kind));
	set(log, result, "level", json_string(rules[rule].level));
	set(log, result, "message", message_of(log, text));
	set_locations(log, result, section);
	return result;
}

/* What a program may want to know of the port; in a bag of properties (3.8) */
static void set_properties(struct log *log, json_t *result,
			   const struct pw_finding *f)
{
	const struct pw_case *c = &log->report->cases[f->of_case];
	json_t *bag = json_object();

	set(log, result, "properties", bag);
	set(log, bag, "case", text_of(c->name));
	set(log, bag, "state", json_string(pw_port_state_name(f->state)));
	set(log, bag, "evidence", json_string(pw_evidence_name(f->evidence)));
	set(log, bag, "protocol", json_integer(f->proto));
	if (f->iface[0])
		set(log, bag, "interface", text_of(f->iface));
	if (f->from)
		set(log, bag, "from", text_of(f->from));
}

static void put_finding(struct log *log, json_t *results,
			const struct pw_finding *f)
{
	char *text = pw_finding_message(f);
	json_t *result;

	if (!text) {
		log->incomplete = true;
		return;
	}
	result = result_of(log, rule_of(f->result, 1u << f->state), text,
			   f->section);
	set_properties(log, result, f);
	push(log, results, result);
	free(text);
}

/* A case that no finding speaks for, and @more of its kind */
static void put_case(struct log *log, json_t *results, const struct pw_case *c,
		     size_t more)
{
	char *text = NULL, also[40] = "";

	if (more)
		snprintf(also, sizeof(also), "; and %zu more", more);
	if (asprintf(&text, "%s: %s%s%s%s", c->suite, c->name,
		     c->text ? ": " : "", c->text ? c->text : "", also) < 0) {
		log->incomplete = true;
		return;
	}
	push(log, results, result_of(log, rule_of(c->result, ANY_STATE), text,
				     c->section));
	free(text);
}

/*
 * Those who show results show each of them, whatever its kind, and refuse more
 * than some 25,000: what was not sent is one, unless it has a place of its own
 */
static bool is_folded(const struct pw_case *c)
{
	return c->section == PW_NO_SECTION && (c->result == PW_RES_SKIPPED ||
					       c->result == PW_RES_COMPUTED);
}

static void put_folded(struct log *log, json_t *results, enum pw_result result)
{
	const struct pw_report *report = log->report;
	const struct pw_case *first = NULL;
	size_t num = 0;

	for (size_t i = 0; i < report->num_cases; i++) {
		const struct pw_case *c = &report->cases[i];

		if (c->result != result || !is_folded(c))
			continue;
		first = first ? first : c;
		num++;
	}
	if (first)
		put_case(log, results, first, num - 1);
}

/* Findings as bad as their case speak for it: @spoken by case */
static json_t *results_of(struct log *log, bool *spoken)
{
	const struct pw_report *report = log->report;
	json_t *results = json_array();

	for (size_t i = 0; i < report->num_findings; i++) {
		const struct pw_finding *f = &report->findings[i];

		if (f->result == PW_RES_PASS)
			continue;
		put_finding(log, results, f);
		if (f->result == report->cases[f->of_case].result)
			spoken[f->of_case] = true;
	}
	for (size_t i = 0; i < report->num_cases; i++)
		if (report->cases[i].result != PW_RES_PASS && !spoken[i] &&
		    !is_folded(&report->cases[i]))
			put_case(log, results, &report->cases[i], 0);
	put_folded(log, results, PW_RES_SKIPPED);
	put_folded(log, results, PW_RES_COMPUTED);
	return results;
}

static json_t *rules_of(struct log *log)
{
	json_t *list = json_array();

	for (size_t i = 0; i < NUM_RULES; i++) {
		json_t *rule = json_object(), *configuration = json_object();

		set(log, rule, "id", json_string(rules[i].id));
		set(log, rule, "name", json_string(rules[i].name));
		set(log, rule, "shortDescription",
		    message_of(log, rules[i].text));
		set(log, configuration, "level", json_string(rules[i].level));
		set(log, rule, "defaultConfiguration", configuration);
		push(log, list, rule);
	}
	return list;
}

static json_t *tool_of(struct log *log)
{
	json_t *tool = json_object(), *driver = json_object();

	set(log, driver, "name", json_string("portwall"));
	set(log, driver, "semanticVersion", json_string(PW_VERSION));
	set(log, driver, "rules", rules_of(log));
	set(log, tool, "driver", driver);
	return tool;
}

static json_t *notification(struct log *log, const char *text)
{
	json_t *object = json_object();

	set(log, object, "level", json_string("error"));
	set(log, object, "message", message_of(log, text));
	return object;
}

static json_t *invocation_of(struct log *log)
{
	const struct pw_report *report = log->report;
	json_t *invocation = json_object(), *list = json_array();
	const char *failure = pw_report_failure(report);
	char when[32];

	set(log, invocation, "executionSuccessful", json_boolean(!failure));
	set(log, invocation, "exitCode",
	    json_integer(pw_report_status(report)));
	set(log, invocation, "startTimeUtc",
	    json_string(pw_report_time(report->start_ns, when)));
	set(log, invocation, "endTimeUtc",
	    json_string(pw_report_time(report->start_ns + report->elapsed_ns,
				       when)));
	if (failure)
		push(log, list, notification(log, failure));
	set(log, invocation, "toolExecutionNotifications", list);
	return invocation;
}

static json_t *run_of(struct log *log, bool *spoken)
{
	json_t *run = json_object(), *invocations = json_array();

	push(log, invocations, invocation_of(log));
	set(log, run, "tool", tool_of(log));
	set(log, run, "invocations", invocations);
	set(log, run, "results", results_of(log, spoken));
	return run;
}

static json_t *log_of(struct log *log, bool *spoken)
{
	json_t *root = json_object(), *runs = json_array();

	set(log, root, "$schema",
	    json_string("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"));
	set(log, root, "version", json_string("2.1.0"));
	push(log, runs, run_of(log, spoken));
	set(log, root, "runs", runs);
	return root;
}

int pw_report_put_sarif(const struct pw_report *report, FILE *out)
{
	struct log log = { .report = report };
	bool *spoken = calloc(report->num_cases + 1, sizeof(*spoken));
	json_t *root = spoken ? log_of(&log, spoken) : NULL;
	int err = root && !log.incomplete ? 0 : -ENOMEM;

	if (!err && json_dumpf(root, out, JSON_INDENT(2)) && !ferror(out))
		err = -ENOMEM;
	putc('\n', out);
	json_decref(root);
	free(spoken);
	return err;
}
