// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends transactions: whole, or in pieces where the socket takes no more. */
#include <errno.h>

#include "nft/load_priv.h"

/* The generation id behind @genid */
static uint32_t genid_next(uint32_t genid)
{
	return genid == UINT32_MAX ? 1 : genid + 1;
}

int pw_load_commit(struct pw_nl *nl, struct pw_batch *batch,
		   struct pw_diags *diags)
{
	struct pw_nl_refusal why;
	int err = pw_nl_commit(nl, batch, &why);

	return pw_load_explain(err, batch, &why, diags);
}

/**
 * struct pieces - What is left of a transaction that was too long
 * @at:		place in @batch up to which it is in the kernel
 * @max_len:	bytes that are tried next
 */
struct pieces {
	struct pw_nl *nl;
	const struct pw_batch *batch;
	uint32_t whole;
	size_t at, max_len;
	uint32_t *genid;
	struct pw_diags *diags;
};

/* 1; 0: there was nothing left to send; or an error */
static int commit_piece(struct pieces *p)
{
	pw_owned(pw_batch_clear) struct pw_batch piece = { 0 };
	struct pw_nl_refusal why;
	size_t at = p->at;
	int err = pw_batch_open(&piece, p->nl->seq, *p->genid);

	if (err)
		return err;
	err = pw_batch_cut(p->batch, &at, p->whole, p->max_len, &piece);
	if (err <= 0)
		return err;
	err = pw_nl_commit(p->nl, &piece, &why);
	if (err == -EMSGSIZE && p->max_len) {
		p->max_len /= 2;
		return 1;
	}
	if (err)
		return pw_load_explain(err, &piece, &why, p->diags);
	p->at = at;
	*p->genid = genid_next(*p->genid);
	return 1;
}

int pw_load_commit_loose(struct pw_nl *nl, struct pw_batch *batch,
			 uint32_t whole, uint32_t *genid, bool *begun,
			 struct pw_diags *diags)
{
	struct pieces p = {
		.nl = nl, .batch = batch, .whole = whole, .genid = genid,
		.diags = diags,
	};
	struct pw_nl_refusal why;
	int err = pw_nl_commit(nl, batch, &why);

	if (!err)
		*genid = genid_next(*genid);
	if (err != -EMSGSIZE)
		return pw_load_explain(err, batch, &why, diags);
	p.max_len = batch->len / 2;
	do {
		err = commit_piece(&p);
		*begun |= p.at || err == -EINPROGRESS;
	} while (err > 0);
	return err;
}
