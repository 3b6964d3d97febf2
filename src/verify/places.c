/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scene of a rehearsal, made from the model, and its groups of interfaces. */
#include "verify/places.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "portwall/names.h"
#include "verify/places_names.h"
#include "verify/places_priv.h"

/* Interfaces that a sandbox is asked to make; each costs some milliseconds */
#define MAX_IFACES 4000

static int add_iface(struct pw_places *places, const struct pw_model *model,
		     const struct pw_place_name *name, bool bridge)
{
	char text[17];
	int64_t index;

	if (pw_rangeset_contains(model->bridges, name->value) != bridge)
		return 0;
	index = pw_scene_add_iface(
		places->scene,
		pw_ifname_format(&(struct pw_range){ name->value, name->value },
				 text), bridge);
	if (index < 0)
		return (int)index;
	return 0;
}

/* Those that are no bridge first; the group of each is kept in @groups */
static int add_ifaces(struct pw_places *places, const struct pw_model *model,
		      const struct pw_place_names *names, uint32_t *groups)
{
	size_t num = 0;
	int err = 0;

	for (int bridge = 0; bridge <= 1; bridge++)
		for (size_t i = 0; i < names->num && !err; i++) {
			err = add_iface(places, model, &names->items[i],
					bridge);
			if (places->scene->num_ifaces > num)
				groups[num++] = names->items[i].group;
		}
	return err;
}

/* Interfaces in the order of their groups, and within one as in the scene */
static int collect_groups(struct pw_places *places, const uint32_t *class_of)
{
	size_t num = places->scene->num_ifaces, at = 0;
	uint32_t *first = calloc(places->names.num + 1, sizeof(*first));

	places->order = calloc(num + 1, sizeof(*places->order));
	places->groups = calloc(num + 1, sizeof(*places->groups));
	if (!first || !places->order || !places->groups) {
		free(first);
		return -ENOMEM;
	}
	for (size_t i = 0; i < num; i++)
		first[class_of[i] + 1]++;
	for (size_t class = 0; class < places->names.num; class++) {
		uint32_t members = first[class + 1];

		if (members)
			places->groups[places->num_groups++] =
				(struct pw_group){
					.class = (uint32_t)class,
					.ifaces = places->order + at,
					.num = members,
				};
		first[class + 1] = (uint32_t)(at += members);
	}
	for (uint32_t i = 0; i < num; i++)
		places->order[first[class_of[i]]++] = i;
	for (size_t g = 0; g < places->num_groups; g++)
		places->groups[g].bridge =
			places->scene->ifaces[places->groups[g].ifaces[0]].bridge;
	free(first);
	return 0;
}

static int make(struct pw_places *places, const struct pw_model *model,
		struct pw_place_names *names)
{
	uint32_t *class_of;
	int err = pw_place_names_make(model, MAX_IFACES, names, &places->names,
				      &places->unbuilt);

	if (err)
		return err;
	class_of = calloc(names->num + 1, sizeof(*class_of));
	if (!class_of)
		return -ENOMEM;
	err = add_ifaces(places, model, names, class_of);
	if (!err)
		err = collect_groups(places, class_of);
	free(class_of);
	if (!err)
		err = pw_places_add_addrs(places, model);
	if (!err)
		err = pw_places_publish(places, model);
	return err;
}

int pw_places_make(const struct pw_model *model, struct pw_places **out)
{
	pw_owned(pw_places_free) struct pw_places *places =
		calloc(1, sizeof(*places));
	struct pw_place_names names = { 0 };
	int err;

	if (!places)
		return -ENOMEM;
	places->scene = pw_scene_new();
	err = places->scene ? make(places, model, &names) : -ENOMEM;
	free(names.items);
	if (err)
		return err;
	*out = PW_TAKE(places);
	return 0;
}

void pw_places_free(struct pw_places *places)
{
	if (!places)
		return;
	pw_scene_free(places->scene);
	pw_division_clear(&places->names);
	free(places->order);
	free(places->groups);
	free(places);
}
