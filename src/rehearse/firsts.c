// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The act of first packets: sweeps use limits up, so that silence says nothing
 * there. With fresh limits each class of source gets one packet through, at its
 * ends and within.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "rehearse/rehearse.h"
#include "rehearse/sweeps.h"

#define MAX_SHOTS 4096
#define MAX_ROUNDS 16		/* each with rules that were loaded anew */

/* A packet that @section is to let through, in one of the rounds */
struct shot {
	const struct pw_sweep *sweep;
	uint32_t section;
	uint16_t port;
	uint8_t round;
};

struct firsts {
	struct pw_stage *stage;
	struct shot *shots;
	size_t num, cap;
	uint64_t left_out;
	struct pw_ports_expected expected;
	uint32_t *seen;		/* by section: 1 + the sweep that met it last */
};

static bool is_limited(const struct pw_section *section)
{
	return section->rate.set || section->connections.set;
}

/* How many at once, whoever sends them */
static uint32_t room_of(const struct pw_section *section)
{
	uint32_t room = UINT32_MAX;

	if (section->rate.set && !section->rate.per_source)
		room = section->rate.rate.burst;
	if (section->connections.set && !section->connections.per_source &&
	    section->connections.rate.count < room)
		room = section->connections.rate.count;
	return room;
}

/* Limits remember an IPv4 address, or an IPv6 /64 */
static bool same_memory(const struct pw_sweep *a, const struct pw_sweep *b)
{
	return a->family == b->family && a->src.hi == b->src.hi &&
	       (a->family == PW_IPV6 || a->src.lo == b->src.lo);
}

static bool fits(const struct firsts *firsts, const struct shot *shot,
		 uint8_t round)
{
	const struct pw_model *model = firsts->stage->model;
	uint32_t room = room_of(&model->sections[shot->section]);

	for (size_t i = 0; i < firsts->num; i++) {
		const struct shot *other = &firsts->shots[i];

		if (other->round != round || other->section != shot->section)
			continue;
		if (!--room || same_memory(other->sweep, shot->sweep))
			return false;
	}
	return true;
}

static bool is_known(const struct firsts *firsts, const struct shot *shot)
{
	for (size_t i = 0; i < firsts->num; i++) {
		const struct shot *other = &firsts->shots[i];

		if (other->section == shot->section &&
		    other->sweep->iface == shot->sweep->iface &&
		    other->sweep->family == shot->sweep->family &&
		    !pw_value_cmp(other->sweep->src, shot->sweep->src) &&
		    !pw_value_cmp(other->sweep->dst, shot->sweep->dst))
			return true;
	}
	return false;
}

static int add(struct firsts *firsts, struct shot shot)
{
	if (is_known(firsts, &shot))
		return 0;
	while (shot.round < MAX_ROUNDS && !fits(firsts, &shot, shot.round))
		shot.round++;
	if (shot.round == MAX_ROUNDS || firsts->num == MAX_SHOTS) {
		firsts->left_out++;
		return 0;
	}
	return PW_ARRAY_PUSH(firsts->shots, firsts->num, firsts->cap, shot);
}

/* The first port of each limited section that the sweep meets */
static int look_at(struct firsts *firsts, uint32_t index)
{
	const struct pw_plan *plan = firsts->stage->plan;
	const struct pw_sweep *sweep = &plan->sweeps[index];
	int err = 0;

	pw_sweep_expect(firsts->stage->model, plan, sweep, &firsts->expected);
	for (size_t i = 0; !err && i < pw_sweep_num(sweep); i++) {
		uint16_t port = sweep->ports ? sweep->ports[i] : (uint16_t)i;
		uint32_t section = firsts->expected.section[port];

		if (firsts->expected.what[port] != PW_EX_LIMITED ||
		    section == PW_NO_SECTION ||
		    firsts->seen[section] == index + 1)
			continue;
		firsts->seen[section] = index + 1;
		err = add(firsts, (struct shot){
			.sweep = sweep, .section = section, .port = port,
		});
	}
	return err;
}

