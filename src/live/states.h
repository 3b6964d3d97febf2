/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each command does in each state of the kernel: one table. */
#ifndef LIVE_STATES_H
#define LIVE_STATES_H

#include <stdbool.h>

#include "portwall/live.h"

/* Commands that change something */
enum pw_live_command {
	PW_DO_APPLY,
	PW_DO_TRY,		/* apply --trial */
	PW_DO_CONFIRM,
	PW_DO_ROLLBACK,
	PW_DO_OPEN,
	PW_DO_CLOSE,
	PW_DO_CLEAR,
	PW_DO_BOOT,
	PW_DO_HEAL,
	PW_DO_TIDY,
	PW_NUM_LIVE_COMMANDS
};

enum pw_live_next {
	PW_LIVE_GO,		/* the command goes on */
	PW_LIVE_STOP,		/* there is no more to do, and nothing is wrong */
	PW_LIVE_REFUSE,
};

/**
 * struct pw_live_answer - May a command go on?
 * @tidy:	take away the trial that is over first; when @next is to go on,
 *		the state is another one then, and has to be asked again
 * @err:	when it refuses: -errno
 * @text, @hint: the message then; @text NULL: pw_load_refuse_format() has it
 */
struct pw_live_answer {
	bool tidy;
	enum pw_live_next next;
	int err;
	const char *text, *hint;
};

const struct pw_live_answer *pw_live_ask(enum pw_live_command command,
					 enum pw_live_state state);

#endif
