// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the way to nf_tables, and says what is missing if there is none. */
#include <errno.h>

#include "netlink/missing.h"
#include "netlink/netlink.h"
#include "portwall/load.h"

int pw_nl_open(struct pw_nl **out, struct pw_diags *diags)
{
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	struct pw_wire wire;
	uint32_t genid;
	int err = pw_wire_open(&wire);

	if (err)
		return pw_nl_explain_open(err, diags);
	nl = pw_nl_new(&wire);
	if (!nl)
		return -ENOMEM;
	err = pw_nl_genid(nl, &genid);	/* finds out what is missing */
	if (err)
		return pw_nl_explain_open(err, diags);
	*out = PW_TAKE(nl);
	return 0;
}
