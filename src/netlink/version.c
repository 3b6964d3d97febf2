// SPDX-License-Identifier: GPL-2.0-or-later
/* What this kernel calls itself. */
#include "netlink/version.h"

#include <stdio.h>
#include <sys/utsname.h>

bool pw_kernel_is_from(unsigned int major, unsigned int minor)
{
	struct utsname uts;
	unsigned int a, b;

	if (uname(&uts) || sscanf(uts.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}
