// SPDX-License-Identifier: GPL-2.0-or-later
/* The act of until: sections with an end, before it and after it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "portwall/array.h"
#include "rehearse/limits_place.h"
#include "rehearse/limits_rules.h"
#include "verify/run.h"

#define MAX_SECTIONS 256
#define SECOND_NS 1000000000ull
#define MAX_MARGIN_NS (16 * SECOND_NS)

/**
 * struct ending - One section with an end
 * @ahead:	it had not come when the act began
 */
struct ending {
	struct pw_place place;
	bool ahead;
	uint32_t of_case;
};

/**
 * struct until - The act while it plays
 * @timeless:	the stage with @model, which knows no ends: to find places
 * @over:	the model when all of them are over
 * @begin_ns:	wall clock
 * @at_ns:	when all that lay ahead ends
 */
struct until {
	struct pw_stage *stage;
	struct pw_stage timeless;
	struct pw_model model, over;
	struct pw_places places;
	struct ending *list;
	size_t num, cap, num_ahead;
	size_t left_out;
	uint64_t begin_ns, at_ns;
};

/* A copy whose sections may be changed; what they hold is shared */
static int copy_model(const struct pw_model *model, struct pw_model *out)
{
	size_t size = model->num_sections * sizeof(*model->sections);

	*out = *model;
	out->sections = malloc(size ? size : 1);
	if (!out->sections)
		return -ENOMEM;
	if (size)
		memcpy(out->sections, model->sections, size);
	return 0;
}

static int make_timeless(struct until *act)
{
	const struct pw_model *model = act->stage->model;
	int err = copy_model(model, &act->model);

	if (!err)
		err = copy_model(model, &act->over);
	if (err)
		return err;
	for (size_t i = 0; i < model->num_sections; i++) {
		act->model.sections[i].until_ns = 0;
		/* not 0, and past whatever the clock says */
		if (model->sections[i].until_ns)
			act->over.sections[i].until_ns = 1;
	}
	act->timeless = *act->stage;
	act->timeless.model = &act->model;
	return pw_places_open(&act->timeless, &act->places);
}

static enum pw_expected wanted(const struct pw_section *s)
{
	if (s->block)
		return PW_EX_CLOSED;
	return s->rate.set || s->connections.set ? PW_EX_LIMITED :
						   PW_EX_REACHABLE;
}

static int add(struct until *act, uint32_t section)
{
	const struct pw_section *s = &act->stage->model->sections[section];
	struct pw_report *report = act->stage->report;
	struct ending ending = { .ahead = s->until_ns > act->begin_ns };
	int64_t of_case;
	int missing;

	act->places.later = ending.ahead ? &act->over : act->stage->model;
	missing = pw_place_find(&act->places, section, wanted(s), 0,
				&ending.place);
	of_case = pw_report_case(report, "until", missing ? PW_RES_SKIPPED :
							    PW_RES_PASS,
				 "until of '%s'", s->name);
	if (of_case < 0)
		return (int)of_case;
	ending.of_case = (uint32_t)of_case;
	report->cases[of_case].section = section;
	if (missing)
		return pw_report_say(report, ending.of_case,
				     "no packet was found that it decides alone");
	act->num_ahead += ending.ahead;
	return PW_ARRAY_PUSH(act->list, act->num, act->cap, ending);
}

static int gather(struct until *act)
{
	const struct pw_model *model = act->stage->model;
	int err = 0;

	for (uint32_t i = 0; !err && i < model->num_sections; i++) {
		if (!model->sections[i].until_ns)
			continue;
		if (act->num < MAX_SECTIONS || act->stage->how->all)
			err = add(act, i);
		else
			act->left_out++;
	}
	return err;
}

/* One packet for each section: all of them, or those that lay ahead */
static int fire(struct until *act, bool ahead_alone, uint8_t *evidence)
{
	struct pw_probe *probes = calloc(act->num, sizeof(*probes));
	struct pw_report *report = act->stage->report;
	size_t num = 0;
	int err;

	if (!probes)
		return -ENOMEM;
	for (size_t i = 0; i < act->num; i++) {
		if (ahead_alone && !act->list[i].ahead)
			continue;
		probes[num++] = act->list[i].place.probe;
		report->cases[act->list[i].of_case].probes++;
	}
	err = pw_sandbox_fire(act->stage->sb, probes, num, evidence,
			      act->stage->diags);
	free(probes);
	if (!err)
		pw_stage_tell(act->stage, "until", num);
	return err;
}

static int report_odd(struct until *act, const struct ending *ending,
		      bool over, uint8_t evidence)
{
	const struct pw_probe *probe = &ending->place.probe;
	bool unknown = evidence <= PW_EV_UNKNOWN;
	char place[96], text[240];
	struct pw_finding finding = {
		.of_case = ending->of_case,
		.result = unknown ? PW_RES_UNKNOWN : PW_RES_VIOLATION,
		.state = unknown ? PW_STATE_UNKNOWN :
			 pw_evidence_reached(evidence) ? PW_STATE_REACHABLE :
							 PW_STATE_CLOSED,
		.proto = probe->proto, .evidence = evidence, .text = text,
		.section = ending->place.section,
	};

	pw_place_text(act->stage, &ending->place, place, sizeof(place));
	snprintf(text, sizeof(text), "%s was %s%s (%s)", place,
		 unknown ? "not decided " :
		 pw_evidence_reached(evidence) ? "let through " :
						 "not let through ",
		 over ? "after its time" : "within its time",
		 pw_evidence_text(evidence));
	snprintf(finding.iface, sizeof(finding.iface), "%s",
		 act->stage->plan->scene->ifaces[probe->iface].name);
	return pw_report_find(act->stage->report, &finding);
}

