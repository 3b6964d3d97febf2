// SPDX-License-Identifier: GPL-2.0-or-later
/* Over lo the rules let everything pass: what answers there listens. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "inspect/tour.h"
#include "portwall/names.h"
#include "portwall/scan.h"

static const struct pw_value loopback[PW_NUM_FAMILIES] = {
	[PW_IPV4] = { 0, 0x7f000001 }, [PW_IPV6] = { 0, 1 },
};

static const struct pw_listener *socket_at(const struct pw_tour *tour,
					   const struct pw_loopback *sweep,
					   uint16_t port)
{
	for (size_t i = 0; i < tour->listeners->num; i++) {
		const struct pw_listener *l = &tour->listeners->list[i];

		if (!l->raw && l->proto == sweep->proto && l->port == port &&
		    pw_listener_takes(l, sweep->family, sweep->addr, 0))
			return l;
	}
	return NULL;
}

static int odd_port(struct pw_tour *tour, uint32_t of_case,
		    const struct pw_loopback *sweep, uint16_t port,
		    const char *text)
{
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_WARNING,
		.state = PW_STATE_UNKNOWN, .proto = sweep->proto,
		.ports = pw_rangeset_of(16, pw_value32(port),
					pw_value32(port)),
		.iface = "lo", .evidence = sweep->evidence[port],
		.text = (char *)(uintptr_t)text, .section = PW_NO_SECTION,
	};
	int err = finding.ports ? pw_report_find(tour->report, &finding) :
		  -ENOMEM;

	pw_rangeset_free(finding.ports);
	return err;
}

/* Socket tables and answers must tell the same; both are looked at once */
static int compare(struct pw_tour *tour, uint32_t of_case,
		   const struct pw_loopback *sweep)
{
	size_t answers = 0;
	int err = 0;

	for (uint32_t p = 1; !err && p < 65536; p++) {
		const struct pw_listener *l = socket_at(tour, sweep,
							(uint16_t)p);
		bool answer = sweep->evidence[p] == PW_EV_ANSWER;

		answers += answer;
		if (answer && !l)
			err = odd_port(tour, of_case, sweep, (uint16_t)p,
				       "answers on loopback, but no socket of this host is listed: begun meanwhile, or redirected");
		else if (l && sweep->evidence[p] == PW_EV_SILENCE &&
			 sweep->proto == IPPROTO_TCP)
			err = odd_port(tour, of_case, sweep, (uint16_t)p,
				       "listens, and does not answer on loopback: its queue is full, or it is filtered");
	}
	if (err)
		return err;
	return pw_report_say(tour->report, of_case, "%zu answer, by %s",
			     answers, sweep->raw ? "raw packets" :
			     sweep->proto == IPPROTO_TCP ? "connect" :
			     "the error queue");
}

static bool has_loopback(const struct pw_tour *tour, enum pw_family family)
{
	for (size_t i = 0; i < tour->num_addrs; i++)
		if (tour->addrs[i].family == family &&
		    !pw_value_cmp(tour->addrs[i].addr, loopback[family]))
			return true;
	return false;
}

static int sweep(struct pw_tour *tour, enum pw_family family, uint8_t proto,
		 uint8_t *evidence)
{
	struct pw_loopback sweep = {
		.family = family, .addr = loopback[family], .proto = proto,
		.raw = true, .evidence = evidence,
	};
	int64_t of_case = pw_report_case(tour->report, "loopback",
					 PW_RES_PASS, "%s over %s",
					 pw_proto_name(proto),
					 pw_family_name(family));
	int err;

	if (of_case < 0)
		return (int)of_case;
	err = pw_loopback_sweep(&sweep, tour->diags);
	if (err)
		return err;
	tour->report->cases[of_case].probes = 65535;
	tour->report->probes += 65535;
	return compare(tour, (uint32_t)of_case, &sweep);
}

int pw_tour_loopback(struct pw_tour *tour)
{
	uint8_t *evidence = malloc(65536);
	int err = evidence ? 0 : -ENOMEM;

	for (int f = 0; !err && f < PW_NUM_FAMILIES; f++) {
		if (!has_loopback(tour, (enum pw_family)f))
			continue;
		err = sweep(tour, (enum pw_family)f, IPPROTO_TCP, evidence);
		if (!err && tour->how->all)
			err = sweep(tour, (enum pw_family)f, IPPROTO_UDP,
				    evidence);
	}
	free(evidence);
	return err;
}
