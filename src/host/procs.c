// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc shows: processes and their sockets, lists of the network. */
#include "host/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "portwall/confine.h"
#include "portwall/own.h"

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_dir_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

int pw_procs_each(pw_proc_fn each, void *arg)
{
	pw_owned(pw_caps_restore) uint64_t before =
		pw_caps_raise(PW_CAPS_OWNERS);
	pw_owned(dir_close) DIR *proc = open_dir_at(AT_FDCWD, "/proc");
	const struct dirent *entry;
	int err = proc ? 0 : -errno;

	while (!err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = each(arg, dirfd(proc), entry->d_name);
	return err;
}

bool pw_proc_comm(int proc, const char *pid, char comm[static PW_COMM_SIZE])
{
	char path[NAME_MAX + sizeof("/comm")];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, comm, PW_COMM_SIZE - 1);
	close(fd);
	if (len <= 0)
		return false;
	if (comm[len - 1] == '\n')	/* a name may hold others */
		len--;
	comm[len] = '\0';
	return true;
}

/* Is the descriptor a socket? */
static bool link_inode(int dirfd, const char *name, uint32_t *inode)
{
	char target[64];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (len <= 0)
		return false;
	target[len] = '\0';
	return sscanf(target, "socket:[%u]", inode) == 1;
}

int pw_proc_sockets(int proc, const char *pid, pw_proc_socket_fn each,
		    void *arg)
{
	char path[NAME_MAX + sizeof("/fd")];
	pw_owned(dir_close) DIR *dir = NULL;
	const struct dirent *entry;
	uint32_t inode;
	int err = 0;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = open_dir_at(proc, path);
	if (!dir)
		return errno == EACCES ? -EACCES : 0;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    link_inode(dirfd(dir), entry->d_name, &inode))
			err = each(arg, inode);
	return err;
}

FILE *pw_proc_net(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", name);
	return fopen(path, "re");
}
