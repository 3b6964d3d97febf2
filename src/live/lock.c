// SPDX-License-Identifier: GPL-2.0-or-later
/* One run at a time: the lock of everything that changes the rules. */
#include "live/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "lock"
#define MAX_PAUSE_MS 50

struct pw_lock {
	int fd;
};

static void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Nobody else may be able to put another lock in its place */
static int check_dir(int fd, const char *run_dir, struct pw_diags *diags)
{
	struct stat st;

	if (fstat(fd, &st))
		return pw_diag_system(diags, errno, "%s", run_dir);
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	pw_diag_error(diags, NULL, "%s belongs to user %u with mode %04o",
		      run_dir, st.st_uid, st.st_mode & 07777u);
	pw_diag_hint(diags,
		     "only the user who runs portwall may be able to write there");
	return -EPERM;
}

static int open_dir(const char *run_dir, int *out, struct pw_diags *diags)
{
	int err, fd;

	if (mkdir(run_dir, 0700) && errno != EEXIST)
		return pw_diag_system(diags, errno, "cannot make %s", run_dir);
	fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return pw_diag_system(diags, errno, "cannot open %s", run_dir);
	err = check_dir(fd, run_dir, diags);
	if (err)
		close(fd);
	else
		*out = fd;
	return err;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A blocking flock() cannot be given an end without a signal */
static int wait_for(int fd, unsigned int patience_ms)
{
	uint64_t end = now_ms() + patience_ms;
	unsigned int pause_ms = 1;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		struct timespec pause = { 0, pause_ms * 1000000L };

		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now_ms() >= end)
			return -EBUSY;
		nanosleep(&pause, NULL);
		if (pause_ms < MAX_PAUSE_MS)
			pause_ms *= 2;
	}
	return 0;
}

/* The holder's process id stands in the file; 0: unknown */
static unsigned int read_holder(int fd)
{
	char text[16];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return 0;
	text[len] = '\0';
	return (unsigned int)strtoul(text, NULL, 10);
}

static void write_holder(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u\n", (unsigned int)getpid());

	/* only for the message of who waits: a full disk is no reason to stop */
	if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)len, 0) != len)
		(void)!ftruncate(fd, 0);
}

static int report_busy(int fd, unsigned int patience_ms,
		       struct pw_diags *diags)
{
	unsigned int holder = read_holder(fd);

	pw_diag_error(diags, NULL,
		      "another run of portwall still holds the lock after %u s",
		      patience_ms / 1000);
	if (holder)
		pw_diag_hint(diags, "it is process %u", holder);
	return -EBUSY;
}

int pw_lock_take(const char *run_dir, unsigned int patience_ms,
		 struct pw_lock **out, struct pw_diags *diags)
{
	pw_owned(pw_lock_free) struct pw_lock *lock = malloc(sizeof(*lock));
	pw_owned(fd_close) int dir = -1;
	int err;

	if (!lock)
		return -ENOMEM;
	lock->fd = -1;
	err = open_dir(run_dir, &dir, diags);
	if (err)
		return err;
	lock->fd = openat(dir, LOCK_NAME,
			  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock->fd < 0)
		return pw_diag_system(diags, errno, "cannot open %s/%s",
				      run_dir, LOCK_NAME);
	err = wait_for(lock->fd, patience_ms);
	if (err == -EBUSY)
		return report_busy(lock->fd, patience_ms, diags);
	if (err)
		return pw_diag_system(diags, -err, "cannot lock %s/%s",
				      run_dir, LOCK_NAME);
	write_holder(lock->fd);
	*out = PW_TAKE(lock);
	return 0;
}

void pw_lock_free(struct pw_lock *lock)
{
	if (!lock)
		return;
	fd_closep(&lock->fd);
	free(lock);
}
