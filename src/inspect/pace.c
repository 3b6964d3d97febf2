// SPDX-License-Identifier: GPL-2.0-or-later
/* What a packet costs on this host, and how many are therefore sent. */
#include <inttypes.h>
#include <time.h>

#include "inspect/tour.h"
#include "verify/plan_dice.h"
#include "verify/run.h"

#define ONE_OF 64		/* ports that are asked nevertheless, at random */

/* Volleys that are sent at all come first */
static size_t num_sent(const struct pw_tour *tour)
{
	return tour->num_shots - tour->num_refused;
}

static uint64_t num_probes(const struct pw_tour *tour)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < num_sent(tour); i++)
		sum += tour->volleys[i].num_ports;
	return sum;
}

/*
 * Time of a processor, not of the clock: what a frame sets off is done within
 * the call that injects it, and others may well keep this host busy.
 */
static int gauge(struct pw_tour *tour, uint64_t *each_ns)
{
	struct pw_volley volley = tour->volleys[0];
	uint8_t evidence[PW_PACE_PORTS];
	uint64_t start;
	int err;

	volley.evidence = evidence;
	if (volley.num_ports > PW_PACE_PORTS)
		volley.num_ports = PW_PACE_PORTS;
	if (!volley.num_ports)
		return 0;
	start = pw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	err = pw_injector_fire(tour->injector, &volley, 1, tour->diags);
	if (!err)
		*each_ns = (pw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) /
			   volley.num_ports;
	return err;
}

void pw_tour_thin_out(const struct pw_tour *tour, uint8_t proto, uint64_t seed,
		      bool *mark)
{
	struct pw_dice dice = { .state = tour->seed + seed };
	bool edge[65536] = { false };

	pw_tour_mark_edges(tour, proto, edge);
	for (size_t p = 0; p < 65536; p++)
		mark[p] = mark[p] && (edge[p] || !pw_dice_below(&dice, ONE_OF));
}

static void thin_out(const struct pw_tour *tour, size_t i)
{
	struct pw_volley *volley = &tour->volleys[i];
	uint16_t *ports = tour->shots[i].ports;
	bool mark[65536] = { false };
	size_t num = volley->num_ports;

	for (size_t p = 0; p < num; p++)
		mark[ports[p]] = true;
	pw_tour_thin_out(tour, volley->proto, i, mark);
	volley->num_ports = 0;
	for (size_t p = 0; p < num; p++)
		if (mark[ports[p]])
			ports[volley->num_ports++] = ports[p];
}

int pw_tour_pace(struct pw_tour *tour)
{
	uint64_t before = num_probes(tour), each_ns = 0;
	int err;

	if (tour->how->all || tour->num_rules < PW_PACE_RULES || !before)
		return 0;
	err = gauge(tour, &each_ns);
	if (err || each_ns * before < PW_PACE_LIMIT_NS)
		return err;
	for (size_t i = 0; i < num_sent(tour); i++)
		thin_out(tour, i);
	return pw_report_note(tour->report,
			      "a packet takes %.2f ms through the rules of this host: only %" PRIu64 " of %" PRIu64 " probes were sent, to ports that matter and others at random; --full sends all",
			      (double)each_ns / 1e6, num_probes(tour), before);
}
