// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports: order, words, exit status, files. With REPORT_DIR set the files stay
 * there, for tests/report/run to validate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <portwall/report.h>

#include "report_samples.h"

static struct pw_report *new_report(void)
{
	struct pw_report *report = pw_report_new("test", NULL);

	assert_non_null(report);
	return report;
}

static uint32_t add_case(struct pw_report *report, const char *suite,
			 const char *name)
{
	int64_t i = pw_report_case(report, suite, PW_RES_PASS, "%s", name);

	assert_true(i >= 0);
	return (uint32_t)i;
}

static const struct what_case {
	const char *name;
	uint8_t proto;
	struct pw_range32 ports[4];	/* to one that ends with 0 */
	size_t width;
	const char *want;
} what_cases[] = {
	{ "nothing", 0, { { 0, 0 } }, 24, "" },
	{ "protocol alone", IPPROTO_ESP, { { 0, 0 } }, 24, "esp" },
	{ "protocol without a name", 253, { { 0, 0 } }, 24, "protocol 253" },
	{ "one port", IPPROTO_TCP, { { 22, 22 } }, 24, "tcp/22" },
	{ "neighbours fold", IPPROTO_UDP, { { 80, 80 }, { 82, 90 }, { 81, 81 } },
	  24, "udp/80-90" },
	{ "several", IPPROTO_TCP, { { 80, 80 }, { 443, 443 } }, 24,
	  "tcp/80,443" },
	{ "all", IPPROTO_TCP, { { 0, 65535 } }, 24, "tcp/0-65535" },
	{ "cut", IPPROTO_TCP, { { 1, 21 }, { 23, 79 }, { 81, 442 } }, 6,
	  "tcp/1-21,23-79,...(440)" },
	{ "the first is never cut", IPPROTO_TCP, { { 10000, 20000 } }, 2,
	  "tcp/10000-20000" },
};

static struct pw_rangeset *ports_of(const struct pw_range32 *list, size_t max)
{
	struct pw_rangeset *set = pw_rangeset_new(16);

	assert_non_null(set);
	for (size_t i = 0; i < max && list[i].last; i++)
		assert_int_equal(pw_rangeset_add32(set, list[i].first,
						   list[i].last), 0);
	assert_int_equal(pw_rangeset_normalise(set), 0);
	return set;
}

static void says_what(void **state)
{
	const struct what_case *tc = *state;
	struct pw_finding f = {
		.proto = tc->proto,
		.ports = ports_of(tc->ports, PW_ARRAY_SIZE(tc->ports)),
	};
	char *got = pw_finding_what(&f, tc->width);

	assert_string_equal(got, tc->want);
	free(got);
	pw_rangeset_free(f.ports);
}

static const struct sentence_case {
	const char *name;
	enum pw_port_state state;
	const char *iface, *from, *addr, *expected, *text, *want;
} sentence_cases[] = {
	{ "state alone", PW_STATE_OPEN, "", NULL, NULL, NULL, NULL,
	  "reachable" },
	{ "state and place", PW_STATE_REACHABLE, "eth0", "anyone", "192.0.2.1",
	  NULL, NULL, "reachable on eth0 from anyone to 192.0.2.1" },
	{ "nothing listens", PW_STATE_UNUSED, "lan", NULL, NULL, NULL, NULL,
	  "allowed on lan, nothing listens" },
	{ "allowed", PW_STATE_UNUSED, "", "me", NULL, NULL,
	  "allowed, nothing listens", "allowed from me, nothing listens" },
	{ "unused, and wrong", PW_STATE_UNUSED, "lan", NULL, NULL, NULL,
	  "reachable; no section allows it",
	  "reachable on lan: no section allows it" },
	{ "expected", PW_STATE_CLOSED, "eth0", NULL, NULL,
	  "section 'a' allows it", NULL,
	  "not reachable on eth0: section 'a' allows it" },
	{ "text goes on behind the place", PW_STATE_OPEN, "eth0", "anyone", NULL,
	  "unused here", "reachable; no section allows it",
	  "reachable on eth0 from anyone: no section allows it" },
	{ "in brackets", PW_STATE_CLOSED, "eth0", NULL, NULL, NULL,
	  "not reachable (silence); section 'a' allows it",
	  "not reachable on eth0 (silence); section 'a' allows it" },
	{ "another beginning", PW_STATE_CLOSED, "eth0", "me", NULL, NULL,
	  "refused (RST)", "on eth0 from me: refused (RST)" },
	{ "no place", PW_STATE_UNKNOWN, "", NULL, NULL, NULL, "lost", "lost" },
	{ "hostile", PW_STATE_OPEN, "e\033[m", "\n", NULL, NULL,
	  "reachable \xff", "reachable on e\\x1b[m from \\x0a \\xff" },
};

