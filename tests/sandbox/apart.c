// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks in a process of their own: who opens a sandbox never comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "portwall/array.h"

#define PASSED 0
#define FAILED 1
#define SKIPPED 77
#define LIMIT_S 60
#define NOBODY 65534

void apart_check(bool ok, const char *text, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
	_exit(FAILED);
}

void apart_skip(const char *reason)
{
	fprintf(stderr, "# reason: %s\n", reason);
	_exit(SKIPPED);
}

int apart_status(void (*fn)(const void *arg), const void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(LIMIT_S);
		fn(arg);
		_exit(PASSED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	print_error("ended by signal %d\n", WTERMSIG(status));
	return FAILED;
}

void apart(void (*fn)(const void *arg), const void *arg)
{
	int status = apart_status(fn, arg);

	if (status == SKIPPED)
		skip();
	assert_int_equal(status, PASSED);
}

bool apart_begin(struct apart *apart, void (*fn)(const void *arg),
		 const void *arg)
{
	int ready[2], go[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return false;
	apart->pid = fork();
	if (apart->pid < 0)
		return false;
	if (!apart->pid) {
		close(ready[0]);
		close(go[1]);
		alarm(LIMIT_S);
		fn(arg);
		CHECK(write(ready[1], "", 1) == 1);
		CHECK(read(go[0], &byte, 1) == 0);
		_exit(PASSED);
	}
	close(ready[1]);
	close(go[0]);
	apart->ready = ready[0];
	apart->go = go[1];
	return read(apart->ready, &byte, 1) == 1;
}

void apart_end(struct apart *apart)
{
	close(apart->ready);
	close(apart->go);
	(void)waitpid(apart->pid, NULL, 0);
}

void apart_drop_rights(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	CHECK(!syscall(SYS_capset, &head, none));
}

void apart_become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		apart_skip("there is no other user here to become");
}

void apart_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

void apart_become_root_of_new(void)
{
	char map[32];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	CHECK(!unshare(CLONE_NEWUSER));
	apart_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	apart_write("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	apart_write("/proc/self/gid_map", map);
}

static struct pw_scene_addr addr_of(const char *text)
{
	struct pw_addr_range range;

	CHECK(!pw_addr_range_parse(text, strlen(text), &range));
	return (struct pw_scene_addr){ range.family, range.range.first };
}

static void add_local(struct pw_scene *scene, const char *text)
{
	CHECK(!PW_ARRAY_PUSH(scene->locals, scene->num_locals,
			     scene->cap_locals, addr_of(text)));
}

static void add_group(struct pw_scene *scene, const char *text)
{
	CHECK(!PW_ARRAY_PUSH(scene->groups, scene->num_groups,
			     scene->cap_groups, addr_of(text)));
}

static void publish(struct pw_scene *scene, uint8_t proto)
{
	const struct pw_scene_publish publish = {
		.bridge = 2, .proto = proto, .port = 8080, .to = 80,
	};

	CHECK(!PW_ARRAY_PUSH(scene->publish, scene->num_publish,
			     scene->cap_publish, publish));
}

struct pw_scene *apart_scene(void)
{
	struct pw_scene *scene = pw_scene_new();

	CHECK(scene);
	CHECK(pw_scene_add_iface(scene, "eth0", false) == 0);
	CHECK(pw_scene_add_iface(scene, "eth1", false) == 1);
	CHECK(pw_scene_add_iface(scene, "docker0", true) == 2);
	add_local(scene, "203.0.113.7");
	add_local(scene, "2001:db8::7");
	add_group(scene, "224.0.0.251");
	add_group(scene, "ff02::fb");
	publish(scene, 6);
	publish(scene, 17);
	return scene;
}

struct pw_sandbox *apart_open(const struct pw_scene *scene)
{
	struct pw_diags *diags = pw_diags_new();
	struct pw_sandbox *sb = NULL;
	int err;

	CHECK(diags);
	err = pw_sandbox_open(scene, &sb, diags);
	for (size_t i = 0; err && i < pw_diags_kept(diags); i++)
		fprintf(stderr, "%s\n", pw_diags_get(diags, i)->text);
	CHECK(err == 0);
	pw_diags_free(diags);
	return sb;
}
