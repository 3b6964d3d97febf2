// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel made of the rules: compared with what was proved. */
#include "live/readback.h"

#include <errno.h>
#include <stdlib.h>

/* @from's rules into chain @to of @got; they only go to chains */
static int copy_rules(const struct pw_ruleset *want,
		      const struct pw_chain *from, struct pw_ruleset *got,
		      uint32_t to)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->num_rules; i++) {
		struct pw_rule rule = from->rules[i];
		const char *target = want->chains[rule.verdict.chain].name;

		rule.verdict.chain = pw_ruleset_find_chain(got, target);
		if (rule.verdict.chain == PW_NONE)
			return -ENOENT;
		err = pw_ruleset_add_rule(got, to, &rule);
	}
	return err;
}

/* The base chain as the switch will leave it */
static int assume_base(const struct pw_ruleset *want,
		       const struct pw_chain *base, struct pw_ruleset *got)
{
	uint32_t at = pw_ruleset_find_chain(got, base->name);

	if (at == PW_NONE) {
		int64_t added = pw_ruleset_add_base(got, base->name,
						    base->hook, base->priority,
						    base->policy);

		if (added < 0)
			return (int)added;
		at = (uint32_t)added;
	}
	got->chains[at].policy = base->policy;
	return copy_rules(want, base, got, at);
}

/* Also when the chain that a base chain goes to is missing: diff names it */
static int assume_switched(const struct pw_ruleset *want,
			   struct pw_ruleset *got)
{
	int err = 0;

	for (size_t i = 0; !err && i < want->num_chains; i++)
		if (want->chains[i].hook != PW_HOOK_NONE)
			err = assume_base(want, &want->chains[i], got);
	if (err && err != -ENOENT)
		return err;
	return pw_ruleset_sort(got);
}

static int compare(const struct pw_ruleset *want, const struct pw_ruleset *got,
		   struct pw_diags *diags)
{
	char *what = NULL;
	int ret = pw_ruleset_diff(want, got, &what);

	if (ret > 0) {
		pw_diag_error(diags, NULL,
			      "the kernel's rules are not those that were loaded: %s",
			      what);
		pw_diag_hint(diags,
			     "if somebody put it there: take it out with nft, or the whole table with: portwall clear");
		ret = -EPROTO;
	}
	free(what);
	return ret;
}

/* Reads generation @n as the kernel has it */
static int read_generation(struct pw_nl *nl, uint32_t n, uint32_t *genid,
			   struct pw_ruleset **out, struct pw_diags *diags)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	int err = pw_kernel_read(nl, n, &kernel, diags);

	if (err)
		return err;
	if (!kernel->exists) {
		pw_diag_error(diags, NULL,
			      "somebody removed table inet " PW_TABLE " meanwhile");
		return -EPROTO;
	}
	*genid = kernel->genid;
	return pw_kernel_generation(kernel, n, out);
}

int pw_readback_filled(struct pw_nl *nl, const struct pw_ruleset *want,
		       uint32_t generation, uint32_t *genid,
		       struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = NULL;
	int err = read_generation(nl, generation, genid, &got, diags);

	if (!err)
		err = assume_switched(want, got);
	return err ? err : compare(want, got, diags);
}

/* The base chains of @want, and what they go to without its rules */
static int bases_of(const struct pw_ruleset *want, struct pw_ruleset **out)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = pw_ruleset_new();
	int err = rs ? 0 : -ENOMEM;

	for (size_t i = 0; i < want->num_chains && !err; i++) {
		const struct pw_chain *base = &want->chains[i];

		if (base->hook == PW_HOOK_NONE)
			continue;
		for (size_t j = 0; j < base->num_rules && !err; j++)
			if (pw_ruleset_add_chain(rs, want->chains[
				    base->rules[j].verdict.chain].name) < 0)
				err = -ENOMEM;
		if (!err)
			err = assume_base(want, base, rs);
	}
	if (!err)
		err = pw_ruleset_sort(rs);
	if (!err)
		*out = PW_TAKE(rs);
	return err;
}

/* 0 when base chains, the only thing that is new, are as wanted */
static int look_at_bases(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, uint32_t genid)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *bases = NULL, *got = NULL;
	char *what = NULL;
	int err = bases_of(want, &bases);

	if (!err)
		err = pw_kernel_read_bases(nl, want, generation, genid, &got);
	if (!err)
		err = pw_ruleset_diff(bases, got, &what);
	free(what);
	return err;
}

int pw_readback_switched(struct pw_nl *nl, const struct pw_ruleset *want,
			 uint32_t generation, uint32_t genid,
			 struct pw_diags *diags)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *got = NULL;
	int err;

	if (!look_at_bases(nl, want, generation, genid))
		return 0;
	err = read_generation(nl, generation, &genid, &got, diags);
	return err ? err : compare(want, got, diags);
}
