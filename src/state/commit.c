// SPDX-License-Identifier: GPL-2.0-or-later
/* What boot loads, and what becomes of a trial: renames of complete files. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/bundle.h"
#include "state/prune.h"
#include "state/trial.h"

static int make_durable(const struct pw_state *state, const char *name,
			struct pw_diags *diags)
{
	int err = pw_store_sync(state, PW_DIR_TOP) ?:
		  pw_store_sync(state, PW_DIR_HISTORY);

	return err ? pw_store_failed(state, PW_DIR_TOP, name, "keep", err,
				     diags) : 0;
}

static int remove_trial(const struct pw_state *state)
{
	return pw_store_remove(state, PW_DIR_TOP, PW_FILE_TRIAL) ?:
	       pw_trial_keep_parts(state, 0);
}

/* Boot can do without these: what counts has been renamed already */
static void follow(const struct pw_state *state, enum pw_state_dir dir,
		   const char *from, const char *to, struct pw_diags *diags)
{
	int err = pw_store_move(state, dir, from, to);

	if (err && err != -ENOENT)
		pw_diag_warning(diags, NULL, "%s: cannot write %s: %s",
				state->path, to, strerror(-err));
}

/* The bundle @from becomes the one that boot loads */
static int install(const struct pw_state *state, uint32_t entry,
		   const char *from, const char *from_entry,
		   const char *from_emergency, struct pw_diags *diags)
{
	char name[16];
	int err = pw_store_move(state, PW_DIR_TOP, from, PW_FILE_APPLIED);

	if (err)
		return pw_store_failed(state, PW_DIR_TOP, PW_FILE_APPLIED,
				       "write", err, diags);
	pw_history_name(entry, name);
	follow(state, PW_DIR_HISTORY, from_entry, name, diags);
	if (from_emergency)
		follow(state, PW_DIR_TOP, from_emergency, PW_FILE_EMERGENCY,
		       diags);
	err = remove_trial(state);
	if (err)
		pw_diag_warning(diags, NULL, "%s: cannot remove %s: %s",
				state->path, PW_FILE_TRIAL, strerror(-err));
	err = make_durable(state, PW_FILE_APPLIED, diags);
	if (!err)
		pw_state_prune(state);
	return err;
}

/* Its parts are named after its entry: the bundle alone says which count */
static int install_trial(const struct pw_state *state, uint32_t entry,
			 struct pw_diags *diags)
{
	char name[PW_TRIAL_NAME_LEN];
	int err = 0;

	pw_trial_name(entry, name);
	if (state->staged_emergency)
		err = pw_store_move(state, PW_DIR_TOP,
				    PW_FILE_STAGED_EMERGENCY, name);
	if (!err)
		err = pw_store_move(state, PW_DIR_HISTORY, PW_FILE_STAGED,
				    name);
	if (!err)
		err = pw_store_move(state, PW_DIR_TOP, PW_FILE_STAGED,
				    PW_FILE_TRIAL);
	if (err)
		return pw_store_failed(state, PW_DIR_TOP, PW_FILE_TRIAL,
				       "write", err, diags);
	err = make_durable(state, PW_FILE_TRIAL, diags);
	if (err)
		return err;
	pw_trial_keep_parts(state, entry);
	pw_state_prune(state);
	return 0;
}

int pw_state_commit(struct pw_state *state, bool trial, struct pw_diags *diags)
{
	uint32_t entry = state->staged;

	assert(entry);
	state->staged = 0;
	if (trial)
		return install_trial(state, entry, diags);
	return install(state, entry, PW_FILE_STAGED, PW_FILE_STAGED,
		       state->staged_emergency ? PW_FILE_STAGED_EMERGENCY
					       : NULL, diags);
}

int pw_state_confirm(struct pw_state *state, struct pw_diags *diags)
{
	pw_owned(pw_bundle_free) struct pw_bundle *trial = NULL;
	char name[PW_TRIAL_NAME_LEN];
	int err = pw_bundle_read(state, PW_DIR_TOP, PW_FILE_TRIAL, &trial,
				 diags);

	if (err)
		return err;
	pw_trial_name(trial->entry, name);
	return install(state, trial->entry, PW_FILE_TRIAL, name, name, diags);
}

int pw_state_drop_trial(struct pw_state *state, struct pw_diags *diags)
{
	int err = remove_trial(state);

	if (err)
		return pw_store_failed(state, PW_DIR_TOP, PW_FILE_TRIAL,
				       "remove", err, diags);
	return make_durable(state, PW_FILE_TRIAL, diags);
}

/* What boot would load without the bundle goes first */
int pw_state_forget(struct pw_state *state, struct pw_diags *diags)
{
	int err = pw_state_drop_trial(state, diags);

	if (err)
		return err;
	err = pw_store_remove(state, PW_DIR_TOP, PW_FILE_EMERGENCY) ?:
	      pw_store_remove(state, PW_DIR_TOP, PW_FILE_APPLIED);
	if (err)
		return pw_store_failed(state, PW_DIR_TOP, PW_FILE_APPLIED,
				       "remove", err, diags);
	return make_durable(state, PW_FILE_APPLIED, diags);
}
