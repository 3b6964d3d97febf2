// SPDX-License-Identifier: GPL-2.0-or-later
/* What is sent: from each class of source to the ports that matter, or all. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "inspect/source.h"
#include "portwall/array.h"

#define MAX_CLASSES 32		/* of source, live; each volley costs 20 ms */
#define MAX_FULL 192		/* of --full; each takes 200 KB */
#define MAX_BESIDE 24		/* gates where habits are asked about */
#define MAX_OWN_NEAR 16		/* own addresses side by side */
#define ANY_SPORT 40000		/* like any that is chosen for probes */

/*
 * Source ports that stateless rules let in: FTP data, DNS, DHCP, HTTP,
 * Kerberos, NTP, HTTPS, IKE
 */
static const uint16_t sports[] = { 20, 53, 67, 80, 88, 123, 443, 500 };

/* Sources that are trusted by habit: RFC 1918, RFC 6598; RFC 4291, RFC 4193 */
static const struct pw_value habits[PW_NUM_FAMILIES][4] = {
	[PW_IPV4] = { { 0, 0x0ac0ffee }, { 0, 0xac1fc0fe }, { 0, 0xc0a8c0fe },
		      { 0, 0x6440c0fe } },
	[PW_IPV6] = { { 0xfe80000000000000, 0x0200c0fffec0ffee },
		      { 0xfdc0ffee00000000, 0xc0ffee } },
};

bool pw_section_is_touchy(const struct pw_section *section)
{
	return section->rate.set || section->connections.set ||
	       section->log_set;
}

uint16_t pw_tour_sport(const struct pw_volley *volley)
{
	return volley->sport ? volley->sport : ANY_SPORT;
}

void pw_tour_arrival(const struct pw_tour *tour, const struct pw_gate *gate,
		     const struct pw_volley *volley, struct pw_arrival *out)
{
	*out = (struct pw_arrival){
		.iface = gate->name, .family = gate->family,
		.src = volley->src, .dst = gate->dst, .dst_kind = PW_DST_LOCAL,
		.proto = volley->proto, .sport = pw_tour_sport(volley),
		.hop_limit = 64,
		.now_ns = tour->host->now_ns,
	};
}

