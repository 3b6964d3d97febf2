// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports about hostile names: whatever processes, interfaces and sections are
 * called, the text suits a terminal, and documents say what they are to say.
 * The input is the cases and findings of one report, see take_case().
 */
#include <mxml.h>
#include <stdbool.h>
#include <string.h>

#include "cli/findings.h"
#include "cli/json.h"
#include "verify/report_priv.h"

#include "capture.h"
#include "fuzz.h"

#define MAX_CASES 24
#define MAX_TEXTS 256

/* Texts that a finding borrows while it is added */
struct texts {
	char *list[MAX_TEXTS];
	size_t num;
};

/* Ends at a NUL; NULL where it is empty */
static const char *take(struct bytes *in, struct texts *texts)
{
	size_t len;
	char *text;

	if (texts->num == MAX_TEXTS)
		return NULL;
	text = take_text(in, '\0', &len);
	texts->list[texts->num++] = text;
	return len ? text : NULL;
}

static uint16_t take_port(struct bytes *in)
{
	uint16_t high = take_byte(in);

	return (uint16_t)(high << 8 | take_byte(in));
}

static void take_finding(struct bytes *in, struct texts *texts,
			 struct pw_report *report, uint32_t of_case)
{
	static const uint8_t protos[] = { 0, 6, 17, 132, 50, 1, 58, 255 };
	uint8_t kind = take_byte(in), state = take_byte(in);
	uint16_t first = take_port(in), last = take_port(in);
	struct pw_finding f = {
		.of_case = of_case,
		.result = kind % PW_NUM_RESULTS,
		.state = state % PW_NUM_STATES,
		.proto = protos[(kind >> 4) % 8],
		.section = PW_NO_SECTION,
		.evidence = (state >> 4) % (PW_EV_UNKNOWN + 1),
	};
	const char *iface = take(in, texts);

	snprintf(f.iface, sizeof(f.iface), "%s", iface ? iface : "");
	f.from = take(in, texts);
	f.addr = take(in, texts);
	f.expected = take(in, texts);
	f.owner = take(in, texts);
	f.text = take(in, texts);
	f.hint = take(in, texts);
	if (first && first <= last)
		f.ports = pw_rangeset_of(16, pw_value32(first),
					 pw_value32(last));
	MUST(!pw_report_find(report, &f));
	pw_rangeset_free(f.ports);
}

/* Its kind, suite, name and text, and so many findings */
static void take_case(struct bytes *in, struct texts *texts,
		      struct pw_report *report)
{
	uint8_t kind = take_byte(in);
	const char *suite = take(in, texts), *name = take(in, texts);
	const char *text = take(in, texts);
	int64_t at = pw_report_case(report, suite ? suite : "ports",
				    kind % PW_NUM_RESULTS, "%s",
				    name ? name : "tcp on eth0");

	MUST(at >= 0);
	if (text)
		MUST(!pw_report_say(report, (uint32_t)at, "%s", text));
	for (int i = kind >> 5; i > 0; i--)
		take_finding(in, texts, report, (uint32_t)at);
}

static void take_report(struct bytes *in, struct texts *texts,
			struct pw_report *report)
{
	const char *text = take(in, texts);

	if (text)
		MUST(!pw_report_headline(report, "%s", text));
	text = take(in, texts);
	if (text)
		MUST(!pw_report_note(report, "%s", text));
	text = take(in, texts);
	if (text)
		MUST(!pw_report_where(report, "%s", text));
	text = take(in, texts);
	report->policy = text ? strdup(text) : NULL;
	while (in->at < in->end && report->num_cases < MAX_CASES)
		take_case(in, texts, report);
	MUST(!pw_report_sort(report));
}

static void check_text(struct cli *cli, const struct pw_report *report)
{
	struct capture out;

	capture_begin(&out, &stdout);
	MUST(!findings_open(cli, report));
	MUST(!findings_print(cli, report));
	capture_end(&out);
	must_suit_terminal(out.text, out.len);
	free(out.text);
}

static void check_document(struct cli *cli, const struct pw_report *report)
{
	char *text;
	json_t *read;

	cli->doc = json_object();
	findings_describe(cli, report);
	text = json_dumps(cli->doc, 0);
	MUST(text);
	read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	MUST(read && json_equal(read, cli->doc));
	free(text);
	json_decref(read);
	json_decref(cli->doc);
}

static char *put(const struct pw_report *report,
		 int (*print)(const struct pw_report *report, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	MUST(out && !print(report, out) && !fclose(out));
	must_suit_terminal(text, len);
	return text;
}

/* Its plan, and a line for each: no name may pass for one of them */
static void check_tap(const struct pw_report *report)
{
	char *text = put(report, pw_report_put_tap), *rest = NULL;
	size_t planned = 0, seen = 0;

	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		MUST(strncmp(line, "Bail out", 8) ||
		     pw_report_failure(report));
		if (!strncmp(line, "1..", 3)) {
			MUST(!planned);
			planned = strtoul(line + 3, NULL, 10);
		}
		seen += !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7);
	}
	MUST(pw_report_failure(report) ||
	     (seen == planned && planned >= report->num_cases));
	free(text);
}

static void check_sarif(const struct pw_report *report)
{
	char *text = put(report, pw_report_put_sarif);
	json_t *read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	MUST(read);
	json_decref(read);
	free(text);
}

static size_t count_elements(mxml_node_t *tree, const char *name)
{
	mxml_node_t *node = tree;
	size_t num = 0;

	while ((node = mxmlFindElement(node, tree, name, NULL, NULL,
				       MXML_DESCEND)))
		num++;
	return num;
}

static void check_junit(const struct pw_report *report)
{
	char *text = put(report, pw_report_put_junit);
	mxml_node_t *tree = mxmlLoadString(NULL, text, MXML_OPAQUE_CALLBACK);

	MUST(tree);
	MUST(count_elements(tree, "testcase") >= report->num_cases);
	MUST(count_elements(tree, "script") == 0);
	mxmlDelete(tree);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pw_owned(pw_report_free) struct pw_report *report =
		pw_report_new("verify", NULL);
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct cli cli = { .diags = diags, .verbose = size & 1 };
	struct bytes in = { data, data + size };
	struct texts texts = { .num = 0 };

	MUST(report && diags);
	take_report(&in, &texts, report);
	check_text(&cli, report);
	check_document(&cli, report);
	check_tap(report);
	check_sarif(report);
	check_junit(report);
	while (texts.num)
		free(texts.list[--texts.num]);
	return 0;
}
