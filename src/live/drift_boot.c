// SPDX-License-Identifier: GPL-2.0-or-later
/* What the next boot loads, and what the policy's file says today. */
#include <errno.h>
#include <string.h>

#include "live/drift_list.h"
#include "portwall/state.h"

/**
 * struct boot
 * @bundle:	what boot loads, NULL: nothing
 */
struct boot {
	const struct pw_status *status;
	struct pw_drifts *out;
	struct pw_bundle *bundle;
};

/* Policies are read from here: "-" and what was lost cannot be named */
static int note_file(const struct boot *b)
{
	const char *path = b->bundle->path;
	int ret = strcmp(path, "-") ? pw_bundle_compare(b->bundle) : 0;

	if (ret == -ENOMEM || !ret)
		return ret;
	if (ret > 0)
		return pw_drift_note(b->out, PW_DRIFT_FILE, NULL,
				     "%s, or a file that it includes, is not what was applied",
				     path);
	return pw_drift_note(b->out, PW_DRIFT_FILE, NULL,
			     "%s, or a file that it includes, cannot be compared with what was applied: %s",
			     path, strerror(-ret));
}

static int find_gone(const struct boot *b)
{
	return pw_drift_add(b->out, PW_DRIFT_TABLE_GONE,
			    "put it back: portwall boot",
			    "table inet " PW_TABLE " is gone: nothing of %s is in force",
			    b->bundle->source);
}

static int find_unremembered(const struct boot *b)
{
	return pw_drift_add(b->out, PW_DRIFT_NOT_REMEMBERED,
			    "have it remembered: apply it again",
			    "the policy in force is not remembered: the next boot loads nothing, and every port is open");
}

static int find_other(const struct boot *b)
{
	return pw_drift_add(b->out, PW_DRIFT_NOT_REMEMBERED,
			    "have it remembered: apply it again; or load the other one: portwall boot",
			    "the next boot loads another policy than the one in force: %s",
			    b->bundle->source);
}

static int judge(const struct boot *b)
{
	const struct pw_kernel *kernel = b->status->kernel;
	int err = 0;

	if (!b->bundle)
		return kernel->current ? find_unremembered(b) : 0;
	if (!kernel->exists)
		return find_gone(b);
	if (kernel->current &&
	    !pw_bundle_is(b->bundle, kernel->stamp.digest))
		err = find_other(b);
	return err ? err : note_file(b);
}

static int read_bundle(const char *dir, struct pw_bundle **out,
		       struct pw_diags *unsaid)
{
	pw_owned(pw_state_close) struct pw_state *state = NULL;
	int err = pw_state_open(dir, false, &state, unsaid);

	if (!err)
		err = pw_state_read(state, PW_REMEMBERED_APPLIED, 0, out,
				    unsaid);
	return err == -ENOENT ? 0 : err;
}

/* Who may not read it is not told that it is lost */
static int report(struct pw_drifts *out, int err, const struct pw_diags *said)
{
	const char *why = pw_diags_kept(said) ? pw_diags_get(said, 0)->text :
						strerror(-err);

	if (err == -EBADMSG)
		return pw_drift_add(out, PW_DRIFT_NOT_REMEMBERED,
				    "have it remembered: apply the policy again",
				    "the next boot cannot load the policy: %s",
				    why);
	return pw_drift_note(out, PW_DRIFT_NOT_REMEMBERED, NULL,
			     "what the next boot loads cannot be read: %s", why);
}

int pw_drift_boot(const struct pw_status *status, const struct pw_where *where,
		  struct pw_drifts *out)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_diags_free) struct pw_diags *said = pw_diags_new();
	struct boot b = { .status = status, .out = out };
	int err = said ? 0 : -ENOMEM;

	if (err || !where->state_dir)
		return err;
	err = read_bundle(where->state_dir, &bundle, said);
	if (err == -ENOMEM)
		return err;
	if (err)
		return report(out, err, said);
	b.bundle = bundle;
	return judge(&b);
}

int pw_drift_boots(const struct pw_status *status,
		   const struct pw_where *where, bool *boots)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	const struct pw_kernel *kernel = status->kernel;
	int err = unsaid ? 0 : -ENOMEM;

	if (!err && where->state_dir)
		err = read_bundle(where->state_dir, &bundle, unsaid);
	if (err == -ENOMEM)
		return err;
	*boots = bundle && (!kernel->current ||
			    pw_bundle_is(bundle, kernel->stamp.digest));
	return 0;
}
