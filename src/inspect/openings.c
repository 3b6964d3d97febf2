// SPDX-License-Identifier: GPL-2.0-or-later
/* Temporary openings: no violations, and a line for each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/tour.h"

/* A block beats an opening */
static bool is_blocked(const struct pw_model *model,
		       const struct pw_ports_expected *expected, uint16_t port)
{
	uint32_t section = expected->section[port];

	return section != PW_NO_SECTION && model->sections[section].block;
}

void pw_tour_expect_openings(const struct pw_tour *tour, size_t volley,
			     struct pw_ports_expected *expected)
{
	const struct pw_openings *openings = tour->how->openings;
	const struct pw_volley *v = &tour->volleys[volley];
	const struct pw_gate *gate = &tour->gates[tour->shots[volley].gate];

	for (size_t i = 0; openings && i < openings->num; i++)
		for (size_t p = 0; p < v->num_ports; p++) {
			uint16_t port = v->ports[p];

			if (expected->what[port] != PW_EX_REACHABLE &&
			    pw_opening_takes(&openings->list[i], v->family,
					     v->src, v->proto, port,
					     gate->iface->name) &&
			    !is_blocked(tour->how->model, expected, port))
				expected->what[port] = PW_EX_LIMITED;
		}
}

/* "temporary opening, until 17:31:04", or with the date; NULL: no memory */
static char *until_text(const struct pw_opening *opening)
{
	time_t now = time(NULL);
	time_t end = now + (time_t)(opening->left_ms / 1000);
	struct tm today, then;
	char *text = malloc(64);

	if (!text)
		return NULL;
	localtime_r(&now, &today);
	localtime_r(&end, &then);
	if (opening->left_ms == UINT64_MAX)
		strcpy(text, "opened beside the policy, without an end");
	else if (today.tm_yday == then.tm_yday && today.tm_year == then.tm_year)
		strftime(text, 64, "temporary opening, until %H:%M:%S", &then);
	else
		strftime(text, 64, "temporary opening, until %Y-%m-%d %H:%M",
			 &then);
	return text;
}

static bool is_used(const struct pw_tour *tour, const struct pw_opening *o)
{
	for (size_t i = 0; i < tour->listeners->num; i++) {
		const struct pw_listener *l = &tour->listeners->list[i];

		if (l->proto == o->proto && l->port >= o->first &&
		    l->port <= o->last && !l->raw && !pw_listener_is_local(l))
			return true;
	}
	return false;
}

static int report_opening(struct pw_tour *tour, uint32_t of_case,
			  const struct pw_opening *o)
{
	const struct pw_range from = { o->from, o->to };
	pw_owned(pw_rangeset_free) struct pw_rangeset *ports =
		pw_rangeset_of(16, pw_value32(o->first), pw_value32(o->last));
	char addr[2 * PW_ADDR_STRLEN], *text = until_text(o);
	struct pw_finding finding = {
		.of_case = of_case, .result = PW_RES_PASS,
		.state = is_used(tour, o) ? PW_STATE_OPEN : PW_STATE_UNUSED,
		.proto = o->proto, .ports = ports, .text = text,
		.from = o->any_from ? "anyone" :
			pw_addr_range_format(o->family, &from, addr),
		.section = PW_NO_SECTION,
	};
	int err = -ENOMEM;

	memcpy(finding.iface, o->iifname, sizeof(finding.iface));
	if (ports && text)
		err = pw_report_find(tour->report, &finding);
	free(text);
	return err;
}

int pw_tour_openings(struct pw_tour *tour)
{
	const struct pw_openings *openings = tour->how->openings;
	int64_t of_case;
	int err = 0;

	if (!openings || !openings->num)
		return 0;
	of_case = pw_report_case(tour->report, "openings", PW_RES_PASS,
				 "temporary openings");
	if (of_case < 0)
		return (int)of_case;
	for (size_t i = 0; i < openings->num && !err; i++)
		err = report_opening(tour, (uint32_t)of_case,
				     &openings->list[i]);
	return err;
}
