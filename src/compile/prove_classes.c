/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sections speak of a protocol and port: so each cell asks only them. */
#include <errno.h>
#include <stdlib.h>

#include "compile/prove.h"
#include "portwall/array.h"

#define NUM_PORTS 65536u
/* Sections with more ports are asked everywhere, in place of an index entry */
#define NARROW_MAX 1024

/* A section speaks of a port */
struct pair {
	uint32_t port, section;
};

struct pairs {
	struct pair *items;
	size_t num, cap;
};

static bool is_narrow(const struct pw_rangeset *ports)
{
	return pw_rangeset_count(ports) <= NARROW_MAX;
}

static int add_pairs(struct pairs *pairs, uint32_t section,
		     const struct pw_rangeset *ports)
{
	int err = 0;

	for (size_t i = 0; i < ports->num; i++)
		for (uint32_t port = ports->r32[i].first;
		     port <= ports->r32[i].last && !err; port++) {
			struct pair pair = { port, section };

			err = PW_ARRAY_PUSH(pairs->items, pairs->num,
					    pairs->cap, pair);
		}
	return err;
}

static int pair_cmp(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->section > b->section) - (a->section < b->section);
}

/* Sorted by port, then section */
static int list_pairs(const struct proof *p, enum pw_transport t,
		      struct pairs *pairs)
{
	int err = 0;

	for (uint32_t s = 0; s < p->model->num_sections && !err; s++) {
		const struct pw_rangeset *ports =
			p->model->sections[s].ports[t];

		if (p->sections[s].areas.num && is_narrow(ports))
			err = add_pairs(pairs, s, ports);
	}
	if (!err && pairs->num)
		qsort(pairs->items, pairs->num, sizeof(*pairs->items),
		      pair_cmp);
	return err;
}

/* A port, and its sections: @num pairs from @first on */
struct listed {
	const struct pair *first;
	size_t num;
};

static int list_cmp(const struct listed *a, const struct listed *b)
{
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	for (size_t i = 0; i < a->num; i++)
		if (a->first[i].section != b->first[i].section)
			return a->first[i].section < b->first[i].section
				? -1 : 1;
	return 0;
}

static int listed_cmp(const void *pa, const void *pb)
{
	const struct listed *a = pa, *b = pb;
	int order = list_cmp(a, b);

	if (order)
		return order;
	return (a->first->port > b->first->port) -
	       (a->first->port < b->first->port);
}

static int copy_list(struct class *class, const struct listed *l)
{
	class->sections = calloc(l->num + 1, sizeof(*class->sections));
	if (!class->sections)
		return -ENOMEM;
	for (size_t i = 0; i < l->num; i++)
		class->sections[i] = l->first[i].section;
	class->num_sections = l->num;
	return 0;
}

/* Ports @ports[0..@num) have one list of sections */
static int add_class(struct proof *p, enum pw_transport t,
		     const struct listed *ports, size_t num)
{
	struct transport *tr = &p->transports[t];
	struct pw_rangeset *set = pw_rangeset_new(16);
	struct class class = { 0 };
	int err = set ? copy_list(&class, &ports[0]) : -ENOMEM;

	for (size_t i = 0; i < num && !err; i++) {
		uint32_t port = ports[i].first->port;

		err = pw_rangeset_add32(set, port, port);
		tr->class_of[port] = (uint32_t)tr->num;
	}
	if (err) {
		pw_rangeset_free(set);
		set = NULL;
	}
	class.ports = pw_values_take(p->ev->space.values, set);
	pw_cuts_add(&p->ev->space, &class.where, PW_F_DPORT, class.ports);
	if (!err)
		err = PW_ARRAY_PUSH(tr->classes, tr->num, tr->cap, class);
	if (err)
		free(class.sections);
	return err;
}

