// SPDX-License-Identifier: GPL-2.0-or-later
/* Each command in each state of the kernel, and which state that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "live/states.h"
#include "portwall/array.h"

static const char *const commands[PW_NUM_LIVE_COMMANDS] = {
	[PW_DO_APPLY] = "apply", [PW_DO_TRY] = "apply --trial",
	[PW_DO_CONFIRM] = "confirm", [PW_DO_ROLLBACK] = "rollback",
	[PW_DO_OPEN] = "open", [PW_DO_CLOSE] = "close",
	[PW_DO_CLEAR] = "clear", [PW_DO_BOOT] = "boot", [PW_DO_HEAL] = "heal",
	[PW_DO_TIDY] = "tidy",
};

static const char *const states[PW_NUM_LIVE_STATES] = {
	[PW_LIVE_NONE] = "none", [PW_LIVE_ONE] = "one",
	[PW_LIVE_TRIAL] = "trial", [PW_LIVE_EXPIRED] = "expired",
	[PW_LIVE_EMPTIED] = "emptied", [PW_LIVE_FOREIGN] = "foreign",
};

#define FORMAT 1	/* refused with what the loader says of the format */

/* What a cell has to say: tidy or not, then what, with which error */
static struct cell {
	enum pw_live_command command;
	enum pw_live_state state;
	bool tidy;
	enum pw_live_next next;
	int err;
} cells[] = {
	{ PW_DO_APPLY, PW_LIVE_NONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_APPLY, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_APPLY, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_APPLY, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_APPLY, PW_LIVE_EMPTIED, false, PW_LIVE_GO, 0 },
	{ PW_DO_APPLY, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_TRY, PW_LIVE_NONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_TRY, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_TRY, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_TRY, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_TRY, PW_LIVE_EMPTIED, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_TRY, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_CONFIRM, PW_LIVE_NONE, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_CONFIRM, PW_LIVE_ONE, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_CONFIRM, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_CONFIRM, PW_LIVE_EXPIRED, true, PW_LIVE_REFUSE, -ETIME },
	{ PW_DO_CONFIRM, PW_LIVE_EMPTIED, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_CONFIRM, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_ROLLBACK, PW_LIVE_NONE, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_ROLLBACK, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_ROLLBACK, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_ROLLBACK, PW_LIVE_EXPIRED, true, PW_LIVE_STOP, 0 },
	{ PW_DO_ROLLBACK, PW_LIVE_EMPTIED, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_ROLLBACK, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_OPEN, PW_LIVE_NONE, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_OPEN, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_OPEN, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_OPEN, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_OPEN, PW_LIVE_EMPTIED, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_OPEN, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_CLOSE, PW_LIVE_NONE, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_CLOSE, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLOSE, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLOSE, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_CLOSE, PW_LIVE_EMPTIED, false, PW_LIVE_REFUSE, -ENOENT },
	{ PW_DO_CLOSE, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_CLEAR, PW_LIVE_NONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLEAR, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLEAR, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLEAR, PW_LIVE_EXPIRED, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLEAR, PW_LIVE_EMPTIED, false, PW_LIVE_GO, 0 },
	{ PW_DO_CLEAR, PW_LIVE_FOREIGN, false, PW_LIVE_GO, 0 },
	{ PW_DO_BOOT, PW_LIVE_NONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_BOOT, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_BOOT, PW_LIVE_TRIAL, false, PW_LIVE_REFUSE, -EBUSY },
	{ PW_DO_BOOT, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_BOOT, PW_LIVE_EMPTIED, false, PW_LIVE_GO, 0 },
	{ PW_DO_BOOT, PW_LIVE_FOREIGN, false, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_NONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_ONE, false, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_TRIAL, false, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_EXPIRED, true, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_EMPTIED, false, PW_LIVE_GO, 0 },
	{ PW_DO_HEAL, PW_LIVE_FOREIGN, false, PW_LIVE_REFUSE, FORMAT },
	{ PW_DO_TIDY, PW_LIVE_NONE, false, PW_LIVE_STOP, 0 },
	{ PW_DO_TIDY, PW_LIVE_ONE, false, PW_LIVE_STOP, 0 },
	{ PW_DO_TIDY, PW_LIVE_TRIAL, false, PW_LIVE_STOP, 0 },
	{ PW_DO_TIDY, PW_LIVE_EXPIRED, true, PW_LIVE_STOP, 0 },
	{ PW_DO_TIDY, PW_LIVE_EMPTIED, false, PW_LIVE_STOP, 0 },
	{ PW_DO_TIDY, PW_LIVE_FOREIGN, false, PW_LIVE_STOP, 0 },
};

