// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills a generation that nothing jumps to yet; removes the table. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "nft/kernel.h"
#include "nft/load_fill.h"
#include "nft/load_priv.h"
#include "nft/load_stamp.h"

static int refuse_kept(const struct pw_fill *f, const char *what,
		       const char *name)
{
	pw_diag_system(f->diags, EEXIST,
		       "%s %s is in the kernel already, declared in another way",
		       what, name);
	pw_diag_hint(f->diags,
		     "portwall clear removes it with all rules in force");
	return -EEXIST;
}

static int put_objs(const struct pw_fill *f, struct pw_batch *batch)
{
	const struct pw_ruleset *want = f->want, *have = f->now->rules;
	int err = 0;

	for (uint32_t i = 0; i < want->num_objs && !err; i++) {
		const struct pw_obj *obj = &want->objs[i];
		uint32_t at = have ? pw_ruleset_find_obj(have, obj->name) :
				     PW_NONE;

		if (at == PW_NONE)
			err = pw_put_obj(batch, want, i);
		else if (have->objs[at].kind != obj->kind)
			err = refuse_kept(f, "object", obj->name);
	}
	return err;
}

static int put_sets(struct pw_fill *f, struct pw_batch *batch)
{
	const struct pw_ruleset *want = f->want, *have = f->now->rules;
	int err = 0;

	for (uint32_t i = 0; i < want->num_sets && !err; i++) {
		const struct pw_set *set = &want->sets[i];
		uint32_t at = have ? pw_ruleset_find_set(have, set->name) :
				     PW_NONE;

		f->fresh[i] = at == PW_NONE && set->constant;
		if (at == PW_NONE)
			err = pw_put_set(batch, want, i);
		else if (!pw_fill_same_set(&have->sets[at], set))
			err = refuse_kept(f, "set", set->name);
	}
	return err;
}

static uint32_t find_stamped(const struct pw_fill *f,
			     const struct pw_ruleset *rs)
{
	char name[32];

	snprintf(name, sizeof(name), "g%u.in", f->stamp->generation);
	return pw_ruleset_find_chain(rs, name);
}

static int put_chains(const struct pw_fill *f, uint32_t stamped,
		      struct pw_batch *batch)
{
	int err = 0;

	for (uint32_t i = 0; i < f->want->num_chains && !err; i++) {
		if (f->want->chains[i].hook == PW_HOOK_NONE && i != stamped)
			err = pw_put_chain(batch, f->want, i, NULL);
	}
	return err;
}

/* Maps of the generation are new; counter maps may have lived on */
static int put_maps(const struct pw_fill *f, struct pw_batch *batch)
{
	const struct pw_ruleset *have = f->now->rules;
	int err = 0;

	for (uint32_t i = 0; i < f->want->num_maps && !err; i++) {
		const struct pw_map *map = &f->want->maps[i];

		if (pw_name_generation(map->name) || !have ||
		    pw_ruleset_find_map(have, map->name) == PW_NONE)
			err = pw_put_map(batch, f->want, i);
	}
	return err;
}

static int put_rules(const struct pw_fill *f, uint32_t stamped,
		     struct pw_batch *batch)
{
	int err = 0;

	for (uint32_t i = 0; i < f->want->num_chains && !err; i++) {
		if (f->want->chains[i].hook == PW_HOOK_NONE && i != stamped)
			err = pw_put_rules(batch, f->want, i);
	}
	return err;
}

/* A generation is whole when its stamp is there: last, and with all its rules */
static int put_stamped(const struct pw_fill *f, uint32_t stamped,
		       struct pw_batch *batch)
{
	int err;

	if (stamped == PW_NONE)
		return 0;
	err = pw_put_chain(batch, f->want, stamped, f->stamp);
	return err ? err : pw_put_rules(batch, f->want, stamped);
}

/* @whole: set to the first message of those that have to stay together */
static int put_generation(struct pw_fill *f, struct pw_batch *batch,
			  uint32_t *whole)
{
	uint32_t stamped = find_stamped(f, f->want);
	int err = f->now->exists ? 0 : pw_put_table(batch);

	if (!err)
		err = put_objs(f, batch);
	if (!err)
		err = put_sets(f, batch);
	if (!err)
		err = put_chains(f, stamped, batch);
	if (!err)
		err = put_maps(f, batch);
	if (!err)
		err = put_rules(f, stamped, batch);
	*whole = batch->next;
	return err ? err : put_stamped(f, stamped, batch);
}

