// SPDX-License-Identifier: GPL-2.0-or-later
/* Volleys that were fired become cases, findings, and facts of ports. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/tour.h"
#include "portwall/eval.h"
#include "portwall/names.h"
#include "verify/judge.h"

static const char *class_text(const struct pw_tour *tour, uint32_t class)
{
	return class == PW_NO_SECTION ? "anyone" :
	       tour->plan->classes[class].text;
}

/* Who sends: words that the policy does not have for what is beside it */
static char *sender_text(const struct pw_tour *tour, size_t i)
{
	const struct pw_shot *shot = &tour->shots[i];
	const struct pw_volley *v = &tour->volleys[i];
	const char *class = class_text(tour, shot->class);
	char addr[PW_ADDR_STRLEN], *text = NULL;
	int len;

	if (v->sport)
		len = asprintf(&text, "%s with source port %u", class,
			       v->sport);
	else if (shot->beside && !tour->gates[shot->gate].across)
		len = asprintf(&text, "%s, here %s", class,
			       pw_addr_format(v->family, v->src, addr));
	else
		len = asprintf(&text, "%s", class);
	return len < 0 ? NULL : text;
}

static int64_t open_case(struct pw_tour *tour, size_t i, const char *sender)
{
	const struct pw_shot *shot = &tour->shots[i];
	const struct pw_gate *gate = &tour->gates[shot->gate];
	char addr[PW_ADDR_STRLEN], src[PW_ADDR_STRLEN];
	int64_t of_case = pw_report_case(
		tour->report, "interfaces", PW_RES_PASS,
		"%s on %s to %s from %s over %s",
		pw_proto_name(tour->volleys[i].proto), gate->iface->name,
		pw_addr_format(gate->family, gate->dst, addr),
		sender, pw_family_name(gate->family));

	if (of_case < 0)
		return of_case;
	if (pw_report_say(tour->report, (uint32_t)of_case,
			  "%zu ports, as sent by %s",
			  tour->volleys[i].num_ports,
			  pw_addr_format(gate->family, tour->volleys[i].src,
					 src)))
		return -ENOMEM;
	tour->report->cases[of_case].probes = tour->volleys[i].num_ports;
	return of_case;
}

/* Where a published port leads to, of one volley */
static uint32_t forwarded_at(const struct pw_tour *tour, size_t volley,
			     uint16_t port)
{
	const struct pw_forwarded *list;
	size_t num;

	list = pw_injector_forwarded(tour->injector, &num);
	for (size_t i = 0; i < num; i++)
		if (list[i].volley == volley && list[i].port == port)
			return (uint32_t)i + 1;
	return 0;
}

struct blame {
	const struct pw_tour *tour;
	size_t volley;
};

/* What portwall's own rules say of a packet that got through */
static char *own_rules(const struct pw_tour *tour, size_t volley,
		       uint16_t port, const char **hint)
{
	const struct pw_ruleset *rules = tour->how->rules;
	const struct pw_volley *v = &tour->volleys[volley];
	const struct pw_gate *gate = &tour->gates[tour->shots[volley].gate];
	struct pw_packet packet = {
		.family = v->family, .src = v->src, .dst = v->dst,
		.dst_type = RTN_LOCAL, .src_type = RTN_UNICAST,
		.l4proto = v->proto, .sport = pw_tour_sport(v), .dport = port,
		.tcp_flags = 0x02, .hop_limit = 64, .socket_wildcard = -1,
		.state = PW_CT_NEW, .time_ns = tour->host->now_ns,
	};
	struct pw_fate fate;
	const char *comment;
	char *text = NULL;
	int len;

	if (!rules) {
		*hint = "put the policy in force: portwall apply";
		return strdup("no rules of portwall are in force");
	}
	memcpy(packet.iifname, gate->iface->name, sizeof(packet.iifname));
	if (pw_eval_packet(rules, &packet, &fate))
		return NULL;
	if (fate.outcome != PW_OUT_ACCEPT)
		return strdup("portwall's rules in force should have stopped it");
	*hint = tour->how->in_force ?
		"load the rules anew: portwall apply" :
		"put this policy in force: portwall apply";
	comment = fate.rule == PW_NONE ? "the chain's policy" :
		  rules->chains[fate.chain].rules[fate.rule].comment;
	len = asprintf(&text, "let in by portwall's rule in force, chain %s: %s",
		       rules->chains[fate.chain].name,
		       comment ? comment : "no comment");
	return len < 0 ? NULL : text;
}

static char *blame_rule(void *arg, uint16_t port, const char **hint)
{
	const struct blame *blame = arg;
	uint32_t at = forwarded_at(blame->tour, blame->volley, port);
	const struct pw_forwarded *list;
	char addr[PW_ADDR_STRLEN], *text = NULL;
	size_t num;

	if (!at)
		return own_rules(blame->tour, blame->volley, port, hint);
	*hint = "close it: remove the publishing, or apply a policy with containers = follow";
	list = pw_injector_forwarded(blame->tour->injector, &num);
	if (asprintf(&text, "published by a container engine (%s:%u)",
		     pw_addr_format(list[at - 1].family, list[at - 1].addr,
				    addr), list[at - 1].to_port) < 0)
		return NULL;
	return text;
}

