// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sockets belong to processes of given names, by /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "portwall/array.h"
#include "portwall/host.h"

struct inodes {
	uint32_t *items;
	size_t num, cap;
	bool hidden;	/* a process did not let us look */
};

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

/* Reads the process's short name; false: it is gone */
static bool read_comm(int proc, const char *pid, char comm[static 32])
{
	char path[NAME_MAX + sizeof("/comm")];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, comm, 31);
	close(fd);
	if (len <= 0)
		return false;
	comm[len] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	return true;
}

static bool is_named(int proc, const char *pid, const char *const *names)
{
	char comm[32];

	if (!read_comm(proc, pid, comm))
		return false;
	for (; *names; names++)
		if (!strcmp(*names, comm))
			return true;
	return false;
}

static int add_link(int dirfd, const char *name, struct inodes *found)
{
	char target[64];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target) - 1);
	unsigned int inode;

	if (len <= 0)
		return 0;
	target[len] = '\0';
	if (sscanf(target, "socket:[%u]", &inode) != 1)
		return 0;
	return PW_ARRAY_PUSH(found->items, found->num, found->cap, inode);
}

static int add_sockets(int proc, const char *pid, struct inodes *found)
{
	char path[NAME_MAX + sizeof("/fd")];
	pw_owned(dir_close) DIR *dir = NULL;
	const struct dirent *entry;
	int err = 0;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = open_dir_at(proc, path);
	if (!dir && errno == EACCES)
		found->hidden = true;
	while (!err && dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = add_link(dirfd(dir), entry->d_name, found);
	return err;
}

static int inode_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int pw_sockets_held_by(const char *const *names, uint32_t **inodes,
		       size_t *num, bool *hidden)
{
	pw_owned(dir_close) DIR *proc = open_dir_at(AT_FDCWD, "/proc");
	struct inodes found = { 0 };
	const struct dirent *entry;
	int err = proc ? 0 : -errno;

	while (!err && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_named(dirfd(proc), entry->d_name, names))
			err = add_sockets(dirfd(proc), entry->d_name, &found);
	if (err) {
		free(found.items);
		return err;
	}
	if (found.num)
		qsort(found.items, found.num, sizeof(*found.items), inode_cmp);
	*inodes = found.items;
	*num = found.num;
	*hidden = found.hidden;
	return 0;
}
