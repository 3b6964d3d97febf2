/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of every kind, for the tests of what is made of them. */
#ifndef TESTS_REPORT_SAMPLES_H
#define TESTS_REPORT_SAMPLES_H

#include <portwall/report.h>

#include "policy_help.h"

/**
 * struct sample - A report, and the policy that it points to
 * @name:	good for a file
 */
struct sample {
	const char *name;
	struct read_policy policy;
	struct pw_report *report;
};

extern const size_t num_samples;

/* By number, or by name */
struct sample sample_make(size_t i);
struct sample sample_find(const char *name);
void sample_clear(struct sample *sample);

#endif