/* Of those whom the policy does not tell from others, if it does at all */
static uint32_t first_class(const struct pw_tour *tour, enum pw_family family)
{
	const struct pw_plan *plan = tour->plan;

	for (uint32_t c = 0; plan && c < plan->num_classes; c++)
		if (plan->classes[c].family == family)
			return c;
	return PW_NO_SECTION;
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

void pw_tour_mark_edges(const struct pw_tour *tour, uint8_t proto, bool *mark)
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

/* Takes out ports at which a section with a limit or a log would be asked */
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

/**
 * struct order - What to send
 * @sport:	0: any
 * @beside:	see struct pw_shot
 */
struct order {
	uint32_t gate, class;
	struct pw_value src;
	int path;
	uint16_t sport;
	bool full, beside;
};

static int add_shot(struct pw_tour *tour, const struct order *order,
		    uint8_t proto)
{
	const struct pw_gate *gate = &tour->gates[order->gate];
	struct pw_shot shot = {
		.gate = order->gate, .class = order->class,
		.path = order->path, .beside = order->beside,
	};
	struct pw_volley volley = {
		.ifindex = gate->iface->index, .family = gate->family,
		.src = order->src, .dst = gate->dst, .proto = proto,
		.sport = order->sport,
	};
	bool mark[65536] = { false };
	int err;

	for (uint32_t p = 0; order->full && p < 65536; p++)
		mark[p] = true;
	if (!order->full)
		pw_tour_mark_edges(tour, proto, mark);
	spare_limits(tour, gate, order->src, proto, mark);
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

static int add_shots(struct pw_tour *tour, const struct order *order)
{
	int err = 0;

	for (int p = 0; !err && p < TOUR_PROTOS; p++)
		err = add_shot(tour, order, pw_tour_protos[p]);
	return err;
}

/* From where packets are sent that are not what peers send, but are let in */
static int ask_sports(struct pw_tour *tour, const struct order *base)
{
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(sports); i++) {
		struct order order = *base;

		order.full = false;
		order.beside = true;
		order.sport = sports[i];
		err = add_shots(tour, &order);
	}
	return err;
}

/* Is a sweep over all ports still to be had? */
static bool may_be_full(struct pw_tour *tour, bool wanted)
{
	if (wanted && tour->num_full >= MAX_FULL) {
		tour->full_left++;
		return false;
	}
	tour->num_full += wanted;
	return wanted;
}

static int ask_class(struct pw_tour *tour, uint32_t gate_index,
		     uint32_t class, bool full)
{
	struct pw_search found = {
		.tour = tour, .gate = &tour->gates[gate_index],
		.class = class,
		.set = tour->plan ? tour->plan->classes[class].set : NULL,
	};
	struct order order = { .gate = gate_index, .class = class };
	bool across = tour->gates[gate_index].across;
	int err;

	if (pw_search_find(&found) == -ENOENT || (across && found.path))
		return 0;
	order.src = found.best;
	order.path = found.path;
	order.beside = across;
	order.full = may_be_full(tour, full);
	err = add_shots(tour, &order);
	if (!err && class == first_class(tour, found.gate->family) &&
	    !across && !order.path && gate_index < MAX_BESIDE)
		err = ask_sports(tour, &order);
	return err;
}

/* First, last, and right beside: where boundaries are off by one it shows */
static int ask_source(struct pw_tour *tour, uint32_t gate_index,
		      uint32_t class, struct pw_value addr, bool beside)
{
	struct pw_search found = {
		.tour = tour, .gate = &tour->gates[gate_index],
		.class = class, .path = -ENOENT,
	};

	pw_search_try(&found, addr);
	if (found.path == -ENOENT || (beside && found.path))
		return 0;
	return add_shots(tour, &(struct order){
		.gate = gate_index, .class = class, .src = found.best,
		.path = found.path, .beside = beside,
	});
}

/* The class of an address; that of anyone where it cannot be told */
static uint32_t class_of(const struct pw_tour *tour, enum pw_family family,
			 struct pw_value addr)
{
	const struct pw_plan *plan = tour->plan;

	for (uint32_t c = 0; plan && c < plan->num_classes; c++)
		if (plan->classes[c].family == family && plan->classes[c].set &&
		    pw_rangeset_contains(plan->classes[c].set, addr))
			return c;
	return first_class(tour, family);
}

static int ask_beside(struct pw_tour *tour, uint32_t gate_index,
		      struct pw_value addr)
{
	enum pw_family family = tour->gates[gate_index].family;

	return ask_source(tour, gate_index, class_of(tour, family, addr), addr,
			  true);
}

/* Somebody on the wire who is not this host */
static struct pw_value neighbour_of(const struct pw_tour *tour,
				    const struct pw_host_addr *own)
{
	struct pw_value addr = pw_value_next(own->addr);

	for (int i = 0; i < MAX_OWN_NEAR && pw_tour_owns(tour, own->family, addr); i++)
		addr = pw_value_next(addr);
	return addr;
}

/* Neighbours on the wire, and those whom rules trust by habit */
static int ask_habits(struct pw_tour *tour, uint32_t gate_index)
{
	const struct pw_gate *gate = &tour->gates[gate_index];
	const struct pw_value *list = habits[gate->family];
	int err = 0;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(habits[0]); i++)
		if (list[i].hi || list[i].lo)
			err = ask_beside(tour, gate_index, list[i]);
	for (size_t i = 0; !err && i < tour->num_addrs; i++) {
		const struct pw_host_addr *a = &tour->addrs[i];

		if (a->family == gate->family &&
		    a->ifindex == gate->iface->index &&
		    !pw_value_cmp(a->addr, gate->dst) &&
		    a->prefix + 1u < pw_family_bits(gate->family))
			err = ask_beside(tour, gate_index,
					 neighbour_of(tour, a));
	}
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
		err = ask_source(tour, gate_index, sweep->class, sweep->src,
				 false);
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
		err = ask_class(tour, gate_index, PW_NO_SECTION, gate->full);
	for (uint32_t c = 0; tour->plan && !err && c < tour->plan->num_classes; c++) {
		if (tour->plan->classes[c].family != gate->family)
			continue;
		if (asked++ < MAX_CLASSES || tour->how->all)
			err = ask_class(tour, gate_index, c,
					gate->full &&
					(asked == 1 || tour->how->all));
		if (gate->across)
			return err;
	}
	if (!err && gate_index < MAX_BESIDE)
		err = ask_habits(tour, gate_index);
	if (!err && tour->how->all && tour->plan)
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
	if (!err && tour->full_left)
		err = pw_report_note(tour->report,
				     "%zu classes of source on interfaces were not asked about all ports, only those that matter",
				     tour->full_left);
	return err ? err : put_refused_last(tour);
}
