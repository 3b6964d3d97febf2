// SPDX-License-Identifier: GPL-2.0-or-later
/* Another host, over the network: what one sees of it from here. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/inspect.h"
#include "portwall/listen.h"
#include "portwall/names.h"
#include "portwall/scan.h"
#include "verify/judge.h"
#include "verify/run.h"

#define TRIES 3
#define TIMEOUT_MS 300

struct distance {
	const struct pw_distance *how;
	struct pw_report *report;
	struct pw_diags *diags;
	struct pw_remote scan;
	uint16_t *ports;
	uint8_t evidence[65536];
	struct pw_ports_expected expected;
};

static void tell(void *arg, uint64_t done, uint64_t total)
{
	const struct distance *d = arg;

	if (d->how->progress)
		d->how->progress(d->how->progress_arg,
				 pw_proto_name(d->scan.proto), done, total);
}

/*
 * From here one interface of the target is seen, and its name is not known:
 * sections with `on` may hold there or not. What both readings agree on counts.
 */
static void expect(struct distance *d, const char *iface,
		   struct pw_ports_expected *out)
{
	struct pw_arrival arrival = {
		.family = d->how->family, .src = d->scan.source,
		.dst = d->how->target, .dst_kind = PW_DST_LOCAL,
		.proto = d->scan.proto, .sport = 40000, .hop_limit = 64,
	};
	struct pw_range name;

	pw_ifname_range(iface, strlen(iface), &name);
	arrival.iface = name.first;
	pw_expect_ports(d->how->model, &arrival, out);
}

static bool names_interfaces(const struct pw_model *model)
{
	for (size_t i = 0; i < model->num_sections; i++)
		if (!model->sections[i].any_on)
			return true;
	return false;
}

/* A port that a section with `on` might open or close is left undecided */
static void blur(struct distance *d)
{
	const struct pw_model *model = d->how->model;
	enum pw_transport t = d->scan.proto == IPPROTO_TCP ? PW_TCP : PW_UDP;

	for (size_t s = 0; s < model->num_sections; s++) {
		const struct pw_section *section = &model->sections[s];

		for (uint32_t p = 0; !section->any_on && p < 65536; p++)
			if (section->everything ||
			    pw_rangeset_contains32(section->ports[t], p))
				d->expected.what[p] = PW_EX_LIMITED;
	}
}

static void note_expectation(struct distance *d)
{
	if (!d->how->model) {
		memset(d->expected.what, PW_EX_LIMITED,
		       sizeof(d->expected.what));
		memset(d->expected.section, 0xff, sizeof(d->expected.section));
		return;
	}
	expect(d, "eth0", &d->expected);
	blur(d);
}

/* UDP is asked where the policy names ports; silence says nothing there */
static int named_ports(struct distance *d)
{
	const struct pw_model *model = d->how->model;
	bool mark[65536] = { false };

	d->ports = malloc(65536 * sizeof(*d->ports));
	if (!d->ports)
		return -ENOMEM;
	for (size_t s = 0; model && s < model->num_sections; s++) {
		const struct pw_rangeset *set =
			model->sections[s].ports[PW_UDP];

		for (uint32_t p = 1; p < 65536; p++)
			mark[p] |= pw_rangeset_contains32(set, p);
	}
	d->scan.num_ports = 0;
	for (uint32_t p = 1; p < 65536; p++)
		if (mark[p])
			d->ports[d->scan.num_ports++] = (uint16_t)p;
	d->scan.ports = d->ports;
	return 0;
}

static const enum pw_port_state seen_states[PW_NUM_EVIDENCE] = {
	[PW_EV_NONE] = PW_STATE_UNKNOWN, [PW_EV_UNKNOWN] = PW_STATE_UNKNOWN,
	[PW_EV_SILENCE] = PW_STATE_CLOSED,
	[PW_EV_RPFILTER] = PW_STATE_UNKNOWN,
	[PW_EV_PROHIBITED] = PW_STATE_CLOSED,
	[PW_EV_UNREACHABLE] = PW_STATE_CLOSED,
	[PW_EV_RESET] = PW_STATE_CLOSED,
	[PW_EV_DELIVERED] = PW_STATE_OPEN, [PW_EV_FORWARDED] = PW_STATE_OPEN,
	[PW_EV_ANSWER] = PW_STATE_OPEN,
};