/* @over: it is past the time: as if there were no such section */
static bool is_right(const struct until *act, const struct ending *ending,
		     bool over, uint8_t evidence)
{
	const struct pw_section *s =
		&act->stage->model->sections[ending->place.section];
	bool reached = pw_evidence_reached(evidence);
	enum pw_expected expected = over ? ending->place.beyond : wanted(s);

	if (evidence <= PW_EV_UNKNOWN)
		return false;
	if (expected >= PW_EX_LIMITED)
		return reached;
	return !reached && (expected == PW_EX_REFUSED ||
			    evidence == PW_EV_SILENCE);
}

static int judge(struct until *act, bool ahead_alone, bool over,
		 const uint8_t *evidence)
{
	int err = 0;

	for (size_t i = 0; !err && i < act->num; i++) {
		const struct ending *ending = &act->list[i];
		bool past = over || !ending->ahead;

		if (ahead_alone && !ending->ahead)
			continue;
		if (!is_right(act, ending, past, *evidence))
			err = report_odd(act, ending, past, *evidence);
		evidence++;
	}
	return err;
}

/*
 * Before the time: with a moment that is far enough off for the rules to be
 * loaded and asked. 1: it was not, nothing is known.
 */
static int ask_before(struct until *act, uint64_t margin_ns, uint8_t *evidence)
{
	struct pw_change change = { .now_ns = act->begin_ns };
	int err;

	act->at_ns = (pw_clock_ns(CLOCK_REALTIME) + margin_ns + SECOND_NS) /
		     SECOND_NS * SECOND_NS;
	change.until_ns = act->at_ns;
	err = pw_stage_change(act->stage, &change);
	if (!err)
		err = fire(act, true, evidence);
	if (err)
		return err;
	return pw_clock_ns(CLOCK_REALTIME) >= act->at_ns;
}

/* The kernel goes by the wall clock, and so do we */
static void await_end(uint64_t realtime_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(realtime_ns / SECOND_NS), .tv_nsec = 1000,
	};

	while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		;
}

static int show_end(struct until *act, uint8_t *evidence)
{
	uint64_t margin = SECOND_NS / 2;
	int err;

	do {
		err = ask_before(act, margin, evidence);
		margin *= 2;
	} while (err == 1 && margin <= MAX_MARGIN_NS);
	if (err == 1)
		memset(evidence, PW_EV_UNKNOWN, act->num);
	if (err >= 0)
		err = judge(act, true, false, evidence);
	if (err)
		return err;
	await_end(act->at_ns);
	err = pw_sandbox_forget(act->stage->sb, act->stage->diags);
	if (!err)
		err = fire(act, true, evidence);
	if (!err)
		err = judge(act, true, true, evidence);
	for (size_t i = 0; !err && i < act->num; i++)
		if (act->list[i].ahead)
			err = pw_report_say(act->stage->report,
					    act->list[i].of_case,
					    "shown with a time just ahead, before it and after it");
	return err;
}

static int play(struct until *act)
{
	uint8_t *evidence = calloc(act->num, 1);
	int err = evidence ? pw_stage_reload(act->stage) : -ENOMEM;

	if (!err)
		err = fire(act, false, evidence);
	if (!err)
		err = judge(act, false, false, evidence);
	for (size_t i = 0; !err && i < act->num; i++)
		if (!act->list[i].ahead)
			err = pw_report_say(act->stage->report,
					    act->list[i].of_case,
					    "its time is over");
	if (!err && act->num_ahead) {
		err = show_end(act, evidence);
		if (!err)
			err = pw_stage_reload(act->stage);
	}
	free(evidence);
	return err;
}

static int say_left_out(struct until *act)
{
	struct pw_report *report = act->stage->report;
	int64_t of_case = pw_report_case(report, "until", PW_RES_SKIPPED,
					 "further sections");

	return of_case < 0 ? (int)of_case :
	       pw_report_say(report, (uint32_t)of_case,
			     "%zu more are not tried: --full tries all",
			     act->left_out);
}

int pw_stage_until(struct pw_stage *stage)
{
	struct until act = {
		.stage = stage, .begin_ns = pw_clock_ns(CLOCK_REALTIME),
	};
	int err = make_timeless(&act);

	if (!err)
		err = gather(&act);
	if (!err && act.num)
		err = play(&act);
	if (!err && act.left_out)
		err = say_left_out(&act);
	pw_places_close(&act.places);
	free(act.model.sections);
	free(act.over.sections);
	free(act.list);
	return err;
}
