// SPDX-License-Identifier: GPL-2.0-or-later
/* Differences of two rulesets as drift, in words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "live/drift_list.h"
#include "nft/print.h"
#include "portwall/text.h"
#include "ruleset/differences.h"

#define TABLE "table inet " PW_TABLE

static const enum pw_drift_kind kinds[] = {
	[PW_DIFFERENCE_ADDED] = PW_DRIFT_ADDED,
	[PW_DIFFERENCE_GONE] = PW_DRIFT_GONE,
	[PW_DIFFERENCE_EMPTIED] = PW_DRIFT_FLUSHED,
	[PW_DIFFERENCE_CHANGED] = PW_DRIFT_CHANGED,
};

/* Where the words come from, and where they go */
struct telling {
	const struct pw_ruleset *want, *got, *table;
	const char *hint;
	struct pw_drifts *out;
};

/* As nft writes it; NULL: no memory */
static char *rule_text(const struct pw_ruleset *rs, uint32_t chain, size_t rule)
{
	char *text = NULL;
	size_t len;
	FILE *out = pw_text_open(&text, &len);

	if (!out)
		return NULL;
	print_rule(rs, &rs->chains[chain].rules[rule], out);
	return fclose(out) ? NULL : text;
}

int pw_drift_extra_rule(const struct pw_ruleset *rs, uint32_t chain,
			size_t rule, const char *hint, struct pw_drifts *out)
{
	char *text = rule_text(rs, chain, rule);
	int err = -ENOMEM;

	if (text)
		err = pw_drift_add(out, PW_DRIFT_ADDED, hint,
				   TABLE ", chain %s: a rule was put in, handle %" PRIu64 ": %s",
				   rs->chains[chain].name,
				   rs->chains[chain].rules[rule].handle, text);
	free(text);
	return err;
}

int pw_drift_extra_chain(const struct pw_chain *chain, const char *hint,
			 struct pw_drifts *out)
{
	return pw_drift_add(out, PW_DRIFT_ADDED, hint,
			    TABLE ", chain %s was put in, with %zu rule%s",
			    chain->name, chain->num_rules,
			    chain->num_rules == 1 ? "" : "s");
}

static int tell_gone_rule(const struct telling *t,
			  const struct pw_difference *d)
{
	char *text = rule_text(t->want, d->want, d->want_rule);
	int err = -ENOMEM;

	if (text)
		err = pw_drift_add(t->out, PW_DRIFT_GONE, t->hint,
				   TABLE ", chain %s: rule %zu is gone: %s",
				   t->want->chains[d->want].name,
				   d->want_rule + 1, text);
	free(text);
	return err;
}

static int tell_changed_rule(const struct telling *t,
			     const struct pw_difference *d)
{
	char *was = rule_text(t->want, d->want, d->want_rule);
	char *is = rule_text(t->got, d->got, d->got_rule);
	const struct pw_chain *chain = &t->got->chains[d->got];
	int err = -ENOMEM;

	if (was && is)
		err = pw_drift_add(t->out, PW_DRIFT_CHANGED, t->hint,
				   TABLE ", chain %s: rule %zu, handle %" PRIu64 ", is another one now (%s): %s; it was: %s",
				   chain->name, d->got_rule + 1,
				   chain->rules[d->got_rule].handle, d->part,
				   is, was);
	free(was);
	free(is);
	return err;
}

static int tell_rule(const struct telling *t, const struct pw_difference *d)
{
	switch (d->kind) {
	case PW_DIFFERENCE_ADDED:
		return pw_drift_extra_rule(t->got, d->got, d->got_rule,
					   t->hint, t->out);
	case PW_DIFFERENCE_GONE:
		return tell_gone_rule(t, d);
	default:
		return tell_changed_rule(t, d);
	}
}

static const char *name_of(const struct pw_ruleset *rs, enum pw_thing thing,
			   uint32_t index)
{
	switch (thing) {
	case PW_THING_OBJ:
		return rs->objs[index].name;
	case PW_THING_SET:
		return rs->sets[index].name;
	case PW_THING_MAP:
		return rs->maps[index].name;
	default:
		return rs->chains[index].name;
	}
}

static bool has_rules(const struct pw_ruleset *table, const char *chain)
{
	uint32_t at = pw_ruleset_find_chain(table, chain);

	return at != PW_NONE && table->chains[at].num_rules;
}

/* With all its rules: a generation has those that matter to it */
static const struct pw_chain *chain_in_table(const struct telling *t,
					     const char *name)
{
	return &t->table->chains[pw_ruleset_find_chain(t->table, name)];
}

/* What is no rule */
static int tell_thing(const struct telling *t, const struct pw_difference *d)
{
	static const char *const nouns[] = {
		[PW_THING_OBJ] = "object", [PW_THING_SET] = "set",
		[PW_THING_MAP] = "map", [PW_THING_CHAIN] = "chain",
	};
	const char *name = d->got == PW_NONE ?
		name_of(t->want, d->thing, d->want) :
		name_of(t->got, d->thing, d->got);

	if (d->kind == PW_DIFFERENCE_EMPTIED && has_rules(t->table, name))
		return 0;
	if (d->kind == PW_DIFFERENCE_EMPTIED)
		return pw_drift_add(t->out, PW_DRIFT_FLUSHED, t->hint,
				    TABLE ", chain %s was flushed: nothing is left of %zu rule%s",
				    name, t->want->chains[d->want].num_rules,
				    t->want->chains[d->want].num_rules == 1 ?
				    "" : "s");
	if (d->kind == PW_DIFFERENCE_ADDED && d->thing == PW_THING_CHAIN)
		return pw_drift_extra_chain(chain_in_table(t, name), t->hint,
					    t->out);
	return pw_drift_add(t->out, kinds[d->kind], t->hint, TABLE ", %s %s %s",
			    nouns[d->thing], name,
			    d->kind == PW_DIFFERENCE_ADDED ? "was put in" :
			    d->kind == PW_DIFFERENCE_GONE ? "is gone" : d->part);
}

int pw_drift_rules(const struct pw_ruleset *want, const struct pw_ruleset *got,
		   const struct pw_ruleset *table, const char *hint,
		   struct pw_drifts *out)
{
	pw_owned(pw_differences_free) struct pw_differences *found = NULL;
	const struct telling t = { want, got, table, hint, out };
	int err = pw_differences_find(want, got, &found);

	for (size_t i = 0; !err && i < found->num; i++)
		err = found->list[i].thing == PW_THING_RULE ?
			      tell_rule(&t, &found->list[i]) :
			      tell_thing(&t, &found->list[i]);
	return err;
}
