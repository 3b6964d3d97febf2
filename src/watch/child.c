// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that looks and ends, and what it has to say meanwhile. */
#include "watch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(int fd, pid_t parent, int (*work)(int fd, const void *arg),
		const void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it went before that was set */
		_exit(1);
	_exit(work(fd, arg) ? 1 : 0);
}

int pw_child_start(struct pw_child *child,
		   int (*work)(int fd, const void *arg), const void *arg)
{
	const pid_t parent = getpid();
	int fds[2], err;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		run(fds[1], parent, work, arg);
	err = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (err) {
		close(fds[0]);
		return err;
	}
	*child = (struct pw_child){ .pid = pid, .fd = fds[0] };
	return 0;
}

static void reap(struct pw_child *child)
{
	close(child->fd);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pw_frames_clear(&child->frames);
	*child = (struct pw_child){ .fd = -1 };
}

int pw_child_listen(struct pw_child *child,
		    const struct pw_frame_reader *reader)
{
	int more = pw_frames_read(&child->frames, child->fd);
	int err = more < 0 ? more : pw_frames_take(&child->frames, reader);

	if (!err && more)
		return 1;
	if (err)
		pw_child_stop(child);
	else
		reap(child);
	return err;
}

void pw_child_stop(struct pw_child *child)
{
	if (child->fd < 0)
		return;
	kill(child->pid, SIGKILL);
	reap(child);
}
