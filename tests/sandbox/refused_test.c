// SPDX-License-Identifier: GPL-2.0-or-later
/* Where namespaces are forbidden, the message names what forbids them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apart.h"
#include "portwall/array.h"

/* From now on system call @number fails with @err */
static void refuse(unsigned int number, unsigned int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { PW_ARRAY_SIZE(code), code };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static void no_user_namespaces(void)
{
	apart_become_root_of_new();
	apart_write("/proc/sys/user/max_user_namespaces", "0");
	apart_drop_rights();
}

static void no_network_namespaces(void)
{
	apart_become_root_of_new();
	apart_write("/proc/sys/user/max_net_namespaces", "0");
	apart_drop_rights();
}

/* Root's own way is tried first: no user namespace is needed for it */
static void no_namespaces_for_root(void)
{
	apart_become_root_of_new();
	apart_write("/proc/sys/user/max_net_namespaces", "0");
}

static void filter_denies(void)
{
	refuse(SYS_unshare, EPERM);
}

static void filter_hides(void)
{
	refuse(SYS_unshare, ENOSYS);
}

static void kernel_lacks(void)
{
	refuse(SYS_unshare, EINVAL);
}

/* What is left of a user namespace under AppArmor's restriction */
static void rights_are_void(void)
{
	refuse(SYS_sendto, EPERM);
}

static void private_mounts(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		apart_skip("nothing can be mounted here");
}

/* A switch that this kernel need not have */
static void pretend(const char *path, const char *value)
{
	int fd;

	private_mounts();
	if (mount("tmpfs", "/proc/sys/kernel", "tmpfs", 0, NULL))
		apart_skip("nothing can be mounted on /proc/sys here");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	close(fd);
	apart_write(path, value);
}

static void debian_switch(void)
{
	pretend("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
	refuse(SYS_unshare, EPERM);
}

static void ubuntu_switch(void)
{
	pretend("/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		"1\n");
	refuse(SYS_sendto, EPERM);
}

static void proc_is_fixed(void)
{
	private_mounts();
	if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) ||
	    mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY,
		  NULL))
		apart_skip("nothing can be mounted on /proc/sys here");
}

static const struct refused_case {
	const char *name;
	void (*prepare)(void);
	int err;
	const char *text, *hint;
} cases[] = {
	{ "user namespaces are switched off", no_user_namespaces, -ENOSPC,
	  "user.max_user_namespaces is 0",
	  "sysctl -w user.max_user_namespaces=" },
	{ "network namespaces are switched off", no_network_namespaces,
	  -ENOSPC, "user.max_net_namespaces is 0",
	  "sysctl -w user.max_net_namespaces=" },
	{ "they are switched off for root", no_namespaces_for_root, -ENOSPC,
	  "user.max_net_namespaces is 0", "--computed" },
	{ "a filter denies", filter_denies, -EPERM, "seccomp",
	  "seccomp=unconfined" },
	{ "a filter hides", filter_hides, -ENOSYS, "seccomp",
	  "seccomp=unconfined" },
	{ "the kernel has none", kernel_lacks, -EPROTO, "unshare",
	  "CONFIG_USER_NS" },
	{ "rights are void", rights_are_void, -EPERM, "security module",
	  "AppArmor" },
	{ "Debian's switch", debian_switch, -EPERM,
	  "kernel.unprivileged_userns_clone is 0",
	  "sysctl -w kernel.unprivileged_userns_clone=1" },
	{ "Ubuntu's switch", ubuntu_switch, -EPERM,
	  "kernel.apparmor_restrict_unprivileged_userns is 1",
	  "AppArmor profile" },
	{ "/proc/sys is read-only", proc_is_fixed, -EROFS, "/proc/sys/net/",
	  "systempaths=unconfined" },
};

static void is_refused(const void *arg)
{
	const struct refused_case *tc = arg;
	struct pw_scene *scene = apart_scene();
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = NULL;
	const struct pw_diag *diag;
	int err;

	tc->prepare();
	err = pw_sandbox_open(scene, &sb, diags);
	CHECK(err < 0 && !sb);
	CHECK(pw_diags_kept(diags) == 1);
	diag = pw_diags_get(diags, 0);
	fprintf(stderr, "%s\n= %s\n", diag->text, diag->hint);
	CHECK(err == tc->err);
	CHECK(strstr(diag->text, tc->text));
	CHECK(strstr(diag->hint, tc->hint));
	CHECK(strstr(diag->hint, "portwall test --computed"));
	pw_diags_free(diags);
	pw_scene_free(scene);
}

static void names_what_forbids(void **state)
{
	apart(is_refused, *state);
}

int main(void)
{
	struct CMUnitTest tests[PW_ARRAY_SIZE(cases)];

	for (size_t i = 0; i < PW_ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){
			.name = cases[i].name,
			.test_func = names_what_forbids,
			.initial_state =
				(struct refused_case *)(uintptr_t)&cases[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
