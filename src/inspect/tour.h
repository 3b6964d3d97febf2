/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An inspection under way: where probes come in, and what is known of ports. */
#ifndef INSPECT_TOUR_H
#define INSPECT_TOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/expect.h"
#include "portwall/host.h"
#include "portwall/inject.h"
#include "portwall/inspect.h"
#include "portwall/listen.h"

enum pw_tour_proto { TOUR_TCP, TOUR_UDP, TOUR_PROTOS };

/**
 * struct pw_gate - An interface, and an own address that is asked there
 * @iface:	borrowed from the host
 * @name:	of @iface as a number
 * @full:	all ports are asked; else those that matter
 * @across:	@dst belongs to another interface, and is asked here, too
 * @bridge:	one of the policy's bridges
 */
struct pw_gate {
	const struct pw_iface *iface;
	struct pw_value name;
	enum pw_family family;
	struct pw_value dst;
	bool full, across, bridge;
};

/**
 * struct pw_shot - A volley, and what it is for
 * @gate:	index
 * @class:	index in the plan's classes; PW_NO_SECTION: no policy
 * @ports:	list of the volley; owned
 * @path:	-EXDEV: the reverse-path filter refuses it
 * @beside:	beyond what the policy tells apart: only what gets in too much
 *		is of interest, others may well close more
 */
struct pw_shot {
	uint32_t gate, class;
	uint16_t *ports;
	int path;
	bool beside;
};

/**
 * struct pw_port_facts - What is known of one port, over all gates
 * @asked:	it was probed from somewhere
 * @reached:	and reached; @gate and @class say from where first: the most
 *		exposed, since anyone is asked first
 * @wrong:	the policy closes it where it was reached
 * @limited:	left to the evaluator: probes would use up a limit
 * @forwarded:	index of the published port and 1; 0: none
 * @section:	that allows it, PW_NO_SECTION
 */
struct pw_port_facts {
	bool asked, reached, wrong, limited;
	uint32_t gate, class, forwarded, section;
};

/**
 * struct pw_tour
 * @plan:	for its classes of source; NULL without a policy
 * @gates_left, @across_left: what there was no room for
 * @volleys, @shots: side by side; the last @num_refused are those that routing
 *		refuses, and are not sent
 * @num_full, @full_left: classes at gates that were asked about all ports, or
 *		should have been
 * @num_rules:	of other tables that a probe may come to
 * @facts:	by protocol and family; 65,536 each
 */
struct pw_tour {
	const struct pw_inspection *how;
	struct pw_report *report;
	struct pw_diags *diags;
	struct pw_host *host;
	struct pw_host_addr *addrs;
	size_t num_addrs;
	struct pw_listeners *listeners;
	struct pw_plan *plan;
	struct pw_gate *gates;
	size_t num_gates, cap_gates, gates_left, across_left;
	struct pw_volley *volleys;
	struct pw_shot *shots;
	size_t num_shots, num_refused, cap_volleys, cap_shots;
	size_t num_full, full_left, num_rules;
	struct pw_injector *injector;
	struct pw_port_facts *facts[TOUR_PROTOS][PW_NUM_FAMILIES];
	uint64_t seed;
};

extern const uint8_t pw_tour_protos[TOUR_PROTOS];

/* gates.c: which interfaces and addresses */
int pw_tour_gates(struct pw_tour *tour);
/* gates.c: tells the report which, in short */
int pw_tour_where(struct pw_tour *tour);

/* shots.c: what is sent, from which sources to which ports */
int pw_tour_shots(struct pw_tour *tour);
/* Ports that the policy, or a socket, has something to do with */
void pw_tour_mark_edges(const struct pw_tour *tour, uint8_t proto, bool *mark);

/*
 * pace.c: what a packet costs on this host, and how many are therefore sent.
 * One that meets rules of others one after the other takes about 3 ns for each:
 * with fewer rules it need not be measured; beyond the limit nobody would wait
 * for all ports.
 */
#define PW_PACE_RULES 5000
#define PW_PACE_LIMIT_NS UINT64_C(20000000000)
#define PW_PACE_PORTS 128	/* are enough to measure it */
int pw_tour_pace(struct pw_tour *tour);
/* Unmarks ports but those that matter, and others at random */
void pw_tour_thin_out(const struct pw_tour *tour, uint8_t proto, uint64_t seed,
		      bool *mark);

/* The source port that the evaluator is asked about */
uint16_t pw_tour_sport(const struct pw_volley *volley);
void pw_tour_arrival(const struct pw_tour *tour, const struct pw_gate *gate,
		     const struct pw_volley *volley, struct pw_arrival *out);

/* Would a probe use up a limit of this section, or write to a log? */
bool pw_section_is_touchy(const struct pw_section *section);

/* verdicts.c: volleys that were fired become cases, findings and facts */
int pw_tour_judge(struct pw_tour *tour);

/*
 * openings.c: what the volley finds open because of one is no violation, and
 * need not be found, since it may have ended
 */
struct pw_ports_expected;
void pw_tour_expect_openings(const struct pw_tour *tour, size_t volley,
			     struct pw_ports_expected *expected);
/* openings.c: a line for each */
int pw_tour_openings(struct pw_tour *tour);

/* limits.c: what was left to the evaluator */
int pw_tour_limits(struct pw_tour *tour);

/* ports.c: the four states, a line for each service */
int pw_tour_states(struct pw_tour *tour);

/*
 * loopback.c: what answers over lo, beside what the socket tables say. A thread
 * sweeps while interfaces are probed; _end() compares, and adds to the report.
 */
struct pw_lo_run;
int pw_lo_run_begin(struct pw_tour *tour, struct pw_lo_run **out);
int pw_lo_run_end(struct pw_tour *tour, struct pw_lo_run *run);
void pw_lo_run_free(struct pw_lo_run *run);
PW_DEFINE_OWNED(struct pw_lo_run, pw_lo_run_free)

#endif
