/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats of report files, and what they share. */
#ifndef VERIFY_REPORT_PRIV_H
#define VERIFY_REPORT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "portwall/report.h"

/* Frees what @finding owns */
void pw_finding_clear(struct pw_finding *finding);

/* Each writes the whole report; 0 or -ENOMEM. Errors of @out are its owner's */
int pw_report_put_junit(const struct pw_report *report, FILE *out);
int pw_report_put_tap(const struct pw_report *report, FILE *out);
int pw_report_put_sarif(const struct pw_report *report, FILE *out);

/*
 * "tcp/22: reachable on eth0 from anyone: no section allows it; close it": one
 * line of printable ASCII that the caller frees; NULL: no memory
 */
char *pw_finding_message(const struct pw_finding *finding);

/**
 * struct pw_by_case - Findings of each case
 * @first:	by case: index of its first finding + 1, 0: none
 * @next:	by finding: the same of the next one of its case
 */
struct pw_by_case {
	size_t *first, *next;
};

/* 0 or -ENOMEM; @out is to be cleared in both cases */
int pw_by_case_make(const struct pw_report *report, struct pw_by_case *out);
void pw_by_case_clear(struct pw_by_case *by_case);

/*
 * What is to be said of a case: its text and the messages of its findings that
 * are as bad as itself, a line each. The caller frees; NULL: no memory
 */
char *pw_case_message(const struct pw_report *report,
		      const struct pw_by_case *by_case, size_t of_case);

/* Why it is no report of a whole run; NULL: it is one */
const char *pw_report_failure(const struct pw_report *report);

/* The place that decides; false: the policy as a whole, or none */
bool pw_report_place(const struct pw_report *report, uint32_t section,
		     const char **file, uint32_t *line);

/* "2026-11-20T08:14:03Z"; returns @buf */
char *pw_report_time(uint64_t ns, char buf[static 32]);

#endif
