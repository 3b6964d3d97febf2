// SPDX-License-Identifier: GPL-2.0-or-later
/* From the model to rules: one generation of the table in docs/rules.md. */
#include "portwall/compile.h"

#include <errno.h>
#include <stdlib.h>

#include "compile/parts.h"

static uint32_t *no_indices(struct build *b)
{
	size_t num = b->model->num_sections;
	uint32_t *indices = calloc(num + 1, sizeof(*indices));

	if (!indices) {
		pw_fail(b, -ENOMEM);
		return NULL;
	}
	for (size_t i = 0; i < num; i++)
		indices[i] = PW_NONE;
	return indices;
}

static void build_init(struct build *b)
{
	b->bridges = PW_NONE;
	b->follow = b->model->containers == PW_CONTAINERS_FOLLOW;
	b->counters = no_indices(b);
	b->limiters = no_indices(b);
	b->tails = no_indices(b);
	b->rs = pw_ruleset_new();
	if (!b->rs)
		pw_fail(b, -ENOMEM);
}

static void build_clear(struct build *b)
{
	free(b->sets);
	free(b->slots);
	free(b->counters);
	free(b->limiters);
	free(b->tails);
	pw_ruleset_free(b->rs);
}

static void build_table(struct build *b)
{
	if (b->follow && !pw_rangeset_empty(b->model->bridges) &&
	    !pw_is_every_name(b->model->bridges))
		b->bridges = pw_const_set(b, 'i', "", PW_T_IFNAME, true,
					  b->model->bridges);
	pw_emit_arrival(b);
	pw_emit_judge(b);
	if (!b->err)
		pw_fail(b, pw_ruleset_sort(b->rs));
	if (!b->err)
		pw_fail(b, pw_ruleset_check(b->rs, b->diags));
}

int pw_compile(const struct pw_model *model, uint32_t generation,
	       struct pw_ruleset **out, struct pw_diags *diags)
{
	struct build b = {
		.model = model, .diags = diags, .generation = generation,
	};
	int err;

	build_init(&b);
	if (!b.err)
		build_table(&b);
	err = b.err;
	if (!err)
		*out = PW_TAKE(b.rs);
	build_clear(&b);
	return err;
}
