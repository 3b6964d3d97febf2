// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of many kinds, sent together; what went wrong alike is one finding */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "rehearse/held_judge.h"
#include "rehearse/held_try.h"

struct pw_tries pw_tries_new(struct pw_stage *stage, const char *suite)
{
	return (struct pw_tries){
		.stage = stage, .suite = suite,
		.narrow = { .of = stage->model },
	};
}

void pw_tries_clear(struct pw_tries *tries)
{
	pw_narrow_clear(&tries->narrow);
	free(tries->list);
	*tries = (struct pw_tries){ 0 };
}

int pw_tries_case(struct pw_tries *tries, const char *name, ...)
{
	char *text = NULL;
	int64_t of_case;
	va_list args;
	int len;

	va_start(args, name);
	len = vasprintf(&text, name, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	of_case = pw_report_case(tries->stage->report, tries->suite,
				 PW_RES_PASS, "%s", text);
	free(text);
	if (of_case < 0)
		return (int)of_case;
	tries->of_case = (uint32_t)of_case;
	return 0;
}

int pw_tries_add(struct pw_tries *tries, const struct pw_try *try)
{
	struct pw_try copy = *try;

	copy.of_case = tries->of_case;
	return PW_ARRAY_PUSH(tries->list, tries->num, tries->cap, copy);
}

/*
 * Packets of one call that differ in their flags alone would else be of one
 * connection. Above those that rules trust, and all that policies name often.
 */
static uint16_t next_sport(struct pw_tries *tries)
{
	enum { FIRST = 20000, NUM = 45000 };

	return (uint16_t)(FIRST + tries->num_sports++ % NUM);
}

static int fire(struct pw_tries *tries, uint8_t *evidence)
{
	struct pw_stage *stage = tries->stage;
	struct pw_probe *probes = calloc(tries->num, sizeof(*probes));
	int err;

	if (!probes)
		return -ENOMEM;
	for (size_t i = 0; i < tries->num; i++) {
		probes[i] = tries->list[i].probe;
		if (pw_proto_has_ports(probes[i].proto) && !probes[i].sport)
			probes[i].sport = next_sport(tries);
	}
	err = pw_sandbox_fire(stage->sb, probes, tries->num, evidence,
			      stage->diags);
	free(probes);
	if (!err)
		pw_stage_tell(stage, tries->suite, tries->num);
	return err;
}

/* How many of a case were sent; whether the kernel itself dropped some */
static int say(struct pw_report *report, const struct pw_try *tries,
	       const uint8_t *evidence, size_t num)
{
	uint32_t of_case = tries[0].of_case;
	const char *kernel = NULL;
	size_t dropped = 0;

	for (size_t i = 0; i < num; i++) {
		if (!tries[i].kernel || evidence[i] != PW_EV_SILENCE)
			continue;
		kernel = tries[i].kernel;
		dropped++;
	}
	report->cases[of_case].probes += num;
	if (!kernel)
		return pw_report_say(report, of_case, "%zu packet%s", num,
				     num == 1 ? "" : "s");
	return pw_report_say(report, of_case,
			     "%zu packet%s; %zu of them no rule needs to stop: %s",
			     num, num == 1 ? "" : "s", dropped, kernel);
}

static int judge(struct pw_tries *tries, const uint8_t *evidence)
{
	struct pw_report *report = tries->stage->report;
	size_t first = 0, end;
	int err = 0;

	for (; !err && first < tries->num; first = end) {
		for (end = first; end < tries->num &&
		     tries->list[end].of_case == tries->list[first].of_case;)
			end++;
		err = say(report, tries->list + first, evidence + first,
			  end - first);
		if (!err)
			err = pw_tries_judge(tries, tries->list + first,
					     evidence + first, end - first);
	}
	return err;
}

int pw_tries_fire(struct pw_tries *tries)
{
	uint8_t *evidence;
	int err;

	if (!tries->num)
		return 0;
	evidence = calloc(tries->num, 1);
	if (!evidence)
		return -ENOMEM;
	err = fire(tries, evidence);
	if (!err)
		err = judge(tries, evidence);
	free(evidence);
	tries->num = 0;
	return err;
}