static void makes_sentence(void **state)
{
	const struct sentence_case *tc = *state;
	struct pw_finding f = {
		.state = tc->state, .from = tc->from, .addr = tc->addr,
		.expected = tc->expected, .text = tc->text,
	};
	char *where, *got;

	snprintf(f.iface, sizeof(f.iface), "%s", tc->iface);
	where = pw_finding_where(&f);
	assert_non_null(where);
	got = pw_finding_sentence(&f, where);
	assert_string_equal(got, tc->want);
	free(got);
	free(where);
}

static const struct status_case {
	const char *name;
	enum pw_result results[4];
	size_t num;
	int failed, want;
} status_cases[] = {
	{ "nothing tried is undecided", { 0 }, 0, 0, 4 },
	{ "passed", { PW_RES_PASS, PW_RES_PASS }, 2, 0, 0 },
	{ "computed", { PW_RES_PASS, PW_RES_COMPUTED }, 2, 0, 0 },
	{ "skipped", { PW_RES_SKIPPED, PW_RES_PASS }, 2, 0, 0 },
	{ "warning", { PW_RES_WARNING, PW_RES_PASS }, 2, 0, 0 },
	{ "unknown", { PW_RES_UNKNOWN, PW_RES_PASS }, 2, 0, 4 },
	{ "violation beats unknown",
	  { PW_RES_UNKNOWN, PW_RES_VIOLATION, PW_RES_PASS }, 3, 0, 1 },
	{ "refused beats all", { PW_RES_VIOLATION }, 1, 3, 3 },
	{ "refused at once", { 0 }, 0, 2, 2 },
};

static void has_status(void **state)
{
	const struct status_case *tc = *state;
	pw_owned(pw_report_free) struct pw_report *report = new_report();

	for (size_t i = 0; i < tc->num; i++)
		assert_true(pw_report_case(report, "ports", tc->results[i],
					   "case %zu", i) >= 0);
	if (tc->failed)
		assert_int_equal(pw_report_fail(report, tc->failed, "no"), 0);
	assert_int_equal(pw_report_status(report), tc->want);
}

/* A finding makes its case as bad as itself, never better */
static void finding_makes_case_worse(void **state)
{
	pw_owned(pw_report_free) struct pw_report *report = new_report();
	struct pw_finding f = { .section = PW_NO_SECTION };

	(void)state;
	f.of_case = add_case(report, "ports", "a");
	f.result = PW_RES_VIOLATION;
	assert_int_equal(pw_report_find(report, &f), 0);
	f.result = PW_RES_PASS;
	assert_int_equal(pw_report_find(report, &f), 0);
	assert_int_equal(report->cases[0].result, PW_RES_VIOLATION);
	assert_int_equal(pw_report_worst(report), PW_RES_VIOLATION);
	assert_int_equal(pw_report_num(report, PW_RES_VIOLATION), 1);
	assert_int_equal(pw_report_num(report, PW_RES_PASS), 0);
}

static void find_port(struct pw_report *report, uint32_t of_case,
		      enum pw_result result, enum pw_port_state port_state,
		      uint16_t port, const char *iface)
{
	struct pw_finding f = {
		.of_case = of_case, .result = result, .state = port_state,
		.proto = IPPROTO_TCP, .section = PW_NO_SECTION,
		.ports = pw_rangeset_of(16, pw_value32(port), pw_value32(port)),
	};

	snprintf(f.iface, sizeof(f.iface), "%s", iface);
	assert_int_equal(pw_report_find(report, &f), 0);
	pw_rangeset_free(f.ports);
}

