// SPDX-License-Identifier: GPL-2.0-or-later
/* What is sent: from each class of source to the ports that matter, or all. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "inspect/tour.h"
#include "portwall/array.h"

#define MAX_CLASSES 32		/* of source, live; each volley costs 20 ms */

/* Documentation addresses: RFC 5737, RFC 3849 */
static const struct pw_range documentation[PW_NUM_FAMILIES][3] = {
	[PW_IPV4] = {
		{ { 0, 0xc6336407 }, { 0, 0xc63364ff } },
		{ { 0, 0xcb007107 }, { 0, 0xcb0071ff } },
		{ { 0, 0xc0000207 }, { 0, 0xc00002ff } },
	},
	[PW_IPV6] = {
		{ { 0x20010db8007f0000, 7 }, { 0x20010db8007f0000, ~0ull } },
		{ { 0x20010db8ffff0000, 7 }, { 0x20010db8ffff0000, ~0ull } },
		{ { 0x20010db800010000, 7 }, { 0x20010db800010000, ~0ull } },
	},
};

bool pw_section_is_touchy(const struct pw_section *section)
{
	return section->rate.set || section->connections.set ||
	       section->log_set;
}

void pw_tour_arrival(const struct pw_tour *tour, const struct pw_gate *gate,
		     struct pw_value src, uint8_t proto,
		     struct pw_arrival *out)
{
	*out = (struct pw_arrival){
		.iface = gate->name, .family = gate->family,
		.src = src, .dst = gate->dst, .dst_kind = PW_DST_LOCAL,
		.proto = proto, .sport = 40000, .hop_limit = 64,
		.now_ns = tour->host->now_ns,
	};
}

static bool is_own(const struct pw_tour *tour, enum pw_family family,
		   struct pw_value addr)
{
	for (size_t i = 0; i < tour->num_addrs; i++)
		if (tour->addrs[i].family == family &&
		    !pw_value_cmp(tour->addrs[i].addr, addr))
			return true;
	return false;
}

/* Sources that any routing refuses, or whose answers would go nowhere */
static bool is_odd_source(enum pw_family family, struct pw_value addr)
{
	uint8_t first = (uint8_t)(addr.lo >> 24);

	if (family == PW_IPV4)
		return first == 0 || first == 127 || first >= 224;
	return !addr.hi || addr.hi >> 56 == 0xff;
}

struct search {
	const struct pw_tour *tour;
	const struct pw_gate *gate;
	uint32_t class;
	const struct pw_rangeset *set;	/* of the class, NULL: anything */
	struct pw_value best;
	int path;
};

/* Better than what was found before? -EXDEV is better than nothing */
static bool try_source(struct search *s, struct pw_value addr)
{
	enum pw_family family = s->gate->family;
	int path;

	if ((s->set && !pw_rangeset_contains(s->set, addr)) ||
	    is_odd_source(family, addr) || is_own(s->tour, family, addr))
		return false;
	path = pw_host_accepts_route(family, addr, s->gate->dst,
				     s->gate->iface->index);
	if (path && path != -EXDEV)
		return false;
	if (s->path == -ENOENT || !path) {
		s->best = addr;
		s->path = path;
	}
	return !path;
}

static struct pw_value inner(const struct pw_range *range, uint64_t seed)
{
	struct pw_value v = range->first;

	if (range->first.hi == range->last.hi)
		v.lo += seed % (range->last.lo - range->first.lo + 1 ?
				range->last.lo - range->first.lo + 1 : ~0ull);
	return v;
}

/* A neighbour on the wire passes strict reverse-path filters */
static bool try_neighbours(struct search *s)
{
	for (size_t i = 0; i < s->tour->num_addrs; i++) {
		const struct pw_host_addr *a = &s->tour->addrs[i];
		unsigned int bits = pw_family_bits(s->gate->family);

		if (a->family != s->gate->family || a->prefix + 1u >= bits ||
		    a->ifindex != s->gate->iface->index)
			continue;
		if (try_source(s, pw_value_next(a->addr)) ||
		    try_source(s, pw_value_prev(a->addr)))
			return true;
	}
	return false;
}

/* Addresses of the class that the plan has found; NULL set: too many to keep */
static bool try_planned(struct search *s)
{
	const struct pw_plan *plan = s->tour->plan;

	for (size_t i = 0; plan && i < plan->num_sweeps; i++)
		if (plan->sweeps[i].class == s->class &&
		    try_source(s, plan->sweeps[i].src))
			return true;
	return false;
}

