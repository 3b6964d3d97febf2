/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process may do, and less of it from phase to phase. */
#ifndef PORTWALL_CONFINE_H
#define PORTWALL_CONFINE_H

#include "diag.h"

/* What a run of the command is for */
enum pw_job {
	PW_JOB_READ,	/* files */
	PW_JOB_IMAGE,	/* files, and others written */
	PW_JOB_PLAN,	/* files, and the rules in force */
	PW_JOB_LOOK,	/* and whose the sockets are */
	PW_JOB_CHANGE,	/* and other rules put in force */
	PW_JOB_WATCH,
	PW_JOB_TEST,	/* a private network */
	PW_JOB_VERIFY,	/* packets on interfaces of the host */
	PW_NUM_JOBS
};

/**
 * pw_confine_start() - Give away what @job does not need, for good
 *
 * Permitted, effective, inheritable, ambient and, where CAP_SETPCAP allows it,
 * bounding set are reduced to the capabilities of @job. No program that is
 * started from now on gains any (no_new_privs), and none is: whoever starts a
 * program, traces another process, loads a module or changes what is mounted is
 * no portwall any more, and the kernel ends the process with SIGSYS.
 *
 * To be called while the process has one thread.
 *
 * Return: 0; 1: done but for the calls, of which this kernel has no filters;
 *	   -errno with a message
 */
int pw_confine_start(enum pw_job job, struct pw_diags *diags);

#endif
