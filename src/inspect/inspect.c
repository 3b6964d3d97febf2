// SPDX-License-Identifier: GPL-2.0-or-later
/* Probe the running host: gates, volleys, judgement, states. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "inspect/tour.h"
#include "portwall/compile.h"
#include "verify/run.h"

static int survey(struct pw_tour *tour)
{
	int err = pw_host_gather(&tour->host, tour->diags);

	if (!err)
		err = pw_host_addrs(&tour->addrs, &tour->num_addrs,
				    tour->diags);
	if (!err)
		err = pw_listeners_gather(&tour->listeners, tour->diags);
	for (int p = 0; !err && p < TOUR_PROTOS; p++)
		for (int f = 0; !err && f < PW_NUM_FAMILIES; f++) {
			tour->facts[p][f] = calloc(
				65536, sizeof(*tour->facts[p][f]));
			err = tour->facts[p][f] ? 0 : -ENOMEM;
		}
	if (!err && tour->listeners->missing)
		err = pw_report_note(tour->report,
				     "not looked at: %s sockets, which this kernel does not list",
				     tour->listeners->missing);
	return err;
}

static int ask_leave(struct pw_tour *tour)
{
	const struct pw_inspection *how = tour->how;
	struct pw_foreign *list = NULL;
	size_t num = 0;
	int err = pw_foreign_traces(&list, &num, &tour->num_rules,
				    tour->diags);

	if (!err && num && how->agree && !how->agree(how->agree_arg, list, num))
		err = -ECANCELED;
	pw_foreign_free(list, num);
	return err;
}

/* Pairs that routing refuses are not sent: nothing of the rules would show */
static void mark_refused(const struct pw_volley *volley)
{
	for (size_t p = 0; p < volley->num_ports; p++)
		volley->evidence[p] = PW_EV_RPFILTER;
}

static int fire(struct pw_tour *tour)
{
	const struct pw_probe_count *count;
	size_t num = tour->num_shots - tour->num_refused;
	int err;

	for (size_t i = num; i < tour->num_shots; i++)
		mark_refused(&tour->volleys[i]);
	if (tour->how->progress)
		tour->how->progress(tour->how->progress_arg, "interfaces", 0,
				    num);
	err = pw_injector_fire(tour->injector, tour->volleys, num,
			       tour->diags);
	if (err)
		return err;
	count = pw_injector_count(tour->injector);
	tour->report->probes += count->sent;
	tour->report->lost += count->lost;
	tour->report->unknown += count->unknown;
	return 0;
}

/* Nothing could be sent: said once, and never taken for closed */
static int say_refused(struct pw_tour *tour, const char *why)
{
	int64_t of_case = pw_report_case(tour->report, "interfaces",
					 PW_RES_UNKNOWN, "all interfaces");

	if (of_case < 0)
		return (int)of_case;
	return pw_report_say(tour->report, (uint32_t)of_case,
			     "not probed: %s", why);
}

/* Then there is no way in but lo, and nothing was shown of any other */
static int say_no_gates(struct pw_tour *tour)
{
	int64_t of_case = pw_report_case(tour->report, "interfaces",
					 PW_RES_SKIPPED, "interfaces");

	if (of_case < 0)
		return (int)of_case;
	return pw_report_say(tour->report, (uint32_t)of_case,
			     "none but lo has an address");
}

static int open_injector(struct pw_tour *tour, bool *refused)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	const char *why = "the kernel refuses it";
	int err;

	if (!diags)
		return -ENOMEM;
	err = pw_injector_open(tour->how->ways, &tour->injector, diags);
	*refused = err != 0;
	if (!err)
		return pw_report_headline(
			tour->report, "probes come in by %s",
			pw_inject_way_text(pw_injector_way(tour->injector)));
	if (err == -ENOMEM)
		return err;
	if (pw_diags_kept(diags))
		why = pw_diags_get(diags, 0)->text;
	return say_refused(tour, why);
}

