// SPDX-License-Identifier: GPL-2.0-or-later
/* Clear: the table goes, and nothing else; boot loads nothing then. */
#include <errno.h>

#include "live/cut.h"
#include "live/lock.h"
#include "portwall/live.h"

/* What the table holds does not matter, only whether there is one */
static int find_table(struct pw_nl *nl, enum pw_live_state *state,
		      struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *unread = pw_diags_new();
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = unread ? pw_kernel_read(nl, 0, &kernel, unread) : -ENOMEM;

	if (err == -EOPNOTSUPP) {
		*state = PW_LIVE_FOREIGN;
		return 0;
	}
	if (err)
		return pw_diag_system(diags, -err, "cannot read the rules");
	/* a table that nothing goes to is one, too */
	*state = kernel->exists && !pw_live_state_of(kernel) ?
		 PW_LIVE_EMPTIED : pw_live_state_of(kernel);
	return 0;
}

/* Nothing was ever remembered where there is no directory */
static int forget(const struct pw_where *where, struct pw_diags *diags)
{
	pw_owned(pw_state_close) struct pw_state *state = NULL;
	int err;

	if (!where->state_dir)
		return 0;
	err = pw_state_open(where->state_dir, false, &state, diags);
	if (err == -ENOENT)
		return 0;
	pw_state_close(PW_TAKE(state));
	if (!err)
		err = pw_state_open(where->state_dir, true, &state, diags);
	return err ? err : pw_state_forget(state, diags);
}

/* Nothing is shut out any more. What stays lasts hours at most, as it is */
static void lift_bars(struct pw_diags *diags)
{
	struct pw_cut none;

	(void)pw_cut_judge(NULL, NULL, NULL, 0, false, &none, diags);
}

int pw_clear(struct pw_settle *settle, struct pw_diags *diags)
{
	const struct pw_where *where = &settle->where;
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	int err = pw_lock_take(where->run_dir, where->patience_ms, &lock,
			       diags);

	if (!err)
		err = pw_nl_open(&nl, diags);
	if (!err)
		err = find_table(nl, &settle->state, diags);
	if (!err && settle->state != PW_LIVE_NONE)
		err = pw_load_clear(nl, diags);
	if (err)
		return err;
	settle->done = settle->state != PW_LIVE_NONE;
	if (settle->done)
		lift_bars(diags);
	err = forget(where, diags);
	settle->remembered = !err;
	return err;
}
