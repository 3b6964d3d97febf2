// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports of every kind, for the tests of what is made of them. */
#include "report_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define POLICY "[allow metrics]\ntcp = 9100\n\n[allow ssh]\ntcp = 22\n" \
	       "rate = 6/minute\n\n[allow web]\ntcp = 80, 443\n"
enum { METRICS, SSH, WEB };	/* sections are sorted by name */

/* Whatever a process, a comment or an interface may be called */
#define HOSTILE "<a b=\"c\">&amp;]]>\033[31m\xff\xfe\xc3\xbc\r\n" \
		"--\n...\n# SKIP 'x' \\ \x7f\x01 ok 1"

/* A line of a table of findings */
struct row {
	uint32_t of_case;
	enum pw_result result;
	enum pw_port_state state;
	uint8_t proto;
	uint16_t first, last;	/* 0: no ports */
	const char *iface, *from, *addr, *owner, *text, *hint;
	enum pw_evidence evidence;
	uint32_t section;
};

static void find(struct pw_report *report, const struct row *row)
{
	struct pw_finding f = {
		.of_case = row->of_case, .result = row->result,
		.state = row->state, .proto = row->proto,
		.from = row->from, .addr = row->addr, .owner = row->owner,
		.text = row->text, .hint = row->hint,
		.evidence = row->evidence, .section = row->section,
	};

	if (row->last)
		f.ports = pw_rangeset_of(16, pw_value32(row->first),
					 pw_value32(row->last));
	strncpy(f.iface, row->iface, sizeof(f.iface) - 1);
	assert_int_equal(pw_report_find(report, &f), 0);
	pw_rangeset_free(f.ports);
}

static uint32_t add(struct pw_report *report, const char *suite,
		    enum pw_result result, const char *name, const char *text,
		    uint32_t section)
{
	int64_t i = pw_report_case(report, suite, result, "%s", name);

	assert_true(i >= 0);
	if (text)
		assert_int_equal(pw_report_say(report, (uint32_t)i, "%s",
					       text), 0);
	report->cases[i].section = section;
	report->cases[i].probes = 65536;
	report->cases[i].ns = 312000000;
	return (uint32_t)i;
}

static void make_good(struct pw_report *report)
{
	pw_report_headline(report,
			   "sandbox: 2 interfaces (eth0, other), 3 sources, IPv4 and IPv6");
	add(report, "ports", PW_RES_PASS, "tcp on eth0 from anyone over IPv4",
	    NULL, PW_NO_SECTION);
	add(report, "ports", PW_RES_PASS, "udp on eth0 from anyone over IPv4",
	    NULL, PW_NO_SECTION);
	add(report, "limits", PW_RES_PASS, "rate of 'ssh'",
	    "6 let through, 7th to 20th dropped", SSH);
	add(report, "until", PW_RES_PASS, "until of 'web'",
	    "shown with a time just ahead", WEB);
	add(report, "held", PW_RES_PASS, "spoofed loopback", NULL,
	    PW_NO_SECTION);
	add(report, "held", PW_RES_PASS, "fragments", NULL, PW_NO_SECTION);
	add(report, "held", PW_RES_SKIPPED, "sctp", "this kernel has none",
	    PW_NO_SECTION);
	add(report, "held", PW_RES_SKIPPED, "dccp", "this kernel has none",
	    PW_NO_SECTION);
	pw_report_note(report, "also held: fragments");
	report->sweeps = 42;
	report->reachable = 412;
}

static void make_bad(struct pw_report *report)
{
	static const struct row rows[] = {
		{ 0, PW_RES_VIOLATION, PW_STATE_REACHABLE, IPPROTO_TCP, 8080,
		  8080, "eth0", "anyone", NULL, NULL,
		  "reachable; no section allows it", NULL, PW_EV_ANSWER,
		  PW_NO_SECTION },
		{ 1, PW_RES_VIOLATION, PW_STATE_REACHABLE, IPPROTO_TCP, 8080,
		  8080, "other", "anyone", NULL, NULL,
		  "reachable; no section allows it", NULL, PW_EV_ANSWER,
		  PW_NO_SECTION },
		{ 1, PW_RES_VIOLATION, PW_STATE_CLOSED, IPPROTO_TCP, 443, 443,
		  "other", "198.51.100.7", NULL, NULL,
		  "not reachable (silence); section 'web' allows it", NULL,
		  PW_EV_SILENCE, WEB },
		{ 2, PW_RES_UNKNOWN, PW_STATE_UNKNOWN, IPPROTO_UDP, 1, 7,
		  "eth0", "anyone", NULL, NULL,
		  "could not be decided: packets were lost", NULL,
		  PW_EV_UNKNOWN, PW_NO_SECTION },
	};

	add(report, "ports", PW_RES_PASS, "tcp on eth0", NULL, PW_NO_SECTION);
	add(report, "ports", PW_RES_PASS, "tcp on other", NULL, PW_NO_SECTION);
	add(report, "ports", PW_RES_PASS, "udp on eth0", NULL, PW_NO_SECTION);
	add(report, "limits", PW_RES_VIOLATION, "rate of 'ssh'",
	    "20 of 20 let through", SSH);
	add(report, "held", PW_RES_UNKNOWN, "fragments",
	    "the sentinel was lost", PW_NO_SECTION);
	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++)
		find(report, &rows[i]);
}

