// SPDX-License-Identifier: GPL-2.0-or-later
/* The rehearsal without a host: proof for all packets, evaluator for these. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "portwall/compile.h"
#include "portwall/eval.h"
#include "rehearse/rehearse.h"
#include "rehearse/sweeps.h"

#define COMPUTED "computed, not sent"
#define BUDGET 20000	/* packets for the evaluator; the proof covers all */

struct computed {
	const struct pw_model *model;
	const struct pw_ruleset *rules;
	const struct pw_plan *plan;
	const struct pw_rehearsal *how;
	struct pw_report *report;
	struct pw_ports_expected *expected;
	uint8_t *evidence;
	uint16_t *ports;
	uint64_t done, evaluated;
};

/* What a probe would see in a host where something listens everywhere */
static uint8_t evidence_of(const struct pw_fate *fate, uint8_t proto)
{
	if (fate->outcome == PW_OUT_ACCEPT)
		return PW_EV_DELIVERED;
	if (fate->outcome == PW_OUT_DROP)
		return PW_EV_SILENCE;
	return proto == IPPROTO_TCP ? PW_EV_RESET : PW_EV_UNREACHABLE;
}

/*
 * Of a sweep over all ports: those at which the expectation changes. What lies
 * between them is covered by the proof.
 */
static size_t edges(const struct pw_ports_expected *expected, uint16_t *ports)
{
	size_t num = 0;

	for (uint32_t port = 0; port < 65536; port++)
		if (port < 2 || port == 65535 ||
		    expected->what[port] != expected->what[port - 1] ||
		    expected->what[port] != expected->what[port + 1])
			ports[num++] = (uint16_t)port;
	return num;
}

/*
 * The evaluator knows what is for this host and knows no NAT: what goes on to a
 * container is left to the proof.
 */
static bool is_beyond(const struct computed *c, const struct pw_sweep *sweep,
		      uint16_t port)
{
	const struct pw_scene *scene = c->plan->scene;

	if (sweep->dst_kind == PW_DST_BEHIND)
		return true;
	for (size_t i = 0; i < scene->num_publish; i++)
		if (scene->ifaces[sweep->iface].bridge &&
		    scene->publish[i].proto == sweep->proto &&
		    scene->publish[i].port == port)
			return true;
	return false;
}

static int evaluate(struct computed *c, const struct pw_sweep *sweep)
{
	struct pw_arrival arrival;
	struct pw_packet packet;
	struct pw_fate fate;
	int err = 0;

	pw_sweep_arrival(c->plan, sweep, &arrival);
	if (!arrival.now_ns)
		arrival.now_ns = c->model->now_ns;
	arrival.sport = 40000;
	for (size_t i = 0; !err && i < sweep->num_ports; i++) {
		arrival.dport = sweep->ports[i];
		c->evidence[i] = PW_EV_NONE;
		if (is_beyond(c, sweep, arrival.dport))
			continue;
		pw_packet_of(&arrival, &packet);
		err = pw_eval_packet(c->rules, &packet, &fate);
		if (!err)
			c->evidence[i] = evidence_of(&fate, sweep->proto);
	}
	return err;
}

static int compute_sweep(struct computed *c, const struct pw_sweep *sweep,
			 uint32_t of_case)
{
	struct pw_sweep asked = *sweep;
	int err;

	if (!sweep->ports) {
		pw_sweep_expect(c->model, c->plan, sweep, c->expected);
		asked.num_ports = edges(c->expected, c->ports);
		asked.ports = c->ports;
	}
	if (c->evaluated + asked.num_ports > BUDGET)
		return pw_report_say(c->report, of_case, COMPUTED
				     ": by the proof alone, too many ports");
	c->evaluated += asked.num_ports;
	err = evaluate(c, &asked);
	if (!err)
		err = pw_sweep_judge(c->model, c->plan, &asked, c->evidence,
				     c->rules, of_case, c->expected,
				     c->report);
	c->done += pw_sweep_num(sweep);
	if (!err && c->how->progress)
		c->how->progress(c->how->progress_arg, "evaluator", c->done,
				 c->plan->probes);
	return err;
}

static int compute_sweeps(struct computed *c, const uint32_t *order)
{
	const struct pw_sweep *before = NULL, *sweep;
	int64_t of_case = -1;
	int err = 0;

	for (size_t i = 0; !err && i < c->plan->num_sweeps; i++) {
		sweep = &c->plan->sweeps[order[i]];
		if (!before || !pw_sweeps_alike(before, sweep))
			of_case = pw_sweep_case(c->plan, sweep, c->report);
		if (of_case < 0)
			return (int)of_case;
		err = compute_sweep(c, sweep, (uint32_t)of_case);
		before = sweep;
	}
	return err;
}

/* What the proof says against the rules becomes a finding, not a message */
static int prove(struct computed *c)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_finding finding = {
		.result = PW_RES_VIOLATION, .state = PW_STATE_UNKNOWN,
		.section = PW_NO_SECTION, .from = NULL,
	};
	int64_t of_case;
	int err;

	if (!diags)
		return -ENOMEM;
	of_case = pw_report_case(c->report, "proof", PW_RES_PASS,
				 "the rules mean what the policy says");
	if (of_case < 0)
		return (int)of_case;
	err = pw_prove(c->model, c->rules, diags);
	if (err != -EPROTO || !pw_diags_kept(diags))
		return err;
	finding.of_case = (uint32_t)of_case;
	finding.text = pw_diags_get(diags, 0)->text;
	return pw_report_find(c->report, &finding);
}

static int mark(struct pw_report *report)
{
	for (size_t i = 0; i < report->num_cases; i++) {
		if (report->cases[i].result < PW_RES_COMPUTED)
			report->cases[i].result = PW_RES_COMPUTED;
		if (!report->cases[i].text &&
		    pw_report_say(report, (uint32_t)i, "%s", COMPUTED))
			return -ENOMEM;
	}
	return 0;
}

int pw_rehearse_computed(const struct pw_model *model,
			 const struct pw_ruleset *rules,
			 const struct pw_plan *plan,
			 const struct pw_rehearsal *how,
			 struct pw_report *report)
{
	uint32_t *order = pw_sweeps_order(plan);
	struct computed c = {
		.model = model, .rules = rules, .plan = plan, .how = how,
		.report = report,
		.expected = malloc(sizeof(*c.expected)),
		.evidence = malloc(65536),
		.ports = malloc(65536 * sizeof(uint16_t)),
	};
	int err = -ENOMEM;

	if (order && c.expected && c.evidence && c.ports)
		err = prove(&c);
	if (!err)
		err = compute_sweeps(&c, order);
	if (!err)
		err = mark(report);
	free(c.ports);
	free(c.evidence);
	free(c.expected);
	free(order);
	return err;
}
