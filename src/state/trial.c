// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept beside the bundle of a trial, for when it is confirmed. */
#include "state/trial.h"

#include <stdio.h>
#include <string.h>

#define PREFIX ".trial-"

struct parts {
	const struct pw_state *state;
	enum pw_state_dir dir;
	char kept[PW_TRIAL_NAME_LEN];
};

void pw_trial_name(uint32_t entry, char name[static PW_TRIAL_NAME_LEN])
{
	snprintf(name, PW_TRIAL_NAME_LEN, PREFIX "%u", entry);
}

static int remove_part(void *arg, const char *name)
{
	const struct parts *parts = arg;

	if (strncmp(name, PREFIX, strlen(PREFIX)) || !strcmp(name, parts->kept))
		return 0;
	return pw_store_remove(parts->state, parts->dir, name);
}

int pw_trial_keep_parts(const struct pw_state *state, uint32_t entry)
{
	struct parts parts = { .state = state, .dir = PW_DIR_TOP };
	int err;

	pw_trial_name(entry, parts.kept);
	err = pw_store_walk(state, PW_DIR_TOP, remove_part, &parts);
	parts.dir = PW_DIR_HISTORY;
	return err ?: pw_store_walk(state, PW_DIR_HISTORY, remove_part, &parts);
}
