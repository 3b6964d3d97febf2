/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each job keeps, and the filters that are made of it. */
#ifndef CONFINE_JOBS_H
#define CONFINE_JOBS_H

#include <linux/filter.h>
#include <stdint.h>

#include "portwall/confine.h"

enum phase { FROM_THE_START, SETTLED, NUM_PHASES };

/**
 * struct job_row - What one job keeps
 * @calls:	in each phase, bits of enum call_group; 0: as before
 */
struct job_row {
	uint64_t caps;
	unsigned int calls[NUM_PHASES];
};

extern const struct job_row jobs[PW_NUM_JOBS];

/*
 * A program for seccomp(2) for each, @len 0: none. scripts/filters.c makes them
 * of @jobs and of lists.h when portwall is built.
 */
extern const struct sock_fprog filters[PW_NUM_JOBS][NUM_PHASES];

#endif
