/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan while it is made: what its parts share. */
#ifndef VERIFY_PLAN_H
#define VERIFY_PLAN_H

#include <portwall/expect.h>

#include "verify/classes.h"
#include "verify/places.h"
#include "verify/plan_dice.h"

/* Sorted ports; owned by the plan */
struct pw_port_list {
	const uint16_t *items;
	size_t num;
};

/* Every list of a plan's sweeps */
struct pw_port_lists {
	uint16_t **items;
	size_t num, cap;
};

/**
 * struct pw_dest - A destination, of one family
 * @kind:	LOCAL without @fixed: the interface's own address; BROADCAST
 *		without @fixed: that of its subnet
 * @addr:	if @fixed
 * @speaks:	by section: does its `to` hold this, and is it in time?
 */
struct pw_dest {
	enum pw_family family;
	enum pw_dst_kind kind;
	bool fixed;
	struct pw_value addr;
	bool *speaks;
};

/**
 * struct pw_reach - Ports of one protocol by what becomes of them
 * @closed:	by blocks
 * @open, @limited: by sections without limits, and with
 */
struct pw_reach {
	struct pw_rangeset *closed, *open, *limited;
};

struct pw_planner;

/**
 * struct pw_source - An address that is asked from
 * @class:	of the plan: what covers it
 * @about:	of the plan: for whose sake it is asked
 */
struct pw_source {
	struct pw_value addr;
	uint32_t class, about;
	enum pw_source_at at;
};

struct pw_source_list {
	struct pw_source *items;
	size_t num, cap;
};

/* A class that @group tells from others: index of both */
struct pw_pair {
	uint32_t group, class;
};

/* TCP, UDP */
#define PW_FULL_PROTOS 2

/**
 * struct pw_planner
 * @plan:	grows; its classes are there when sweeps are made
 * @dests:	of each family the interface's own address first
 * @base:	by destination and protocol: what sections say of anyone on an
 *		interface that none names
 * @by_about:	sources, in the order of @about
 * @about_first: by class: its first one in @by_about; one more at the end
 * @face:	by class: the source that stands for it; UINT32_MAX: none
 * @anyone:	by family: the class "anyone", or the first that has a source if
 *		that one has none; UINT32_MAX: there is none
 * @pairs:	in the order of groups
 * @groups_of:	by class: in how many pairs it is
 * @full_by:	by class: bit of each protocol whose ports were all asked
 * @fulls:	by interface: how many full sweeps came in on it
 * @keys:	of full sweeps, a hash set of a power of two; 0: free
 * @visits:	sections looked at where answers had to be put together anew
 * @changed:	room for as many sections as there are, twice
 * @has_sctp:	some section names ports of it
 */
struct pw_planner {
	const struct pw_model *model;
	bool all;
	struct pw_dice dice;
	struct pw_plan *plan;
	struct pw_places *places;
	bool *common[PW_NUM_FAMILIES];
	struct pw_port_lists *lists;
	struct pw_dest *dests;
	size_t num_dests, cap_dests;
	struct pw_reach *base;
	struct pw_source_list by_about;
	size_t *about_first;
	uint32_t *face;
	uint32_t anyone[PW_NUM_FAMILIES];
	struct pw_pair *pairs;
	size_t num_pairs, cap_pairs;
	uint32_t *groups_of;
	uint8_t *full_by;
	uint32_t *fulls;
	uint64_t *keys;
	size_t num_keys, cap_keys;
	uint64_t visits;
	uint32_t *changed;
	bool has_sctp;
	size_t cap_classes, cap_sweeps;
};

/* plan_ports.c: lists live as long as the plan; 0; -ENOMEM */
int pw_ports_named(struct pw_planner *p, bool abridged,
		   struct pw_port_list *out);
/* Of what concerns the class and its neighbours; @random: and some others */
int pw_ports_about(struct pw_planner *p, uint32_t class, bool random,
		   struct pw_port_list *out);
/* Of what sections say of anyone, and of what they say of the group */
int pw_ports_on(struct pw_planner *p, uint32_t group, struct pw_port_list *out);
void pw_port_lists_free(struct pw_port_lists *lists);

/* plan_sources.c: those of one family, whose classes are in the plan */
int pw_planner_add_sources(struct pw_planner *p, enum pw_family family,
			   const struct pw_sources *sources);
/* Fills what else is said of sources, once all are there */
int pw_planner_index_sources(struct pw_planner *p);

/* plan_dests.c: fills @dests; 0; -ENOMEM */
int pw_planner_add_dests(struct pw_planner *p);
void pw_planner_clear_dests(struct pw_planner *p);

/* plan_reach.c: makes room for @base; 0; -ENOMEM */
int pw_planner_prepare_reach(struct pw_planner *p);
void pw_planner_clear_reach(struct pw_planner *p);

/**
 * struct pw_asked - What sections say of a class on interfaces of a group
 * @key:	see struct pw_sweep; 0: it would take too long to know
 * @weight:	ports of which they say something else than of anyone
 * @concerned:	do they say anything else?
 */
struct pw_asked {
	uint64_t key, weight;
	bool concerned;
};

/* @dest: index; 0; -ENOMEM */
int pw_planner_ask(struct pw_planner *p, uint32_t group, uint32_t class,
		   size_t dest, uint8_t proto, struct pw_asked *out);
/* As @concerned above, of any protocol and destination */
bool pw_planner_concerns(struct pw_planner *p, uint32_t group, uint32_t class);

/* plan_pairs.c: fills @pairs and @groups_of; 0; -ENOMEM */
int pw_planner_find_pairs(struct pw_planner *p);
/* plan_full.c: sweeps over all ports; 0; -ENOMEM */
int pw_planner_sweep_all(struct pw_planner *p);
/* plan_edges.c: sweeps of port lists; 0; -ENOMEM */
int pw_planner_sweep_edges(struct pw_planner *p);

enum pw_others { PW_OTHERS_ALL, PW_OTHERS_WITHIN, PW_OTHERS_NONE };

/**
 * struct pw_thrift - What is left out
 * @random_within: random ports are asked from within a class, not from its ends
 * @others:	on all but one of the groups that a class is told apart on: from
 *		where it is asked
 * @step:	of classes every so many-th is asked
 */
struct pw_thrift {
	bool random_within;
	enum pw_others others;
	size_t step;
};

/* plan_thrift.c: the least that brings the probes of @pairs below @max */
struct pw_thrift pw_thrift_choose(const struct pw_planner *p,
				  size_t num_protos, uint64_t max);

/* plan_dests.c: the destination as it is on an interface */
struct pw_value pw_dest_addr(const struct pw_planner *p,
			     const struct pw_dest *dest, uint32_t iface);
/* plan.c: appends a sweep; @list NULL: all ports. 0; -ENOMEM */
int pw_planner_add_sweep(struct pw_planner *p, uint32_t iface, size_t dest,
			 uint8_t proto, const struct pw_source *source,
			 const struct pw_port_list *list, uint64_t key);

#endif
