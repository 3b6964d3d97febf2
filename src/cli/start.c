// SPDX-License-Identifier: GPL-2.0-or-later
/* What is made safe before anything is read: descriptors, environment, core. */
#include "cli/start.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "portwall/array.h"

/*
 * All that is read here. Without the others the libraries know of no locale,
 * zone, resolver or debugging file that the caller has chosen.
 */
static const char *const variables[] = {
	"NO_COLOR", "TERM", "SUDO_UID",
	/* of a service manager, for watch: sd_notify(3), sd_watchdog_enabled(3) */
	"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
};

/* A policy or a socket must never become standard output */
static bool open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Capabilities that the file has and the caller had not */
static bool file_has_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return true;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (data[CAP_TO_INDEX(cap)].permitted & CAP_TO_MASK(cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) < 1)
			return true;
	return false;
}

/*
 * AT_SECURE alone may also mean that SELinux has changed the domain, as it
 * does where a service manager starts a service: nothing is borrowed then, and
 * who refused to boot would leave every port open.
 */
static bool is_borrowed(void)
{
	return getauxval(AT_SECURE) &&
	       (getuid() != geteuid() || getgid() != getegid() ||
		(getuid() && file_has_capabilities()));
}

static void clear_environment(void)
{
	static char *kept[PW_ARRAY_SIZE(variables) + 1];
	size_t num = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(variables); i++) {
		char *value = getenv(variables[i]);

		if (value)
			kept[num++] = value - strlen(variables[i]) - 1;
	}
	kept[num] = NULL;
	environ = kept;
}

/*
 * What a core file would hold is for root. To who is not, nothing here is
 * secret, and a process that cannot be dumped could not map its own user
 * namespace, which test does.
 */
static void leave_no_core(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	if (!geteuid() || has_net_admin())
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool start(void)
{
	if (!open_standard_fds())
		return false;
	if (is_borrowed()) {
		fputs("portwall: does not run with the privileges of its file\n"
		      "          remove them (chmod ug-s, setcap -r), and use sudo\n",
		      stderr);
		return false;
	}
	clear_environment();
	leave_no_core();
	/* Linux 5.9; a kernel without it has nothing that portwall needs */
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return true;
}
