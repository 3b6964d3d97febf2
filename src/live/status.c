// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in force, told from the kernel alone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/changed.h"
#include "live/rulesdigest.h"
#include "portwall/compile.h"
#include "portwall/live.h"

/* "g7.local" */
static bool is_of_generation(const char *name)
{
	size_t digits = name[0] == 'g' ? strspn(name + 1, "0123456789") : 0;

	return digits && name[1 + digits] == '.';
}

bool pw_chain_is_strange(const struct pw_chain *chain)
{
	return chain->hook == PW_HOOK_NONE && !is_of_generation(chain->name);
}

static bool has_stranger(const struct pw_ruleset *table)
{
	for (size_t i = 0; i < table->num_chains; i++)
		if (pw_chain_is_strange(&table->chains[i]))
			return true;
	return false;
}

static bool is_changed(const struct pw_kernel *kernel,
		       const struct pw_stamp *stamp,
		       const struct pw_ruleset *rules)
{
	uint8_t digest[32];

	if (kernel->dormant || has_stranger(kernel->rules))
		return true;
	pw_rules_digest(rules, digest);
	return memcmp(digest, stamp->rules, sizeof(digest)) != 0;
}

static int find_changed(const struct pw_kernel *kernel, uint32_t n,
			const struct pw_stamp *stamp, bool *changed)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = NULL;
	int err = pw_kernel_generation(kernel, n, &rules);

	if (!err)
		*changed = is_changed(kernel, stamp, rules);
	return err;
}

int pw_kernel_changed(const struct pw_kernel *kernel, bool *changed)
{
	return find_changed(kernel, pw_kernel_in_force(kernel),
			    pw_kernel_stamp(kernel), changed);
}

/* What is wrong with all of the table is told of the rules in force */
static int look_behind(struct pw_status *status)
{
	const struct pw_kernel *kernel = status->kernel;

	if (!kernel->trial_left_ms || !kernel->current || kernel->dormant ||
	    has_stranger(kernel->rules))
		return 0;
	return find_changed(kernel, kernel->current, &kernel->stamp,
			    &status->fallback_changed);
}

static int read_rules(struct pw_status *status)
{
	const struct pw_kernel *kernel = status->kernel;
	const uint32_t n = pw_kernel_in_force(kernel);
	int err = n ? pw_kernel_generation(kernel, n, &status->rules) : 0;

	if (err)
		return err;
	status->changed = pw_diags_kept(status->strange) ||
			  (status->rules &&
			   is_changed(kernel, pw_kernel_stamp(kernel),
				      status->rules));
	return look_behind(status);
}

/* What is no opening is told as strange, and then there are none */
static int read_openings(struct pw_nl *nl, struct pw_status *status,
			 struct pw_diags *diags)
{
	int err = 0;

	if (status->kernel->format == PW_FORMAT)
		err = pw_openings_read(nl, &status->openings, status->strange);
	if (err == -EOPNOTSUPP) {
		status->openings = calloc(1, sizeof(*status->openings));
		err = status->openings ? 0 : -ENOMEM;
	}
	return err && err != -ENOMEM ?
		       pw_diag_system(diags, -err,
				      "cannot read temporary openings") : err;
}

int pw_status_read(struct pw_status **out, struct pw_diags *diags)
{
	pw_owned(pw_status_free) struct pw_status *status =
		calloc(1, sizeof(*status));
	pw_owned(pw_nl_close) struct pw_nl *nl = NULL;
	int err = status ? pw_nl_open(&nl, diags) : -ENOMEM;

	if (!err)
		err = pw_kernel_look(nl, &status->kernel, &status->strange,
				     diags);
	if (!err)
		err = read_openings(nl, status, diags);
	if (!err)
		err = read_rules(status);
	if (err)
		return err;
	status->state = pw_live_state_of(status->kernel);
	*out = PW_TAKE(status);
	return 0;
}

static bool is_unread(const struct pw_set *set)
{
	return set->constant && !set->elems;
}

static bool has_unread(const struct pw_ruleset *rules)
{
	for (size_t i = 0; rules && i < rules->num_sets; i++)
		if (is_unread(&rules->sets[i]))
			return true;
	return false;
}

static void complete(struct pw_set *set, const struct pw_ruleset *from)
{
	uint32_t at = pw_ruleset_find_set(from, set->name);
	const struct pw_set *known = at == PW_NONE ? NULL : &from->sets[at];

	if (known && known->constant && known->type == set->type &&
	    known->interval == set->interval)
		set->elems = pw_rangeset_ref(known->elems);
}

int pw_status_complete(struct pw_status *status,
		       const struct pw_intent *intent, struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *compiled = NULL;
	struct pw_ruleset *rules = status->rules;
	int err;

	if (!has_unread(rules))
		return 0;
	err = pw_compile(intent->model, pw_kernel_in_force(status->kernel),
			 &compiled, diags);
	for (size_t i = 0; !err && i < rules->num_sets; i++)
		if (is_unread(&rules->sets[i]))
			complete(&rules->sets[i], compiled);
	return err;
}

void pw_status_free(struct pw_status *status)
{
	if (!status)
		return;
	pw_diags_free(status->strange);
	pw_openings_free(status->openings);
	pw_ruleset_free(status->rules);
	pw_kernel_free(status->kernel);
	free(status);
}