static int report_shot(struct firsts *firsts, const struct shot *shot,
		       uint8_t evidence, uint32_t of_case)
{
	const struct pw_stage *stage = firsts->stage;
	const struct pw_sweep *sweep = shot->sweep;
	struct pw_finding finding = {
		.of_case = of_case,
		.result = evidence == PW_EV_UNKNOWN ? PW_RES_UNKNOWN :
			  PW_RES_VIOLATION,
		.state = evidence == PW_EV_UNKNOWN ? PW_STATE_UNKNOWN :
			 PW_STATE_CLOSED,
		.proto = sweep->proto,
		.ports = pw_rangeset_of(16, pw_value32(shot->port),
					pw_value32(shot->port)),
		.from = stage->plan->classes[sweep->class].text,
		.evidence = evidence,
		.expected = "the section allows it",
		.text = evidence == PW_EV_UNKNOWN ?
			"could not be decided: packets were lost" :
			"the first packet is not let through, although no limit was used up",
		.section = shot->section,
	};
	int err;

	if (pw_evidence_reached((enum pw_evidence)evidence))
		return 0;
	snprintf(finding.iface, sizeof(finding.iface), "%s",
		 stage->plan->scene->ifaces[sweep->iface].name);
	err = finding.ports ? pw_report_find(stage->report, &finding) :
	      -ENOMEM;
	pw_rangeset_free(finding.ports);
	return err;
}

static int fire(struct firsts *firsts, uint8_t round, struct pw_probe *probes,
		uint8_t *evidence, uint8_t *seen)
{
	struct pw_stage *stage = firsts->stage;
	size_t num = 0;
	int err;

	for (size_t i = 0; i < firsts->num; i++) {
		const struct shot *shot = &firsts->shots[i];

		if (shot->round == round)
			probes[num++] = (struct pw_probe){
				.iface = shot->sweep->iface,
				.family = shot->sweep->family,
				.src = shot->sweep->src,
				.dst = shot->sweep->dst,
				.proto = shot->sweep->proto,
				.dport = shot->port,
			};
	}
	if (!num)
		return 0;
	err = pw_stage_reload(stage);
	if (!err)
		err = pw_sandbox_fire(stage->sb, probes, num, evidence,
				      stage->diags);
	num = 0;
	for (size_t i = 0; !err && i < firsts->num; i++)
		if (firsts->shots[i].round == round)
			seen[i] = evidence[num++];
	return err;
}

/* A case for each section, with what of its packets was not let through */
static int judge(struct firsts *firsts, const uint8_t *seen)
{
	const struct pw_model *model = firsts->stage->model;
	struct pw_report *report = firsts->stage->report;
	int err = 0;

	for (uint32_t s = 0; !err && s < model->num_sections; s++) {
		int64_t of_case = -1;

		for (size_t i = 0; !err && i < firsts->num; i++) {
			if (firsts->shots[i].section != s)
				continue;
			if (of_case < 0)
				of_case = pw_report_case(
					report, "limits", PW_RES_PASS,
					"first packets to section '%s'",
					model->sections[s].name);
			if (of_case < 0)
				return (int)of_case;
			report->cases[of_case].section = s;
			report->cases[of_case].probes++;
			err = report_shot(firsts, &firsts->shots[i], seen[i],
					  (uint32_t)of_case);
		}
	}
	if (err || !firsts->left_out)
		return err;
	return pw_report_note(report,
			      "first packets to sections with limits: %llu were not sent",
			      (unsigned long long)firsts->left_out);
}

static int play(struct firsts *firsts)
{
	struct pw_probe *probes = calloc(firsts->num + 1, sizeof(*probes));
	uint8_t *bytes = calloc(2, firsts->num + 1);
	int err = probes && bytes ? 0 : -ENOMEM;

	for (uint8_t round = 0; !err && round < MAX_ROUNDS; round++)
		err = fire(firsts, round, probes, bytes,
			   bytes + firsts->num + 1);
	if (!err)
		err = judge(firsts, bytes + firsts->num + 1);
	free(bytes);
	free(probes);
	return err;
}

static bool has_limits(const struct pw_model *model)
{
	for (size_t i = 0; i < model->num_sections; i++)
		if (is_limited(&model->sections[i]))
			return true;
	return false;
}

int pw_stage_firsts(struct pw_stage *stage)
{
	struct firsts *firsts;
	int err = -ENOMEM;

	if (!has_limits(stage->model))
		return 0;
	firsts = calloc(1, sizeof(*firsts));
	if (!firsts)
		return -ENOMEM;
	firsts->stage = stage;
	firsts->seen = calloc(stage->model->num_sections + 1,
			      sizeof(*firsts->seen));
	if (firsts->seen)
		err = 0;
	for (uint32_t i = 0; !err && i < stage->plan->num_sweeps; i++)
		err = look_at(firsts, i);
	if (!err)
		err = play(firsts);
	free(firsts->seen);
	free(firsts->shots);
	free(firsts);
	return err;
}
