// SPDX-License-Identifier: GPL-2.0-or-later
/* One act of a rehearsal, with rules that may be wrong on purpose. */
#include "act_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <portwall/compile.h>
#include <portwall/policy.h>

/* What a process tells its parent */
struct told {
	int err;
	enum pw_result worst;
	bool found;
};

struct pw_chain *act_chain(struct pw_ruleset *rs, const char *name)
{
	uint32_t at = pw_ruleset_find_chain(rs, name);

	assert_int_not_equal(at, PW_NONE);
	return &rs->chains[at];
}

void act_forget(struct pw_chain *c, size_t at)
{
	memmove(c->rules + at, c->rules + at + 1,
		(c->num_rules - at - 1) * sizeof(*c->rules));
	c->num_rules--;
}

void act_forget_rules(struct pw_ruleset *rs,
		      bool (*wanted)(const struct pw_rule *rule))
{
	size_t found = 0;

	for (size_t i = 0; i < rs->num_chains; i++)
		for (size_t r = rs->chains[i].num_rules; r-- > 0;)
			if (wanted(&rs->chains[i].rules[r])) {
				act_forget(&rs->chains[i], r);
				found++;
			}
	assert_int_not_equal(found, 0);
}

bool act_matches(const struct pw_rule *rule, enum pw_field field,
		 uint64_t first)
{
	for (size_t i = 0; i < rule->num_matches; i++)
		if (rule->matches[i].field == field &&
		    rule->matches[i].set == PW_NONE &&
		    rule->matches[i].range.first.lo == first)
			return true;
	return false;
}

static uint64_t whole_second(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u;
}

static int set_the_stage(struct pw_stage *stage)
{
	int err = pw_plan_make(stage->model, false, stage->seed, &stage->plan,
			       stage->diags);

	if (!err)
		err = pw_sandbox_open(stage->plan->scene, &stage->sb,
				      stage->diags);
	if (!err)
		err = pw_nl_open(&stage->nl, stage->diags);
	if (!err)
		err = pw_stage_reload(stage);
	return err ? err : pw_sandbox_listen(stage->sb, true, stage->diags);
}

static bool holds(const char *text, const char *words)
{
	return text && words && strstr(text, words);
}

static void look(const struct act *act, const struct pw_report *report,
		 struct told *told)
{
	told->worst = pw_report_worst(report);
	for (size_t i = 0; i < report->num_findings; i++)
		told->found |= holds(report->findings[i].text, act->words);
	for (size_t i = 0; act->worst <= PW_RES_SKIPPED &&
	     i < report->num_cases; i++)
		told->found |= holds(report->cases[i].text, act->words);
}

static void show(const struct pw_report *report)
{
	for (size_t i = 0; i < report->num_cases; i++)
		printf("# %s %s: %s: %s\n", report->cases[i].suite,
		       report->cases[i].name,
		       pw_result_name(report->cases[i].result),
		       report->cases[i].text ?: "");
	for (size_t i = 0; i < report->num_findings && i < 40; i++) {
		const struct pw_finding *f = &report->findings[i];

		printf("#   %s: %u on %s from %s to %s: %s\n",
		       report->cases[f->of_case].name, f->proto, f->iface,
		       f->from ?: "-", f->addr ?: "-", f->text ?: "-");
	}
}

static void play(const struct act *act, struct told *told)
{
	static const struct pw_rehearsal how = { .seed = 7 };
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	pw_owned(pw_source_free) struct pw_source *src = NULL;
	pw_owned(pw_policy_free) struct pw_policy *policy = NULL;
	pw_owned(pw_model_free) struct pw_model *model = NULL;
	pw_owned(pw_ruleset_free) struct pw_ruleset *rs = NULL;
	pw_owned(pw_report_free) struct pw_report *report = NULL;
	const struct pw_host host = { .now_ns = whole_second() };
	struct pw_stage stage = { .how = &how, .diags = diags, .seed = 7 };

	src = pw_source_from_text("act.ini", NULL, act->policy,
				  strlen(act->policy));
	assert_int_equal(pw_policy_parse(src, &policy, diags), 0);
	assert_int_equal(pw_policy_resolve(policy, &host, &model, diags), 0);
	assert_int_equal(pw_compile(model, 1, &rs, diags), 0);
	if (act->mutate)
		act->mutate(rs);
	report = pw_report_new("test", model);
	stage.model = model;
	stage.rules = rs;
	stage.report = report;
	told->err = set_the_stage(&stage);
	if (!told->err)
		told->err = act->play(&stage);
	for (size_t i = 0; i < pw_diags_kept(diags); i++)
		printf("# %s\n", pw_diags_get(diags, i)->text);
	look(act, report, told);
	if (told->err || told->worst != act->worst ||
	    (act->words && !told->found) || getenv("ACT_SHOW"))
		show(report);
	fflush(stdout);
	pw_nl_close(stage.nl);
	pw_sandbox_close(stage.sb);
	pw_plan_free(stage.plan);
}

void test_act(void **state)
{
	const struct act *act = *state;
	struct told told = { .err = -ECHILD };
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		play(act, &told);
		_exit(write(ends[1], &told, sizeof(told)) !=
		      (ssize_t)sizeof(told));
	}
	close(ends[1]);
	assert_int_not_equal(read(ends[0], &told, sizeof(told)), -1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(told.err, 0);
	assert_int_equal(told.worst, act->worst);
	if (act->words)
		assert_true(told.found);
}

int run_acts(const struct act *acts, size_t num)
{
	struct CMUnitTest *tests = calloc(num, sizeof(*tests));
	int failed;

	assert_non_null(tests);
	for (size_t i = 0; i < num; i++)
		tests[i] = (struct CMUnitTest){
			.name = acts[i].name, .test_func = test_act,
			.initial_state = (void *)(uintptr_t)&acts[i],
		};
	failed = _cmocka_run_group_tests("acts", tests, num, NULL, NULL);
	free(tests);
	return failed;
}