/* @ports has room for one entry a pair */
static int add_classes(struct proof *p, enum pw_transport t,
		       const struct pairs *pairs, struct listed *ports)
{
	size_t num = 0;
	int err = 0;

	for (size_t i = 0; i < pairs->num; i++) {
		if (!i || pairs->items[i].port != pairs->items[i - 1].port)
			ports[num++] = (struct listed){ &pairs->items[i], 0 };
		ports[num - 1].num++;
	}
	if (num)
		qsort(ports, num, sizeof(*ports), listed_cmp);
	for (size_t from = 0, to; from < num && !err; from = to) {
		for (to = from + 1; to < num; to++)
			if (list_cmp(&ports[from], &ports[to]))
				break;
		err = add_class(p, t, ports + from, to - from);
	}
	return err;
}

/* Class 0 stands for the ports that no narrow section speaks of */
static int add_rest_class(struct proof *p, enum pw_transport t)
{
	struct transport *tr = &p->transports[t];
	struct class rest = { 0 };

	return PW_ARRAY_PUSH(tr->classes, tr->num, tr->cap, rest);
}

/* Known once the other classes are: every port that is in none of them */
static int end_rest_class(struct proof *p, enum pw_transport t,
			  const struct pairs *pairs)
{
	struct transport *tr = &p->transports[t];
	struct pw_space *space = &p->ev->space;
	struct pw_rangeset *set = pw_rangeset_new(16);
	int err = set ? 0 : -ENOMEM;

	for (size_t i = 0; i < pairs->num && !err; i++)
		err = pw_rangeset_add32(set, pairs->items[i].port,
					pairs->items[i].port);
	if (err) {
		pw_rangeset_free(set);
		set = NULL;
	}
	tr->narrow = pw_values_take(space->values, set);
	tr->classes[0].ports = pw_values_minus(
		space->values, space->universe[PW_F_DPORT], tr->narrow);
	pw_cuts_add(space, &tr->classes[0].where, PW_F_DPORT,
		    tr->classes[0].ports);
	return err;
}

static int list_wide(struct proof *p, enum pw_transport t)
{
	struct transport *tr = &p->transports[t];
	int err = 0;

	for (uint32_t s = 0; s < p->model->num_sections && !err; s++)
		if (!is_narrow(p->model->sections[s].ports[t]))
			err = PW_ARRAY_PUSH(tr->wide, tr->num_wide,
					    tr->cap_wide, s);
	return err;
}

static int read_transport(struct proof *p, enum pw_transport t)
{
	struct transport *tr = &p->transports[t];
	struct pairs pairs = { 0 };
	struct listed *ports = NULL;
	uint8_t proto = pw_transport_proto(t);
	int err = list_pairs(p, t, &pairs);

	pw_cuts_add(&p->ev->space, &tr->where, PW_F_L4PROTO,
		    pw_space_range(&p->ev->space, PW_F_L4PROTO, proto, proto));
	ports = calloc(pairs.num + 1, sizeof(*ports));
	tr->class_of = calloc(NUM_PORTS, sizeof(*tr->class_of));
	if (!ports || !tr->class_of)
		err = -ENOMEM;
	if (!err)
		err = add_rest_class(p, t);
	if (!err)
		err = add_classes(p, t, &pairs, ports);
	if (!err)
		err = end_rest_class(p, t, &pairs);
	if (!err)
		err = list_wide(p, t);
	free(pairs.items);
	free(ports);
	tr->seen = calloc(tr->num + 1, sizeof(*tr->seen));
	if (!tr->seen)
		err = -ENOMEM;
	return err;
}

