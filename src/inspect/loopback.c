// SPDX-License-Identifier: GPL-2.0-or-later
/* Over lo the rules let everything pass: what answers there listens. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/tour.h"
#include "portwall/names.h"
#include "portwall/scan.h"
#include "verify/run.h"

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
		.text = text, .section = PW_NO_SECTION,
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
		else if (l && sweep->evidence[p] == PW_EV_RESET && !l->ifindex)
			err = odd_port(tour, of_case, sweep, (uint16_t)p,
				       "listened a moment ago, and refuses now: look again");
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

/**
 * struct lo_sweep - One sweep, and what came of it
 * @err:	of pw_loopback_sweep(), with messages in @diags
 */
struct lo_sweep {
	struct pw_loopback sweep;
	bool only[65536];
	uint8_t evidence[65536];
	struct pw_diags *diags;
	int err;
};

struct pw_lo_run {
	const struct pw_tour *tour;
	pthread_t thread;
	bool running;
	struct lo_sweep *sweeps;
	size_t num;
};

/* Packets over lo meet the rules as well, and answers do a second time */
static bool is_slow(const struct pw_lo_run *run, struct lo_sweep *s)
{
	uint64_t start = pw_clock_ns(CLOCK_THREAD_CPUTIME_ID), each_ns;

	memset(s->only, true, PW_PACE_PORTS);
	s->sweep.only = s->only;
	s->err = pw_loopback_sweep(&s->sweep, s->diags);
	each_ns = (pw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) /
		  PW_PACE_PORTS;
	return each_ns * sizeof(s->only) * run->num > PW_PACE_LIMIT_NS;
}

static void choose_ports(const struct pw_lo_run *run, struct lo_sweep *s)
{
	const struct pw_tour *tour = run->tour;

	if (tour->how->all || tour->num_rules < PW_PACE_RULES)
		return;
	if (!is_slow(run, s)) {
		s->sweep.only = NULL;
		return;
	}
	memset(s->only, true, sizeof(s->only));
	pw_tour_thin_out(tour, s->sweep.proto, s->sweep.family, s->only);
}

static void *run_sweeps(void *arg)
{
	struct pw_lo_run *run = arg;

	for (size_t i = 0; i < run->num; i++) {
		struct lo_sweep *s = &run->sweeps[i];

		choose_ports(run, s);
		if (!s->err)
			s->err = pw_loopback_sweep(&s->sweep, s->diags);
	}
	return NULL;
}

static int add_sweep(struct pw_lo_run *run, enum pw_family family,
		     uint8_t proto)
{
	struct lo_sweep *s = &run->sweeps[run->num];

	s->diags = pw_diags_new();
	if (!s->diags)
		return -ENOMEM;
	s->sweep = (struct pw_loopback){
		.family = family, .addr = loopback[family], .proto = proto,
		.raw = true, .evidence = s->evidence,
	};
	run->num++;
	return 0;
}

void pw_lo_run_free(struct pw_lo_run *run)
{
	if (run->running)
		pthread_join(run->thread, NULL);
	for (size_t i = 0; i < run->num; i++)
		pw_diags_free(run->sweeps[i].diags);
	free(run->sweeps);
	free(run);
}

int pw_lo_run_begin(struct pw_tour *tour, struct pw_lo_run **out)
{
	pw_owned(pw_lo_run_free) struct pw_lo_run *run = calloc(1, sizeof(*run));
	int err = 0;

	if (!run)
		return -ENOMEM;
	run->sweeps = calloc(PW_NUM_FAMILIES * 2, sizeof(*run->sweeps));
	if (!run->sweeps)
		return -ENOMEM;
	run->tour = tour;
	for (int f = 0; !err && f < PW_NUM_FAMILIES; f++) {
		if (!has_loopback(tour, (enum pw_family)f))
			continue;
		err = add_sweep(run, (enum pw_family)f, IPPROTO_TCP);
		if (!err && tour->how->all)
			err = add_sweep(run, (enum pw_family)f, IPPROTO_UDP);
	}
	if (!err)
		err = -pthread_create(&run->thread, NULL, run_sweeps, run);
	if (err)
		return err;
	run->running = true;
	*out = PW_TAKE(run);
	return 0;
}

static size_t num_asked(const struct lo_sweep *s)
{
	size_t num = 0;

	for (size_t p = 1; p < PW_ARRAY_SIZE(s->only); p++)
		num += !s->sweep.only || s->only[p];
	return num;
}

static int judge(struct pw_tour *tour, const struct lo_sweep *s)
{
	int64_t of_case = pw_report_case(tour->report, "loopback",
					 PW_RES_PASS, "%s over %s",
					 pw_proto_name(s->sweep.proto),
					 pw_family_name(s->sweep.family));
	int err = 0;

	if (of_case < 0)
		return (int)of_case;
	if (s->err) {
		tour->report->cases[of_case].result = PW_RES_UNKNOWN;
		return pw_report_say(tour->report, (uint32_t)of_case, "%s",
				     pw_diags_kept(s->diags) ?
				     pw_diags_get(s->diags, 0)->text :
				     "could not be swept");
	}
	tour->report->cases[of_case].probes = num_asked(s);
	tour->report->probes += num_asked(s);
	if (s->sweep.only)
		err = pw_report_note(tour->report,
				     "over loopback only %zu ports of %s, %s were asked, which takes long here; --full asks all",
				     num_asked(s), pw_proto_name(s->sweep.proto),
				     pw_family_name(s->sweep.family));
	return err ? err : compare(tour, (uint32_t)of_case, &s->sweep);
}

int pw_lo_run_end(struct pw_tour *tour, struct pw_lo_run *run)
{
	int err = 0;

	pthread_join(run->thread, NULL);
	run->running = false;
	for (size_t i = 0; !err && i < run->num; i++)
		err = judge(tour, &run->sweeps[i]);
	return err;
}
