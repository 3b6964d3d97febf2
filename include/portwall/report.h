/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier found: cases with findings; JSON, JUnit, TAP, SARIF. */
#ifndef PORTWALL_REPORT_H
#define PORTWALL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "diag.h"
#include "expect.h"
#include "model.h"
#include "own.h"
#include "probe.h"

/* The four states of a port, and those that are none; product.md */
enum pw_port_state {
	PW_STATE_OPEN,		/* reachable, something listens */
	PW_STATE_UNUSED,	/* reachable, nothing listens */
	PW_STATE_SHIELDED,	/* not reachable, something listens */
	PW_STATE_CLOSED,	/* not reachable, nothing listens */
	PW_STATE_REACHABLE,	/* listeners are not known (test, another host) */
	PW_STATE_LOCAL,		/* listens on loopback alone */
	PW_STATE_UNKNOWN,
	PW_NUM_STATES
};

/* "open", "unused", .. */
const char *pw_port_state_name(enum pw_port_state state);

/*
 * What became of a case. Skipped, computed and unknown are never a pass. The
 * worst of a report's decides its exit status.
 */
enum pw_result {
	PW_RES_PASS,
	PW_RES_COMPUTED,	/* by proof and evaluator, nothing was sent */
	PW_RES_SKIPPED,		/* not looked at, with the reason */
	PW_RES_WARNING,
	PW_RES_UNKNOWN,		/* could not be decided */
	PW_RES_VIOLATION,
	PW_NUM_RESULTS
};

/* "pass", "computed", "skipped", "warning", "unknown", "violation" */
const char *pw_result_name(enum pw_result result);

/**
 * struct pw_case - One thing that was tried
 * @suite:	"ports", "limits", "held", "interfaces", "loopback", "remote", ..
 * @name:	unique in its suite, stable from run to run: "tcp on eth0 from
 *		anyone over IPv4"
 * @result:	worst of its findings, unless set worse
 * @text:	what was seen, or why it was skipped; NULL: nothing to say
 * @section:	index in the model, PW_NO_SECTION
 * @probes:	sent for it
 * @ns:		how long it took, 0: not measured
 */
struct pw_case {
	char *suite, *name;
	enum pw_result result;
	char *text;
	uint32_t section;
	uint64_t probes;
	uint64_t ns;
};

/**
 * struct pw_finding - One line of the table that people see
 * @of_case:	index of its case
 * @result:	PW_RES_VIOLATION, _WARNING, _UNKNOWN; PW_RES_PASS: a line that
 *		tells a state and asks for nothing
 * @state:	what was found
 * @proto:	IPPROTO_*, 0: no protocol (the whole case)
 * @ports:	16 bits, NULL: none; folded when printed
 * @iface:	"" : any
 * @from:	source as people read it: "anyone", "198.51.100.7"; NULL: none.
 *		Findings that differ in @of_case, @iface and @from alone are one
 *		line on a terminal: what is in these is not said in @text
 * @addr:	local address, NULL: any
 * @expected:	what the policy says, in words; NULL
 * @evidence:	what the probe saw; PW_EV_NONE: not from a probe
 * @owner:	process or container: "sshd[701]"; NULL. With PW_STATE_LOCAL
 *		findings are counted: one for each socket
 * @text:	one sentence: what is wrong, or what it is. NULL: the state and
 *		@expected say it. "reachable; no section allows it" is printed
 *		as "reachable on eth0 from anyone: no section allows it"; what
 *		does not begin with its state, behind the place it is about
 * @hint:	what to do; NULL: nothing
 * @section:	that decides by the policy, or admits wrongly; PW_NO_SECTION
 *
 * A report owns the ports and strings of its findings; those of a finding that
 * is handed to pw_report_find() stay the caller's.
 */
struct pw_finding {
	uint32_t of_case;
	enum pw_result result;
	enum pw_port_state state;
	uint8_t proto;
	struct pw_rangeset *ports;
	char iface[16];
	const char *from, *addr, *expected;
	enum pw_evidence evidence;
	const char *owner, *text, *hint;
	uint32_t section;
};

/**
 * struct pw_report
 * @command:	"test" or "verify"
 * @policy:	the policy's name as shown; NULL: none
 * @model:	borrowed, for the places of sections; NULL: none
 * @headline:	"sandbox: 3 interfaces (lan, wlan0, other), 7 sources, .."; one
 *		line each, joined by newlines
 * @where:	"eth0 and lan, IPv4 and IPv6", for the summary; NULL
 * @notes:	lines behind the table; joined by newlines. Skipped and computed
 *		cases get lines of their own: "not looked at: NAME (TEXT)"
 * @failure:	why the run ended before its time, NULL: it did not
 * @failed_status: exit status of the run then, else 0
 * @sweeps:	over all 65,536 ports
 * @probes, @lost, @unknown: counted by the vantage
 * @reachable:	(port, source) pairs found reachable
 * @start_ns:	wall clock at the start
 * @elapsed_ns
 */