/* Without a policy nothing is expected: everything is as it is */
static void expect(const struct pw_tour *tour, size_t i,
		   struct pw_ports_expected *out)
{
	const struct pw_volley *v = &tour->volleys[i];
	const struct pw_gate *gate = &tour->gates[tour->shots[i].gate];
	struct pw_arrival arrival;

	if (!tour->how->model) {
		memset(out->what, PW_EX_LIMITED, sizeof(out->what));
		memset(out->section, 0xff, sizeof(out->section));
		return;
	}
	pw_tour_arrival(tour, gate, v, &arrival);
	pw_expect_ports(tour->how->model, &arrival, out);
	for (size_t p = 0; tour->shots[i].beside && p < v->num_ports; p++)
		if (out->what[v->ports[p]] == PW_EX_REACHABLE)
			out->what[v->ports[p]] = PW_EX_LIMITED;
	pw_tour_expect_openings(tour, i, out);
	/* what containers see of published ports is not judged */
	for (size_t p = 0; gate->bridge && p < v->num_ports; p++)
		if (v->evidence[p] == PW_EV_FORWARDED)
			out->what[v->ports[p]] = PW_EX_REACHABLE;
}

static void note_facts(struct pw_tour *tour, size_t i,
		       const struct pw_ports_expected *expected)
{
	const struct pw_volley *v = &tour->volleys[i];
	const struct pw_shot *shot = &tour->shots[i];
	int proto = v->proto == IPPROTO_TCP ? TOUR_TCP : TOUR_UDP;

	for (size_t p = 0; p < v->num_ports; p++) {
		uint16_t port = v->ports[p];
		struct pw_port_facts *fact =
			&tour->facts[proto][v->family][port];

		fact->asked |= v->evidence[p] > PW_EV_UNKNOWN &&
			       v->evidence[p] != PW_EV_RPFILTER;
		if (!pw_evidence_reached(v->evidence[p]))
			continue;
		if (expected->what[port] == PW_EX_CLOSED ||
		    expected->what[port] == PW_EX_REFUSED)
			fact->wrong = true;
		if (fact->reached)
			continue;
		fact->reached = true;
		fact->gate = shot->gate;
		fact->class = shot->class;
		fact->section = expected->section[port];
		fact->forwarded = forwarded_at(tour, i, port);
	}
}

static void note_listening(const struct pw_tour *tour, size_t i,
			   bool listens[static 65536])
{
	const struct pw_gate *gate = &tour->gates[tour->shots[i].gate];
	const struct pw_listeners *l = tour->listeners;

	memset(listens, 0, 65536);
	for (size_t k = 0; k < l->num; k++)
		if (l->list[k].proto == tour->volleys[i].proto &&
		    !l->list[k].raw &&
		    pw_listener_takes(&l->list[k], gate->family, gate->dst,
				      gate->iface->index))
			listens[l->list[k].port] = true;
	for (size_t p = 0; p < tour->volleys[i].num_ports; p++)
		if (tour->volleys[i].evidence[p] == PW_EV_FORWARDED)
			listens[tour->volleys[i].ports[p]] = true;
}

static int judge_shot(struct pw_tour *tour, size_t i, char *sender,
		      struct pw_ports_expected *expected)
{
	const struct pw_shot *shot = &tour->shots[i];
	const struct pw_gate *gate = &tour->gates[shot->gate];
	const struct pw_volley *v = &tour->volleys[i];
	struct blame blame = { .tour = tour, .volley = i };
	bool listens[65536];
	char addr[PW_ADDR_STRLEN];
	int64_t of_case = open_case(tour, i, sender);
	struct pw_judgement j = {
		.model = tour->how->model, .report = tour->report,
		.of_case = (uint32_t)of_case, .proto = v->proto,
		.iface = gate->iface->name,
		.from = sender,
		.addr = addr, .ports = v->ports, .num_ports = v->num_ports,
		.evidence = v->evidence, .expected = expected,
		.listens = listens, .refusal = PW_RES_WARNING,
		.blame = blame_rule, .blame_arg = &blame,
		.hint_open = "look at the rules before portwall's: nft list ruleset",
		.hint_shut = tour->how->in_force ?
			"another table drops it: nft list ruleset" :
			"put the policy in force: portwall apply",
	};

	if (of_case < 0)
		return (int)of_case;
	pw_addr_format(gate->family, gate->dst, addr);
	expect(tour, i, expected);
	note_facts(tour, i, expected);
	note_listening(tour, i, listens);
	tour->report->sweeps += v->num_ports > 60000;
	return pw_judge(&j, &tour->report->reachable);
}

int pw_tour_judge(struct pw_tour *tour)
{
	struct pw_ports_expected *expected = malloc(sizeof(*expected));
	int err = expected ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < tour->num_shots; i++) {
		char *sender = sender_text(tour, i);

		err = sender ? judge_shot(tour, i, sender, expected) : -ENOMEM;
		free(sender);
	}
	free(expected);
	return err;
}