static void check_cell(void **state)
{
	const struct cell *cell = *state;
	const struct pw_live_answer *answer = pw_live_ask(cell->command,
							  cell->state);

	assert_int_equal(answer->tidy, cell->tidy);
	assert_int_equal(answer->next, cell->next);
	if (cell->next != PW_LIVE_REFUSE) {
		assert_null(answer->text);
		return;
	}
	if (cell->err == FORMAT) {
		assert_null(answer->text);
		return;
	}
	assert_int_equal(answer->err, cell->err);
	assert_non_null(answer->text);
	assert_non_null(answer->hint);
}

/* Every cell is in the table above, once */
static void knows_every_cell(void **state)
{
	bool seen[PW_NUM_LIVE_COMMANDS][PW_NUM_LIVE_STATES] = { 0 };

	(void)state;
	for (size_t i = 0; i < PW_ARRAY_SIZE(cells); i++) {
		bool *cell = &seen[cells[i].command][cells[i].state];

		assert_false(*cell);
		*cell = true;
	}
	assert_int_equal(PW_ARRAY_SIZE(cells),
			 PW_NUM_LIVE_COMMANDS * PW_NUM_LIVE_STATES);
}

/* A trial that is over is known to nobody else, so it must be gone */
static void goes_on_from_no_expired_trial(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < PW_NUM_LIVE_COMMANDS; c++) {
		const struct pw_live_answer *answer =
			pw_live_ask(c, PW_LIVE_EXPIRED);

		assert_true(answer->tidy || c == PW_DO_CLEAR);
	}
}

/* Kernels as read; @bases: there are base chains */
static struct kernel_case {
	const char *name;
	bool exists, bases;
	uint32_t format, current, trial;
	uint64_t left_ms;
	enum pw_live_state want;
} kernels[] = {
	{ "no table", false, false, 0, 0, 0, 0, PW_LIVE_NONE },
	{ "a table without chains", true, false, PW_FORMAT, 0, 0, 0,
	  PW_LIVE_NONE },
	{ "base chains that go nowhere", true, true, PW_FORMAT, 0, 0, 0,
	  PW_LIVE_EMPTIED },
	{ "a generation", true, true, PW_FORMAT, 7, 0, 0, PW_LIVE_ONE },
	{ "a trial over a generation", true, true, PW_FORMAT, 7, 8, 900,
	  PW_LIVE_TRIAL },
	{ "a trial over nothing", true, true, PW_FORMAT, 0, 1, 1,
	  PW_LIVE_TRIAL },
	{ "a trial that is over", true, true, PW_FORMAT, 7, 8, 0,
	  PW_LIVE_EXPIRED },
	{ "over, and nothing before", true, true, PW_FORMAT, 0, 1, 0,
	  PW_LIVE_EXPIRED },
	{ "without a format", true, true, 0, 0, 0, 0, PW_LIVE_FOREIGN },
	{ "of another format", true, true, PW_FORMAT + 1, 0, 0, 0,
	  PW_LIVE_FOREIGN },
};

static void tells_state(void **state)
{
	const struct kernel_case *tc = *state;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = pw_ruleset_new();
	const struct pw_kernel kernel = {
		.exists = tc->exists, .format = tc->format, .rules = rules,
		.current = tc->current, .trial = tc->trial,
		.trial_left_ms = tc->left_ms,
	};

	assert_non_null(rules);
	assert_true(pw_ruleset_add_chain(rules, "g7.in") >= 0);
	if (tc->bases)
		assert_true(pw_ruleset_add_base(rules, "input", PW_HOOK_INPUT,
						0, PW_V_DROP) >= 0);
	assert_int_equal(pw_live_state_of(&kernel), tc->want);
}

#define NUM_TESTS (PW_ARRAY_SIZE(cells) + PW_ARRAY_SIZE(kernels) + 2)

int main(void)
{
	static char names[NUM_TESTS][64];
	struct CMUnitTest tests[NUM_TESTS] = {
		cmocka_unit_test(knows_every_cell),
		cmocka_unit_test(goes_on_from_no_expired_trial),
	};
	size_t n = 2;

	for (size_t i = 0; i < PW_ARRAY_SIZE(cells); i++, n++) {
		snprintf(names[n], sizeof(names[n]), "%s: %s",
			 commands[cells[i].command], states[cells[i].state]);
		tests[n] = (struct CMUnitTest){
			names[n], check_cell, NULL, NULL, &cells[i],
		};
	}
	for (size_t i = 0; i < PW_ARRAY_SIZE(kernels); i++, n++)
		tests[n] = (struct CMUnitTest){
			kernels[i].name, tells_state, NULL, NULL,
			&kernels[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
