/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps of the ports that sections name: from the ends of every class, beside
 * it and from within, and to every destination that is no interface's own.
 *
 * All ports from all sources on all groups is what is wanted. Where that is too
 * much, a class is asked about what concerns it, and where it does.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "verify/plan.h"

/* Probes of all these sweeps: what takes half a minute */
#define EDGE_MAX 7000000u
/* Of these, with every port of every range; beyond, of long ranges the ends */
#define RANGES_MAX 2000000u

/* Probes from anyone on every interface, before lists are about groups alone */
#define ANYONE_MAX 500000u
/* Groups on which anyone also asks elsewhere, where not all can be asked all */
#define ELSEWHERE_GROUPS 64

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/**
 * struct edges
 * @named:	ports that any section names
 * @num_protos:	of @protos; SCTP only where some section names it
 * @turn:	by which the interfaces of a group take turns
 * @wanted:	probes to own addresses that would be all
 * @made:	those that there are
 * @key, ..:	the last answer of key_of(), and the question
 */
struct edges {
	struct pw_planner *p;
	struct pw_port_list named;
	size_t num_protos;
	size_t turn;
	uint64_t wanted, made;
	struct pw_asked last;
	uint32_t last_group, last_class;
	size_t last_dest;
	uint8_t last_proto;
};

static int key_of(struct edges *e, uint32_t group, uint32_t class, size_t dest,
		  uint8_t proto, uint64_t *out)
{
	int err;

	if (!e->last.key || e->last_group != group || e->last_class != class ||
	    e->last_dest != dest || e->last_proto != proto) {
		err = pw_planner_ask(e->p, group, class, dest, proto, &e->last);
		if (err)
			return err;
		e->last_group = group;
		e->last_class = class;
		e->last_dest = dest;
		e->last_proto = proto;
	}
	*out = e->last.key;
	return 0;
}

static int add(struct edges *e, uint32_t group, uint32_t iface, size_t dest,
	       uint8_t proto, const struct pw_source *source,
	       const struct pw_port_list *list)
{
	uint64_t key;
	int err = key_of(e, group, source->class, dest, proto, &key);

	if (!err)
		err = pw_planner_add_sweep(e->p, iface, dest, proto, source,
					   list, key);
	if (!err && e->p->dests[dest].kind == PW_DST_LOCAL &&
	    !e->p->dests[dest].fixed)
		e->made += list->num;
	return err;
}

/* The family's own-address destination */
static size_t own_dest(const struct pw_planner *p, enum pw_family family)
{
	size_t d = 0;

	while (p->dests[d].family != family)
		d++;
	return d;
}

static enum pw_family family_of(const struct pw_planner *p, uint32_t class)
{
	return p->plan->classes[class].family;
}

/* NULL: there is no address to ask from, or no class */
static const struct pw_source *face_of(const struct pw_planner *p,
				       uint32_t class)
{
	if (class == UINT32_MAX || p->face[class] == UINT32_MAX)
		return NULL;
	return &p->by_about.items[p->face[class]];
}

static uint32_t next_iface(struct edges *e, uint32_t group)
{
	const struct pw_group *g = &e->p->places->groups[group];

	return g->ifaces[e->turn++ % g->num];
}

static int ask_own(struct edges *e, uint32_t group, uint32_t iface,
		   const struct pw_source *source,
		   const struct pw_port_list *list)
{
	size_t dest = own_dest(e->p, family_of(e->p, source->class));
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(protos) && !err; i++)
		if (i < e->num_protos)
			err = add(e, group, iface, dest, protos[i], source,
				  list);
	return err;
}

/* Anyone on every interface, not only one of each group */
static int ask_anyone_on(struct edges *e, uint32_t group,
			 const struct pw_port_list *list)
{
	const struct pw_planner *p = e->p;
	const struct pw_group *g = &p->places->groups[group];
	int err = 0;

	for (size_t i = 0; i < g->num; i++)
		for (int f = 0; f < PW_NUM_FAMILIES && !err; f++) {
			const struct pw_source *face =
				face_of(p, p->anyone[f]);

			if (face)
				err = ask_own(e, group, g->ifaces[i], face,
					      list);
		}
	return err;
}

/* All sources but the one of anyone that was asked on every interface */
static int ask_all(struct edges *e)
{
	const struct pw_planner *p = e->p;
	int err = 0;

	for (uint32_t g = 0; g < p->places->num_groups; g++)
		for (size_t i = 0; i < p->by_about.num && !err; i++) {
			const struct pw_source *source = &p->by_about.items[i];

			if (source != face_of(p, p->anyone[PW_IPV4]) &&
			    source != face_of(p, p->anyone[PW_IPV6]))
				err = ask_own(e, g, next_iface(e, g), source,
					      &e->named);
		}
	return err;
}

/* Is it beyond what sections say of TCP and UDP, or of unicast? */
static bool takes_proto(const struct pw_dest *dest, uint8_t proto)
{
	if (proto == IPPROTO_UDP)
		return true;
	return proto == IPPROTO_TCP && (dest->kind == PW_DST_LOCAL ||
					dest->kind == PW_DST_BEHIND);
}

/* From a bridge everything goes behind it, and nothing there is judged */
static bool takes_group(const struct pw_planner *p, const struct pw_dest *dest,
			uint32_t group)
{
	return dest->kind != PW_DST_BEHIND || !p->places->groups[group].bridge;
}

