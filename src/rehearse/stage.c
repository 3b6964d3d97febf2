// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a rehearsal: in, out, and variants of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "portwall/compile.h"
#include "rehearse/rehearse.h"

static void make_stamp(const struct pw_stage *stage, struct pw_stamp *stamp)
{
	*stamp = (struct pw_stamp){
		.generation = 1,
		.time_ns = stage->model->now_ns,
		.uid = getuid(),
		.sudo_uid = (uid_t)-1,
	};
	memcpy(stamp->digest, stage->model->digest, sizeof(stamp->digest));
	snprintf(stamp->source, sizeof(stamp->source), "%s",
		 stage->model->source);
}

static int load(struct pw_stage *stage, const struct pw_ruleset *rules)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	struct pw_stamp stamp;
	int err = pw_load_clear(stage->nl, stage->diags);

	make_stamp(stage, &stamp);
	if (!err)
		err = pw_kernel_read(stage->nl, 0, &kernel, stage->diags);
	if (!err)
		err = pw_load_fill(stage->nl, rules, &stamp, kernel,
				   stage->diags);
	if (!err)
		err = pw_load_switch(stage->nl, rules, &stamp, kernel, false,
				     stage->diags);
	return err ? err : pw_sandbox_forget(stage->sb, stage->diags);
}

int pw_stage_reload(struct pw_stage *stage)
{
	return load(stage, stage->rules);
}

/* @model with one value changed; its sections are a copy, what they hold not */
static int change(const struct pw_model *model, uint32_t section,
		  const struct pw_rate *rate, uint64_t until_ns,
		  struct pw_model *out)
{
	size_t size = model->num_sections * sizeof(*model->sections);

	*out = *model;
	out->sections = malloc(size ? size : 1);
	if (!out->sections)
		return -ENOMEM;
	if (size)
		memcpy(out->sections, model->sections, size);
	if (section == PW_NO_SECTION) {
		if (rate)
			out->ping_rate = *rate;
		return 0;
	}
	if (rate)
		out->sections[section].rate.rate = *rate;
	if (until_ns)
		out->sections[section].until_ns = until_ns;
	return 0;
}

int pw_stage_variant(struct pw_stage *stage, uint32_t section,
		     const struct pw_rate *rate, uint64_t until_ns)
{
	pw_owned(pw_ruleset_free) struct pw_ruleset *rules = NULL;
	struct pw_model model;
	int err = change(stage->model, section, rate, until_ns, &model);

	if (err)
		return err;
	err = pw_compile(&model, 1, &rules, stage->diags);
	free(model.sections);
	return err ? err : load(stage, rules);
}

void pw_stage_tell(struct pw_stage *stage, const char *what, uint64_t probes)
{
	stage->done += probes;
	if (stage->total < stage->done)
		stage->total = stage->done;
	if (stage->how->progress)
		stage->how->progress(stage->how->progress_arg, what,
				     stage->done, stage->total);
}
