/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a file by walking to it, every step checked on a descriptor. */
#include "base/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/trust.h"

#define MAX_LINKS 40		/* as the kernel */
#define NAME_LEN_MAX 255	/* bytes of one component */

/* What is left to walk: room for a long path with a long link put before it */
#define REST_SIZE (2 * PATH_MAX)

/**
 * struct walk - On the way to a file
 * @path:	as the user wrote it
 * @dir:	O_PATH descriptor of the directory reached
 * @here:	its path without links, for messages of the checks
 * @rest:	what is still to be walked
 * @links:	symbolic links followed so far
 * @file:	the end of the way, opened for reading; -1 while under way
 * @st:		of @file
 */
struct walk {
	const char *path;
	struct trust_check check;
	int dir;
	char here[PATH_MAX];
	char rest[REST_SIZE];
	unsigned int links;
	int file;
	struct stat st;
};

/* Is it the user who named the wrong path, or the system that failed? */
static bool is_users_error(int err)
{
	switch (err) {
	case ENOENT: case ENOTDIR: case EISDIR: case ELOOP: case ENAMETOOLONG:
	case EACCES: case EPERM: case ENXIO: case ENODEV:
		return true;
	}
	return false;
}

/* "check <(generate)" of a shell names a pipe, which has no path */
static bool among_descriptors(const struct walk *walk)
{
	size_t len = strlen(walk->here);

	return !strncmp(walk->here, "/proc/", 6) &&
	       !strcmp(walk->here + len - 3, "/fd");
}

static int refuse(const struct walk *walk, int err)
{
	struct pw_diags *diags = walk->check.diags;

	if (!is_users_error(err))
		return pw_diag_system(diags, err, "cannot open %s", walk->path);
	pw_diag_error(diags, walk->check.at, "cannot open %s: %s", walk->path,
		      strerror(err));
	if (err == ENOENT && among_descriptors(walk))
		pw_diag_hint(diags,
			     "only standard input may be a pipe; it is read as -");
	return -EINVAL;
}

static const char *kind(mode_t mode)
{
	static const struct {
		mode_t type;
		const char *name;
	} kinds[] = {
		{ S_IFDIR, "a directory" },	{ S_IFIFO, "a named pipe" },
		{ S_IFSOCK, "a socket" },	{ S_IFCHR, "a device" },
		{ S_IFBLK, "a device" },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(kinds); i++)
		if ((mode & S_IFMT) == kinds[i].type)
			return kinds[i].name;
	return "not a regular file";
}

static int refuse_kind(const struct walk *walk, mode_t mode)
{
	pw_diag_error(walk->check.diags, walk->check.at, "%s is %s, not a file",
		      walk->path, kind(mode));
	if (S_ISFIFO(mode))
		pw_diag_hint(walk->check.diags,
			     "standard input is read as -");
	return -EINVAL;
}

static void set_dir(struct walk *walk, int fd)
{
	if (walk->dir >= 0)
		close(walk->dir);
	walk->dir = fd;
}

/* Path of the component @name of the directory reached, for messages */
static int join(const struct walk *walk, const char *name, char *path)
{
	size_t len = strlen(walk->here);

	if (len + strlen(name) + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, walk->here, len + 1);
	if (len && path[len - 1] != '/')
		strcat(path, "/");
	strcat(path, name);
	return 0;
}

/* Put @text before what is left to walk */
static int put_before(struct walk *walk, const char *text)
{
	size_t len = strlen(text), rest = strlen(walk->rest);

	if (len + rest + 2 > REST_SIZE)
		return -ENAMETOOLONG;
	memmove(walk->rest + len + 1, walk->rest, rest + 1);
	memcpy(walk->rest, text, len);
	walk->rest[len] = '/';
	if (!rest)
		walk->rest[len] = '\0';
	return 0;
}

/* The next component that is not "."; false: the way ends at a directory */
static bool take_name(struct walk *walk, char name[NAME_LEN_MAX + 1], int *err)
{
	const char *rest = walk->rest;
	size_t len;

	*err = 0;
	do {
		rest += strspn(rest, "/");
		len = strcspn(rest, "/");
		if (!len)
			return false;
		if (len > NAME_LEN_MAX) {
			*err = -ENAMETOOLONG;
			return false;
		}
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len;
	} while (!strcmp(name, "."));
	memmove(walk->rest, rest, strlen(rest) + 1);
	return true;
}