/* A class for each protocol without ports that some section speaks of */
static int read_protocols(struct proof *p)
{
	int err = 0;

	for (uint32_t proto = 0; proto < 256 && !err; proto++) {
		struct class class = { 0 };
		size_t cap = 0;

		for (uint32_t s = 0; s < p->model->num_sections && !err; s++)
			if (pw_rangeset_contains32(
				    p->model->sections[s].protocols, proto))
				err = PW_ARRAY_PUSH(class.sections,
						    class.num_sections, cap, s);
		if (!class.num_sections)
			continue;
		pw_cuts_add(&p->ev->space, &class.where, PW_F_L4PROTO,
			    pw_space_range(&p->ev->space, PW_F_L4PROTO, proto,
					   proto));
		if (!err)
			err = PW_ARRAY_PUSH(p->protocols, p->num_protocols,
					    p->cap_protocols, class);
		if (err)
			free(class.sections);
	}
	return err;
}

static int read_pings(struct proof *p)
{
	size_t cap = 0;
	int err = 0;

	for (uint32_t s = 0; s < p->model->num_sections && !err; s++)
		if (p->model->sections[s].ping)
			err = PW_ARRAY_PUSH(p->pings.sections,
					    p->pings.num_sections, cap, s);
	return err;
}

static void read_silent(struct proof *p)
{
	for (size_t s = 0; s < p->model->num_sections; s++) {
		const struct areas *areas = &p->sections[s].areas;

		for (size_t i = 0; i < areas->num &&
		     p->model->sections[s].everything; i++)
			pw_areas_push(p, &p->silent, &areas->items[i]);
	}
	pw_areas_unite(p, &p->silent);
}

int pw_proof_read_classes(struct proof *p)
{
	int err = 0;

	for (int t = 0; t < PW_NUM_TRANSPORTS && !err; t++)
		err = read_transport(p, t);
	if (!err)
		err = read_protocols(p);
	if (!err)
		err = read_pings(p);
	if (!err)
		read_silent(p);
	return err ? err : pw_space_error(&p->ev->space);
}

static struct areas *areas_for(struct proof *p, struct class *class, size_t s)
{
	if (p->model->sections[s].block)
		return &class->drop;
	return p->sections[s].limited ? &class->limited : &class->open;
}

static void prepare_section(struct proof *p, struct class *class, size_t s)
{
	const struct areas *areas = &p->sections[s].areas;

	for (size_t i = 0; i < areas->num; i++)
		pw_areas_push(p, areas_for(p, class, s), &areas->items[i]);
}

/* A wide section may speak of some of the class's ports only, or of none */
static void prepare_wide(struct proof *p, struct class *class, size_t s,
			 enum pw_transport t)
{
	const struct areas *areas = &p->sections[s].areas;
	uint32_t ports = pw_space_and(&p->ev->space, p->sections[s].ports[t],
				      class->ports);

	if (ports == PW_VALUE_EMPTY)
		return;
	if (ports == class->ports) {
		prepare_section(p, class, s);
		return;
	}
	for (size_t i = 0; i < areas->num; i++)
		pw_areas_push_within(p, areas_for(p, class, s),
				     &areas->items[i], PW_F_DPORT, ports,
				     pw_transport_proto(t));
}

/* Sections of the class and wide ones of its transport, in one order */
static void prepare_all(struct proof *p, struct class *class,
			const struct transport *tr, enum pw_transport t)
{
	size_t i = 0, w = 0;

	while (i < class->num_sections || w < tr->num_wide) {
		bool narrow = w == tr->num_wide ||
			      (i < class->num_sections &&
			       class->sections[i] < tr->wide[w]);

		if (narrow)
			prepare_section(p, class, class->sections[i++]);
		else
			prepare_wide(p, class, tr->wide[w++], t);
	}
}

void pw_class_prepare(struct proof *p, struct class *class, int transport)
{
	static const struct transport no_ports = { .num_wide = 0 };

	if (class->done)
		return;
	class->done = true;
	if (transport < 0)
		prepare_all(p, class, &no_ports, 0);
	else
		prepare_all(p, class, &p->transports[transport],
			    (enum pw_transport)transport);
	pw_areas_unite(p, &class->drop);
	pw_areas_unite(p, &class->open);
}
