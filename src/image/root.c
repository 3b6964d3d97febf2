// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at the files of an image. */
#include "image/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "portwall/array.h"

int pw_root_fd(const struct root *root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC | O_NOCTTY |
					O_NONBLOCK),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* not with O_PATH: flags beside it are refused */
	if (flags & O_PATH)
		how.flags = (unsigned int)(flags | O_CLOEXEC);
	do
		fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

int pw_root_open(const char *path, struct root *out, struct pw_diags *diags)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return pw_diag_system(diags, errno, "cannot open %s", path);
	*out = (struct root){ fd, path };
	/* cppcheck-suppress resourceLeak ; it is in *out */
	return 0;
}

static bool stat_of(const struct root *root, const char *path, struct stat *st)
{
	int fd = pw_root_fd(root, path, O_PATH), err;

	if (fd < 0)
		return false;
	err = fstat(fd, st);
	close(fd);
	return !err;
}

bool pw_root_has(const struct root *root, const char *path, mode_t type)
{
	struct stat st;

	return stat_of(root, path, &st) && (st.st_mode & S_IFMT) == type;
}

bool pw_root_is_program(const struct root *root, const char *path)
{
	struct stat st;

	return stat_of(root, path, &st) && S_ISREG(st.st_mode) &&
	       (st.st_mode & S_IXUSR);
}

static int read_all(int fd, char *text, size_t len, size_t *got)
{
	ssize_t n = 1;

	for (*got = 0; *got < len && n; *got += (size_t)n) {
		n = read(fd, text + *got, len - *got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash && slash != path ? slash - path : 1);
}

static int source_of(const char *path, int fd, size_t max_len,
		     struct pw_source **out)
{
	char *dir = dir_of(path), *text = NULL;
	struct stat st;
	size_t got;
	int err = fstat(fd, &st) ? -errno : 0;

	if (!err && !S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
	if (!err && (uint64_t)st.st_size > max_len)
		err = -EFBIG;
	if (!err)
		text = malloc((size_t)st.st_size + 1);
	if (!err)
		err = text && dir ? read_all(fd, text, (size_t)st.st_size,
					     &got) : -ENOMEM;
	if (!err) {
		*out = pw_source_from_text(path, dir, text, got);
		err = *out ? 0 : -ENOMEM;
	}
	free(text);
	free(dir);
	return err;
}

int pw_root_read(const struct root *root, const char *path, size_t max_len,
		 struct pw_source **out)
{
	int fd = pw_root_fd(root, path, O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = source_of(path, fd, max_len, out);
	close(fd);
	return err;
}

int pw_root_readlink(const struct root *root, const char *path, char **out)
{
	int fd = pw_root_fd(root, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	ssize_t len;

	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", target, sizeof(target));
	close(fd);
	if (len < 0)	/* ENOENT: no link, says readlink(2) */
		return -EINVAL;
	*out = strndup(target, (size_t)len);
	return *out ? 0 : -ENOMEM;
}

void pw_root_list_free(char **names, size_t num)
{
	for (size_t i = 0; i < num; i++)
		free(names[i]);
	free(names);
}

static int cmp_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *dir, char ***names, size_t *num)
{
	const struct dirent *entry;
	size_t cap = 0;

	while ((entry = readdir(dir))) {
		char *name;

		if (entry->d_name[0] == '.')
			continue;
		name = strdup(entry->d_name);
		if (!name || PW_ARRAY_PUSH(*names, *num, cap, name)) {
			free(name);
			return -ENOMEM;
		}
	}
	return 0;
}

int pw_root_list(const struct root *root, const char *path, char ***names,
		 size_t *num)
{
	int fd = pw_root_fd(root, path, O_RDONLY | O_DIRECTORY), err;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd < 0)
		return fd;
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	*names = NULL;
	*num = 0;
	err = read_names(dir, names, num);
	closedir(dir);
	if (err)
		pw_root_list_free(*names, *num);
	else if (*num)
		qsort(*names, *num, sizeof(**names), cmp_names);
	return err;
}
