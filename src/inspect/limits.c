// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections that probes would use up are asked of the evaluator instead. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "inspect/tour.h"
#include "portwall/eval.h"
#include "portwall/names.h"

static const char *why_spared(const struct pw_section *section)
{
	return section->rate.set ? "rate" :
	       section->connections.set ? "connections" : "log";
}

/* The first gate at which the section lets in a family */
static const struct pw_gate *gate_of(const struct pw_tour *tour,
				     const struct pw_section *section)
{
	for (size_t i = 0; i < tour->num_gates; i++) {
		const struct pw_gate *gate = &tour->gates[i];

		if ((section->any_on ||
		     pw_rangeset_contains(section->on, gate->name)) &&
		    !pw_rangeset_empty(section->from.set[gate->family]))
			return gate;
	}
	return NULL;
}

/* A source that no block covers, as far as the first few show */
static struct pw_value source_of(const struct pw_section *section,
				 enum pw_family family)
{
	struct pw_range range = pw_rangeset_get(section->from.set[family], 0);
	struct pw_range wide = section->any_from ?
		(struct pw_range){ { 0, 0xc6336407 }, { 0, 0 } } : range;

	if (section->any_from && family == PW_IPV6)
		wide.first = (struct pw_value){ 0x20010db8007f0000, 7 };
	return wide.first;
}

static int first_port(const struct pw_section *section, uint8_t *proto)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (int t = 0; t < 2; t++)
		if (!pw_rangeset_empty(section->ports[t])) {
			*proto = protos[t];
			return (int)pw_rangeset_get(section->ports[t],
						    0).first.lo;
		}
	return -1;
}

/* Do the rules in force say of one of its packets what the policy does? */
static enum pw_result evaluate(const struct pw_tour *tour,
			       const struct pw_section *section,
			       const struct pw_gate *gate, uint8_t proto,
			       uint16_t port)
{
	struct pw_packet packet = {
		.family = gate->family,
		.src = source_of(section, gate->family), .dst = gate->dst,
		.dst_type = RTN_LOCAL, .src_type = RTN_UNICAST,
		.l4proto = proto, .sport = 40000, .dport = port,
		.tcp_flags = 0x02, .hop_limit = 64, .socket_wildcard = -1,
		.state = PW_CT_NEW, .time_ns = tour->host->now_ns,
	};
	struct pw_expectation expected;
	struct pw_arrival arrival;
	struct pw_fate fate;
	bool in;

	pw_tour_arrival(tour, gate,
			&(struct pw_volley){ .src = packet.src, .proto = proto },
			&arrival);
	arrival.dport = port;
	pw_expect(tour->how->model, &arrival, &expected);
	memcpy(packet.iifname, gate->iface->name, sizeof(packet.iifname));
	if (pw_eval_packet(tour->how->rules, &packet, &fate))
		return PW_RES_UNKNOWN;
	in = fate.outcome == PW_OUT_ACCEPT;
	if (expected.what == PW_EX_LIMITED)
		return in && fate.limited ? PW_RES_COMPUTED :
		       PW_RES_VIOLATION;
	return in == (expected.what == PW_EX_REACHABLE) ? PW_RES_COMPUTED :
	       PW_RES_VIOLATION;
}

static int report_section(struct pw_tour *tour, uint32_t index,
			  enum pw_result result, const char *text)
{
	const struct pw_section *section = &tour->how->model->sections[index];
	struct pw_finding finding = {
		.result = result, .state = PW_STATE_UNKNOWN,
		.section = index,
	};
	int64_t of_case = pw_report_case(tour->report, "limits",
					 PW_RES_COMPUTED, "section '%s'",
					 section->name);

	if (of_case < 0)
		return (int)of_case;
	tour->report->cases[of_case].section = index;
	if (pw_report_say(tour->report, (uint32_t)of_case,
			  "computed, not sent: %s", why_spared(section)))
		return -ENOMEM;
	if (result == PW_RES_COMPUTED)
		return 0;
	finding.of_case = (uint32_t)of_case;
	finding.text = text;
	return pw_report_find(tour->report, &finding);
}

static int compute(struct pw_tour *tour, uint32_t index)
{
	const struct pw_section *section = &tour->how->model->sections[index];
	const struct pw_gate *gate = gate_of(tour, section);
	uint8_t proto = 0;
	int port = first_port(section, &proto);
	enum pw_result result = PW_RES_COMPUTED;

	if (!tour->how->rules)
		return report_section(tour, index, PW_RES_UNKNOWN,
				      "not probed, because it limits or logs; no rules of portwall to compute it from");
	if (gate && port >= 0)
		result = evaluate(tour, section, gate, proto, (uint16_t)port);
	return report_section(tour, index, result,
			      result == PW_RES_UNKNOWN ?
			      "could not be computed" :
			      "portwall's rules in force do not do what this section says");
}

int pw_tour_limits(struct pw_tour *tour)
{
	const struct pw_model *model = tour->how->model;
	int err = 0;

	for (uint32_t i = 0; !err && model && i < model->num_sections; i++)
		if (pw_section_is_touchy(&model->sections[i]))
			err = compute(tour, i);
	return err;
}
