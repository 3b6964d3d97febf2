// SPDX-License-Identifier: GPL-2.0-or-later
/* Lets something listen everywhere in a private host. */
#include <errno.h>

#include "probe/sandbox_priv.h"

static int begin(struct pw_sandbox *sb, struct pw_diags *diags)
{
	int err = pw_listen_sockets_open(sb, diags);

	if (err)
		return err;
	err = pw_listen_table_put(sb, diags);
	if (err)
		pw_listen_sockets_close(sb);
	return err;
}

int pw_sandbox_listen(struct pw_sandbox *sb, bool on, struct pw_diags *diags)
{
	int err;

	if (on == sb->listening)
		return 0;
	err = pw_sandbox_side(sb, PW_SIDE_HOST);
	if (err)
		return pw_diag_system(diags, -err, "setns");
	err = on ? begin(sb, diags) : pw_listen_table_drop(sb, diags);
	if (err)
		return err;
	if (!on)
		pw_listen_sockets_close(sb);
	sb->listening = on;
	return 0;
}
