// SPDX-License-Identifier: GPL-2.0-or-later
/* What each job keeps, and when it gives the rest away. */
#include "confine/jobs.h"

#include "confine/lists.h"

#define RULES_CAP PW_CAP(CAP_NET_ADMIN)
/* A report goes where the user of sudo wants it, also into his directory */
#define REPORTS_CAP PW_CAP(CAP_DAC_OVERRIDE)

#define ALWAYS (THINK | START | FILES | CODE)
#define NETWORK (ROUTE | RULES | PACKETS | SPACES | WORKERS | EVENTS)

const struct job_row jobs[] = {
	[PW_JOB_READ] = { PW_CAPS_OWNERS, { ALWAYS | ROUTE, THINK } },
	[PW_JOB_RECALL] = { RULES_CAP | PW_CAPS_OWNERS,
			    { ALWAYS | RULES | TELL, 0 } },
	[PW_JOB_IMAGE] = { PW_CAPS_FILES, { ALWAYS | ROUTE | STORE, 0 } },
	[PW_JOB_PLAN] = { RULES_CAP | PW_CAPS_OWNERS,
			  { ALWAYS | ROUTE | RULES, 0 } },
	[PW_JOB_LOOK] = { RULES_CAP | PW_CAPS_OWNERS,
			  { ALWAYS | ROUTE | RULES | TELL, 0 } },
	[PW_JOB_CHANGE] = { RULES_CAP | PW_CAPS_OWNERS,
			    { ALWAYS | ROUTE | RULES | STORE | EVENTS,
			      THINK | FILES | ROUTE | RULES | STORE |
			      EVENTS } },
	[PW_JOB_WATCH] = { RULES_CAP | PW_CAPS_OWNERS,
			   { ALWAYS | ROUTE | RULES | STORE | EVENTS |
			     WORKERS | TELL, 0 } },
	[PW_JOB_TEST] = { PW_CAPS_PACKETS | PW_CAPS_OWNERS | REPORTS_CAP,
			  { ALWAYS | STORE | NETWORK,
			    THINK | FILES | STORE } },
	[PW_JOB_VERIFY] = { PW_CAPS_PACKETS | PW_CAPS_OWNERS | REPORTS_CAP,
			    { ALWAYS | STORE | NETWORK | PROGRAMS,
			      THINK | FILES | STORE } },
};
_Static_assert(sizeof(jobs) / sizeof(*jobs) == PW_NUM_JOBS,
	       "what each job keeps");