/* Can it be told whether an address is of the class? */
static bool is_told(const struct search *s)
{
	return !s->tour->plan || s->tour->plan->classes[s->class].set;
}

/* A source of the class for this gate. 0; -EXDEV; -ENOENT: there is none */
static int find_source(struct search *s)
{
	const struct pw_range *docs = documentation[s->gate->family];

	s->path = -ENOENT;
	for (size_t i = 0; is_told(s) && i < PW_ARRAY_SIZE(documentation[0]);
	     i++)
		if (try_source(s, inner(&docs[i], s->tour->seed)))
			return 0;
	if (!is_told(s) || !try_neighbours(s))
		try_planned(s);
	return s->path;
}

/* Ports that a policy, or a socket, has something to do with */
static void mark_around(bool *mark, uint32_t port)
{
	for (uint32_t p = port ? port - 1 : 0; p <= port + 1 && p < 65536; p++)
		mark[p] = true;
}

static void mark_range(bool *mark, struct pw_range range)
{
	mark_around(mark, (uint32_t)range.first.lo);
	mark_around(mark, (uint32_t)range.last.lo);
}

static void mark_sections(bool *mark, const struct pw_model *model,
			  enum pw_transport transport)
{
	for (size_t s = 0; s < model->num_sections; s++) {
		const struct pw_rangeset *ports =
			model->sections[s].ports[transport];

		for (size_t i = 0; i < ports->num; i++)
			mark_range(mark, pw_rangeset_get(ports, i));
	}
}

static void mark_edges(const struct pw_tour *tour, uint8_t proto, bool *mark)
{
	const struct pw_listeners *listeners = tour->listeners;

	mark[1] = mark[65535] = true;
	for (size_t i = 0; i < listeners->num; i++)
		if (!listeners->list[i].raw &&
		    listeners->list[i].proto == proto)
			mark_around(mark, listeners->list[i].port);
	if (tour->how->model)
		mark_sections(mark, tour->how->model,
			      proto == IPPROTO_TCP ? PW_TCP : PW_UDP);
}

/* Takes out the ports at which a section with a limit or a log would be asked */
static void spare_limits(const struct pw_tour *tour, const struct pw_gate *gate,
			 struct pw_value src, uint8_t proto, bool *mark)
{
	const struct pw_model *model = tour->how->model;
	enum pw_transport t = proto == IPPROTO_TCP ? PW_TCP : PW_UDP;
	struct pw_port_facts *facts =
		tour->facts[t][gate->family];

	for (size_t s = 0; model && s < model->num_sections; s++) {
		const struct pw_section *section = &model->sections[s];

		if (!pw_section_is_touchy(section) ||
		    !pw_rangeset_contains(section->from.set[gate->family],
					  src) ||
		    (!section->any_on &&
		     !pw_rangeset_contains(section->on, gate->name)))
			continue;
		for (uint32_t p = 0; p < 65536; p++)
			if (mark[p] &&
			    (section->everything ||
			     pw_rangeset_contains32(section->ports[t], p))) {
				mark[p] = false;
				facts[p].limited = true;
			}
	}
}

