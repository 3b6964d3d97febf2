// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes our table away, and nothing else. */
#include <errno.h>

#include "nft/kernel.h"
#include "nft/load_priv.h"

/* @stray: the table that no portwall made, and that one alone */
static int clear_once(struct pw_nl *nl, bool stray, struct pw_diags *diags)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	struct pw_table_info info;
	uint32_t genid;
	int err = pw_nl_genid(nl, &genid);

	if (!err)
		err = pw_table_info_read(nl, genid, &info);
	if (pw_nl_is_passing(err))
		return -ERESTART;
	if (err)
		return pw_diag_system(diags, -err, "cannot read nf_tables");
	if (!info.exists)
		return 0;
	if (stray && info.format)
		return 0;
	if (!stray && !info.format)
		return pw_load_refuse_format(true, 0, diags);
	err = pw_batch_open(&batch, nl->seq, genid);
	if (!err)
		err = pw_put_table_gone(&batch);
	return err ? err : pw_load_commit(nl, &batch, diags);
}

static int clear(struct pw_nl *nl, bool stray, struct pw_diags *diags)
{
	struct pw_backoff backoff = { 0 };
	int err;

	do {
		err = clear_once(nl, stray, diags);
		if (err != -ERESTART && err != -EINPROGRESS)
			return err;
	} while (!pw_backoff_wait(&backoff, nl));
	return pw_diag_system(diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds; table inet " PW_TABLE " is still there");
}

int pw_load_clear(struct pw_nl *nl, struct pw_diags *diags)
{
	return clear(nl, false, diags);
}

int pw_load_clear_stray(struct pw_nl *nl, struct pw_diags *diags)
{
	return clear(nl, true, diags);
}