/* One class to every destination that is not the interface's own address */
static int ask_elsewhere(struct edges *e, uint32_t group, uint32_t class,
			 const struct pw_port_list *list)
{
	const struct pw_planner *p = e->p;
	const struct pw_source *face = face_of(p, class);
	uint32_t iface = p->places->groups[group].ifaces[0];
	int err = 0;

	if (!face)
		return 0;
	for (size_t d = own_dest(p, family_of(p, class)) + 1; d < p->num_dests && !err; d++) {
		const struct pw_dest *dest = &p->dests[d];

		if (dest->family != family_of(p, class) ||
		    !takes_group(p, dest, group))
			continue;
		for (size_t i = 0; i < PW_ARRAY_SIZE(protos) && !err; i++)
			if (takes_proto(dest, protos[i]))
				err = add(e, group, iface, d, protos[i], face,
					  list);
	}
	return err;
}

static int ask_all_elsewhere(struct edges *e)
{
	const struct pw_planner *p = e->p;
	int err = 0;

	for (uint32_t g = 0; g < p->places->num_groups; g++)
		for (uint32_t c = 0; c < p->plan->num_classes && !err; c++)
			err = ask_elsewhere(e, g, c, &e->named);
	return err;
}

/*
 * Anyone on every interface and, on some, elsewhere: of very many interfaces
 * each with what its own sections say
 */
static int ask_anyone(struct edges *e, bool whole)
{
	const struct pw_planner *p = e->p;
	uint64_t each = PW_NUM_FAMILIES * e->num_protos * e->named.num;
	bool few = whole || p->places->scene->num_ifaces * each <= ANYONE_MAX;
	size_t step = p->places->num_groups / ELSEWHERE_GROUPS + 1;
	int err = 0;

	for (uint32_t g = 0; g < p->places->num_groups && !err; g++) {
		struct pw_port_list list = e->named;

		if (!few)
			err = pw_ports_on(e->p, g, &list);
		if (!err)
			err = ask_anyone_on(e, g, &list);
		for (int f = 0; f < PW_NUM_FAMILIES && !err; f++)
			if (!whole && !(g % step))
				err = ask_elsewhere(e, g, p->anyone[f], &list);
	}
	return err;
}

/* Has any section that tells the class from others a `to` of its own? */
static bool speaks_elsewhere(const struct pw_planner *p, uint32_t class)
{
	const struct pw_source_class *c = &p->plan->classes[class];

	for (size_t i = 0; i < c->num_sections; i++) {
		const struct pw_section *s =
			&p->model->sections[c->sections[i]];

		if (s->to_broadcast || s->to_multicast ||
		    !pw_addrs_empty(&s->to))
			return true;
	}
	return false;
}

/*
 * One class about what concerns it on one group: on the main one of its groups
 * from all its sources, on others as there is time. Random ports are asked from
 * within, or from everywhere.
 */
static int ask_pair(struct edges *e, const struct pw_pair *pair,
		    const struct pw_thrift *thrift, bool main,
		    struct pw_port_list lists[static 2])
{
	const struct pw_planner *p = e->p;
	const struct pw_source *face = face_of(p, pair->class);
	size_t first = p->about_first[pair->class];
	bool all = main || thrift->others == PW_OTHERS_ALL;
	int err = 0;

	for (size_t i = first; i < p->about_first[pair->class + 1] && !err;
	     i++) {
		const struct pw_source *source = &p->by_about.items[i];
		bool random = source == face || !thrift->random_within;
		struct pw_port_list *list = &lists[random];

		if (!all && source != face)
			continue;
		if (!list->items)
			err = pw_ports_about(e->p, pair->class, random, list);
		if (!err)
			err = ask_own(e, pair->group,
				      next_iface(e, pair->group), source, list);
	}
	if (!err && speaks_elsewhere(p, pair->class) && lists[true].items)
		err = ask_elsewhere(e, pair->group, pair->class, &lists[true]);
	return err;
}

/* The lists of a class, without random ports and with; its groups so far */
struct about {
	struct pw_port_list lists[2];
	uint32_t at;
};

/* Classes about what concerns them, where it does */
static int ask_pairs(struct edges *e)
{
	struct pw_planner *p = e->p;
	struct pw_thrift thrift = pw_thrift_choose(p, e->num_protos, EDGE_MAX);
	struct about *about = calloc(p->plan->num_classes + 1, sizeof(*about));
	int err = about ? 0 : -ENOMEM;

	for (size_t i = 0; i < p->num_pairs && !err; i++) {
		const struct pw_pair *pair = &p->pairs[i];
		/* groups take turns at being the main one */
		bool main = about[pair->class].at++ ==
			    pair->class % p->groups_of[pair->class];

		if (pair->class == p->anyone[family_of(p, pair->class)] ||
		    pair->class % thrift.step ||
		    (!main && thrift.others == PW_OTHERS_NONE))
			continue;
		err = ask_pair(e, pair, &thrift, main,
			       about[pair->class].lists);
	}
	free(about);
	return err;
}

static uint64_t num_sources(const struct pw_planner *p)
{
	return (uint64_t)p->by_about.num * p->places->num_groups;
}

int pw_planner_sweep_edges(struct pw_planner *p)
{
	struct edges e = { .p = p, .num_protos = p->has_sctp ? 3 : 2 };
	bool whole;
	int err = pw_ports_named(p, false, &e.named);

	if (err)
		return err;
	e.wanted = num_sources(p) * e.num_protos * e.named.num;
	if (e.wanted > RANGES_MAX && !p->all)
		err = pw_ports_named(p, true, &e.named);
	whole = p->all ||
		num_sources(p) * e.num_protos * e.named.num <= EDGE_MAX;
	if (!err)
		err = ask_anyone(&e, whole);
	if (!err)
		err = whole ? ask_all(&e) : ask_pairs(&e);
	if (!err && whole)
		err = ask_all_elsewhere(&e);
	if (e.wanted > e.made)
		p->plan->left_out += e.wanted - e.made;
	return err;
}