/* A line for what answered */
static int report_open(struct distance *d, uint32_t of_case, char *addr)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_new(16);
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_PASS,
		.state = PW_STATE_OPEN, .proto = d->scan.proto, .addr = addr,
		.evidence = PW_EV_ANSWER, .section = PW_NO_SECTION,
		.text = "answers",
	};
	size_t num = d->scan.ports ? d->scan.num_ports : 65536;
	int err = ports ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < num; i++) {
		uint16_t port = d->scan.ports ? d->scan.ports[i] : (uint16_t)i;

		if (seen_states[d->evidence[i]] == PW_STATE_OPEN &&
		    d->expected.what[port] >= PW_EX_LIMITED)
			err = pw_rangeset_add32(ports, port, port);
	}
	if (!err)
		err = pw_rangeset_normalise(ports);
	finding.ports = ports;
	if (err || pw_rangeset_empty(ports))
		return err;
	return pw_report_find(d->report, &finding);
}

static int judge(struct distance *d, uint32_t of_case)
{
	char from[PW_ADDR_STRLEN], addr[PW_ADDR_STRLEN];
	struct pw_judgement j = {
		.model = d->how->model, .report = d->report,
		.of_case = of_case, .proto = d->scan.proto, .iface = "",
		.from = from, .addr = addr, .ports = d->scan.ports,
		.num_ports = d->scan.ports ? d->scan.num_ports : 65536,
		.evidence = d->evidence, .expected = &d->expected,
		.refusal = PW_RES_VIOLATION, .afar = true,
		.hint_open = "put the policy in force there: portwall apply",
	};
	int err;

	pw_addr_format(d->how->family, d->how->target, addr);
	pw_addr_format(d->how->family, d->scan.source, from);
	note_expectation(d);
	err = pw_judge(&j, &d->report->reachable);
	return err ? err : report_open(d, of_case, addr);
}

static int scan(struct distance *d, uint8_t proto)
{
	char addr[PW_ADDR_STRLEN];
	int64_t of_case;
	int err = 0;

	d->scan = (struct pw_remote){
		.family = d->how->family, .target = d->how->target,
		.source = d->how->source, .proto = proto,
		.rate = d->how->rate, .tries = TRIES,
		.timeout_ms = TIMEOUT_MS, .evidence = d->evidence,
		.progress = tell, .progress_arg = d,
	};
	of_case = pw_report_case(d->report, "remote", PW_RES_PASS,
				 "%s at %s", pw_proto_name(proto),
				 pw_addr_format(d->how->family,
						d->how->target, addr));
	if (of_case < 0)
		return (int)of_case;
	if (proto == IPPROTO_UDP)
		err = named_ports(d);
	memset(d->evidence, 0, sizeof(d->evidence));
	if (!err)
		err = pw_remote_scan(&d->scan, d->diags);
	if (err) {
		d->report->cases[of_case].result = PW_RES_UNKNOWN;
		return err;
	}
	d->report->probes += d->scan.count.sent;
	d->report->lost += d->scan.count.lost;
	d->report->unknown += d->scan.count.unknown;
	d->report->cases[of_case].probes = d->scan.count.sent;
	return judge(d, (uint32_t)of_case);
}

/* Packets to own addresses come in on lo, where no rule judges them */
static int refuse_own(const struct pw_distance *how, struct pw_diags *diags)
{
	struct pw_host_addr *addrs = NULL;
	char text[PW_ADDR_STRLEN];
	size_t num = 0;
	bool own = false;
	int err = pw_host_addrs(&addrs, &num, diags);

	for (size_t i = 0; !err && i < num; i++)
		own |= addrs[i].family == how->family &&
		       !pw_value_cmp(addrs[i].addr, how->target);
	free(addrs);
	if (err || !own)
		return err;
	pw_diag_error(diags, NULL,
		      "%s is an address of this host: over loopback no rule is asked",
		      pw_addr_format(how->family, how->target, text));
	pw_diag_hint(diags, "without --target the interfaces are probed as from outside");
	return -EINVAL;
}

int pw_inspect_target(const struct pw_distance *how, struct pw_report *report,
		      struct pw_diags *diags)
{
	struct distance *d = calloc(1, sizeof(*d));
	uint64_t start = pw_clock_ns(CLOCK_MONOTONIC);
	int err = refuse_own(how, diags);

	if (err || !d) {
		free(d);
		return err ? err : -ENOMEM;
	}
	d->how = how;
	d->report = report;
	d->diags = diags;
	if (!report->start_ns)
		report->start_ns = pw_clock_ns(CLOCK_REALTIME);
	err = scan(d, IPPROTO_TCP);
	if (!err && how->udp)
		err = scan(d, IPPROTO_UDP);
	if (!err && how->model && names_interfaces(how->model))
		err = pw_report_note(report,
				     "ports of sections with `on` are not judged from here: the interface is not known");
	free(d->ports);
	free(d);
	report->elapsed_ns += pw_clock_ns(CLOCK_MONOTONIC) - start;
	return err;
}
