// SPDX-License-Identifier: GPL-2.0-or-later
/* The act of limits: what passes, what is beyond, and when it passes again. */
#include "rehearse/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/run.h"

#define MAX_NOTES 16
#define MAX_LIMITS 128	/* of 64 sections at least; without --full */

/**
 * struct limits - The act while it plays
 * @left_out:	limits that are not tried
 */
struct limits {
	struct pw_stage *stage;
	struct pw_places places;
	struct pw_limited *list;
	size_t num, cap;
	size_t left_out;
};

static const char *section_name(const struct limits *act, uint32_t section)
{
	return act->stage->model->sections[section].name;
}

static int new_case(struct limits *act, struct pw_limited *l,
		    enum pw_result result)
{
	struct pw_report *report = act->stage->report;
	uint32_t section = l->place.section;
	int64_t of_case;

	if (section == PW_NO_SECTION)
		of_case = pw_report_case(report, "limits", result,
					 "rate of [policy] ping");
	else
		of_case = pw_report_case(report, "limits", result, "%s of '%s'",
					 l->connections ? "connections" :
							  "rate",
					 section_name(act, section));
	if (of_case < 0)
		return (int)of_case;
	l->of_case = (uint32_t)of_case;
	report->cases[of_case].section = section;
	return 0;
}

static int skip(struct limits *act, struct pw_limited *l, const char *why)
{
	int err = new_case(act, l, PW_RES_SKIPPED);

	return err ? err : pw_report_say(act->stage->report, l->of_case, "%s",
					 why);
}

/* Can one source have several connections to one port of it? */
static bool is_many(uint8_t proto)
{
	return pw_proto_has_ports(proto) || proto == IPPROTO_ICMP ||
	       proto == IPPROTO_ICMPV6;
}

static int add(struct limits *act, struct pw_limited *l)
{
	struct pw_places *places = &act->places;
	uint32_t section = l->place.section;
	int err;

	if (act->num >= MAX_LIMITS && !act->stage->how->all) {
		act->left_out++;
		return 0;
	}
	err = section == PW_NO_SECTION ?
	      pw_place_find_ping(places, &l->place) :
	      pw_place_find(places, section, PW_EX_LIMITED, 0, &l->place);
	l->place.section = section;
	if (err)
		return skip(act, l, "no packet was found that it decides alone");
	if (l->connections && !is_many(l->place.probe.proto))
		return skip(act, l, "its protocol knows no connections: all packets are one");
	pw_place_neighbours(places, &l->place);
	err = new_case(act, l, PW_RES_PASS);
	return err ? err : PW_ARRAY_PUSH(act->list, act->num, act->cap, *l);
}

static int add_section(struct limits *act, uint32_t section)
{
	const struct pw_section *s = &act->stage->model->sections[section];
	bool both = s->rate.set && s->connections.set;
	struct pw_limited rate = {
		.limit = s->rate, .lift = both,
		.place = { .section = section },
	};
	struct pw_limited connections = {
		.connections = true, .limit = s->connections, .lift = both,
		.place = { .section = section },
	};
	int err = 0;

	if (s->rate.set)
		err = add(act, &rate);
	if (!err && s->connections.set)
		err = add(act, &connections);
	return err;
}

/* It lets nothing in, which the act of until shows */
static bool is_over(const struct pw_section *s)
{
	return s->until_ns && s->until_ns <= pw_clock_ns(CLOCK_REALTIME);
}

static int gather(struct limits *act)
{
	const struct pw_model *model = act->stage->model;
	struct pw_limited ping = {
		.limit = { .set = true, .rate = model->ping_rate },
		.place = { .section = PW_NO_SECTION },
	};
	int err = model->ping == PW_PING_RATE ? add(act, &ping) : 0;

	for (uint32_t i = 0; !err && i < model->num_sections; i++)
		if (!model->sections[i].block && !is_over(&model->sections[i]))
			err = add_section(act, i);
	return err;
}

static bool is_slow(const struct pw_limited *l)
{
	return pw_rate_interval_ns(&l->limit.rate) > PW_AWAITED_NS;
}

