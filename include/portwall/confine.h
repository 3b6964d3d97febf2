/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process may do, and less of it from phase to phase. */
#ifndef PORTWALL_CONFINE_H
#define PORTWALL_CONFINE_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include "diag.h"

/* What a run of the command is for */
enum pw_job {
	PW_JOB_READ,	/* files */
	PW_JOB_RECALL,	/* files, and who applied what */
	PW_JOB_IMAGE,	/* files, and others written */
	PW_JOB_PLAN,	/* files, and the rules in force */
	PW_JOB_LOOK,	/* and whose the sockets are */
	PW_JOB_CHANGE,	/* and other rules put in force */
	PW_JOB_WATCH,
	PW_JOB_TEST,	/* a private network */
	PW_JOB_VERIFY,	/* packets on interfaces of the host */
	PW_NUM_JOBS
};

/* A capability as a bit of a set: PW_CAP(CAP_NET_ADMIN) */
#define PW_CAP(cap) (UINT64_C(1) << (cap))
/* To open the files of those who keep them to themselves */
#define PW_CAPS_FILES PW_CAP(CAP_DAC_READ_SEARCH)
/* To tell whose a socket is: /proc/PID/fd of every user, and of those who may
 * more than we do */
#define PW_CAPS_OWNERS (PW_CAPS_FILES | PW_CAP(CAP_SYS_PTRACE))
/* To make and enter networks, to send and catch packets there, and to be the
 * listener of any port */
#define PW_CAPS_PACKETS (PW_CAP(CAP_NET_ADMIN) | PW_CAP(CAP_NET_RAW) | \
			 PW_CAP(CAP_NET_BIND_SERVICE) | \
			 PW_CAP(CAP_SYS_ADMIN) | PW_CAP(CAP_BPF))

/**
 * pw_confine_start() - Give away what @job does not need, for good
 *
 * Capabilities: of the permitted, inheritable, ambient and, where CAP_SETPCAP
 * allows it, the bounding set only those of @job that are there are left, and
 * none is effective: see pw_caps_raise(). No program that is started from now
 * on gains any (no_new_privs).
 *
 * System calls: those of @job. Three things can happen to another one.
 *
 * - What would do harm ends the process (SIGSYS): to start a program, to trace
 *   a process, to load a module, to mount, and the like. No libc makes such a
 *   call behind the back of a program.
 * - Anything else fails with ENOSYS, and is not an end: the libc of tomorrow
 *   makes calls that are unknown today, asks for each whether the kernel has
 *   it, and is content with an older one. A firewall that is killed at boot
 *   because of a new libc would be worse than the call.
 * - For the same reason whole families are let through: all of open, openat and
 *   openat2, though one is used.
 *
 * Calls by another architecture's numbers (int 0x80, x32) end the process.
 *
 * To be called while the process has one thread.
 *
 * Return: 0; 1: done but for the calls, of which this kernel has no filters;
 *	   -errno with a message
 */
int pw_confine_start(enum pw_job job, struct pw_diags *diags);

/**
 * pw_confine_settle() - Give away what @job needs only in its beginning
 *
 * From now on no memory becomes executable, and there are no sockets but those
 * of netlink (PW_JOB_CHANGE); none at all
 * (PW_JOB_TEST, PW_JOB_VERIFY); none, and no file is opened (PW_JOB_READ,
 * PW_JOB_PLAN). The other jobs go on to need what they needed.
 *
 * Return: 0, also where the kernel has no filters; -errno: none was added
 */
int pw_confine_settle(enum pw_job job);

/**
 * pw_caps_raise() - Use capabilities for as long as it takes
 * @caps:	those that are permitted become effective
 *
 * Nothing is effective while bytes of others are read and thought about; it is
 * raised around the system calls that need it:
 *
 *	pw_owned(pw_caps_restore) uint64_t before = pw_caps_raise(caps);
 *
 * Return: what pw_caps_restore() makes effective again
 */
uint64_t pw_caps_raise(uint64_t caps);
void pw_caps_restore(uint64_t before);
static inline void pw_caps_restorep(const uint64_t *before)
{
	pw_caps_restore(*before);
}

/* Is all of @caps permitted, so that it can be raised? */
bool pw_caps_permit(uint64_t caps);

#endif
