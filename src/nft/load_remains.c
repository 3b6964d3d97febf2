// SPDX-License-Identifier: GPL-2.0-or-later
/* What earlier fills left in our table: used again if whole, else deleted. */
#include <errno.h>

#include "nft/kernel.h"
#include "nft/load_fill.h"

bool pw_fill_same_set(const struct pw_set *a, const struct pw_set *b)
{
	return a->type == b->type && a->constant == b->constant &&
	       a->interval == b->interval && a->dynamic == b->dynamic &&
	       a->timeout == b->timeout && a->size == b->size;
}

int pw_fill_delete_stale(struct pw_fill *f, const struct pw_ruleset *want,
			 uint32_t *genid)
{
	pw_owned(pw_stale_clear) struct pw_stale stale = { 0 };
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	int err;

	if (!f->now->exists)
		return 0;
	err = pw_stale_find(f->now, want, false, &stale);
	if (err || !stale.any)
		return err;
	err = pw_batch_open(&batch, f->nl->seq, *genid);
	if (!err)
		err = pw_stale_put_gone(&batch, f->now->rules, &stale);
	if (!err)
		err = pw_load_commit_loose(f->nl, &batch, batch.next, genid,
					   &f->begun, f->diags);
	return err;
}

bool pw_fill_is_taken(const struct pw_fill *f)
{
	const struct pw_ruleset *have = f->now->rules;

	for (size_t i = 0; have && i < have->num_chains; i++)
		if (pw_name_generation(have->chains[i].name) ==
		    f->stamp->generation)
			return true;
	return false;
}

static bool is_whole_set(const struct pw_fill *f, const struct pw_set *have,
			 struct pw_diags *unsaid)
{
	uint32_t at = pw_ruleset_find_set(f->want, have->name);
	const struct pw_set *want;

	if (at == PW_NONE)
		return true;
	want = &f->want->sets[at];
	if (!pw_fill_same_set(have, want))
		return true;		/* the fill will say so */
	if (have->elems)
		return pw_rangeset_equal(have->elems, want->elems);
	return !pw_load_check_set(f->nl, want, unsaid);
}

/* Maps of a generation go with it */
static bool is_whole_map(const struct pw_fill *f, const struct pw_map *have)
{
	uint32_t at = pw_name_generation(have->name) ?
		      PW_NONE : pw_ruleset_find_map(f->want, have->name);

	return at == PW_NONE ||
	       f->want->maps[at].num_elems == have->num_elems;
}

/*
 * Is there a set or map that is wanted, has no user in force, and lacks
 * elements? A fill that came in pieces and was cut off leaves such a thing.
 */
static bool is_cut_off(const struct pw_fill *f, const struct pw_stale *unused,
		       struct pw_diags *unsaid)
{
	const struct pw_ruleset *have = f->now->rules;

	for (size_t i = 0; i < have->num_sets; i++)
		if (unused->sets[i] && !is_whole_set(f, &have->sets[i], unsaid))
			return true;
	for (size_t i = 0; i < have->num_maps; i++)
		if (unused->maps[i] && !is_whole_map(f, &have->maps[i]))
			return true;
	return false;
}

int pw_fill_refuse_remains(struct pw_fill *f, uint32_t *genid)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_stale_clear) struct pw_stale unused = { 0 };
	int err;

	if (!f->now->exists)
		return 0;
	err = unsaid ? pw_stale_find(f->now, NULL, false, &unused) : -ENOMEM;
	if (err || !unused.any || !is_cut_off(f, &unused, unsaid))
		return err;
	err = pw_fill_delete_stale(f, NULL, genid);
	return err ? err : -ERESTART;
}