/* Those that are seen with the rules as they are loaded now */
static int ask(struct limits *act, bool connections, bool lift)
{
	struct pw_stage *stage = act->stage;
	int err = 0;

	for (size_t i = 0; !err && i < act->num; i++) {
		struct pw_limited *l = &act->list[i];

		if (l->connections != connections || l->lift != lift)
			continue;
		err = connections ? pw_limited_connect(stage, l) :
				    pw_limited_exhaust(stage, l,
						       &l->limit.rate);
	}
	for (size_t i = 0; !err && !connections && i < act->num; i++) {
		struct pw_limited *l = &act->list[i];

		if (l->connections || l->lift != lift || l->over ||
		    is_slow(l))
			continue;
		err = pw_limited_recover(stage, l, &l->limit.rate, false);
	}
	return err;
}

static bool any(const struct limits *act, bool connections)
{
	for (size_t i = 0; i < act->num; i++)
		if (act->list[i].lift &&
		    act->list[i].connections == connections)
			return true;
	return false;
}

/* Limits of sections that have both kinds, each without the other */
static int ask_lifted(struct limits *act)
{
	static const struct pw_change lift_connections = {
		.lift_connections = true,
	};
	static const struct pw_change lift_rates = { .lift_rates = true };
	int err = 0;

	if (any(act, false)) {
		err = pw_stage_change(act->stage, &lift_connections);
		if (!err)
			err = ask(act, false, true);
	}
	if (!err && any(act, true)) {
		err = pw_stage_change(act->stage, &lift_rates);
		if (!err)
			err = ask(act, true, true);
	}
	return err;
}

static const struct pw_change quicken = {
	.slow_ns = PW_AWAITED_NS, .per_second = PW_SHOWN_PER_SECOND,
	.lift_connections = true,
};

static int each_slow(struct limits *act,
		     int (*ask_it)(struct pw_stage *, struct pw_limited *,
				   const struct pw_rate *))
{
	int err = 0;

	for (size_t i = 0; !err && i < act->num; i++) {
		struct pw_limited *l = &act->list[i];
		struct pw_rate rate = l->limit.rate;

		if (l->connections || l->over ||
		    !pw_rate_quicken(&quicken, &rate))
			continue;
		err = ask_it(act->stage, l, &rate);
	}
	return err;
}

static int recover_quickened(struct pw_stage *stage, struct pw_limited *l,
			     const struct pw_rate *rate)
{
	return pw_limited_recover(stage, l, rate, true);
}

/* Slow rates recover in time when they are by the second; all at once */
static int show_recovery(struct limits *act)
{
	bool any_slow = false;
	int err;

	for (size_t i = 0; i < act->num; i++)
		any_slow |= !act->list[i].connections && !act->list[i].over &&
			    is_slow(&act->list[i]);
	if (!any_slow)
		return 0;
	err = pw_stage_change(act->stage, &quicken);
	if (!err)
		err = each_slow(act, pw_limited_exhaust);
	return err ? err : each_slow(act, recover_quickened);
}

static int play(struct limits *act)
{
	int err = gather(act);

	if (!err && act->num)
		err = pw_stage_reload(act->stage);
	if (!err)
		err = ask(act, false, false);
	if (!err)
		err = ask(act, true, false);
	if (!err)
		err = ask_lifted(act);
	if (!err)
		err = show_recovery(act);
	return err;
}

static int say_all(struct limits *act)
{
	struct pw_report *report = act->stage->report;
	char place[96];
	int err = 0;

	for (size_t i = 0; !err && i < act->num; i++) {
		struct pw_limited *l = &act->list[i];

		pw_place_text(act->stage, &l->place, place, sizeof(place));
		err = pw_report_say(report, l->of_case, "%s%s%s", l->said,
				    *l->said ? "; " : "", place);
		if (!err && *l->said && i < MAX_NOTES)
			err = pw_report_note(report, "%s: %s",
					     report->cases[l->of_case].name,
					     l->said);
	}
	if (!err && act->left_out) {
		int64_t of_case = pw_report_case(report, "limits",
						 PW_RES_SKIPPED,
						 "further limits");

		err = of_case < 0 ? (int)of_case :
		      pw_report_say(report, (uint32_t)of_case,
				    "%zu more are not tried: --full tries all",
				    act->left_out);
	}
	return err;
}

int pw_stage_limits(struct pw_stage *stage)
{
	struct limits act = { .stage = stage };
	int err = pw_places_open(stage, &act.places);

	if (!err)
		err = play(&act);
	if (!err)
		err = say_all(&act);
	if (!err && act.num)
		err = pw_stage_reload(stage);
	pw_places_close(&act.places);
	free(act.list);
	return err;
}
