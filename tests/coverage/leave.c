// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Children that leave by _exit() keep what they counted: make COV=1 alone.
 *
 * Below another root directory gcov would make its directories anew, and the
 * test that removes what it laid out there would find them.
 */
#include <gcov.h>
#include <unistd.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status)
{
	if (!access("/proc/self", F_OK))
		__gcov_dump();
	__real__exit(status);
}
