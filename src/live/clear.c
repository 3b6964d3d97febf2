// SPDX-License-Identifier: GPL-2.0-or-later
/* Clear: the table goes, and nothing else. */
#include <errno.h>

#include "live/lock.h"
#include "portwall/live.h"

/* What the table holds does not matter, only whether there is one */
static int find_table(struct pw_nl *nl, bool *exists, struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *unread = pw_diags_new();
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = unread ? pw_kernel_read(nl, 0, &kernel, unread) : -ENOMEM;

	if (err == -EOPNOTSUPP) {
		*exists = true;
		return 0;
	}
	if (err)
		return pw_diag_system(diags, -err, "cannot read the rules");
	*exists = kernel->exists;
	return 0;
}

int pw_clear(const struct pw_where *where, bool *existed,
	     struct pw_diags *diags)
{
	pw_owned(pw_lock_free) struct pw_lock *lock = NULL;
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	bool exists = false;
	int err = pw_lock_take(where->run_dir, where->patience_ms, &lock,
			       diags);

	if (!err)
		err = pw_nl_open(&nl, diags);
	if (!err)
		err = find_table(nl, &exists, diags);
	if (!err && exists)
		err = pw_load_clear(nl, diags);
	if (!err)
		*existed = exists;
	return err;
}
