// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory's files, read with care and written durably. */
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write.h"

static const char *const prefixes[] = {
	[PW_DIR_TOP] = "",
	[PW_DIR_HISTORY] = "history/",
	[PW_DIR_OBJECTS] = "objects/",
};

static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) &&
	       (!st->st_uid || st->st_uid == geteuid()) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int read_all(int fd, char *bytes, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, bytes + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EBADMSG;
		got += (size_t)n;
	}
	return 0;
}

int pw_store_open(const struct pw_state *state, enum pw_state_dir dir,
		  const char *name, int *out, uint64_t *len)
{
	struct stat st;
	int fd, err;

	if (state->fd[dir] < 0)
		return -ENOENT;
	fd = openat(state->fd[dir], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY | O_CLOEXEC);
	if (fd < 0)	/* a link or a socket is not what we have put there */
		return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
	err = fstat(fd, &st) ? -errno : is_ours(&st) ? 0 : -EBADMSG;
	if (err) {
		close(fd);
		return err;
	}
	*out = fd;
	*len = (uint64_t)st.st_size;
	return 0;
}

static int read_open(int fd, size_t len, char **bytes)
{
	char *buf = malloc(len + 1);
	int err = buf ? read_all(fd, buf, len) : -ENOMEM;

	if (err) {
		free(buf);
		return err;
	}
	buf[len] = '\0';
	*bytes = buf;
	return 0;
}

int pw_store_read(const struct pw_state *state, enum pw_state_dir dir,
		  const char *name, size_t max_len, char **bytes, size_t *len)
{
	uint64_t size;
	int fd, err = pw_store_open(state, dir, name, &fd, &size);

	if (err)
		return err;
	err = size <= max_len ? read_open(fd, size, bytes) : -EBADMSG;
	close(fd);
	if (!err)
		*len = size;
	return err;
}

int pw_store_write(const struct pw_state *state, enum pw_state_dir dir,
		   const char *name, const char *bytes, size_t len)
{
	int fd, err = pw_store_remove(state, dir, name);

	if (err)
		return err;
	fd = openat(state->fd[dir], name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = pw_write_all(fd, bytes, len);
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (err)
		pw_store_remove(state, dir, name);
	return err;
}

int pw_store_move(const struct pw_state *state, enum pw_state_dir dir,
		  const char *from, const char *to)
{
	return renameat(state->fd[dir], from, state->fd[dir], to) ? -errno : 0;
}

int pw_store_remove(const struct pw_state *state, enum pw_state_dir dir,
		    const char *name)
{
	return unlinkat(state->fd[dir], name, 0) && errno != ENOENT ? -errno :
								      0;
}

int pw_store_sync(const struct pw_state *state, enum pw_state_dir dir)
{
	return fsync(state->fd[dir]) ? -errno : 0;
}

static int walk(DIR *dir, int (*each)(void *arg, const char *name), void *arg)
{
	const struct dirent *entry;
	int err = 0;

	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = each(arg, entry->d_name);
	}
	return err;
}

int pw_store_walk(const struct pw_state *state, enum pw_state_dir dir,
		  int (*each)(void *arg, const char *name), void *arg)
{
	int fd, err;
	DIR *stream;

	if (state->fd[dir] < 0)
		return 0;
	/* a stream moves the position of its descriptor, and closes it */
	fd = openat(state->fd[dir], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream) {
		err = -errno;
		close(fd);
		return err;
	}
	err = walk(stream, each, arg);
	closedir(stream);
	return err;
}

int pw_store_damaged(const struct pw_state *state, enum pw_state_dir dir,
		     const char *name, const char *how,
		     struct pw_diags *diags)
{
	pw_diag_error(diags, NULL, "%s/%s%s %s", state->path, prefixes[dir],
		      name, how);
	pw_diag_hint(diags, dir == PW_DIR_HISTORY ?
		     "it cannot be returned to; remove the file" :
		     "apply the policy again: it is kept anew then");
	return -EBADMSG;
}

int pw_store_failed(const struct pw_state *state, enum pw_state_dir dir,
		    const char *name, const char *does, int err,
		    struct pw_diags *diags)
{
	return pw_diag_system(diags, -err, "cannot %s %s/%s%s", does,
			      state->path, prefixes[dir], name);
}
