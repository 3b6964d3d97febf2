/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The proof that rules mean what the model says, for every packet. */
#include "compile/prove.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/compile.h"

/* Below this, runs cost more than they save */
#define SHARE_FROM 4

const struct base pw_proof_bases[NUM_BASES] = {
	{ "prerouting", PW_HOOK_PREROUTING, -199, false, pw_judge_prerouting },
	{ "input", PW_HOOK_INPUT, 0, true, pw_judge_input },
	{ "forward", PW_HOOK_FORWARD, -1, false, pw_judge_forward },
};

static int check_base(struct proof *p, const struct base *base)
{
	uint32_t index = pw_ruleset_find_chain(p->rs, base->name);
	const struct pw_chain *c;

	if (index == PW_NONE)
		return pw_proof_failed(p->diags, "there is no base chain %s",
				       base->name);
	c = &p->rs->chains[index];
	if (c->hook != base->hook || c->priority != base->priority)
		return pw_proof_failed(p->diags,
			   "base chain %s is not at its hook and priority %d",
			   base->name, base->priority);
	if (c->policy != PW_V_ACCEPT && !(base->may_drop &&
					  c->policy == PW_V_DROP))
		return pw_proof_failed(p->diags,
			   "base chain %s has the wrong policy", base->name);
	return 0;
}

static int check_bases(struct proof *p)
{
	size_t num = 0;
	int err = 0;

	for (size_t i = 0; i < NUM_BASES && !err; i++)
		err = check_base(p, &pw_proof_bases[i]);
	for (size_t i = 0; i < p->rs->num_chains; i++)
		num += p->rs->chains[i].hook != PW_HOOK_NONE;
	if (!err && num != NUM_BASES)
		err = pw_proof_failed(p->diags,
			   "there are %zu base chains in place of %d", num,
			   NUM_BASES);
	return err;
}

static void clear_class(struct class *class)
{
	free(class->sections);
	free(class->drop.items);
	free(class->open.items);
	free(class->limited.items);
}

static void clear_transport(struct transport *tr)
{
	for (size_t i = 0; i < tr->num; i++)
		clear_class(&tr->classes[i]);
	free(tr->classes);
	free(tr->class_of);
	free(tr->wide);
	free(tr->seen);
}

static void proof_clear(struct proof *p)
{
	for (size_t i = 0; p->sections && i < p->model->num_sections; i++)
		free(p->sections[i].areas.items);
	for (int t = 0; t < PW_NUM_TRANSPORTS; t++)
		clear_transport(&p->transports[t]);
	for (size_t i = 0; i < p->num_protocols; i++)
		clear_class(&p->protocols[i]);
	free(p->sections);
	free(p->protocols);
	free(p->silent.items);
	clear_class(&p->pings);
	pw_eval_free(p->ev);
}

static int read_policy(struct proof *p)
{
	int err = pw_proof_read_sections(p);

	if (!err)
		err = pw_proof_read_classes(p);
	if (!err)
		err = pw_proof_read_limits(p);
	pw_proof_read_steps(p);
	return err ? err : pw_space_error(&p->ev->space);
}

static int prove_all(struct proof *p)
{
	size_t ends[NUM_BASES + 1] = { 0 };
	size_t num_marks = 0;
	int err = 0;

	for (size_t i = 0; i < NUM_BASES && !err; i++) {
		struct pw_box all;

		pw_eval_domain(p->ev, pw_proof_bases[i].hook, &all);
		err = pw_eval_base(p->ev, pw_ruleset_find_chain(p->rs,
								pw_proof_bases[i].name),
				   &all);
		ends[i + 1] = p->ev->num_cells;
		if (pw_proof_bases[i].hook == PW_HOOK_PREROUTING)
			num_marks = p->ev->num_marks;
	}
	if (!err)
		err = read_policy(p);
	for (size_t i = 0; i < NUM_BASES && !err; i++)
		err = pw_proof_judge_cells(p, &pw_proof_bases[i],
					   p->ev->cells + ends[i],
					   ends[i + 1] - ends[i]);
	if (!err)
		err = pw_proof_judge_runs(p);
	return err ? err : pw_proof_check_marks(p, num_marks);
}

int pw_prove(const struct pw_model *model, const struct pw_ruleset *rs,
	     struct pw_diags *diags)
{
	struct proof p = { .model = model, .rs = rs, .diags = diags };
	int err = pw_ruleset_check(rs, diags);

	if (!err)
		err = check_bases(&p);
	if (!err)
		err = pw_proof_check_sets(&p);
	if (!err)
		err = pw_eval_new(rs, &p.ev);
	if (!err) {
		p.ev->share = SHARE_FROM;
		err = prove_all(&p);
	}
	/* Without memory regions are lost, and what is lost does not differ */
	if (!err)
		err = pw_space_error(&p.ev->space);
	proof_clear(&p);
	return err;
}
