// SPDX-License-Identifier: GPL-2.0-or-later
/* The question of a trial: a countdown that the kernel sets. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/settle.h"
#include "cli/trial.h"

enum answer { ANSWER_NONE, ANSWER_YES, ANSWER_NO, ANSWER_GONE };

/* What became of the trial meanwhile */
enum fate { FATE_RUNS, FATE_OVER, FATE_STAYS, FATE_REPLACED, FATE_UNKNOWN };

/* Signals that leave the trial to itself */
static const int leaving[] = { SIGINT, SIGHUP, SIGTERM };

static volatile sig_atomic_t left;

static void leave(int signal)
{
	left = signal;
}

/* From here on they only interrupt the wait */
static void catch_signals(sigset_t *wait, sigset_t *before)
{
	struct sigaction action = { .sa_handler = leave };

	sigemptyset(wait);
	for (size_t i = 0; i < PW_ARRAY_SIZE(leaving); i++)
		sigaddset(wait, leaving[i]);
	sigprocmask(SIG_BLOCK, wait, before);
	for (size_t i = 0; i < PW_ARRAY_SIZE(leaving); i++)
		sigaction(leaving[i], &action, NULL);
}

static enum fate look(uint32_t generation, uint64_t *left_ms)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_status_free) struct pw_status *status = NULL;
	const struct pw_kernel *kernel;

	if (!unsaid || pw_status_read(&status, unsaid))
		return FATE_UNKNOWN;
	kernel = status->kernel;
	*left_ms = kernel->trial_left_ms;
	if (kernel->trial == generation)
		return *left_ms ? FATE_RUNS : FATE_OVER;
	return kernel->current == generation ? FATE_STAYS : FATE_REPLACED;
}

static void put_question(uint64_t left_ms)
{
	fprintf(stderr, "\r%4" PRIu64 " s left; does a NEW connection work? y keeps the policy, n ends it: ",
		(left_ms + 999) / 1000);
	fflush(stderr);
}

static enum answer read_answer(void)
{
	char line[64];
	ssize_t len = read(STDIN_FILENO, line, sizeof(line));

	if (len <= 0)
		return len < 0 && errno == EINTR ? ANSWER_NONE : ANSWER_GONE;
	if (line[0] == 'y' || line[0] == 'Y')
		return ANSWER_YES;
	return line[0] == 'n' || line[0] == 'N' ? ANSWER_NO : ANSWER_NONE;
}

/* At most a second, so that the count goes on and other commands are noticed */
static enum answer await_answer(const sigset_t *mask)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	const struct timespec second = { .tv_sec = 1 };

	if (ppoll(&input, 1, &second, mask) <= 0)
		return left ? ANSWER_GONE : ANSWER_NONE;
	return read_answer();
}

static int tell_left(struct cli *cli)
{
	fputs("\nthe trial goes on; keep the policy with: portwall confirm\n",
	      stderr);
	cli->told = true;
	return STATUS_OK;
}

static int tell_stays(void)
{
	fputs("\nconfirmed by another command\n", stderr);
	return STATUS_OK;
}

static int tell_replaced(void)
{
	fputs("\nthe trial was ended by another command; see: portwall status\n",
	      stderr);
	return STATUS_DIFFERENT;
}

static int answer_is(struct cli *cli, enum answer answer)
{
	int status;

	if (answer == ANSWER_GONE)
		return tell_left(cli);
	if (answer == ANSWER_YES)
		return settle_confirm(cli);
	status = settle_rollback(cli);
	return status ? status : STATUS_DIFFERENT;
}

static int fate_is(struct cli *cli, enum fate fate)
{
	if (fate == FATE_STAYS)
		return tell_stays();
	if (fate == FATE_REPLACED)
		return tell_replaced();
	fputc('\n', stderr);
	return settle_expired(cli);
}

int trial_ask(struct cli *cli, uint32_t generation)
{
	enum answer answer = ANSWER_NONE;
	enum fate fate = FATE_RUNS;
	uint64_t left_ms = 0;
	sigset_t wait, before;

	catch_signals(&wait, &before);
	fflush(stdout);
	while (answer == ANSWER_NONE) {
		fate = look(generation, &left_ms);
		if (fate != FATE_RUNS && fate != FATE_UNKNOWN)
			break;
		put_question(left_ms);
		answer = await_answer(&before);
	}
	/* a second signal ends what follows, unless it has begun */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return answer != ANSWER_NONE ? answer_is(cli, answer) :
				       fate_is(cli, fate);
}
