// SPDX-License-Identifier: GPL-2.0-or-later
/* What nft's text can say and its JSON cannot. */
#include <errno.h>

#include "nft/code.h"
#include "nft/json.h"
#include "ruleset/elems.h"

#define MS_PER_S 1000

/* nft takes a text that begins with @ for the name of a set */
static int check_name(const struct pw_range *range, struct pw_diags *diags)
{
	char name[17];

	if (*pw_ifname_format(range, name) != '@')
		return 0;
	pw_diag_error(diags, NULL,
		      "nft's JSON has no way to write interface '%s'", name);
	pw_diag_hint(diags, "--as=nft writes it as text");
	return -EINVAL;
}

/* Nothing that the compiler makes: its times are whole seconds */
static int check_time(const char *set, uint64_t ms, struct pw_diags *diags)
{
	if (!(ms % MS_PER_S))
		return 0;
	pw_diag_system(diags, EOPNOTSUPP,
		       "a time of set %s in nft's JSON, which has only seconds",
		       set);
	return -EOPNOTSUPP;
}

static bool updates(const struct pw_rule *rule, uint32_t set)
{
	for (size_t i = 0; i < rule->num_effects; i++)
		if (rule->effects[i].kind == PW_E_UPDATE &&
		    rule->effects[i].set == set)
			return true;
	return false;
}

/* nft 1.0.6 makes a set dynamic where a rule updates it, and not on request */
static int check_dynamic(const struct pw_ruleset *rs, uint32_t set,
			 struct pw_diags *diags)
{
	if (!rs->sets[set].dynamic)
		return 0;
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t k = 0; k < rs->chains[i].num_rules; k++)
			if (updates(&rs->chains[i].rules[k], set))
				return 0;
	pw_diag_system(diags, EOPNOTSUPP,
		       "set %s in nft's JSON, where no rule updates it",
		       rs->sets[set].name);
	return -EOPNOTSUPP;
}

static int check_set(const struct pw_ruleset *rs, uint32_t index,
		     struct pw_diags *diags)
{
	const struct pw_set *set = &rs->sets[index];
	int err = check_time(set->name, set->timeout_ms, diags);
	struct pw_set_iter iter = { 0 };
	struct pw_range piece;

	if (!err)
		err = check_dynamic(rs, index, diags);
	while (!err && set->type == PW_T_IFNAME &&
	       pw_set_next_piece(set, &iter, &piece))
		err = check_name(&piece, diags);
	return err;
}

static int check_rule(const struct pw_ruleset *rs, const struct pw_rule *rule,
		      struct pw_diags *diags)
{
	int err = 0;

	for (size_t i = 0; !err && i < rule->num_matches; i++) {
		const struct pw_match *m = &rule->matches[i];

		if (m->set == PW_NONE &&
		    field_codes[m->field].shape == SHAPE_NAME)
			err = check_name(&m->range, diags);
	}
	for (size_t i = 0; !err && i < rule->num_effects; i++) {
		const struct pw_effect *e = &rule->effects[i];

		if (e->kind == PW_E_UPDATE)
			err = check_time(rs->sets[e->set].name, e->timeout_ms,
					 diags);
	}
	return err;
}

int json_check(const struct pw_ruleset *rs, struct pw_diags *diags)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < rs->num_sets; i++)
		err = check_set(rs, i, diags);
	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t k = 0; !err && k < rs->chains[i].num_rules; k++)
			err = check_rule(rs, &rs->chains[i].rules[k], diags);
	return err;
}
