// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people see of a report: the table, the lines behind it, the sum; and the
 * document. With REPORT_DIR set documents stay there, for tests/report/run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_samples.h"

/* The command is no library: its files are taken in whole */
#include "../../src/cli/output.c"
#include "../../src/cli/table.c"
#include "../../src/cli/findings.c"
#include "../../src/cli/findings_frame.c"
#include "../../src/cli/findings_json.c"
#include "../../src/cli/json.c"

static char *printed(const struct pw_report *report, struct cli cli)
{
	FILE *saved = stdout;
	char *text = NULL;
	size_t len;
	int err;

	stdout = open_memstream(&text, &len);
	assert_non_null(stdout);
	err = findings_print(&cli, report);
	fclose(stdout);
	stdout = saved;
	assert_int_equal(err, 0);
	return text;
}

static const struct text_case {
	const char *name, *sample;
	bool quiet, verbose;
	enum color_mode color;
	const char *want;
} text_cases[] = {
	{ "a rehearsal without fault", "good", false, false, COLOR_NEVER,
	  "sandbox: 2 interfaces (eth0, other), 3 sources, IPv4 and IPv6\n"
	  "as the policy says: 2,752,512 probes, 412 reachable, all of them allowed\n"
	  "until of 'web': shown with a time just ahead\n"
	  "not looked at: sctp, dccp (this kernel has none)\n"
	  "also held: fragments\n" },
	{ "nothing to say when quiet", "good", true, false, COLOR_NEVER, "" },
	{ "a rehearsal with faults", "bad", false, false, COLOR_NEVER,
	  "VIOLATION  tcp/8080  reachable on eth0, other from anyone: no section allows it\n"
	  "VIOLATION  tcp/443   not reachable on other from 198.51.100.7 (silence); section\n"
	  "           'web' allows it                                           web, line 8\n"
	  "VIOLATION  limits: rate of 'ssh': 20 of 20 let through\n"
	  "unknown    udp/1-7   could not be decided on eth0 from anyone: packets were lost\n"
	  "unknown    held: fragments: the sentinel was lost\n"
	  "3 violations, 2 undecided: 2,752,512 probes, 0 reachable\n" },
	{ "only what asks for action when quiet", "bad", true, false,
	  COLOR_NEVER,
	  "VIOLATION  tcp/8080  reachable on eth0, other from anyone: no section allows it\n"
	  "VIOLATION  tcp/443   not reachable on other from 198.51.100.7 (silence); section\n"
	  "           'web' allows it                                           web, line 8\n"
	  "VIOLATION  limits: rate of 'ssh': 20 of 20 let through\n"
	  "unknown    udp/1-7   could not be decided on eth0 from anyone: packets were lost\n"
	  "unknown    held: fragments: the sentinel was lost\n" },
	{ "a host", "host", false, false, COLOR_NEVER,
	  "VIOLATION  tcp/8080  reachable on eth0 from anyone: published by a container\n"
	  "           engine (172.17.0.3:80); no section allows it\n"
	  "           close it: remove the publishing, or apply a policy with containers =\n"
	  "           follow\n"
	  "warning    tcp/9100  allowed on lan, nothing listens             metrics, line 1\n"
	  "shielded   tcp/5432  postgres[812]   0.0.0.0, [::]\n"
	  "open       tcp/22    sshd[701]       anyone                          ssh, line 4\n"
	  "open       tcp/80,443 nginx[901]      anyone                         web, line 8\n"
	  "local      2 sockets on loopback only: cupsd 631, redis 6379\n"
	  "computed, not sent: rate of 'ssh'\n"
	  "2,752,512 probes on eth0 and lan, IPv4 and IPv6, 1.2 s; 1 violation, 1 warning\n" },
	{ "computed alone", "computed", false, false, COLOR_NEVER,
	  "as the policy says: computed, not sent\n" },
	{ "computed alone, every case", "computed", false, true, COLOR_NEVER,
	  "as the policy says: computed, not sent\n"
	  "computed, not sent: tcp, fragments\n" },
	{ "nothing was tried", "empty", false, false, COLOR_NEVER,
	  "nothing was tried: it could not be decided\n" },
};

static void prints(void **state)
{
	const struct text_case *tc = *state;
	struct sample sample = sample_find(tc->sample);
	struct cli cli = { .quiet = tc->quiet, .verbose = tc->verbose,
			   .color = tc->color };
	char *got = printed(sample.report, cli);

	assert_string_equal(got, tc->want);
	free(got);
	sample_clear(&sample);
}

/* Whatever a report holds: 80 columns of printable ASCII */
static void nothing_wraps_or_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < num_samples; i++) {
		struct sample sample = sample_make(i);
		struct cli cli = { .color = COLOR_NEVER };
		char *got = printed(sample.report, cli);

		for (char *p = got; *p; p++)
			assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
		for (char *p = got; *p; p += strcspn(p, "\n") + 1) {
			size_t len = strcspn(p, "\n");

			assert_true(len <= OUTPUT_WIDTH);
			assert_true(!len || p[len - 1] != ' ');
		}
		free(got);
		sample_clear(&sample);
	}
}

