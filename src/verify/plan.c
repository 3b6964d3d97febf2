/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets show that the ports are as the policy says. */
#include "verify/plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"
#include "verify/expect.h"

#define NUM_PORTS 65536u

int pw_planner_add_sweep(struct pw_planner *p, uint32_t iface, size_t dest,
			 uint8_t proto, const struct pw_source *source,
			 const struct pw_port_list *list, uint64_t key)
{
	const struct pw_dest *to = &p->dests[dest];
	struct pw_sweep sweep = {
		.iface = iface, .family = to->family, .proto = proto,
		.src = source->addr, .dst = pw_dest_addr(p, to, iface),
		.dst_kind = to->kind, .class = source->class,
		.at = source->at, .key = key,
		.ports = list ? list->items : NULL,
		.num_ports = list ? list->num : NUM_PORTS,
	};

	p->plan->probes += sweep.num_ports;
	return PW_ARRAY_PUSH(p->plan->sweeps, p->plan->num_sweeps,
			     p->cap_sweeps, sweep);
}

/* Of "anyone" the sections that cover it, of others those that differ */
static int take_sections(struct pw_source_class *class,
			 struct pw_divided *divided, const bool *common,
			 size_t num_sections, bool anyone)
{
	class->listed = divided->listed;
	class->num_sections = divided->num;
	class->sections = PW_TAKE(divided->sections);
	if (!anyone)
		return 0;
	free(class->sections);
	class->num_sections = 0;
	class->sections = calloc(num_sections + 1, sizeof(*class->sections));
	if (!class->sections)
		return -ENOMEM;
	for (uint32_t i = 0; i < num_sections; i++)
		if (common[i])
			class->sections[class->num_sections++] = i;
	return 0;
}

static int take_class(struct pw_planner *p, enum pw_family family,
		      struct pw_sources *from, size_t i)
{
	struct pw_division *division = &from->division;
	struct pw_source_class class = {
		.family = family, .asked = from->spots[i].num,
		.text = pw_class_text(p->model, family, &division->classes[i],
				      division->common, &from->spots[i]),
	};
	int err = class.text ? take_sections(&class, &division->classes[i],
					     division->common,
					     p->model->num_sections, !i) :
			       -ENOMEM;

	if (!err)
		err = PW_ARRAY_PUSH(p->plan->classes, p->plan->num_classes,
				    p->cap_classes, class);
	if (err) {
		free(class.sections);
		free(class.text);
		return err;
	}
	p->plan->classes[p->plan->num_classes - 1].set =
		PW_TAKE(from->spots[i].set);
	return 0;
}

/* The classes of one family go to the plan, and their sources are chosen */
static int add_family(struct pw_planner *p, enum pw_family family)
{
	struct pw_sources from = { 0 };
	int err = pw_sources_make(p->model, p->places->scene, family, &p->dice,
				  &from);

	if (err)
		return err;
	p->plan->anyone[family] = (uint32_t)p->plan->num_classes;
	for (size_t i = 0; i < from.division.num && !err; i++)
		err = take_class(p, family, &from, i);
	p->common[family] = PW_TAKE(from.division.common);
	if (!err)
		err = pw_planner_add_sources(p, family, &from);
	pw_sources_clear(&from);
	return err;
}

static int add_classes(struct pw_planner *p)
{
	int err = 0;

	for (int f = 0; f < PW_NUM_FAMILIES && !err; f++)
		err = add_family(p, f);
	p->full_by = calloc(p->plan->num_classes + 1, sizeof(*p->full_by));
	if (!p->full_by)
		return -ENOMEM;
	return err ? err : pw_planner_index_sources(p);
}

static int begin(struct pw_planner *p)
{
	const struct pw_model *model = p->model;
	int err = pw_places_make(model, &p->places);

	if (err)
		return err;
	p->plan->left_out = p->places->unbuilt;
	p->fulls = calloc(p->places->scene->num_ifaces + 1, sizeof(*p->fulls));
	p->changed = calloc(2 * model->num_sections + 1, sizeof(*p->changed));
	p->plan->ports = p->lists = calloc(1, sizeof(*p->lists));
	if (!p->fulls || !p->changed || !p->lists)
		return -ENOMEM;
	for (size_t i = 0; i < model->num_sections; i++)
		p->has_sctp |= model->sections[i].ports[PW_SCTP]->num;
	return 0;
}

static int make(struct pw_planner *p)
{
	int (*const steps[])(struct pw_planner *) = {
		begin, add_classes, pw_planner_add_dests,
		pw_planner_prepare_reach, pw_planner_find_pairs,
		pw_planner_sweep_all, pw_planner_sweep_edges,
	};
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(steps) && !err; i++)
		err = steps[i](p);
	return err;
}

static void planner_clear(struct pw_planner *p)
{
	pw_planner_clear_reach(p);
	pw_planner_clear_dests(p);
	pw_places_free(p->places);
	for (int f = 0; f < PW_NUM_FAMILIES; f++)
		free(p->common[f]);
	free(p->by_about.items);
	free(p->about_first);
	free(p->face);
	free(p->pairs);
	free(p->groups_of);
	free(p->full_by);
	free(p->fulls);
	free(p->keys);
	free(p->changed);
}

int pw_plan_make(const struct pw_model *model, bool all, uint64_t seed,
		 struct pw_plan **out, struct pw_diags *diags)
{
	pw_owned(pw_plan_free) struct pw_plan *plan = calloc(1, sizeof(*plan));
	struct pw_planner p = {
		.model = model, .all = all, .dice = { seed }, .plan = plan,
	};
	int err = plan ? make(&p) : -ENOMEM;

	if (p.places)
		plan->scene = PW_TAKE(p.places->scene);
	planner_clear(&p);
	if (err)
		return pw_diag_system(diags, -err, "planning what to ask");
	*out = PW_TAKE(plan);
	return 0;
}

void pw_plan_free(struct pw_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->num_classes; i++) {
		pw_rangeset_free(plan->classes[i].set);
		free(plan->classes[i].sections);
		free(plan->classes[i].text);
	}
	free(plan->classes);
	free(plan->sweeps);
	pw_scene_free(plan->scene);
	pw_port_lists_free(plan->ports);
	free(plan);
}
