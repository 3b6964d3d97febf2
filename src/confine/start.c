// SPDX-License-Identifier: GPL-2.0-or-later
/* What each job keeps, and the start of a run with no more than that. */
#include <errno.h>
#include <linux/capability.h>

#include "confine/calls.h"
#include "confine/caps.h"
#include "portwall/own.h"

/* Rules are read and put in force */
#define RULES CAP_BIT(CAP_NET_ADMIN)
/* By root, a file or directory that its owner keeps for himself: the policy of
 * who uses sudo */
#define FILES CAP_BIT(CAP_DAC_READ_SEARCH)
/* Whose a socket is: /proc/PID/fd of every user, and of those who may more
 * than we do */
#define OWNERS (FILES | CAP_BIT(CAP_SYS_PTRACE))
/* Networks are made and entered, packets sent and caught */
#define PRIVATE (RULES | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_SYS_ADMIN))

static const uint64_t caps[] = {
	[PW_JOB_READ] = FILES,
	[PW_JOB_IMAGE] = FILES | CAP_BIT(CAP_DAC_OVERRIDE),
	[PW_JOB_PLAN] = RULES | FILES,
	[PW_JOB_LOOK] = RULES | OWNERS,
	[PW_JOB_CHANGE] = RULES | OWNERS,
	[PW_JOB_WATCH] = RULES | OWNERS,
	[PW_JOB_TEST] = PRIVATE | FILES,
	[PW_JOB_VERIFY] = PRIVATE | OWNERS | CAP_BIT(CAP_BPF),
};
_Static_assert(PW_ARRAY_SIZE(caps) == PW_NUM_JOBS, "what each job keeps");

int pw_confine_start(enum pw_job job, struct pw_diags *diags)
{
	int err = pw_caps_keep(caps[job]);

	if (err)
		return pw_diag_system(diags, -err,
				      "capabilities could not be given away");
	err = pw_calls_start(job);
	if (err == -ENOSYS || err == -EINVAL)
		return 1;
	return err ? pw_diag_system(diags, -err,
				    "system calls could not be confined") : 0;
}