static void colour_marks_the_first_word(void **state)
{
	struct sample sample = sample_find("host");
	struct cli cli = { .color = COLOR_ALWAYS };
	char *got = printed(sample.report, cli);

	(void)state;
	assert_ptr_equal(strstr(got, "\033[1;31mVIOLATION\033[0m  tcp/8080"),
			 got);
	assert_non_null(strstr(got, "\n\033[1;33mwarning\033[0m    tcp/9100"));
	assert_non_null(strstr(got, "\nopen "));
	free(got);
	sample_clear(&sample);
}

static void find_port(struct pw_report *report, uint32_t of_case, uint16_t port)
{
	struct pw_finding f = {
		.of_case = of_case, .result = PW_RES_VIOLATION,
		.state = PW_STATE_OPEN, .proto = IPPROTO_TCP,
		.section = PW_NO_SECTION,
		.ports = pw_rangeset_of(16, pw_value32(port), pw_value32(port)),
	};

	snprintf(f.iface, sizeof(f.iface), "if%u", of_case);
	f.evidence = PW_EV_ANSWER;
	assert_int_equal(pw_report_find(report, &f), 0);
	pw_rangeset_free(f.ports);
}

static struct pw_report *many(size_t num)
{
	struct pw_report *report = pw_report_new("test", NULL);

	for (size_t i = 0; i < num; i++) {
		assert_true(pw_report_case(report, "ports", PW_RES_PASS, "%zu",
					   i) >= 0);
		find_port(report, (uint32_t)i, (uint16_t)(i + 1));
	}
	assert_int_equal(pw_report_sort(report), 0);
	return report;
}

static size_t num_lines(const char *text, const char *begin)
{
	size_t num = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		num += !strncmp(p, begin, strlen(begin));
	return num;
}

static void too_many_lines_are_counted(void **state)
{
	pw_owned(pw_report_free) struct pw_report *report = many(150);
	char *brief = printed(report, (struct cli){ .color = COLOR_NEVER });
	char *full = printed(report, (struct cli){ .color = COLOR_NEVER,
						   .verbose = true });

	(void)state;
	assert_int_equal(num_lines(brief, "VIOLATION"), MAX_LINES);
	assert_non_null(strstr(brief, "... and 50 lines more; --verbose"));
	assert_non_null(strstr(brief, "\n150 violations: "));
	assert_int_equal(num_lines(full, "VIOLATION"), 150);
	assert_null(strstr(full, "lines more"));
	free(brief);
	free(full);
}

/* Many places of one fault are one line, with the first few of them */
static void alike_findings_are_one_line(void **state)
{
	pw_owned(pw_report_free) struct pw_report *report =
		pw_report_new("test", NULL);
	char *got;

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(pw_report_case(report, "ports", PW_RES_PASS, "%u",
					   i) >= 0);
		find_port(report, i, 80);
	}
	assert_int_equal(pw_report_sort(report), 0);
	got = printed(report, (struct cli){ .color = COLOR_NEVER });
	assert_string_equal(got,
			    "VIOLATION  tcp/80    reachable on if0, if1, if2, ..\n"
			    "1 violation: 0 probes, 0 reachable\n");
	free(got);
}

/* The document as it is printed, with @status */
static char *documented(struct pw_report *report, int status)
{
	const struct command command = { .name = report->command };
	struct cli cli = { .command = &command, .policy = report->policy,
			   .diags = pw_diags_new() };
	FILE *saved = stdout;
	char *text = NULL;
	size_t len;

	assert_int_equal(doc_begin(&cli), 0);
	findings_describe(&cli, report);
	stdout = open_memstream(&text, &len);
	assert_non_null(stdout);
	assert_int_equal(doc_end(&cli, status), 0);
	fclose(stdout);
	stdout = saved;
	json_decref(cli.doc);
	pw_diags_free(cli.diags);
	return text;
}

static void keep(const char *name, const char *text)
{
	const char *dir = getenv("REPORT_DIR");
	char path[512];
	FILE *out;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* Every case and finding is there, whatever bytes they hold */
static void documents_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < num_samples; i++) {
		struct sample sample = sample_make(i);
		char *text = documented(sample.report,
					pw_report_status(sample.report));
		json_t *doc = json_loads(text, 0, NULL);

		assert_non_null(doc);
		assert_int_equal(json_array_size(json_object_get(doc, "cases")),
				 sample.report->num_cases);
		assert_int_equal(json_array_size(json_object_get(doc,
								 "findings")),
				 sample.report->num_findings);
		keep(sample.name, text);
		json_decref(doc);
		free(text);
		sample_clear(&sample);
	}
}

int main(void)
{
	struct CMUnitTest tests[16] = {
		cmocka_unit_test(nothing_wraps_or_escapes),
		cmocka_unit_test(colour_marks_the_first_word),
		cmocka_unit_test(too_many_lines_are_counted),
		cmocka_unit_test(alike_findings_are_one_line),
		cmocka_unit_test(documents_are_complete),
	};
	size_t num = 5;

	for (size_t i = 0; i < PW_ARRAY_SIZE(text_cases); i++)
		tests[num++] = (struct CMUnitTest){
			text_cases[i].name, prints, NULL, NULL,
			(void *)(uintptr_t)&text_cases[i]
		};
	return _cmocka_run_group_tests("findings", tests, num, NULL, NULL);
}