static int list_ports(const bool *mark, uint16_t **out, size_t *num)
{
	uint16_t *ports = malloc(65536 * sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	*num = 0;
	for (uint32_t p = 0; p < 65536; p++)
		if (mark[p])
			ports[(*num)++] = (uint16_t)p;
	*out = ports;
	return 0;
}

static int push(struct pw_tour *tour, const struct pw_volley *volley,
		const struct pw_shot *shot)
{
	size_t num = tour->num_shots;

	if (PW_ARRAY_PUSH(tour->volleys, num, tour->cap_volleys, *volley))
		return -ENOMEM;
	return PW_ARRAY_PUSH(tour->shots, tour->num_shots, tour->cap_shots,
			     *shot);
}

static int add_shot(struct pw_tour *tour, uint32_t gate_index, uint32_t class,
		    const struct search *found, uint8_t proto, bool full)
{
	const struct pw_gate *gate = &tour->gates[gate_index];
	struct pw_shot shot = {
		.gate = gate_index, .class = class, .path = found->path,
	};
	struct pw_volley volley = {
		.ifindex = gate->iface->index, .family = gate->family,
		.src = found->best, .dst = gate->dst, .proto = proto,
	};
	bool mark[65536] = { false };
	int err;

	for (uint32_t p = 0; full && p < 65536; p++)
		mark[p] = true;
	if (!full)
		mark_edges(tour, proto, mark);
	spare_limits(tour, gate, found->best, proto, mark);
	err = list_ports(mark, &shot.ports, &volley.num_ports);
	if (err)
		return err;
	volley.ports = shot.ports;
	volley.evidence = calloc(1, volley.num_ports ? volley.num_ports : 1);
	err = volley.evidence ? push(tour, &volley, &shot) : -ENOMEM;
	if (err) {
		free(volley.evidence);
		free(shot.ports);
	}
	return err;
}

static int ask_class(struct pw_tour *tour, uint32_t gate_index,
		     uint32_t class, bool full)
{
	struct search found = {
		.tour = tour, .gate = &tour->gates[gate_index],
		.class = class,
		.set = tour->plan ? tour->plan->classes[class].set : NULL,
	};
	int err = 0;

	if (find_source(&found) == -ENOENT)
		return 0;
	for (int p = 0; !err && p < TOUR_PROTOS; p++)
		err = add_shot(tour, gate_index, class, &found,
			       pw_tour_protos[p], full);
	return err;
}

/* First, last, and right beside: where boundaries are off by one it shows */
static int ask_source(struct pw_tour *tour, uint32_t gate_index,
		      uint32_t class, struct pw_value addr)
{
	struct search found = {
		.tour = tour, .gate = &tour->gates[gate_index],
		.class = class, .path = -ENOENT,
	};
	int err = 0;

	try_source(&found, addr);
	if (found.path == -ENOENT)
		return 0;
	for (int p = 0; !err && p < TOUR_PROTOS; p++)
		err = add_shot(tour, gate_index, class, &found,
			       pw_tour_protos[p], false);
	return err;
}

/* All sources that the plan has for this family, each once */
static int ask_edges(struct pw_tour *tour, uint32_t gate_index)
{
	const struct pw_gate *gate = &tour->gates[gate_index];
	pw_owned(pw_rangeset_free) struct pw_rangeset *asked =
		pw_rangeset_new(pw_family_bits(gate->family));
	int err = asked ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < tour->plan->num_sweeps; i++) {
		const struct pw_sweep *sweep = &tour->plan->sweeps[i];

		if (sweep->family != gate->family ||
		    pw_rangeset_contains(asked, sweep->src))
			continue;
		err = ask_source(tour, gate_index, sweep->class, sweep->src);
		if (!err)
			err = pw_rangeset_add(asked, sweep->src, sweep->src);
		if (!err)
			err = pw_rangeset_normalise(asked);
	}
	return err;
}

static int ask_gate(struct pw_tour *tour, uint32_t gate_index)
{
	const struct pw_gate *gate = &tour->gates[gate_index];
	size_t asked = 0;
	int err = 0;

	if (!tour->plan)
		return ask_class(tour, gate_index, PW_NO_SECTION, gate->full);
	for (uint32_t c = 0; !err && c < tour->plan->num_classes; c++) {
		if (tour->plan->classes[c].family != gate->family)
			continue;
		if (asked++ < MAX_CLASSES || tour->how->all)
			err = ask_class(tour, gate_index, c,
					gate->full && asked == 1);
	}
	if (!err && tour->how->all)
		err = ask_edges(tour, gate_index);
	if (!err && asked > MAX_CLASSES && !tour->how->all)
		err = pw_report_note(tour->report,
				     "on %s: %zu classes of source were not probed; --full asks all",
				     gate->iface->name, asked - MAX_CLASSES);
	return err;
}

static void copy_shots(struct pw_tour *tour, struct pw_volley *volleys,
		       struct pw_shot *shots, bool refused, size_t *num)
{
	for (size_t i = 0; i < tour->num_shots; i++) {
		if ((tour->shots[i].path != 0) != refused)
			continue;
		volleys[*num] = tour->volleys[i];
		shots[(*num)++] = tour->shots[i];
	}
}

/* Those that routing refuses go last; otherwise the order stays */
static int put_refused_last(struct pw_tour *tour)
{
	struct pw_volley *volleys = calloc(tour->num_shots + 1,
					   sizeof(*volleys));
	struct pw_shot *shots = calloc(tour->num_shots + 1, sizeof(*shots));
	size_t num = 0;

	if (!volleys || !shots) {
		free(volleys);
		free(shots);
		return -ENOMEM;
	}
	copy_shots(tour, volleys, shots, false, &num);
	tour->num_refused = tour->num_shots - num;
	copy_shots(tour, volleys, shots, true, &num);
	free(tour->volleys);
	free(tour->shots);
	tour->volleys = volleys;
	tour->shots = shots;
	return 0;
}

int pw_tour_shots(struct pw_tour *tour)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < tour->num_gates; i++)
		err = ask_gate(tour, i);
	return err ? err : put_refused_last(tour);
}
