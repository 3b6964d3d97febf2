// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the way to nf_tables, and says what is missing if there is none. */
#include <errno.h>

#include "netlink/netlink.h"
#include "portwall/load.h"

static int explain_open(int err, struct pw_diags *diags)
{
	if (err == -EPERM) {
		pw_diag_system(diags, EPERM,
			       "reading and changing nf_tables needs CAP_NET_ADMIN; nothing was changed");
		pw_diag_hint(diags, "run it with sudo");
		return err;
	}
	if (err == -EPROTONOSUPPORT || err == -EINVAL) {
		pw_diag_system(diags, EOPNOTSUPP,
			       "this kernel has no nf_tables; nothing was changed");
		pw_diag_hint(diags,
			     "load the module nf_tables, or boot a kernel with CONFIG_NF_TABLES");
		return -EOPNOTSUPP;
	}
	return pw_diag_system(diags, -err, "cannot talk to nf_tables");
}

int pw_nl_open(struct pw_nl **out, struct pw_diags *diags)
{
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	struct pw_wire wire;
	uint32_t genid;
	int err = pw_wire_open(&wire);

	if (err)
		return explain_open(err, diags);
	nl = pw_nl_new(&wire);
	if (!nl)
		return -ENOMEM;
	err = pw_nl_genid(nl, &genid);	/* finds out what is missing */
	if (err)
		return explain_open(err, diags);
	*out = PW_TAKE(nl);
	return 0;
}
