// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ended or failed at each of its system calls, a run leaves what was remembered
 * before or what it was to remember, and the next one is not disturbed. A
 * filter stops the run at each call, and its parent says what comes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy_help.h"
#include "state_help.h"

#define MAX_CALLS 2000
#define KILL 0		/* in place of an error */

static const char before_text[] = SMALL;
static const char trial_text[] = "[allow t]\ntcp = 25\n";
static const char after_text[] = OTHER;

static const unsigned int calls[] = {
#ifdef __NR_renameat
	__NR_renameat,
#endif
	__NR_renameat2, __NR_openat, __NR_write, __NR_fsync, __NR_unlinkat,
	__NR_flock,
};
#define NUM_CALLS PW_ARRAY_SIZE(calls)

/* A descriptor of the stops, or -1 where the kernel has no such filter */
static int install_filter(void)
{
	struct sock_filter code[NUM_CALLS + 3];
	struct sock_fprog prog = { NUM_CALLS + 3, code };
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < NUM_CALLS; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, calls[i],
			(uint8_t)(NUM_CALLS - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						 SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						 SECCOMP_RET_USER_NOTIF);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

static void send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (fd >= 0) {
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	} else {
		msg.msg_controllen = 0;
	}
	sendmsg(to, &msg, 0);
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Digests of the policies, in the order of enum text */
static uint8_t digests[4][32];
static char *emergency;

/* What a run does; 0 or -errno. Nothing here may end a test: a child runs it */
static int stage(struct place *place)
{
	struct kept kept = { 0 };
	int err = keep_staged(place, place_path(place, "p.ini"), emergency,
			      &kept);

	kept_clear(&kept);
	return err;
}

static int run_apply(struct place *place)
{
	return stage(place) ?: pw_state_commit(place->state, false,
					       place->diags);
}

static int run_trial(struct place *place)
{
	return stage(place) ?: pw_state_commit(place->state, true,
					       place->diags);
}

static int run_confirm(struct place *place)
{
	return pw_state_confirm(place->state, place->diags);
}

static int run_drop(struct place *place)
{
	return pw_state_drop_trial(place->state, place->diags);
}

static int run_forget(struct place *place)
{
	return pw_state_forget(place->state, place->diags);
}

static int run_rollback(struct place *place)
{
	pw_owned(pw_bundle_free) struct pw_bundle *old = NULL;
	int err = pw_state_read(place->state, PW_REMEMBERED_ENTRY, 1, &old,
				place->diags);

	return err ?: pw_state_stage(place->state, old, NULL, &test_host, NULL,
				     place->diags) ?:
	       pw_state_commit(place->state, false, place->diags);
}

enum text { NONE, BEFORE, TRIAL, AFTER };

/**
 * struct run_row - A run and what it makes
 * @from, @to:	what boot loads
 * @trial_from, @trial_to: the trial's
 */
static const struct run_row {
	const char *name;
	int (*run)(struct place *place);
	enum text from, to, trial_from, trial_to;
} runs[] = {
	{ "apply", run_apply, BEFORE, AFTER, NONE, NONE },
	{ "the first apply", run_apply, NONE, AFTER, NONE, NONE },
	{ "an apply that ends a trial", run_apply, BEFORE, AFTER, TRIAL, NONE },
	{ "trial", run_trial, BEFORE, BEFORE, NONE, AFTER },
	{ "another trial", run_trial, BEFORE, BEFORE, TRIAL, AFTER },
	{ "confirm", run_confirm, BEFORE, TRIAL, TRIAL, NONE },
	{ "the first confirm", run_confirm, NONE, TRIAL, TRIAL, NONE },
	{ "drop a trial", run_drop, BEFORE, BEFORE, TRIAL, NONE },
	{ "forget", run_forget, BEFORE, NONE, TRIAL, NONE },
	{ "rollback", run_rollback, BEFORE, BEFORE, NONE, NONE },
};

static const int errors[] = { KILL, EIO, ENOSPC };

static const char *const texts[] = {
	[BEFORE] = before_text, [TRIAL] = trial_text, [AFTER] = after_text,
};

static void make_digests(void)
{
	struct place *place = begin();
	struct kept kept = { 0 };

	put_small(place);
	for (int i = BEFORE; i <= AFTER; i++) {
		keep_text(place, texts[i], &kept);
		memcpy(digests[i], kept.model->digest, sizeof(digests[i]));
	}
	kept_clear(&kept);
	end(place);
	emergency = emergency_of("[policy]\nguard = 22\n[allow a]\ntcp = 22\n");
}

static struct place *prepare(const struct run_row *row)
{
	struct place *place = begin();

	put_small(place);
	if (row->from)
		keep_quietly(place, before_text);
	if (row->trial_from) {
		place_put(place, "p.ini", trial_text);
		assert_int_equal(run_trial(place), 0);
	}
	place_put(place, "p.ini", after_text);
	place_reopen(place);
	return place;
}

enum child { CHILD_OK, CHILD_WARNED, CHILD_FAILED, CHILD_SILENT };

static void child(const struct run_row *row, struct place *place, int to)
{
	int listener = install_filter(), err;

	send_fd(to, listener);
	if (listener < 0)
		_exit(CHILD_SILENT);
	close(listener);
	err = row->run(place);
	if (err && !pw_diags_count(place->diags, PW_ERROR))
		_exit(CHILD_SILENT);
	if (err)
		_exit(CHILD_FAILED);
	_exit(pw_diags_count(place->diags, PW_WARNING) ? CHILD_WARNED :
							CHILD_OK);
}

/* Lets calls go on but for call @at; returns how many there were */
static unsigned int supervise(int listener, pid_t pid, unsigned int at,
			      int error)
{
	struct seccomp_notif stop;
	struct seccomp_notif_resp resp;
	struct pollfd pollfd = { .fd = listener, .events = POLLIN };
	unsigned int num = 0;

	for (;;) {
		if (poll(&pollfd, 1, -1) < 0 || !(pollfd.revents & POLLIN))
			return num;
		memset(&stop, 0, sizeof(stop));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &stop))
			continue;
		resp = (struct seccomp_notif_resp){ .id = stop.id };
		if (num++ != at)
			resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (error)
			resp.error = -error;
		else
			kill(pid, SIGKILL);
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

/* One run with call @at disturbed; its status, and how many calls it made */
static int disturb(const struct run_row *row, struct place *place,
		   unsigned int at, int error, unsigned int *num)
{
	int pair[2], listener, status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(row, place, pair[1]);
	listener = receive_fd(pair[0]);
	*num = listener >= 0 ? supervise(listener, pid, at, error) : 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	close(pair[1]);
	if (listener < 0)
		skip();
	close(listener);
	return status;
}

/* Which of the policies is remembered; damage is a failure */
static enum text remembered(struct place *place, enum pw_remembered which)
{
	uint8_t digest[32];
	int err = replay_of(place, which, 0, digest);

	if (err == -ENOENT)
		return NONE;
	assert_int_equal(err, 0);
	for (int i = BEFORE; i <= AFTER; i++)
		if (!memcmp(digest, digests[i], sizeof(digest)))
			return (enum text)i;
	fail();
	return NONE;
}

static void check_one(enum text found, enum text from, enum text to, int status)
{
	assert_true(found == from || found == to);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_OK)
		assert_int_equal(found, to);
}

