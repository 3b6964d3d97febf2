// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening the directory, and making it where it is missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store.h"

static const char *const subdirs[] = {
	[PW_DIR_TOP] = NULL,
	[PW_DIR_HISTORY] = "history",
	[PW_DIR_OBJECTS] = "objects",
};

/* Nobody else may be able to put a policy there */
static int check_dir(const struct pw_state *state, int fd,
		     struct pw_diags *diags)
{
	struct stat st;

	if (fstat(fd, &st))
		return pw_diag_system(diags, errno, "%s", state->path);
	if ((!st.st_uid || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	pw_diag_error(diags, NULL, "%s belongs to user %u with mode %04o",
		      state->path, st.st_uid, st.st_mode & 07777u);
	pw_diag_hint(diags,
		     "only the user who runs portwall may be able to write there: chown root %s; chmod -R go-w %s",
		     state->path, state->path);
	return -EPERM;
}

static void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The name of a directory just made is in the one above it */
static int sync_above(int fd)
{
	pw_owned(fd_close) int above =
		openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return above < 0 || fsync(above) ? -errno : 0;
}

/* -ENOENT without a message: it is missing, and not to be made */
static int open_dir(struct pw_state *state, int at, const char *name,
		    bool make, int *out, struct pw_diags *diags)
{
	bool made = make && !mkdirat(at, name, 0700);
	int fd, err;

	if (make && !made && errno != EEXIST)
		return pw_diag_system(diags, errno, "cannot make %s",
				      state->path);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return pw_diag_system(diags, errno, "cannot open %s",
				      state->path);
	err = check_dir(state, fd, diags);
	if (!err && made)
		err = sync_above(fd);
	if (err)
		close(fd);
	else
		*out = fd;
	return err;
}

static int open_all(struct pw_state *state, bool make, struct pw_diags *diags)
{
	int err = open_dir(state, AT_FDCWD, state->path, make,
			   &state->fd[PW_DIR_TOP], diags);

	for (unsigned int i = PW_DIR_TOP + 1; !err && i < PW_NUM_STATE_DIRS;
	     i++) {
		err = open_dir(state, state->fd[PW_DIR_TOP], subdirs[i], make,
			       &state->fd[i], diags);
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

int pw_state_open(const char *dir, bool make, struct pw_state **out,
		  struct pw_diags *diags)
{
	pw_owned(pw_state_close) struct pw_state *state =
		calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	for (unsigned int i = 0; i < PW_NUM_STATE_DIRS; i++)
		state->fd[i] = -1;
	state->path = strdup(dir);
	if (!state->path)
		return -ENOMEM;
	err = open_all(state, make, diags);
	if (err)
		return err;
	*out = PW_TAKE(state);
	return 0;
}

void pw_state_close(struct pw_state *state)
{
	if (!state)
		return;
	for (unsigned int i = 0; i < PW_NUM_STATE_DIRS; i++)
		fd_closep(&state->fd[i]);
	free(state->path);
	free(state);
}
