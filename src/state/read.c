// SPDX-License-Identifier: GPL-2.0-or-later
/* What the directory holds, for those who ask. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "state/bundle.h"
#include "state/emergency.h"

/* Is there a file by this name, whatever it is like? */
static bool has_file(const struct pw_state *state, const char *name)
{
	uint64_t len;
	int fd, err = pw_store_open(state, PW_DIR_TOP, name, &fd, &len);

	if (!err)
		close(fd);
	return err != -ENOENT;
}

/* What is forgotten loses its emergency policy first: with one it is lost */
static int read_applied(struct pw_state *state, struct pw_bundle **out,
			struct pw_diags *diags)
{
	int err = pw_bundle_read(state, PW_DIR_TOP, PW_FILE_APPLIED, out,
				 diags);

	if (err != -ENOENT || !has_file(state, PW_FILE_EMERGENCY))
		return err;
	return pw_store_damaged(state, PW_DIR_TOP, PW_FILE_APPLIED,
				"is missing", diags);
}

int pw_state_read(struct pw_state *state, enum pw_remembered which,
		  uint32_t entry, struct pw_bundle **out,
		  struct pw_diags *diags)
{
	char name[16];

	if (which == PW_REMEMBERED_APPLIED)
		return read_applied(state, out, diags);
	if (which == PW_REMEMBERED_TRIAL)
		return pw_bundle_read(state, PW_DIR_TOP, PW_FILE_TRIAL, out,
				      diags);
	pw_history_name(entry, name);
	return pw_bundle_read(state, PW_DIR_HISTORY, name, out, diags);
}

int pw_state_history(struct pw_state *state, uint32_t **entries, size_t *num,
		     struct pw_diags *diags)
{
	int err = pw_history_list(state, entries, num);

	if (err && err != -ENOMEM)
		return pw_store_failed(state, PW_DIR_HISTORY, "", "read", err,
				       diags);
	return err;
}

int pw_state_emergency(struct pw_state *state, char **text, size_t *len,
		       struct pw_diags *diags)
{
	size_t read_len, sealed;
	char *read;
	int err = pw_store_read(state, PW_DIR_TOP, PW_FILE_EMERGENCY,
				PW_POLICY_MAX_LEN, &read, &read_len);

	if (!err && pw_sealed(read, read_len, PW_EMERGENCY_SEAL, &sealed)) {
		*text = read;
		*len = read_len;
		return 0;
	}
	if (!err) {
		free(read);
		err = -EBADMSG;
	}
	if (err == -EBADMSG)
		return pw_store_damaged(state, PW_DIR_TOP, PW_FILE_EMERGENCY,
					"is damaged", diags);
	if (err && err != -ENOENT && err != -ENOMEM)
		return pw_store_failed(state, PW_DIR_TOP, PW_FILE_EMERGENCY,
				       "read", err, diags);
	return err;
}
