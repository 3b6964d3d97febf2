// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies out of the state directory, resolved on this host. */
#include "live/remembered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pw_diags_pass_errors(const struct pw_diags *from, struct pw_diags *to)
{
	for (size_t i = 0; i < pw_diags_kept(from); i++) {
		const struct pw_diag *diag = pw_diags_get(from, i);

		if (diag->severity != PW_ERROR)
			continue;
		pw_diag_error(to, NULL, "%s%s%s", diag->where ?: "",
			      diag->where ? ": " : "", diag->text);
		if (diag->hint)
			pw_diag_hint(to, "%s", diag->hint);
	}
}

/* A look at bundles, one after the other */
struct search {
	struct pw_state *state;
	const uint8_t *digest;
	struct pw_diags *unsaid;
	struct pw_bundle *found;
	bool damaged;
};

static int look_at(struct search *s, enum pw_remembered which, uint32_t entry)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	int err = pw_state_read(s->state, which, entry, &bundle, s->unsaid);

	if (err == -EBADMSG)
		s->damaged = true;
	if (err == -EBADMSG || err == -ENOENT)
		return 0;
	if (!err && pw_bundle_is(bundle, s->digest))
		s->found = PW_TAKE(bundle);
	return err;
}

static int look_at_history(struct search *s)
{
	uint32_t *entries = NULL;
	size_t num = 0;
	int err = pw_state_history(s->state, &entries, &num, s->unsaid);

	for (size_t i = 0; !err && !s->found && i < num; i++)
		err = look_at(s, PW_REMEMBERED_ENTRY, entries[i]);
	free(entries);
	return err;
}

/*
 * -ENOENT without a message: none has it; -EBADMSG: none has it, and one that is
 * damaged may be the one, with a message
 */
static int find(struct pw_state *state, const uint8_t digest[32],
		struct pw_bundle **out, struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	struct search s = { state, digest, unsaid, NULL, false };
	int err = unsaid ? 0 : -ENOMEM;

	if (!state)
		return -ENOENT;
	if (!err)
		err = look_at(&s, PW_REMEMBERED_APPLIED, 0);
	if (!err && !s.found)
		err = look_at(&s, PW_REMEMBERED_TRIAL, 0);
	if (!err && !s.found)
		err = look_at_history(&s);
	if (!err && !s.found)
		err = s.damaged ? -EBADMSG : -ENOENT;
	if (err && unsaid)
		pw_diags_pass_errors(unsaid, diags);
	if (!err)
		*out = s.found;
	return err;
}

static int resolve(struct pw_state *state, const struct pw_bundle *bundle,
		   bool blind, struct pw_intent **out, struct pw_diags *diags)
{
	pw_owned(pw_intent_free) struct pw_intent *intent =
		calloc(1, sizeof(*intent));
	int err = -ENOMEM;

	if (intent)
		err = blind ? pw_host_gather_blind(&intent->host) :
			      pw_host_gather(&intent->host, diags);
	if (!err)
		err = pw_bundle_load(state, bundle, intent->host,
				     &intent->policy, &intent->model, diags);
	if (err)
		return err;
	*out = PW_TAKE(intent);
	return 0;
}

int pw_bundle_resolve(struct pw_state *state, const struct pw_bundle *bundle,
		      bool blind, struct pw_intent **out,
		      struct pw_diags *diags)
{
	pw_owned(pw_diags_free) struct pw_diags *unsaid = pw_diags_new();
	int err = unsaid ? resolve(state, bundle, blind, out, unsaid) : -ENOMEM;

	if (err && unsaid)
		pw_diags_pass_errors(unsaid, diags);
	return err;
}

int pw_intent_find(struct pw_state *state, const uint8_t digest[32],
		   struct pw_intent **out, struct pw_diags *diags)
{
	pw_owned(pw_bundle_free) struct pw_bundle *bundle = NULL;
	int err = find(state, digest, &bundle, diags);

	return err ? err : pw_bundle_resolve(state, bundle, false, out, diags);
}

int pw_intent_in_force(const struct pw_where *where,
		       const struct pw_stamp *stamp, struct pw_intent **out,
		       struct pw_diags *diags)
{
	pw_owned(pw_state_close) struct pw_state *state = NULL;
	int err = where->state_dir ? 0 : -ENOENT;

	if (!err)
		err = pw_state_open(where->state_dir, false, &state, diags);
	return err ? err : pw_intent_find(state, stamp->digest, out, diags);
}