static const struct sort_case {
	const char *name;
	struct {
		uint32_t of_case;
		enum pw_result result;
		enum pw_port_state state;
		uint16_t port;
		const char *iface;	/* NULL: the end */
	} rows[8];
	const char *want;	/* "WHAT on IFACE" of each, in order */
} sort_cases[] = {
	{ "the worst comes first", {
		{ 0, PW_RES_PASS, PW_STATE_OPEN, 22, "eth0" },
		{ 0, PW_RES_WARNING, PW_STATE_UNUSED, 23, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 24, "eth0" },
		{ 0, PW_RES_UNKNOWN, PW_STATE_UNKNOWN, 25, "eth0" },
	}, "tcp/24 on eth0; tcp/25 on eth0; tcp/23 on eth0; tcp/22 on eth0; " },
	{ "shielded, open, local", {
		{ 0, PW_RES_PASS, PW_STATE_LOCAL, 1, "lo" },
		{ 0, PW_RES_PASS, PW_STATE_OPEN, 2, "eth0" },
		{ 0, PW_RES_PASS, PW_STATE_SHIELDED, 3, "eth0" },
	}, "tcp/3 on eth0; tcp/2 on eth0; tcp/1 on lo; " },
	{ "ports fold, in any order", {
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 82, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 80, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 9, "eth1" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 81, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 443, "eth0" },
	}, "tcp/9 on eth1; tcp/80-82,443 on eth0; " },
	{ "cases do not fold", {
		{ 1, PW_RES_VIOLATION, PW_STATE_OPEN, 82, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 81, "eth0" },
	}, "tcp/81 on eth0; tcp/82 on eth0; " },
	{ "states do not fold", {
		{ 0, PW_RES_VIOLATION, PW_STATE_REACHABLE, 82, "eth0" },
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 81, "eth0" },
	}, "tcp/81 on eth0; tcp/82 on eth0; " },
	{ "local sockets are counted", {
		{ 0, PW_RES_PASS, PW_STATE_LOCAL, 631, "lo" },
		{ 0, PW_RES_PASS, PW_STATE_LOCAL, 631, "lo" },
	}, "tcp/631 on lo; tcp/631 on lo; " },
	{ "suites by name", {
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, 1, "eth0" },
		{ 2, PW_RES_VIOLATION, PW_STATE_OPEN, 2, "eth0" },
	}, "tcp/2 on eth0; tcp/1 on eth0; " },
};

static void check_order(const struct pw_report *report, const char *want)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	for (size_t i = 0; i < report->num_findings; i++) {
		char *what = pw_finding_what(&report->findings[i], 24);

		fprintf(out, "%s on %s; ", what, report->findings[i].iface);
		free(what);
	}
	fclose(out);
	assert_string_equal(got, want);
	free(got);
}

static void sorts(void **state)
{
	const struct sort_case *tc = *state;
	pw_owned(pw_report_free) struct pw_report *report = new_report();

	add_case(report, "ports", "a");
	add_case(report, "ports", "b");
	add_case(report, "limits", "c");
	for (size_t i = 0; tc->rows[i].iface; i++)
		find_port(report, tc->rows[i].of_case, tc->rows[i].result,
			  tc->rows[i].state, tc->rows[i].port,
			  tc->rows[i].iface);
	assert_int_equal(pw_report_sort(report), 0);
	check_order(report, tc->want);
}

static void lines_are_joined(void **state)
{
	pw_owned(pw_report_free) struct pw_report *report = new_report();

	(void)state;
	assert_int_equal(pw_report_headline(report, "sandbox: %d", 3), 0);
	assert_int_equal(pw_report_note(report, "one"), 0);
	assert_int_equal(pw_report_note(report, "two"), 0);
	assert_string_equal(report->headline, "sandbox: 3");
	assert_string_equal(report->notes, "one\ntwo");
}

static const struct format_case {
	const char *name, *path;
	int err;
	enum pw_report_format want;
} format_cases[] = {
	{ "JUnit", "a.xml", 0, PW_REPORT_JUNIT },
	{ "TAP", "/x/y.z/a.b.tap", 0, PW_REPORT_TAP },
	{ "SARIF", "./a.sarif", 0, PW_REPORT_SARIF },
	{ "no ending", "report", -EINVAL, 0 },
	{ "unknown ending", "report.html", -EINVAL, 0 },
	{ "ending of the directory", "a.xml/report", -EINVAL, 0 },
	{ "ending alone", "x/.xml", -EINVAL, 0 },
	{ "capitals", "a.XML", -EINVAL, 0 },
	{ "empty", "", -EINVAL, 0 },
};

static void finds_format(void **state)
{
	const struct format_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	enum pw_report_format got = PW_NUM_REPORT_FORMATS;

	assert_int_equal(pw_report_format(tc->path, &got, diags), tc->err);
	if (!tc->err) {
		assert_int_equal(got, tc->want);
		return;
	}
	assert_non_null(strstr(pw_diags_get(diags, 0)->hint, "*.xml"));
	assert_non_null(strstr(pw_diags_get(diags, 0)->hint, "*.tap"));
	assert_non_null(strstr(pw_diags_get(diags, 0)->hint, "*.sarif"));
}

/* A new directory, or REPORT_DIR, which stays */
struct place {
	char path[256];
	bool stays;
};

