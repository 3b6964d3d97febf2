// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports as JUnit's XML. There is no standard; the narrowest reader is
 * Jenkins' xunit plugin, which refuses what its junit-10.xsd does not name.
 */
#include <errno.h>
#include <inttypes.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/escape.h"
#include "verify/report_priv.h"

#define TIME_LEN 19	/* of "2026-11-20T08:14:03": without a zone */

/* What a case is for those who know four results */
enum outcome { PASSED, SKIPPED, FAILURE, ERROR, NUM_OUTCOMES };

static const struct result_row {
	enum outcome outcome;
	const char *element;	/* NULL: output only */
	const char *message;	/* of the element */
} rows[PW_NUM_RESULTS] = {
	[PW_RES_PASS] = { PASSED, NULL, NULL },
	[PW_RES_COMPUTED] = { SKIPPED, "skipped", "computed, not sent" },
	[PW_RES_SKIPPED] = { SKIPPED, "skipped", "not looked at" },
	[PW_RES_WARNING] = { PASSED, NULL, NULL },
	[PW_RES_UNKNOWN] = { ERROR, "error", "could not be decided" },
	[PW_RES_VIOLATION] = { FAILURE, "failure", "not as the policy says" },
};

struct tally {
	size_t tests, of[NUM_OUTCOMES];
	uint64_t ns;
};

/* Mini-XML tells nobody when memory is short: what was set must be there */
struct tree {
	const struct pw_report *report;
	struct pw_by_case by_case;
	mxml_node_t *xml;
	bool incomplete;
};

static mxml_node_t *add(struct tree *tree, mxml_node_t *parent,
			const char *name)
{
	mxml_node_t *node = parent ? mxmlNewElement(parent, name) : NULL;

	tree->incomplete |= !node;
	return node;
}

/* @value is escaped: XML 1.0 has no way to write most control characters */
static void set(struct tree *tree, mxml_node_t *node, const char *name,
		const char *value)
{
	char *escaped = pw_escape(value);

	if (node && escaped)
		mxmlElementSetAttr(node, name, escaped);
	tree->incomplete |= !node || !escaped ||
			    !mxmlElementGetAttr(node, name);
	free(escaped);
}

static void set_num(struct tree *tree, mxml_node_t *node, const char *name,
		    uint64_t num)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRIu64, num);
	set(tree, node, name, buf);
}

static void set_time(struct tree *tree, mxml_node_t *node, uint64_t ns)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRIu64 ".%03" PRIu64, ns / 1000000000u,
		 ns / 1000000u % 1000);
	set(tree, node, "time", buf);
}

/* Lines of printable ASCII */
static void add_text(struct tree *tree, mxml_node_t *node, const char *text)
{
	if (!node || !mxmlNewOpaque(node, text))
		tree->incomplete = true;
}

/* Findings of the case, and where the section begins that it is about */
static void add_details(struct tree *tree, mxml_node_t *node,
			const struct pw_case *c, const char *message)
{
	char *escaped = NULL, *text = NULL;
	const char *file;
	uint32_t line;

	if (!pw_report_place(tree->report, c->section, &file, &line)) {
		add_text(tree, node, message);
		return;
	}
	escaped = pw_escape(file);
	if (escaped && asprintf(&text, "%s\nat %s:%" PRIu32, message, escaped,
				line) >= 0)
		add_text(tree, node, text);
	else
		tree->incomplete = true;
	free(escaped);
	free(text);
}

/* The reason of a case that was skipped, else the first line of @message */
static void set_message(struct tree *tree, mxml_node_t *node,
			const struct pw_case *c, const char *message)
{
	const struct result_row *row = &rows[c->result];
	const char *line = row->outcome == SKIPPED ? pw_case_reason(c) :
						     message;
	size_t len = strcspn(line, "\n");
	char *text = NULL;

	if (asprintf(&text, "%s%s%.*s", row->message, len ? ": " : "",
		     (int)len, line) < 0) {
		tree->incomplete = true;
		return;
	}
	set(tree, node, "message", text);
	free(text);
}

static void add_outcome(struct tree *tree, mxml_node_t *node, size_t of_case)
{
	const struct pw_case *c = &tree->report->cases[of_case];
	const struct result_row *row = &rows[c->result];
	char *message = pw_case_message(tree->report, &tree->by_case,
					of_case);
	mxml_node_t *element;

	if (!message) {
		tree->incomplete = true;
		return;
	}
	if (row->element) {
		element = add(tree, node, row->element);
		set_message(tree, element, c, message);
		if (row->outcome != SKIPPED) {
			set(tree, element, "type", pw_result_name(c->result));
			add_details(tree, element, c, message);
		}
	} else if (*message) {
		element = add(tree, node, "system-out");
		add_text(tree, element, message);
	}
	free(message);
}

