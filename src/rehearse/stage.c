// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a rehearsal: loaded, and loaded anew. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

int pw_stage_reload(struct pw_stage *stage)
{
	pw_owned(pw_kernel_free) struct pw_kernel *kernel = NULL;
	struct pw_stamp stamp;
	int err = pw_load_clear(stage->nl, stage->diags);

	make_stamp(stage, &stamp);
	if (!err)
		err = pw_kernel_read(stage->nl, 0, &kernel, stage->diags);
	if (!err)
		err = pw_load_fill(stage->nl, stage->rules, &stamp, kernel,
				   stage->diags);
	if (!err)
		err = pw_load_switch(stage->nl, stage->rules, &stamp, kernel,
				     false, stage->diags);
	return err ? err : pw_sandbox_forget(stage->sb, stage->diags);
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
