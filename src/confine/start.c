// SPDX-License-Identifier: GPL-2.0-or-later
/* The start of a run, and of its second phase. */
#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/caps.h"
#include "confine/jobs.h"

/* 0; 1: this kernel has no filters; -errno */
static int confine_calls(enum pw_job job, enum phase phase)
{
	const struct sock_fprog *filter = &filters[job][phase];

	if (!filter->len ||
	    !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter))
		return 0;
	/* or it is settled already, and has no seccomp(2) any more */
	return errno == ENOSYS || errno == EINVAL ? 1 : -errno;
}

int pw_confine_start(enum pw_job job, struct pw_diags *diags)
{
	int err = pw_caps_keep(jobs[job].caps);

	if (err)
		return pw_diag_system(diags, -err,
				      "capabilities could not be given away");
	err = confine_calls(job, FROM_THE_START);
	return err < 0 ? pw_diag_system(diags, -err,
					"system calls could not be confined") :
			 err;
}

int pw_confine_settle(enum pw_job job)
{
	int err = confine_calls(job, SETTLED);

	return err < 0 ? err : 0;
}