static int fill_once(struct pw_fill *f)
{
	pw_owned(pw_batch_clear) struct pw_batch batch = { 0 };
	uint32_t genid = f->now->genid, whole;
	int err = pw_fill_refuse_remains(f, &genid);

	if (!err && pw_fill_is_taken(f))
		err = pw_fill_delete_stale(f, f->want, &genid);
	if (!err)
		err = pw_batch_open(&batch, f->nl->seq, genid);
	if (!err)
		err = put_generation(f, &batch, &whole);
	return err ? err : pw_load_commit_loose(f->nl, &batch, whole, &genid,
						&f->begun, f->diags);
}

/* Has the generation come in although its ACK got lost? */
static bool is_filled(const struct pw_fill *f)
{
	uint8_t data[PW_USERDATA_MAX];
	const struct pw_chain *chain;
	uint32_t at;

	if (!f->now->rules)
		return false;
	at = find_stamped(f, f->now->rules);
	if (at == PW_NONE)
		return false;
	chain = &f->now->rules->chains[at];
	return chain->userdata_len == pw_stamp_put(f->stamp, data) &&
	       !memcmp(chain->userdata, data, chain->userdata_len);
}

/* 0: generation @n, if there is one, is as it was; 1: it is not; or an error */
static int compare_generation(const struct pw_fill *f, uint32_t n)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *a = NULL, *b = NULL;
	char *what = NULL;
	int err = n ? pw_kernel_generation(f->first, n, &a) : 0;

	if (!err && n)
		err = pw_kernel_generation(f->now, n, &b);
	if (!err && n)
		err = pw_ruleset_diff(a, b, &what);
	free(what);
	return err;
}

/* Others may work on the host's tables, but not on what is due of ours */
static int refuse_changed(const struct pw_fill *f)
{
	const struct pw_kernel *first = f->first, *now = f->now;
	bool begun_here = f->begun && now->exists && !first->exists;
	int err = 0;

	if ((now->exists != first->exists && !begun_here) ||
	    now->current != first->current || now->trial != first->trial)
		err = 1;
	if (!err)
		err = compare_generation(f, first->current);
	if (!err)
		err = compare_generation(f, first->trial);
	if (err == 1)
		err = pw_diag_system(f->diags, EAGAIN,
				     "somebody else changes table inet " PW_TABLE);
	return err;
}

static int give_up(const struct pw_fill *f)
{
	return pw_diag_system(f->diags, EAGAIN,
			      "others kept changing the rules of this host for 5 seconds; nothing was changed in table inet " PW_TABLE);
}

static int fill_patiently(struct pw_fill *f)
{
	pw_owned(pw_kernel_free) struct pw_kernel *again = NULL;
	struct pw_backoff backoff = { 0 };
	int err = fill_once(f);

	while (err == -ERESTART || err == -EINPROGRESS) {
		f->now = f->first;
		pw_kernel_free(PW_TAKE(again));
		err = pw_backoff_wait(&backoff, f->nl);
		if (err)
			return give_up(f);
		err = pw_kernel_read(f->nl, 0, &again, f->diags);
		if (err)
			return err;
		f->now = again;
		if (is_filled(f))
			break;
		err = refuse_changed(f);
		if (!err)
			err = fill_once(f);
	}
	f->now = f->first;
	return err;
}

static int check_fresh(const struct pw_fill *f)
{
	int err = 0;

	for (size_t i = 0; i < f->want->num_sets && !err; i++) {
		if (f->fresh[i])
			err = pw_load_check_set(f->nl, &f->want->sets[i],
						f->diags);
	}
	return err;
}

/* A generation that failed its checks; what remains goes with the next apply */
static void clean_up(struct pw_fill *f)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	pw_owned(pw_kernel_free) struct pw_kernel *again = NULL;

	uint32_t genid;

	if (!unsaid)
		return;
	f->diags = unsaid;
	if (!f->first->exists) {
		(void)pw_load_clear(f->nl, unsaid);
		return;
	}
	if (pw_kernel_read(f->nl, 0, &again, unsaid))
		return;
	f->now = again;
	genid = again->genid;
	(void)pw_fill_delete_stale(f, NULL, &genid);
}

int pw_load_fill(struct pw_nl *nl, const struct pw_ruleset *want,
		 const struct pw_stamp *stamp, const struct pw_kernel *kernel,
		 struct pw_diags *diags)
{
	struct pw_fill f = {
		.nl = nl, .want = want, .stamp = stamp, .diags = diags,
		.first = kernel, .now = kernel,
	};
	int err = pw_load_refuse_format(kernel->exists, kernel->format, diags);

	if (err)
		return err;
	assert(stamp->generation && stamp->generation != kernel->current &&
	       stamp->generation != kernel->trial);
	f.fresh = calloc(want->num_sets + 1, sizeof(*f.fresh));
	if (!f.fresh)
		return -ENOMEM;
	err = fill_patiently(&f);
	f.begun |= !err;
	if (!err)
		err = check_fresh(&f);
	if (err && f.begun)
		clean_up(&f);
	free(f.fresh);
	return err;
}