/* Back to @start: "/", or "." for the working directory */
static int start_at(struct walk *walk, const char *start)
{
	struct stat st;
	int fd = open(start, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return refuse(walk, errno);
	set_dir(walk, fd);
	strcpy(walk->here, *start == '/' ? start : "");
	walk->check.shared = false;
	if (fstat(fd, &st))
		return refuse(walk, errno);
	return trust_check_step(&walk->check, start, &st);
}

static int follow(struct walk *walk, int link)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);
	int err;

	if (len < 0)
		return refuse(walk, errno);
	target[len] = '\0';
	if (++walk->links > MAX_LINKS)
		return refuse(walk, ELOOP);
	err = put_before(walk, target);
	if (err)
		return refuse(walk, -err);
	return *target == '/' ? start_at(walk, "/") : 0;
}

/* Drops the last component: @here has no links in it */
static void go_up(char *here)
{
	char *slash = strrchr(here, '/');

	if (slash)
		slash[slash == here] = '\0';
}

static void enter(struct walk *walk, int fd, const char *name, const char *path)
{
	set_dir(walk, fd);
	if (strcmp(name, ".."))
		strcpy(walk->here, path);
	else
		go_up(walk->here);
}

/* The file is opened a second time, to be read: only now is it checked */
static int open_file(struct walk *walk, const char *name, const char *path)
{
	walk->file = openat(walk->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
			    O_NONBLOCK | O_NOCTTY);
	if (walk->file < 0)
		return refuse(walk, errno);
	if (fstat(walk->file, &walk->st))
		return refuse(walk, errno);
	if (!S_ISREG(walk->st.st_mode))
		return refuse_kind(walk, walk->st.st_mode);
	return trust_check_step(&walk->check, path, &walk->st);
}

/* One component further; @fd is an O_PATH descriptor of it and is taken over */
static int step_to(struct walk *walk, int fd, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int err = join(walk, name, path);

	if (!err && fstat(fd, &st))
		err = -errno;
	if (err) {
		err = refuse(walk, -err);
	} else if (S_ISDIR(st.st_mode)) {
		err = trust_check_step(&walk->check, path, &st);
		if (!err) {
			enter(walk, fd, name, path);
			return 0;
		}
	} else if (S_ISLNK(st.st_mode)) {
		err = trust_check_step(&walk->check, path, &st);
		if (!err)
			err = follow(walk, fd);
	} else if (*walk->rest) {
		err = refuse(walk, ENOTDIR);
	} else if (!S_ISREG(st.st_mode)) {
		err = refuse_kind(walk, st.st_mode);
	} else {
		err = open_file(walk, name, path);
	}
	close(fd);
	return err;
}

static int step(struct walk *walk)
{
	char name[NAME_LEN_MAX + 1];
	int fd, err;

	if (!take_name(walk, name, &err))
		return err ? refuse(walk, -err) : refuse_kind(walk, S_IFDIR);
	fd = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse(walk, errno);
	return step_to(walk, fd, name);
}

/*
 * Where checks are asked for a relative path is walked from the root, because
 * the directories above the working directory count as well.
 */
static int begin(struct walk *walk)
{
	char cwd[PATH_MAX];
	int err;

	if (!*walk->path)
		return refuse(walk, ENOENT);
	err = put_before(walk, walk->path);
	if (!err && *walk->path != '/' && walk->check.trust->check) {
		if (!getcwd(cwd, sizeof(cwd)))
			return refuse(walk, errno);
		err = put_before(walk, cwd);
	}
	if (err)
		return refuse(walk, -err);
	return start_at(walk, *walk->rest == '/' ? "/" : ".");
}

int walk_open(const char *path, const struct pw_loc *at,
	      const struct pw_trust *trust, int *fd, struct stat *st,
	      struct pw_diags *diags)
{
	struct walk walk = {
		.path = path, .dir = -1, .file = -1,
		.check = { .trust = trust, .at = at, .diags = diags },
	};
	int err = begin(&walk);

	while (!err && walk.file < 0)
		err = step(&walk);
	set_dir(&walk, -1);
	if (err) {
		if (walk.file >= 0)
			close(walk.file);
		return err;
	}
	*fd = walk.file;
	*st = walk.st;
	return 0;
}