struct pw_report {
	const char *command;
	char *policy;
	const struct pw_model *model;
	char *headline, *where, *notes;
	char *failure;
	int failed_status;
	struct pw_case *cases;
	size_t num_cases, cap_cases;
	struct pw_finding *findings;
	size_t num_findings, cap_findings;
	uint64_t sweeps, probes, lost, unknown, reachable;
	uint64_t start_ns, elapsed_ns;
};

struct pw_report *pw_report_new(const char *command,
				const struct pw_model *model);
void pw_report_free(struct pw_report *report);
PW_DEFINE_OWNED(struct pw_report, pw_report_free)

/* Appends a case; strings are copied, @name is a format. Its index; -ENOMEM */
__attribute__((format(printf, 4, 5)))
int64_t pw_report_case(struct pw_report *report, const char *suite,
		       enum pw_result result, const char *name, ...);

/* Sets a case's text. 0; -ENOMEM */
__attribute__((format(printf, 3, 4)))
int pw_report_say(struct pw_report *report, uint32_t of_case,
		  const char *fmt, ...);

/**
 * pw_report_find() - Append a finding; its case's result becomes as bad
 * @finding:	copied, strings and ports too; @text and @hint may be NULL
 */
int pw_report_find(struct pw_report *report, const struct pw_finding *finding);

/* Append a line to @headline or @notes. 0; -ENOMEM */
__attribute__((format(printf, 2, 3)))
int pw_report_headline(struct pw_report *report, const char *fmt, ...);
__attribute__((format(printf, 2, 3)))
int pw_report_note(struct pw_report *report, const char *fmt, ...);

/* Sets @where. 0; -ENOMEM */
__attribute__((format(printf, 2, 3)))
int pw_report_where(struct pw_report *report, const char *fmt, ...);

/*
 * The run ends early with this exit status, 2 or 3: whatever was found, the
 * report is none of success. 0; -ENOMEM, then only the status is noted
 */
int pw_report_fail(struct pw_report *report, int status, const char *why);

/*
 * Exit status by portwall(8): 1 violation; 4 something is unknown, or nothing
 * was tried at all; that of pw_report_fail(); else 0
 */
int pw_report_status(const struct pw_report *report);

/* Worst result of all cases and findings; how many cases have @result */
enum pw_result pw_report_worst(const struct pw_report *report);
size_t pw_report_num(const struct pw_report *report, enum pw_result result);

/*
 * Folds findings that differ in nothing but ports (of one case), then sorts:
 * worst first, then suite, section, protocol, port, interface. 0; -ENOMEM
 */
int pw_report_sort(struct pw_report *report);

/*
 * Text for people, printable ASCII whatever is in the fields; the caller frees,
 * NULL: no memory
 */
/* "tcp/22,80-90", "esp", ""; ports that need more than @width bytes are cut */
char *pw_finding_what(const struct pw_finding *finding, size_t width);
/* " on eth0 from anyone to 192.0.2.1", "" */
char *pw_finding_where(const struct pw_finding *finding);
/* State, place and text; @where as by pw_finding_where() */
char *pw_finding_sentence(const struct pw_finding *finding, const char *where);
/* Text of a case that was skipped or computed, without these words; borrowed */
const char *pw_case_reason(const struct pw_case *c);

/* Report files by the ending of their name */
enum pw_report_format {
	PW_REPORT_JUNIT,	/* .xml */
	PW_REPORT_TAP,		/* .tap, version 14 */
	PW_REPORT_SARIF,	/* .sarif, 2.1.0 */
	PW_NUM_REPORT_FORMATS
};

/* -EINVAL: no such ending, with a message that lists them */
int pw_report_format(const char *path, enum pw_report_format *out,
		     struct pw_diags *diags);

/*
 * Could a report be written to @path? Tries it with an empty file beside it.
 * -EINVAL, with a message: no such ending, or no file can be made there
 */
int pw_report_check(const char *path, struct pw_diags *diags);

/**
 * pw_report_write() - One report file, replaced whole or left as it was
 *
 * Return: 0; errors of the system with a message
 */
int pw_report_write(const struct pw_report *report, const char *path,
		    struct pw_diags *diags);

#endif
