// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls that a job may make. */
#include "confine/calls.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

#include "portwall/own.h"

#define CALL(name) SCMP_SYS(name)

/* LeakSanitizer stops the process from another to look at its memory. Known
 * when this is compiled: what is installed has no switch to allow it. */
#ifdef __SANITIZE_ADDRESS__
#define WATCHED
#endif

static const int harmful[] = {
	/* another program */
	CALL(execve), CALL(execveat),
	/* other processes */
#ifndef WATCHED
	CALL(ptrace), CALL(process_vm_readv),
#endif
	CALL(process_vm_writev), CALL(kcmp), CALL(pidfd_getfd),
	CALL(process_madvise),
	/* the kernel itself */
	CALL(init_module), CALL(finit_module), CALL(delete_module),
	CALL(create_module), CALL(kexec_load), CALL(kexec_file_load),
	CALL(reboot), CALL(iopl), CALL(ioperm), CALL(perf_event_open),
	CALL(userfaultfd), CALL(lookup_dcookie), CALL(syslog),
	CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
	/* file systems and their roots */
	CALL(mount), CALL(umount), CALL(umount2), CALL(pivot_root),
	CALL(chroot), CALL(open_tree), CALL(move_mount), CALL(fsopen),
	CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr),
	CALL(swapon), CALL(swapoff), CALL(quotactl), CALL(acct),
	CALL(open_by_handle_at), CALL(mknod), CALL(mknodat),
	/* keys */
	CALL(add_key), CALL(request_key), CALL(keyctl),
	/* clocks and names of the host */
	CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime),
	CALL(adjtimex), CALL(stime), CALL(sethostname), CALL(setdomainname),
	/* other users */
	CALL(setuid), CALL(setgid), CALL(setreuid), CALL(setregid),
	CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(setfsuid),
	CALL(setfsgid),
};

static void releasep(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int pw_calls_start(enum pw_job job)
{
	pw_owned(release) scmp_filter_ctx filter =
		seccomp_init(SCMP_ACT_ALLOW);
	int err = 0;

	(void)job;
	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(harmful); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
				       harmful[i], 0);
	return err ? err : seccomp_load(filter);
}
