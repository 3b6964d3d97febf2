// SPDX-License-Identifier: GPL-2.0-or-later
/* A private host with these rules: does it behave as the policy says? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rehearse/crew.h"
#include "verify/run.h"

static int count_sources(const struct pw_plan *plan, enum pw_family family)
{
	int num = 0;

	for (size_t i = 0; i < plan->num_classes; i++)
		num += plan->classes[i].family == family;
	return num;
}

/* "sandbox: 3 interfaces (lan, wlan0, other0), 7 sources, IPv4 and IPv6" */
static int say_scene(const struct pw_plan *plan, struct pw_report *report)
{
	const struct pw_scene *scene = plan->scene;
	char names[48] = "";
	size_t len = 0;

	for (size_t i = 0; i < scene->num_ifaces; i++) {
		const char *name = scene->ifaces[i].name;

		if (len + strlen(name) + 8 > sizeof(names)) {
			sprintf(names + len, ", ..");
			break;
		}
		len += (size_t)sprintf(names + len, "%s%s", i ? ", " : "",
				       name);
	}
	return pw_report_headline(report,
				  "sandbox: %zu interface%s (%s); classes of source: IPv4 %d, IPv6 %d",
				  scene->num_ifaces,
				  scene->num_ifaces == 1 ? "" : "s", names,
				  count_sources(plan, PW_IPV4),
				  count_sources(plan, PW_IPV6));
}

static int say_coverage(const struct pw_plan *plan, struct pw_report *report)
{
	size_t full = 0;

	for (size_t i = 0; i < plan->num_classes; i++)
		full += plan->classes[i].full;
	if (pw_report_note(report,
			   "%zu sweeps of 65,536 ports; %zu of %zu classes of source whole%s",
			   plan->full, full, plan->num_classes,
			   full < plan->num_classes ?
				   ", the others at the ports that matter" :
				   ""))
		return -ENOMEM;
	if (!plan->left_out)
		return 0;
	return pw_report_note(report,
			      "left out, since they would be too many: %llu ports of single sources; --full asks all",
			      (unsigned long long)plan->left_out);
}

static int set_the_stage(struct pw_stage *stage)
{
	int err = pw_sandbox_open(stage->plan->scene, &stage->sb,
				  stage->diags);

	if (!err)
		err = pw_nl_open(&stage->nl, stage->diags);
	if (!err)
		err = pw_stage_reload(stage);
	return err ? err : pw_sandbox_listen(stage->sb, true, stage->diags);
}

static int play(struct pw_stage *stage, struct pw_crew *crew)
{
	static int (*const acts[])(struct pw_stage *) = {
		pw_stage_held, pw_stage_replies, pw_stage_limits,
		pw_stage_firsts, pw_stage_until,
	};
	const struct pw_probe_count *count;
	int err = set_the_stage(stage);

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(acts); i++)
		err = acts[i](stage);
	if (!err)
		err = pw_crew_finish(crew, stage);
	if (err)
		return err;
	count = pw_sandbox_count(stage->sb);
	stage->report->probes += count->sent;
	stage->report->lost += count->lost;
	stage->report->unknown += count->unknown;
	return 0;
}

/* The other processes sweep while this one plays the acts */
static int rehearse(struct pw_stage *stage)
{
	pw_owned(pw_crew_free) struct pw_crew *crew = NULL;
	int err = pw_crew_new(stage->plan, &crew);

	if (err)
		return err;
	pw_crew_hire(crew, stage, set_the_stage);
	err = play(stage, crew);
	pw_nl_closep(&stage->nl);
	pw_sandbox_closep(&stage->sb);
	return err;
}

int pw_rehearse(const struct pw_model *model, const struct pw_ruleset *rules,
		const struct pw_rehearsal *how, struct pw_report *report,
		struct pw_diags *diags)
{
	pw_owned(pw_plan_free) struct pw_plan *plan = NULL;
	struct pw_stage stage = {
		.model = model, .rules = rules, .how = how,
		.report = report, .diags = diags, .seed = how->seed,
	};
	uint64_t start = pw_clock_ns(CLOCK_MONOTONIC);
	int err = pw_pick_seed(&stage.seed, diags);

	report->start_ns = pw_clock_ns(CLOCK_REALTIME);
	if (!err)
		err = pw_plan_make(model, how->all, stage.seed, &plan, diags);
	if (!err)
		err = say_scene(plan, report);
	if (err)
		return err;
	stage.plan = plan;
	stage.total = plan->probes;
	if (how->computed)
		err = pw_rehearse_computed(model, rules, plan, how, report);
	else
		err = rehearse(&stage);
	if (!err)
		err = say_coverage(plan, report);
	report->elapsed_ns = pw_clock_ns(CLOCK_MONOTONIC) - start;
	return err;
}