static struct place new_place(void)
{
	struct place place = { .path = "/tmp/portwall-report.XXXXXX" };
	const char *dir = getenv("REPORT_DIR");

	place.stays = dir != NULL;
	if (dir)
		snprintf(place.path, sizeof(place.path), "%s", dir);
	else
		assert_non_null(mkdtemp(place.path));
	return place;
}

/* Names of files that are not @want's; removes all but what stays */
static size_t sweep(const struct place *place, bool keep)
{
	DIR *dir = opendir(place->path);
	const struct dirent *entry;
	size_t num = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		num++;
		if (!keep)
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0),
					 0);
	}
	closedir(dir);
	if (!keep)
		assert_int_equal(rmdir(place->path), 0);
	return num;
}

static void write_as(const struct pw_report *report, const char *dir,
		     const char *name, const char *ending)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ending);
	assert_int_equal(pw_report_check(path, diags), 0);
	assert_int_equal(pw_report_write(report, path, diags), 0);
	/* what is there already is replaced */
	assert_int_equal(pw_report_write(report, path, diags), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 20);
}

static void writes_samples(void **state)
{
	static const char *const endings[] = { "xml", "tap", "sarif" };
	const struct place place = new_place();
	size_t num = 0;

	(void)state;
	for (; num < num_samples; num++) {
		struct sample sample = sample_make(num);

		for (size_t i = 0; i < PW_ARRAY_SIZE(endings); i++)
			write_as(sample.report, place.path, sample.name,
				 endings[i]);
		sample_clear(&sample);
	}
	if (!place.stays)
		assert_int_equal(sweep(&place, false),
				 num * PW_ARRAY_SIZE(endings));
}

static const struct refusal_case {
	const char *name, *path, *want;
} refusal_cases[] = {
	{ "no directory", "/nonexistent/a.xml", "No such file or directory" },
	{ "no place for files", "/proc/a.tap", "'/proc/a.tap' cannot be" },
	{ "no ending", "/tmp/report", "its name says no format" },
	{ "a file as directory", "/etc/passwd/a.sarif", "Not a directory" },
};

static void refuses_place(void **state)
{
	const struct refusal_case *tc = *state;
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();

	assert_int_equal(pw_report_check(tc->path, diags), -EINVAL);
	assert_non_null(strstr(pw_diags_get(diags, 0)->text, tc->want));
}

/* What was there before stays, and nothing is left beside it */
static void failed_write_changes_nothing(void **state)
{
	struct place place = { .path = "/tmp/portwall-report.XXXXXX" };
	pw_owned(pw_report_free) struct pw_report *report = new_report();
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	char path[300];

	(void)state;
	assert_non_null(mkdtemp(place.path));
	snprintf(path, sizeof(path), "%s/a.xml", place.path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(pw_report_check(path, diags), -EINVAL);
	assert_non_null(strstr(pw_diags_get(diags, 0)->text,
			       "Is a directory"));
	/* a directory is never renamed over */
	assert_int_equal(pw_report_write(report, path, diags), -EISDIR);
	assert_int_equal(sweep(&place, true), 1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(place.path), 0);
}

#define ROWS(cases, run) { cases, sizeof(cases[0]), PW_ARRAY_SIZE(cases), run }

int main(void)
{
	static const struct {
		const void *cases;	/* each begins with its name */
		size_t size, num;
		CMUnitTestFunction run;
	} groups[] = {
		ROWS(what_cases, says_what),
		ROWS(sentence_cases, makes_sentence),
		ROWS(status_cases, has_status), ROWS(sort_cases, sorts),
		ROWS(format_cases, finds_format),
		ROWS(refusal_cases, refuses_place),
	};
	struct CMUnitTest tests[80] = {
		cmocka_unit_test(finding_makes_case_worse),
		cmocka_unit_test(lines_are_joined),
		cmocka_unit_test(writes_samples),
		cmocka_unit_test(failed_write_changes_nothing),
	};
	size_t num = 4;

	for (size_t g = 0; g < PW_ARRAY_SIZE(groups); g++) {
		for (size_t i = 0; i < groups[g].num; i++) {
			const char *tc = (const char *)groups[g].cases +
					 i * groups[g].size;

			assert_true(num < PW_ARRAY_SIZE(tests));
			tests[num++] = (struct CMUnitTest){
				*(const char *const *)tc, groups[g].run, NULL,
				NULL, (void *)(uintptr_t)tc
			};
		}
	}
	return _cmocka_run_group_tests("report", tests, num, NULL, NULL);
}