static void add_case(struct tree *tree, mxml_node_t *suite, size_t of_case)
{
	const struct pw_case *c = &tree->report->cases[of_case];
	mxml_node_t *node = add(tree, suite, "testcase");
	char *class = NULL;

	if (asprintf(&class, "portwall.%s.%s", tree->report->command,
		     c->suite) < 0) {
		tree->incomplete = true;
		return;
	}
	set(tree, node, "classname", class);
	set(tree, node, "name", c->name);
	set_time(tree, node, c->ns);
	add_outcome(tree, node, of_case);
	free(class);
}

static void count(struct tally *tally, const struct pw_case *c)
{
	tally->tests++;
	tally->of[rows[c->result].outcome]++;
	tally->ns += c->ns;
}

static void set_tally(struct tree *tree, mxml_node_t *node,
		      const struct tally *tally)
{
	set_num(tree, node, "tests", tally->tests);
	set_num(tree, node, "failures", tally->of[FAILURE]);
	set_num(tree, node, "errors", tally->of[ERROR]);
	set_time(tree, node, tally->ns);
}

static mxml_node_t *add_suite(struct tree *tree, mxml_node_t *root,
			      const char *name)
{
	mxml_node_t *suite = add(tree, root, "testsuite");
	char when[32];

	set(tree, suite, "name", name);
	pw_report_time(tree->report->start_ns, when);
	when[TIME_LEN] = '\0';
	set(tree, suite, "timestamp", when);
	return suite;
}

/* Cases of the suite that @first begins; they need not stand together */
static void add_cases(struct tree *tree, mxml_node_t *root, size_t first)
{
	const struct pw_report *report = tree->report;
	const char *name = report->cases[first].suite;
	mxml_node_t *suite = add_suite(tree, root, name);
	struct tally tally = { 0 };

	for (size_t i = first; i < report->num_cases; i++) {
		if (strcmp(report->cases[i].suite, name))
			continue;
		add_case(tree, suite, i);
		count(&tally, &report->cases[i]);
	}
	set_tally(tree, suite, &tally);
	set_num(tree, suite, "skipped", tally.of[SKIPPED]);
}

static bool is_first_of_suite(const struct pw_report *report, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(report->cases[i].suite, report->cases[at].suite))
			return false;
	return true;
}

/* An error that belongs to no case: nothing was tried, or not all of it */
static void add_failure(struct tree *tree, mxml_node_t *root, const char *why)
{
	const struct tally tally = { .tests = 1, .of[ERROR] = 1 };
	mxml_node_t *suite = add_suite(tree, root, "run");
	mxml_node_t *node = add(tree, suite, "testcase"), *error;

	set(tree, node, "classname", "portwall.run");
	set(tree, node, "name", tree->report->command);
	error = add(tree, node, "error");
	set(tree, error, "message", why);
	set(tree, error, "type", "refused");
	set_tally(tree, suite, &tally);
	set_num(tree, suite, "skipped", 0);
}

static void build(struct tree *tree)
{
	const struct pw_report *report = tree->report;
	mxml_node_t *root = add(tree, tree->xml, "testsuites");
	const char *failure = pw_report_failure(report);
	struct tally tally = { 0 };
	const char *last = "";

	set(tree, root, "name", "portwall");
	for (size_t i = 0; i < report->num_cases; i++) {
		count(&tally, &report->cases[i]);
		if (strcmp(report->cases[i].suite, last) &&
		    is_first_of_suite(report, i))
			add_cases(tree, root, i);
		last = report->cases[i].suite;
	}
	if (failure) {
		add_failure(tree, root, failure);
		tally.tests++;
		tally.of[ERROR]++;
	}
	tally.ns = report->elapsed_ns;
	set_tally(tree, root, &tally);
}

int pw_report_put_junit(const struct pw_report *report, FILE *out)
{
	struct tree tree = { .report = report, .xml = mxmlNewXML("1.0") };
	char *text = NULL;

	if (pw_by_case_make(report, &tree.by_case))
		tree.incomplete = true;
	else
		build(&tree);
	pw_by_case_clear(&tree.by_case);
	if (!tree.incomplete)
		text = mxmlSaveAllocString(tree.xml, NULL);
	mxmlDelete(tree.xml);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return 0;
}