static void make_host(struct pw_report *report)
{
	static const struct row rows[] = {
		{ 0, PW_RES_VIOLATION, PW_STATE_OPEN, IPPROTO_TCP, 8080, 8080,
		  "eth0", "anyone", NULL, NULL,
		  "reachable; published by a container engine (172.17.0.3:80); no section allows it",
		  "close it: remove the publishing, or apply a policy with containers = follow",
		  PW_EV_FORWARDED, PW_NO_SECTION },
		{ 0, PW_RES_WARNING, PW_STATE_UNUSED, IPPROTO_TCP, 9100, 9100,
		  "lan", NULL, NULL, NULL, NULL, NULL, PW_EV_DELIVERED,
		  METRICS },
		{ 0, PW_RES_PASS, PW_STATE_SHIELDED, IPPROTO_TCP, 5432, 5432,
		  "", NULL, "0.0.0.0, [::]", "postgres[812]", NULL, NULL,
		  PW_EV_SILENCE, PW_NO_SECTION },
		{ 0, PW_RES_PASS, PW_STATE_OPEN, IPPROTO_TCP, 22, 22, "",
		  "anyone", NULL, "sshd[701]", NULL, NULL, PW_EV_DELIVERED,
		  SSH },
		{ 0, PW_RES_PASS, PW_STATE_OPEN, IPPROTO_TCP, 80, 80, "",
		  "anyone", NULL, "nginx[901]", NULL, NULL, PW_EV_DELIVERED,
		  WEB },
		{ 0, PW_RES_PASS, PW_STATE_OPEN, IPPROTO_TCP, 443, 443, "",
		  "anyone", NULL, "nginx[901]", NULL, NULL, PW_EV_DELIVERED,
		  WEB },
		{ 1, PW_RES_PASS, PW_STATE_LOCAL, IPPROTO_TCP, 631, 631, "lo",
		  NULL, "127.0.0.1", "cupsd[77]", NULL, NULL, PW_EV_ANSWER,
		  PW_NO_SECTION },
		{ 1, PW_RES_PASS, PW_STATE_LOCAL, IPPROTO_TCP, 6379, 6379, "lo",
		  NULL, "127.0.0.1", "redis[78]", NULL, NULL, PW_EV_ANSWER,
		  PW_NO_SECTION },
	};

	report->command = "verify";
	pw_report_where(report, "eth0 and lan, IPv4 and IPv6");
	add(report, "interfaces", PW_RES_PASS, "tcp on eth0", NULL,
	    PW_NO_SECTION);
	add(report, "loopback", PW_RES_PASS, "tcp on 127.0.0.1", NULL,
	    PW_NO_SECTION);
	add(report, "limits", PW_RES_COMPUTED, "rate of 'ssh'", NULL, SSH);
	for (size_t i = 0; i < PW_ARRAY_SIZE(rows); i++)
		find(report, &rows[i]);
}

static void make_computed(struct pw_report *report)
{
	add(report, "ports", PW_RES_COMPUTED, "tcp on eth0", NULL,
	    PW_NO_SECTION);
	add(report, "held", PW_RES_COMPUTED, "fragments", NULL, PW_NO_SECTION);
}

static void make_hostile(struct pw_report *report)
{
	static const struct row row = {
		1, PW_RES_WARNING, PW_STATE_UNUSED, 253, 1, 2, HOSTILE, HOSTILE,
		HOSTILE, HOSTILE, HOSTILE, HOSTILE, PW_EV_RESET, SSH,
	};

	pw_report_headline(report, "%s", HOSTILE);
	pw_report_note(report, "%s", HOSTILE);
	pw_report_where(report, "%s", HOSTILE);
	for (unsigned int i = 0; i < PW_NUM_RESULTS; i++) {
		add(report, HOSTILE, (enum pw_result)i, HOSTILE, HOSTILE, SSH);
		report->cases[i].name[0] = (char)('0' + i);
	}
	find(report, &row);
}

static void make_failed(struct pw_report *report)
{
	add(report, "ports", PW_RES_PASS, "tcp on eth0", NULL, PW_NO_SECTION);
	assert_int_equal(pw_report_fail(report, 3, "memory & time ran out"), 0);
}

static void make_empty(struct pw_report *report)
{
	report->elapsed_ns = 0;
}

static const struct maker {
	const char *name;
	void (*make)(struct pw_report *report);
} makers[] = {
	{ "good", make_good },	       { "bad", make_bad },
	{ "host", make_host },	       { "computed", make_computed },
	{ "hostile", make_hostile },   { "failed", make_failed },
	{ "empty", make_empty },
};

const size_t num_samples = PW_ARRAY_SIZE(makers);

/* As if the policy's file were called so */
static void rename_source(struct pw_model *model, const char *name)
{
	free(model->source);
	model->source = strdup(name);
	for (size_t i = 0; i < model->num_sections; i++) {
		free(model->sections[i].file);
		model->sections[i].file = strdup(name);
	}
}

struct sample sample_make(size_t i)
{
	struct sample sample = { .name = makers[i].name,
				 .policy = read_text(POLICY) };
	struct pw_report *report;

	assert_int_equal(sample.policy.err, 0);
	if (makers[i].make == make_hostile)
		rename_source(sample.policy.model, "./a:b c/%41" HOSTILE ".ini");
	report = pw_report_new("test", sample.policy.model);
	assert_non_null(report);
	report->start_ns = 1800000000ull * 1000000000;
	report->elapsed_ns = 1234567890;
	report->probes = 2752512;
	makers[i].make(report);
	assert_int_equal(pw_report_sort(report), 0);
	sample.report = report;
	return sample;
}

struct sample sample_find(const char *name)
{
	size_t i = 0;

	while (i < num_samples && strcmp(makers[i].name, name) != 0)
		i++;
	assert_true(i < num_samples);
	return sample_make(i);
}

void sample_clear(struct sample *sample)
{
	pw_report_free(sample->report);
	read_policy_clear(&sample->policy);
}
