// SPDX-License-Identifier: GPL-2.0-or-later
/* Enters private namespaces, or says what forbids them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "portwall/own.h"
#include "probe/sandbox_priv.h"

#define INSTEAD \
	"run it as root, or use `portwall test --computed`, which sends nothing"

/**
 * struct knob - A switch that forbids namespaces
 * @name:	path below /proc/sys
 * @shown:	as sysctl(8) names it
 * @forbids:	when it has this value
 * @hint:	how to allow them
 */
static const struct knob {
	const char *name, *shown;
	long forbids;
	const char *hint;
} knobs[] = {
	/* of Debian and its kin, not of kernel.org */
	{ "kernel/unprivileged_userns_clone",
	  "kernel.unprivileged_userns_clone", 0,
	  "allow ordinary users to make namespaces: sysctl -w "
	  "kernel.unprivileged_userns_clone=1" },
	{ "user/max_user_namespaces", "user.max_user_namespaces", 0,
	  "allow user namespaces: sysctl -w user.max_user_namespaces=10000" },
	{ "user/max_net_namespaces", "user.max_net_namespaces", 0,
	  "allow network namespaces: sysctl -w "
	  "user.max_net_namespaces=10000" },
	/* of Ubuntu 23.10 and later */
	{ "kernel/apparmor_restrict_unprivileged_userns",
	  "kernel.apparmor_restrict_unprivileged_userns", 1,
	  "load the AppArmor profile that comes with portwall, or sysctl -w "
	  "kernel.apparmor_restrict_unprivileged_userns=0" },
};

/* The start of a file as text; false: it cannot be read */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

static const struct knob *find_knob(void)
{
	char path[64], text[32];

	for (size_t i = 0; i < PW_ARRAY_SIZE(knobs); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", knobs[i].name);
		if (read_text(path, text, sizeof(text)) &&
		    strtol(text, NULL, 10) == knobs[i].forbids)
			return &knobs[i];
	}
	return NULL;
}

/* 2 is SECCOMP_MODE_FILTER, see proc_pid_status(5) */
static bool has_seccomp_filter(void)
{
	char text[4096];
	const char *line;

	if (!read_text("/proc/self/status", text, sizeof(text)))
		return false;
	line = strstr(text, "\nSeccomp:");
	return line && strtol(line + strlen("\nSeccomp:"), NULL, 10) == 2;
}

static int blame_knob(const struct knob *knob, int err, struct pw_diags *diags)
{
	err = pw_diag_system(diags, err, "no private network: %s is %ld",
			     knob->shown, knob->forbids);
	pw_diag_hint(diags, "%s; or %s", knob->hint, INSTEAD);
	return err;
}

static int blame_seccomp(int err, struct pw_diags *diags)
{
	err = pw_diag_system(diags, err,
			     "no private network: a seccomp filter, such as "
			     "container runtimes install, forbids unshare(2)");
	pw_diag_hint(diags,
		     "start the container with --security-opt "
		     "seccomp=unconfined, or use `portwall test --computed`, "
		     "which sends nothing");
	return err;
}

static int blame_limit(int err, struct pw_diags *diags)
{
	err = pw_diag_system(diags, err,
			     "no private network: there are as many namespaces "
			     "as user.max_user_namespaces and "
			     "user.max_net_namespaces allow, or 32 within one "
			     "another");
	pw_diag_hint(diags, "raise the limits, or %s", INSTEAD);
	return err;
}

/* What unshare(2) says; NULL knob and no filter: the kernel itself or an LSM */
static int explain(int err, struct pw_diags *diags)
{
	const struct knob *knob = find_knob();

	if (knob)
		return blame_knob(knob, err, diags);
	if (err == ENOSPC || err == EUSERS)
		return blame_limit(err, diags);
	if ((err == EPERM || err == ENOSYS || err == EACCES) &&
	    has_seccomp_filter())
		return blame_seccomp(err, diags);
	err = pw_diag_system(diags, err, "no private network: unshare");
	pw_diag_hint(diags,
		     err == -EPROTO || err == -ENOSYS ?
		     "the kernel must have CONFIG_USER_NS and CONFIG_NET_NS; "
		     "or use `portwall test --computed`, which sends nothing" :
		     "a chroot, or a security module of the kernel, may "
		     "forbid it; " INSTEAD);
	return err;
}

int pw_spaces_powerless(int err, struct pw_diags *diags)
{
	const struct knob *knob = find_knob();

	if (knob)
		return blame_knob(knob, err, diags);
	err = pw_diag_system(diags, err,
			     "no private network: namespaces can be made here, "
			     "but a security module of the kernel takes away "
			     "the rights that come with them");
	pw_diag_hint(diags, "allow portwall the use of user namespaces in the "
			    "configuration of AppArmor or SELinux; or "
			    INSTEAD);
	return err;
}

/* May this process make a network namespace and do all in it? */
static bool is_mighty(void)
{
	const uint32_t need = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN |
			      1u << CAP_NET_RAW;
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &head, caps) &&
	       (caps[0].effective & need) == need;
}

__attribute__((format(printf, 2, 3)))
static void put_file(const char *path, const char *fmt, ...)
{
	char text[32];
	va_list args;
	int len, fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (write(fd, text, (size_t)len) != len)
		errno = 0;	/* see become_root() */
	close(fd);
}

/*
 * Be root there. What we do ourselves needs no name for our user, so that a
 * refusal does no harm; programs that are started from here keep their rights.
 * A process that may not be traced owns none of these files.
 */
static void become_root(uid_t uid, gid_t gid)
{
	int dumpable = prctl(PR_GET_DUMPABLE);

	(void)prctl(PR_SET_DUMPABLE, 1);
	put_file("/proc/self/setgroups", "deny");
	put_file("/proc/self/uid_map", "0 %u 1", (unsigned int)uid);
	put_file("/proc/self/gid_map", "0 %u 1", (unsigned int)gid);
	if (dumpable == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
}

/* Errno of unshare(2), 0 when it worked */
static int leave(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (is_mighty() && !unshare(CLONE_NEWNET))
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return errno;
	become_root(uid, gid);
	return 0;
}

static int this_network(struct pw_diags *diags)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return pw_diag_system(diags, errno, "/proc/self/ns/net");
	return fd;
}

int pw_spaces_open(int *host_ns, int *wire_ns, struct pw_diags *diags)
{
	int host, wire, err = leave();

	if (err)
		return explain(err, diags);
	host = this_network(diags);
	if (host < 0)
		return host;
	err = unshare(CLONE_NEWNET) ? explain(errno, diags) : 0;
	wire = err ? err : this_network(diags);
	if (wire >= 0 && !setns(host, CLONE_NEWNET)) {
		*host_ns = host;
		*wire_ns = wire;
		return 0;
	}
	err = wire < 0 ? wire : pw_diag_system(diags, errno, "setns");
	if (wire >= 0)
		close(wire);
	close(host);
	return err;
}
