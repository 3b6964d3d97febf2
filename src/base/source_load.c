/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a file whole. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source_priv.h"
#include "base/walk.h"
#include "portwall/array.h"

#define FIRST_READ_LEN (64u << 10)	/* where the size is not known */

static struct pw_source *new_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	struct pw_source *src;

	if (!slash)
		return source_new(path, ".");
	dir = strndup(path, slash == path ? 1 : slash - path);
	src = dir ? source_new(path, dir) : NULL;
	free(dir);
	return src;
}

static int too_long(const struct pw_source *src, const struct pw_loc *at,
		    size_t max_len, struct pw_diags *diags)
{
	return pw_diag_error(diags, at, "%s is longer than %zu MiB", src->name,
			     max_len >> 20);
}

/* Bytes read, 0 at the end of the file; waits where the descriptor does not */
static ssize_t read_some(int fd, char *to, size_t len)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t got;

	do {
		got = read(fd, to, len);
		if (got < 0 && errno == EAGAIN)
			poll(&pollfd, 1, -1);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got < 0 ? -errno : got;
}

/* To the end; reads one byte more than @max_len, to tell that there is more */
static int read_all(struct pw_source *src, int fd, size_t size, size_t max_len)
{
	size_t cap = 0, want = size + 2, room;
	ssize_t got;

	do {
		char *text = pw_array_grow(src->text, &cap, want, 1);

		if (!text)
			return -ENOMEM;
		src->text = text;
		room = cap - 1 <= max_len ? cap - 1 : max_len + 1;
		got = read_some(fd, text + src->len, room - src->len);
		if (got < 0)
			return got;
		src->len += got;
		want = src->len + 2;
	} while (got && src->len <= max_len);
	src->text[src->len] = '\0';
	return 0;
}

/* Reads and indexes; messages for what goes wrong */
static int fill(struct pw_source *src, int fd, size_t size,
		const struct pw_loc *at, size_t max_len, struct pw_diags *diags)
{
	int err = size <= max_len ? read_all(src, fd, size, max_len) : 0;

	if (err && err != -ENOMEM)
		return pw_diag_system(diags, -err, "cannot read %s", src->name);
	if (!err && (size > max_len || src->len > max_len))
		return too_long(src, at, max_len, diags);
	if (!err && max_len <= PW_POLICY_MAX_LEN)
		err = source_index(src);
	return err;
}

static int load_stdin(size_t max_len, struct pw_source **out,
		      struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src =
		source_new("<stdin>", NULL);
	size_t size = max_len < FIRST_READ_LEN ? max_len : FIRST_READ_LEN;
	int err = src ? fill(src, STDIN_FILENO, size, NULL, max_len, diags)
		      : -ENOMEM;

	if (!err)
		*out = PW_TAKE(src);
	return err;
}

static int load_file(const char *path, int fd, size_t size,
		     const struct pw_loc *at, size_t max_len,
		     struct pw_source **out, struct pw_diags *diags)
{
	pw_owned(pw_source_free) struct pw_source *src = new_of_path(path);
	int err = src ? fill(src, fd, size, at, max_len, diags) : -ENOMEM;

	if (!err)
		*out = PW_TAKE(src);
	return err;
}

int pw_source_load(const char *path, const struct pw_loc *at, size_t max_len,
		   const struct pw_trust *trust, struct pw_source **out,
		   struct pw_diags *diags)
{
	struct stat st;
	int fd, err;

	if (!strcmp(path, "-"))
		return load_stdin(max_len, out, diags);
	err = walk_open(path, at, trust, &fd, &st, diags);
	if (err)
		return err;
	err = load_file(path, fd, st.st_size, at, max_len, out, diags);
	close(fd);
	return err;
}
