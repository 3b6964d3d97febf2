// SPDX-License-Identifier: GPL-2.0-or-later
/* What each command does in each state of the kernel: one table. */
#include "live/states.h"

#include <errno.h>

#define TRY_ONE "try a policy: portwall apply --trial 60s POLICY"

enum answer {
	GO, TIDY_GO, STOP, TIDY_STOP, FORMAT, NOTHING_TRIED, NO_TRIAL, OVER,
	NOTHING_BEFORE, NOTHING_OPEN, EMPTIED, NO_GROUND, BUSY, NUM_ANSWERS
};

static const struct pw_live_answer answers[NUM_ANSWERS] = {
	[GO] = { .next = PW_LIVE_GO },
	[TIDY_GO] = { .tidy = true, .next = PW_LIVE_GO },
	[STOP] = { .next = PW_LIVE_STOP },
	[TIDY_STOP] = { .tidy = true, .next = PW_LIVE_STOP },
	[FORMAT] = { .next = PW_LIVE_REFUSE },
	[NOTHING_TRIED] = { false, PW_LIVE_REFUSE, -ENOENT,
		"there is no trial to confirm: nothing is in force", TRY_ONE },
	[NO_TRIAL] = { false, PW_LIVE_REFUSE, -ENOENT,
		"there is no trial to confirm: the policy in force stays anyway",
		TRY_ONE },
	[OVER] = { true, PW_LIVE_REFUSE, -ETIME,
		"the trial is over: in force is what was before it",
		"try again with more time: portwall apply --trial 5m POLICY" },
	[NOTHING_BEFORE] = { false, PW_LIVE_REFUSE, -ENOENT,
		"nothing is in force, so there is nothing to return from",
		"put a policy in force: portwall apply POLICY" },
	[NOTHING_OPEN] = { false, PW_LIVE_REFUSE, -ENOENT,
		"no policy is in force: portwall closes no port of this host",
		"put one in force first: portwall apply POLICY" },
	[EMPTIED] = { false, PW_LIVE_REFUSE, -ENOENT,
		"somebody emptied table inet portwall: no policy is in force",
		"put one in force again: portwall apply POLICY" },
	[NO_GROUND] = { false, PW_LIVE_REFUSE, -ENOENT,
		"somebody emptied table inet portwall: a trial could return to nothing sound",
		"put a policy in force for good first: portwall apply POLICY" },
	[BUSY] = { false, PW_LIVE_REFUSE, -EBUSY,
		"a trial is running, and it says what is in force",
		"end it first: portwall confirm, or portwall rollback" },
};

static const enum answer table[PW_NUM_LIVE_COMMANDS][PW_NUM_LIVE_STATES] = {
#define ROW(command, none, one, trial, expired, emptied, foreign) \
	[command] = { [PW_LIVE_NONE] = none, [PW_LIVE_ONE] = one, \
		      [PW_LIVE_TRIAL] = trial, [PW_LIVE_EXPIRED] = expired, \
		      [PW_LIVE_EMPTIED] = emptied, [PW_LIVE_FOREIGN] = foreign }
	ROW(PW_DO_APPLY, GO, GO, GO, TIDY_GO, GO, FORMAT),
	ROW(PW_DO_TRY, GO, GO, GO, TIDY_GO, NO_GROUND, FORMAT),
	ROW(PW_DO_CONFIRM, NOTHING_TRIED, NO_TRIAL, GO, OVER, EMPTIED, FORMAT),
	/* who meant the trial does not mean what was applied before it */
	ROW(PW_DO_ROLLBACK, NOTHING_BEFORE, GO, GO, TIDY_STOP, EMPTIED, FORMAT),
	ROW(PW_DO_OPEN, NOTHING_OPEN, GO, GO, TIDY_GO, EMPTIED, FORMAT),
	ROW(PW_DO_CLOSE, NOTHING_OPEN, GO, GO, TIDY_GO, EMPTIED, FORMAT),
	/* whatever it holds; whose it is the deletion asks itself */
	ROW(PW_DO_CLEAR, GO, GO, GO, GO, GO, GO),
	/* a stray table is replaced if there is a policy remembered */
	ROW(PW_DO_BOOT, GO, GO, BUSY, TIDY_GO, GO, GO),
	ROW(PW_DO_HEAL, GO, GO, GO, TIDY_GO, GO, FORMAT),
	ROW(PW_DO_TIDY, STOP, STOP, STOP, TIDY_STOP, STOP, STOP),
#undef ROW
};

const struct pw_live_answer *pw_live_ask(enum pw_live_command command,
					 enum pw_live_state state)
{
	return &answers[table[command][state]];
}

/* A first apply that failed leaves no base chain, so somebody was at work */
static bool has_bases(const struct pw_ruleset *rules)
{
	for (size_t i = 0; i < rules->num_chains; i++)
		if (rules->chains[i].hook != PW_HOOK_NONE)
			return true;
	return false;
}

enum pw_live_state pw_live_state_of(const struct pw_kernel *kernel)
{
	if (!kernel->exists)
		return PW_LIVE_NONE;
	if (kernel->format != PW_FORMAT)
		return PW_LIVE_FOREIGN;
	if (kernel->trial)
		return kernel->trial_left_ms ? PW_LIVE_TRIAL : PW_LIVE_EXPIRED;
	if (kernel->current)
		return PW_LIVE_ONE;
	return has_bases(kernel->rules) ? PW_LIVE_EMPTIED : PW_LIVE_NONE;
}
