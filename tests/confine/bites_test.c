// SPDX-License-Identifier: GPL-2.0-or-later
/* What a confined process cannot do any more: each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "portwall/confine.h"
#include "portwall/own.h"

#define KILLED 1000	/* by SIGSYS; other results are those of errno, or 0 */
#define NOT_CONFINED 199

static long starts_program(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };

	return execv("/bin/true", argv);
}

static long traces(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long captures(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long calls_home(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long asks_rules(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 12 /* NETLINK_NETFILTER */);
}

static long leaves(void)
{
	return unshare(CLONE_NEWUSER);
}

static long loads_program(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long joins_keys(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 0, 0);
}

static long types(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static long changes_owner(void)
{
	return fchown(STDIN_FILENO, 0, 0);
}

static long reads_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long writes_file(void)
{
	return open("/dev/null", O_WRONLY);
}

static long makes_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : 0;
}

static long unknown(void)
{
	return syscall(100000);
}

static long gains(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static long does_nothing(void)
{
	return 0;
}

static const struct bite {
	const char *name;
	enum pw_job job;
	bool settled;
	long (*does)(void);
	int want;
} bites[] = {
	{ "goes on", PW_JOB_CHANGE, true, does_nothing, 0 },
	{ "starts a program", PW_JOB_VERIFY, false, starts_program, KILLED },
	{ "starts one later", PW_JOB_CHANGE, true, starts_program, KILLED },
	{ "traces", PW_JOB_VERIFY, false, traces, KILLED },
	{ "changes owners", PW_JOB_IMAGE, false, changes_owner, KILLED },
	{ "joins keys", PW_JOB_VERIFY, false, joins_keys, KILLED },
	{ "types for the user", PW_JOB_CHANGE, false, types, KILLED },
	{ "packets", PW_JOB_VERIFY, false, captures, 0 },
	{ "no packets", PW_JOB_CHANGE, false, captures, ENOSYS },
	{ "no network", PW_JOB_CHANGE, false, calls_home, ENOSYS },
	{ "no network later", PW_JOB_VERIFY, true, calls_home, ENOSYS },
	{ "no rules", PW_JOB_READ, false, asks_rules, ENOSYS },
	{ "no rules in an image", PW_JOB_IMAGE, false, asks_rules, ENOSYS },
	{ "rules", PW_JOB_PLAN, false, asks_rules, 0 },
	{ "leaves", PW_JOB_CHANGE, false, leaves, KILLED },
	{ "leaves later", PW_JOB_TEST, true, leaves, KILLED },
	{ "programs of BPF", PW_JOB_TEST, false, loads_program, KILLED },
	{ "reads", PW_JOB_READ, false, reads_file, 0 },
	{ "reads no more", PW_JOB_READ, true, reads_file, ENOSYS },
	{ "does not write", PW_JOB_READ, false, writes_file, ENOSYS },
	{ "plans, and does not write", PW_JOB_PLAN, false, writes_file, ENOSYS },
	{ "writes", PW_JOB_CHANGE, true, writes_file, 0 },
	{ "libraries", PW_JOB_CHANGE, false, makes_code, 0 },
	{ "no code later", PW_JOB_CHANGE, true, makes_code, ENOSYS },
	{ "calls of tomorrow", PW_JOB_CHANGE, false, unknown, ENOSYS },
	{ "new privileges", PW_JOB_CHANGE, false, gains, EINVAL },
};

/* Of the child: errno, NOT_CONFINED where the kernel has no filters */
static int child(const struct bite *bite)
{
	struct pw_diags *diags = pw_diags_new();
	long got;

	if (!diags || pw_confine_start(bite->job, diags))
		return NOT_CONFINED;
	/* as the work of a phase that needs all of it */
	(void)pw_caps_raise(UINT64_MAX);
	if (bite->settled && pw_confine_settle(bite->job))
		return NOT_CONFINED;
	errno = 0;
	got = bite->does();
	return got < 0 ? errno : 0;
}

static int outcome(const struct bite *bite)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(child(bite));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : -WTERMSIG(status);
	return WEXITSTATUS(status);
}

static void bites_so(void **state)
{
	const struct bite *bite = *state;
	int got = outcome(bite);

	if (got == NOT_CONFINED) {
		print_message("# reason: no filters of system calls here\n");
		skip();
	}
	assert_int_equal(got, bite->want);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(bites)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(bites); i++)
		tests[i] = (struct CMUnitTest){
			.name = bites[i].name, .test_func = bites_so,
			.initial_state = (void *)(uintptr_t)&bites[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
