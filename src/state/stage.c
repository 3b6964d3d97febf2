// SPDX-License-Identifier: GPL-2.0-or-later
/* Staging: everything that can fail happens before anything counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/bundle.h"
#include "state/capture.h"
#include "state/objects.h"
#include "state/prune.h"
#include "state/services.h"

#define MAX_ENTRY 999999999u	/* nine digits in a name */

static int next_entry(const struct pw_state *state,
		      const struct pw_bundle *applied, uint32_t *out)
{
	pw_owned(pw_bundle_free) struct pw_bundle *trial =
		pw_bundle_peek(state, PW_FILE_TRIAL);
	uint32_t *entries, last;
	size_t num;
	int err = pw_history_list(state, &entries, &num);

	if (err)
		return err;
	last = num ? entries[0] : 0;
	free(entries);
	if (applied && applied->entry > last)
		last = applied->entry;
	if (trial && trial->entry > last)
		last = trial->entry;
	if (last >= MAX_ENTRY)
		return -EOVERFLOW;
	*out = last + 1;
	return 0;
}

/* A run that was killed may have made @applied count without an entry of its
 * own: a copy becomes one */
static int mend_history(const struct pw_state *state,
			const struct pw_bundle *applied)
{
	char name[16], *bytes;
	size_t len;
	int err;

	pw_history_name(applied->entry, name);
	err = pw_store_read(state, PW_DIR_HISTORY, name, PW_BUNDLE_MAX_LEN,
			    &bytes, &len);
	if (!err)
		free(bytes);
	if (err != -ENOENT)
		return 0;
	err = pw_bundle_print(applied, &bytes, &len);
	if (err)
		return err;
	err = pw_store_write(state, PW_DIR_HISTORY, PW_FILE_STAGED, bytes,
			     len) ?:
	      pw_store_move(state, PW_DIR_HISTORY, PW_FILE_STAGED, name);
	free(bytes);
	return err;
}

/* Somebody who applies the same policy every hour keeps those before it */
static int set_entry(const struct pw_state *state, struct pw_bundle *bundle,
		     bool captured)
{
	pw_owned(pw_bundle_free) struct pw_bundle *applied =
		pw_bundle_peek(state, PW_FILE_APPLIED);
	int err = applied ? mend_history(state, applied) : 0;

	if (err)
		return err;
	if (applied && captured && pw_bundle_equal(applied, bundle)) {
		bundle->entry = applied->entry;
		bundle->origin = applied->origin;
		return 0;
	}
	err = next_entry(state, applied, &bundle->entry);
	if (!err && captured)
		bundle->origin = bundle->entry;
	return err;
}

static int put_services(const struct pw_state *state, struct pw_bundle *bundle,
			const struct pw_host *host)
{
	char *text;
	size_t len;
	int err = pw_services_print(host, &text, &len);

	if (err)
		return err;
	err = pw_object_put(state, text, len, bundle->services);
	free(text);
	return err;
}

/* One copy for boot and one for the history: damage of one spares the other */
static int write_bundle(const struct pw_state *state,
			const struct pw_bundle *bundle)
{
	char *bytes;
	size_t len;
	int err = pw_bundle_print(bundle, &bytes, &len);

	if (err)
		return err;
	err = pw_store_write(state, PW_DIR_HISTORY, PW_FILE_STAGED, bytes, len);
	if (!err)
		err = pw_store_write(state, PW_DIR_TOP, PW_FILE_STAGED, bytes,
				     len);
	free(bytes);
	return err;
}

static bool is_kept(const struct pw_state *state, const char *emergency)
{
	size_t len;
	char *text;
	bool same;

	if (pw_store_read(state, PW_DIR_TOP, PW_FILE_EMERGENCY,
			  PW_POLICY_MAX_LEN, &text, &len))
		return false;
	same = len == strlen(emergency) && !memcmp(text, emergency, len);
	free(text);
	return same;
}

static int write_emergency(struct pw_state *state, const char *emergency)
{
	state->staged_emergency = emergency && !is_kept(state, emergency);
	if (!state->staged_emergency)
		return pw_store_remove(state, PW_DIR_TOP,
				       PW_FILE_STAGED_EMERGENCY);
	return pw_store_write(state, PW_DIR_TOP, PW_FILE_STAGED_EMERGENCY,
			      emergency, strlen(emergency));
}

static int write_all(struct pw_state *state, struct pw_bundle *bundle,
		     bool captured, const struct pw_host *host,
		     const char *emergency)
{
	int err = captured ? put_services(state, bundle, host) : 0;

	return err ?: set_entry(state, bundle, captured) ?:
	       write_bundle(state, bundle) ?:
	       write_emergency(state, emergency) ?:
	       pw_store_sync(state, PW_DIR_OBJECTS);
}

static void unstage(struct pw_state *state)
{
	state->staged = 0;
	pw_store_remove(state, PW_DIR_HISTORY, PW_FILE_STAGED);
	pw_store_remove(state, PW_DIR_TOP, PW_FILE_STAGED);
	pw_store_remove(state, PW_DIR_TOP, PW_FILE_STAGED_EMERGENCY);
}

int pw_state_stage(struct pw_state *state, struct pw_bundle *bundle,
		   struct pw_capture *capture, const struct pw_host *host,
		   const char *emergency, struct pw_diags *diags)
{
	int err = capture ? pw_capture_take(capture, bundle, diags) : 0;

	if (err)
		return err;
	err = write_all(state, bundle, capture, host, emergency);
	if (err) {
		unstage(state);
		return pw_diag_system(diags, -err,
				      "cannot keep the policy in %s",
				      state->path);
	}
	state->staged = bundle->entry;
	return 0;
}