static void check_history(struct place *place)
{
	uint32_t *entries;
	uint8_t digest[32];
	size_t num;

	assert_int_equal(pw_state_history(place->state, &entries, &num,
					  place->diags), 0);
	for (size_t i = 0; i < num; i++)
		assert_int_equal(replay_of(place, PW_REMEMBERED_ENTRY,
					   entries[i], digest), 0);
	free(entries);
}

/* The next run finds its way, and removes what was left */
static void check_next(struct place *place)
{
	size_t num;
	uint32_t *entries;

	place_put(place, "p.ini", "[allow n]\ntcp = 99\n");
	assert_int_equal(run_apply(place), 0);
	check_history(place);
	assert_int_equal(pw_state_history(place->state, &entries, &num,
					  place->diags), 0);
	free(entries);
	assert_int_equal(place_count(place, "state/history"), num);
	/* applied, emergency.ini, history, objects */
	assert_int_equal(place_count(place, "state"), 4);
	/* of each entry the policy, perhaps one list, the services */
	assert_true(place_count(place, "state/objects") <= num + 2);
}

static void check_after(const struct run_row *row, struct place *place,
			int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SILENT)
		fail_msg("an error without a message");
	place_reopen(place);
	check_one(remembered(place, PW_REMEMBERED_APPLIED), row->from, row->to,
		  status);
	check_one(remembered(place, PW_REMEMBERED_TRIAL), row->trial_from,
		  row->trial_to, status);
	check_history(place);
	check_next(place);
}

/* The last round is not disturbed: it sees that all calls were */
static void survives(void **state)
{
	const struct run_row *row = *state;
	unsigned int num = MAX_CALLS, disturbed = 0;

	for (size_t e = 0; e < PW_ARRAY_SIZE(errors); e++) {
		for (unsigned int at = 0; at <= num; at++) {
			struct place *place = prepare(row);
			int status = disturb(row, place, at, errors[e], &num);

			check_after(row, place, status);
			end(place);
			disturbed += at < num;
		}
		num = MAX_CALLS;
	}
	assert_true(disturbed > 3 * PW_ARRAY_SIZE(errors));
}

int main(void)
{
	int failed;

	make_digests();
	ADD_ROWS(runs, survives);
	failed = place_run("state_faults");
	free(emergency);
	return failed;
}
