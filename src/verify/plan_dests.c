/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where packets go: own addresses, those that `to` names, and to everybody. */
#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/expect_priv.h"
#include "verify/plan.h"

/*
 * Does the section's `to` hold this, and has it not ended? Its `from` and `on`
 * are what classes and groups are made of.
 */
static bool speaks(const struct pw_planner *p, uint32_t section,
		   const struct pw_arrival *arrival)
{
	struct pw_section s = p->model->sections[section];

	s.any_from = s.any_on = true;
	return pw_expect_covers(p->model, &s, arrival);
}

struct pw_value pw_dest_addr(const struct pw_planner *p,
			     const struct pw_dest *dest, uint32_t iface)
{
	const struct pw_scene_iface *at = &p->places->scene->ifaces[iface];

	if (dest->fixed)
		return dest->addr;
	if (dest->kind == PW_DST_BROADCAST)
		return at->broadcast;
	return at->addr[dest->family];
}

static int add_dest(struct pw_planner *p, enum pw_family family,
		    enum pw_dst_kind kind, const struct pw_value *fixed)
{
	struct pw_dest dest = {
		.family = family, .kind = kind, .fixed = fixed,
		.addr = fixed ? *fixed : (struct pw_value){ 0, 0 },
	};
	struct pw_arrival arrival = {
		.family = family, .dst_kind = kind,
		.dst = pw_dest_addr(p, &dest, 0), .state = PW_CONN_NEW,
	};
	int err;

	dest.speaks = calloc(p->model->num_sections + 1, sizeof(*dest.speaks));
	if (!dest.speaks)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->model->num_sections; i++)
		dest.speaks[i] = speaks(p, i, &arrival);
	err = PW_ARRAY_PUSH(p->dests, p->num_dests, p->cap_dests, dest);
	if (err)
		free(dest.speaks);
	return err;
}

static int add_listed(struct pw_planner *p, enum pw_family family,
		      enum pw_dst_kind kind, const struct pw_scene_addr *addrs,
		      size_t num)
{
	int err = 0;

	for (size_t i = 0; i < num && !err; i++)
		if (addrs[i].family == family)
			err = add_dest(p, family, kind, &addrs[i].addr);
	return err;
}

static int add_behind(struct pw_planner *p, enum pw_family family)
{
	const struct pw_scene *scene = p->places->scene;
	int err = 0;

	for (size_t i = 0; i < scene->num_ifaces && !err; i++)
		if (scene->ifaces[i].bridge)
			err = add_dest(p, family, PW_DST_BEHIND,
				       &scene->ifaces[i].container[family]);
	return err;
}

int pw_planner_add_dests(struct pw_planner *p)
{
	static const struct pw_value everywhere = { 0, UINT32_MAX };
	const struct pw_scene *scene = p->places->scene;
	int err = 0;

	for (enum pw_family f = 0; f < PW_NUM_FAMILIES && !err; f++) {
		err = add_dest(p, f, PW_DST_LOCAL, NULL);
		if (!err)
			err = add_listed(p, f, PW_DST_LOCAL, scene->locals,
					 scene->num_locals);
		if (!err && f == PW_IPV4)
			err = add_dest(p, f, PW_DST_BROADCAST, NULL);
		if (!err && f == PW_IPV4)
			err = add_dest(p, f, PW_DST_BROADCAST, &everywhere);
		if (!err)
			err = add_listed(p, f, PW_DST_MULTICAST, scene->groups,
					 scene->num_groups);
		if (!err)
			err = add_behind(p, f);
	}
	return err;
}

void pw_planner_clear_dests(struct pw_planner *p)
{
	for (size_t i = 0; i < p->num_dests; i++)
		free(p->dests[i].speaks);
	free(p->dests);
}