static int probe_interfaces(struct pw_tour *tour)
{
	bool refused = false;
	int err;

	if (!tour->num_gates)
		return say_no_gates(tour);
	if (!tour->how->ways)
		return say_refused(tour, "that needs CAP_NET_ADMIN and CAP_BPF: run it with sudo");
	err = open_injector(tour, &refused);
	if (err || refused)
		return err;
	err = pw_tour_where(tour);
	if (!err)
		err = pw_tour_shots(tour);
	if (!err)
		err = pw_tour_pace(tour);
	if (!err)
		err = fire(tour);
	return err ? err : pw_tour_judge(tour);
}

static int plan(struct pw_tour *tour)
{
	if (!tour->how->model)
		return 0;
	return pw_plan_make(tour->how->model, false, tour->seed, &tour->plan,
			    tour->diags);
}

/* The rules in force, read from the kernel, against the policy: all packets */
static int prove(struct pw_tour *tour)
{
	pw_owned(pw_diags_free) struct pw_diags *diags = pw_diags_new();
	struct pw_finding finding = {
		.result = PW_RES_VIOLATION, .state = PW_STATE_UNKNOWN,
		.section = PW_NO_SECTION,
	};
	int64_t of_case;
	int err;

	if (!tour->how->in_force || !tour->how->rules)
		return 0;
	if (!diags)
		return -ENOMEM;
	of_case = pw_report_case(tour->report, "proof", PW_RES_PASS,
				 "the rules in force mean what the policy says");
	if (of_case < 0)
		return (int)of_case;
	err = pw_prove(tour->how->model, tour->how->rules, diags);
	if (err != -EPROTO || !pw_diags_kept(diags))
		return err;
	finding.of_case = (uint32_t)of_case;
	finding.text = pw_diags_get(diags, 0)->text;
	finding.hint = "portwall apply loads them anew";
	return pw_report_find(tour->report, &finding);
}

static int tour_host(struct pw_tour *tour)
{
	pw_owned(pw_lo_run_free) struct pw_lo_run *loopback = NULL;
	int err = survey(tour);

	if (!err)
		err = pw_pick_seed(&tour->seed, tour->diags);
	if (!err)
		err = plan(tour);
	if (!err)
		err = pw_tour_gates(tour);
	if (!err && tour->num_gates && tour->how->ways)
		err = ask_leave(tour);
	if (!err)
		err = pw_lo_run_begin(tour, &loopback);
	if (!err)
		err = prove(tour);
	if (!err)
		err = probe_interfaces(tour);
	if (!err)
		err = pw_tour_limits(tour);
	if (!err)
		err = pw_lo_run_end(tour, loopback);
	if (!err)
		err = pw_tour_states(tour);
	return err ? err : pw_tour_openings(tour);
}

static void tour_clear(struct pw_tour *tour)
{
	for (size_t i = 0; i < tour->num_shots; i++) {
		free(tour->shots[i].ports);
		free(tour->volleys[i].evidence);
	}
	free(tour->shots);
	free(tour->volleys);
	free(tour->gates);
	for (int p = 0; p < TOUR_PROTOS; p++)
		for (int f = 0; f < PW_NUM_FAMILIES; f++)
			free(tour->facts[p][f]);
	free(tour->addrs);
	pw_injector_closep(&tour->injector);
	pw_plan_freep(&tour->plan);
	pw_listeners_freep(&tour->listeners);
	pw_host_freep(&tour->host);
}

int pw_inspect(const struct pw_inspection *how, struct pw_report *report,
	       struct pw_diags *diags)
{
	struct pw_tour tour = {
		.how = how, .report = report, .diags = diags,
		.seed = how->seed,
	};
	uint64_t start = pw_clock_ns(CLOCK_MONOTONIC);
	int err;

	report->start_ns = pw_clock_ns(CLOCK_REALTIME);
	err = tour_host(&tour);
	tour_clear(&tour);
	report->elapsed_ns = pw_clock_ns(CLOCK_MONOTONIC) - start;
	return err;
}
