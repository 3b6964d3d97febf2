// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting files into an image. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"
#include "image/root.h"

#define TEMPORARY ".portwall.new"

/* The directory that is to hold @path; @name: its last step */
static int parent_of(const struct root *root, const char *path,
		     const char **name)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == path ? strdup("/") :
				    strndup(path, (size_t)(slash - path));
	int fd = dir ? pw_root_fd(root, dir, O_PATH | O_DIRECTORY) : -ENOMEM;

	free(dir);
	*name = slash + 1;
	return fd;
}

static int make_one(const struct root *root, const char *path, mode_t mode)
{
	const char *name;
	mode_t before;
	int fd, err;

	if (pw_root_has(root, path, S_IFDIR))
		return 0;
	fd = parent_of(root, path, &name);
	if (fd < 0)
		return fd;
	/* at once: what is begun and left so is not touched again */
	before = umask(0);
	err = mkdirat(fd, name, mode) ? -errno : 0;
	umask(before);
	close(fd);
	return err;
}

int pw_root_mkdir(const struct root *root, const char *path, mode_t mode)
{
	char *part = strdup(path);
	int err = part ? 0 : -ENOMEM;

	for (char *at = part; !err && (at = strchr(at + 1, '/')); *at = '/') {
		*at = '\0';
		err = make_one(root, part, 0755);
	}
	free(part);
	return err ? err : make_one(root, path, mode);
}

static int write_beside(int dir, const char *text, size_t len, mode_t mode)
{
	int fd = openat(dir, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC |
			O_NOFOLLOW | O_CLOEXEC, mode);
	int err;

	if (fd < 0)
		return -errno;
	err = pw_write_all(fd, text, len);
	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = -errno;
	close(fd);
	return err;
}

int pw_root_write(const struct root *root, const char *path, const char *text,
		  size_t len, mode_t mode)
{
	const char *name;
	int dir = parent_of(root, path, &name), err;

	if (dir < 0)
		return dir;
	err = write_beside(dir, text, len, mode);
	if (!err && renameat(dir, TEMPORARY, dir, name))
		err = -errno;
	if (err)
		unlinkat(dir, TEMPORARY, 0);
	close(dir);
	return err;
}

static int link_in(int dir, const char *name, const char *target)
{
	unlinkat(dir, TEMPORARY, 0);
	if (symlinkat(target, dir, TEMPORARY))
		return -errno;
	if (!renameat(dir, TEMPORARY, dir, name))
		return 0;
	return -errno;
}

int pw_root_link(const struct root *root, const char *path, const char *target)
{
	char *now = NULL;
	const char *name;
	int dir, err;

	if (!pw_root_readlink(root, path, &now) && !strcmp(now, target)) {
		free(now);
		return 0;
	}
	free(now);
	dir = parent_of(root, path, &name);
	if (dir < 0)
		return dir;
	err = link_in(dir, name, target);
	close(dir);
	return err;
}
