// SPDX-License-Identifier: GPL-2.0-or-later
/* A sweep as a case of the report: its name, its place, its judgement. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/names.h"
#include "rehearse/blame.h"
#include "rehearse/rehearse.h"
#include "rehearse/sweeps.h"
#include "verify/judge.h"

static int cmp_case(const struct pw_sweep *a, const struct pw_sweep *b)
{
	if (a->iface != b->iface)
		return a->iface < b->iface ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return pw_value_cmp(a->dst, b->dst);
}

static int cmp_sweep(const void *a, const void *b, void *arg)
{
	const struct pw_plan *const *plan = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int cmp = cmp_case(&(*plan)->sweeps[x], &(*plan)->sweeps[y]);

	return cmp ? cmp : (x > y) - (x < y);
}

bool pw_sweeps_alike(const struct pw_sweep *a, const struct pw_sweep *b)
{
	return !cmp_case(a, b);
}

uint32_t *pw_sweeps_order(const struct pw_plan *plan)
{
	uint32_t *order = calloc(plan->num_sweeps + 1, sizeof(*order));

	for (size_t i = 0; order && i < plan->num_sweeps; i++)
		order[i] = (uint32_t)i;
	if (order)
		qsort_r(order, plan->num_sweeps, sizeof(*order), cmp_sweep,
			&plan);
	return order;
}

/* " to ADDRESS" unless it is the interface's own; returns @buf */
static const char *destination(const struct pw_plan *plan,
			       const struct pw_sweep *sweep, char *buf,
			       size_t len)
{
	const struct pw_scene_iface *iface = &plan->scene->ifaces[sweep->iface];
	char addr[PW_ADDR_STRLEN];

	*buf = '\0';
	if (pw_value_cmp(iface->addr[sweep->family], sweep->dst))
		snprintf(buf, len, " to %s",
			 pw_addr_format(sweep->family, sweep->dst, addr));
	return buf;
}

int64_t pw_sweep_case(const struct pw_plan *plan, const struct pw_sweep *sweep,
		      struct pw_report *report)
{
	char to[PW_ADDR_STRLEN + 8];

	return pw_report_case(report, "ports", PW_RES_PASS,
			      "%s on %s from %s over %s%s",
			      pw_proto_name(sweep->proto),
			      plan->scene->ifaces[sweep->iface].name,
			      plan->classes[sweep->class].text,
			      pw_family_name(sweep->family),
			      destination(plan, sweep, to, sizeof(to)));
}

#define FAULT "the policy is not at fault: portwall, or this kernel, is; report it"

/* What blame_rule() needs to ask the evaluator */
struct blame {
	const struct pw_ruleset *rules;
	struct pw_arrival arrival;
};

static char *blame_rule(void *arg, uint16_t port, const char **hint)
{
	struct blame *blame = arg;
	struct pw_packet packet;

	(void)hint;
	blame->arrival.dport = port;
	pw_packet_of(&blame->arrival, &packet);
	return pw_blame_rule(blame->rules, &packet);
}

static bool is_published(const struct pw_scene *scene,
			 const struct pw_sweep *sweep, uint16_t port)
{
	for (size_t i = 0; i < scene->num_publish; i++)
		if (scene->publish[i].proto == sweep->proto &&
		    scene->publish[i].port == port)
			return true;
	return false;
}

/*
 * The kernel forwards nothing of link-local sources, and says so before any
 * rule of forward is asked (net/ipv6/ip6_output.c, ip6_forward()): up to there
 * it was let through, and beyond nothing is open.
 */
static void take_out_scope(const struct pw_plan *plan,
			   const struct pw_sweep *sweep,
			   const struct pw_ports_expected *expected,
			   uint8_t *evidence)
{
	size_t num = pw_sweep_num(sweep);

	if (sweep->family != PW_IPV6 || sweep->src.hi >> 54 != 0xfe80u >> 6)
		return;
	for (size_t i = 0; i < num; i++) {
		uint16_t port = sweep->ports ? sweep->ports[i] : (uint16_t)i;

		if (evidence[i] != PW_EV_PROHIBITED)
			continue;
		if (sweep->dst_kind == PW_DST_BEHIND)
			evidence[i] = PW_EV_SILENCE;
		else if (is_published(plan->scene, sweep, port) &&
			 expected->what[port] >= PW_EX_LIMITED)
			evidence[i] = PW_EV_FORWARDED;
	}
}

int pw_sweep_judge(const struct pw_model *model, const struct pw_plan *plan,
		   const struct pw_sweep *sweep, uint8_t *evidence,
		   const struct pw_ruleset *rules, uint32_t of_case,
		   struct pw_ports_expected *expected,
		   struct pw_report *report)
{
	const struct pw_scene_iface *iface = &plan->scene->ifaces[sweep->iface];
	bool own = !pw_value_cmp(iface->addr[sweep->family], sweep->dst);
	char addr[PW_ADDR_STRLEN];
	struct blame blame = { .rules = rules };
	struct pw_judgement j = {
		.model = model, .report = report, .of_case = of_case,
		.proto = sweep->proto, .iface = iface->name,
		.from = plan->classes[sweep->class].text,
		.addr = own ? NULL : addr,
		.ports = sweep->ports, .num_ports = pw_sweep_num(sweep),
		.evidence = evidence, .expected = expected,
		.refusal = PW_RES_VIOLATION,
		.blame = blame_rule, .blame_arg = &blame,
		.hint_open = FAULT, .hint_shut = FAULT,
	};

	pw_addr_format(sweep->family, sweep->dst, addr);
	pw_sweep_arrival(plan, sweep, &blame.arrival);
	if (!blame.arrival.now_ns)
		blame.arrival.now_ns = model->now_ns;
	pw_sweep_expect(model, plan, sweep, expected);
	take_out_scope(plan, sweep, expected, evidence);
	report->cases[of_case].probes += pw_sweep_num(sweep);
	report->sweeps += !sweep->ports;
	return pw_judge(&j, &report->reachable);
}
