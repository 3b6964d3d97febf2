// SPDX-License-Identifier: GPL-2.0-or-later
/* What somebody did to our own table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/changed.h"
#include "live/drift_list.h"
#include "nft/kernel.h"
#include "portwall/compile.h"

#define TABLE "table inet " PW_TABLE

/**
 * struct ours
 * @compared:	with what was applied: what follows tells of the rest
 * @hint:	what to do about all of it
 */
struct ours {
	const struct pw_status *status;
	const struct pw_kernel *kernel;
	struct pw_drifts *out;
	bool compared;
	char hint[200];
};

/* What it was read from may say something else by now: boot asks nobody */
static int choose_hint(struct ours *o, const struct pw_where *where)
{
	const struct pw_stamp *stamp = pw_kernel_stamp(o->kernel);
	const char *hint = "put it back: portwall boot";
	bool boots;
	int err = pw_drift_boots(o->status, where, &boots);

	if (err)
		return err;
	if (o->kernel->trial_left_ms)
		hint = "try it again, or end the trial: portwall rollback";
	else if (!boots)
		hint = "put it back: apply the policy again";
	if (boots || o->kernel->trial_left_ms || !*stamp->source ||
	    !strcmp(stamp->source, "-"))
		snprintf(o->hint, sizeof(o->hint), "%s", hint);
	else
		snprintf(o->hint, sizeof(o->hint),
			 "put it back: portwall apply %s", stamp->source);
	return 0;
}

/* A chain that the comparison with the policy does not see */
static bool is_unseen(const struct ours *o, const char *name)
{
	const struct pw_ruleset *rules = o->compared ? o->status->rules : NULL;

	return !rules || pw_ruleset_find_chain(rules, name) == PW_NONE;
}

/* Those that nothing of ours leads to, too */
static int find_strange_chains(const struct ours *o)
{
	const struct pw_ruleset *rs = o->kernel->rules;
	int err = 0;

	for (size_t i = 0; !err && i < rs->num_chains; i++)
		if (pw_chain_is_strange(&rs->chains[i]) &&
		    is_unseen(o, rs->chains[i].name))
			err = pw_drift_extra_chain(&rs->chains[i], o->hint,
						   o->out);
	return err;
}

/* Without the words of the error that it was to the decoder */
static int said_len(const char *text)
{
	static const char end[] = "Operation not supported";
	size_t len = strlen(text);

	if (len > sizeof(end) && !strcmp(text + len - strlen(end), end))
		len -= strlen(": ") + strlen(end);
	return (int)len;
}

/* What the decoder has named already */
static int find_undecoded(const struct ours *o)
{
	const struct pw_diags *strange = o->status->strange;
	int err = 0;

	for (size_t i = 0; !err && i < pw_diags_kept(strange); i++) {
		const char *text = pw_diags_get(strange, i)->text;

		err = pw_drift_add(o->out, PW_DRIFT_ADDED, o->hint,
				   TABLE ", %.*s", said_len(text), text);
	}
	return err;
}

/* Where a rule of a base chain goes: to a chain that is none of ours? */
static bool leads_astray(const struct pw_ruleset *rs,
			 const struct pw_rule *rule)
{
	const struct pw_verdict *v = &rule->verdict;

	return (v->kind == PW_V_JUMP || v->kind == PW_V_GOTO) &&
	       pw_chain_is_strange(&rs->chains[v->chain]);
}

/* Without the policy all that can be told of the rules of base chains */
static int find_astray(const struct ours *o, uint32_t chain)
{
	const struct pw_ruleset *rs = o->kernel->rules;
	const struct pw_chain *base = &rs->chains[chain];
	int err = 0;

	for (size_t i = 0; !err && i < base->num_rules; i++)
		if (leads_astray(rs, &base->rules[i]))
			err = pw_drift_extra_rule(rs, chain, i, o->hint,
						  o->out);
	return err;
}

static int find_all_astray(const struct ours *o)
{
	const struct pw_ruleset *rs = o->kernel->rules;
	int err = 0;

	for (uint32_t i = 0; !err && i < rs->num_chains; i++)
		if (rs->chains[i].hook != PW_HOOK_NONE && !o->compared)
			err = find_astray(o, i);
	return err;
}

static int compare(const struct ours *o, const struct pw_intent *intent,
		   struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *want = NULL;
	int err = pw_compile(intent->model, pw_kernel_in_force(o->kernel),
			     &want, diags);

	return err ? err : pw_drift_rules(want, o->status->rules,
					  o->kernel->rules, o->hint, o->out);
}

/* Something did, and nothing more can be told */
static int find_unnamed(const struct ours *o, const struct pw_intent *intent)
{
	return pw_drift_add(o->out, PW_DRIFT_CHANGED, o->hint,
			    TABLE " was changed by somebody%s",
			    intent ? "" :
			    "; the policy is not remembered, so what was changed is not known");
}

static int find_changes(struct ours *o, const struct pw_intent *intent,
			struct pw_diags *diags)
{
	const size_t before = o->out->num;
	int err = find_undecoded(o);

	o->compared = intent && o->status->rules;
	if (!err)
		err = find_strange_chains(o);
	if (!err)
		err = find_all_astray(o);
	if (!err && o->compared)
		err = compare(o, intent, diags);
	if (!err && o->out->num == before && !o->kernel->dormant)
		err = find_unnamed(o, intent);
	return err;
}

static bool has_base(const struct pw_kernel *kernel)
{
	for (size_t i = 0; i < kernel->rules->num_chains; i++)
		if (kernel->rules->chains[i].hook != PW_HOOK_NONE)
			return true;
	return false;
}

int pw_drift_ours(const struct pw_status *status,
		  const struct pw_intent *intent,
		  const struct pw_where *where, struct pw_drifts *out,
		  struct pw_diags *diags)
{
	struct ours o = { .status = status, .kernel = status->kernel,
			  .out = out };
	int err = 0;

	if (!o.kernel->exists || o.kernel->format != PW_FORMAT)
		return 0;
	if (status->changed || !status->rules)
		err = choose_hint(&o, where);
	if (!err && o.kernel->dormant)
		err = pw_drift_add(out, PW_DRIFT_ASLEEP, o.hint,
				   TABLE " was put to sleep (flag dormant): none of it has an effect");
	if (!err && !status->rules && has_base(o.kernel) && !o.kernel->trial)
		err = pw_drift_add(out, PW_DRIFT_FLUSHED, o.hint,
				   TABLE " was flushed: no policy is in force");
	if (!err && status->fallback_changed)
		err = pw_drift_add(out, PW_DRIFT_FALLBACK,
				   "end the trial, then put them back: portwall rollback, portwall boot",
				   TABLE ": the rules that the trial returns to were changed by somebody");
	if (err || !status->changed)
		return err;
	return find_changes(&o, intent, diags);
}
