/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where packets enter a made-up host and where they go, as a policy asks. */
#ifndef VERIFY_PLACES_H
#define VERIFY_PLACES_H

#include <portwall/model.h>
#include <portwall/own.h>
#include <portwall/scene.h>

#include "verify/classes_divide.h"

/**
 * struct pw_group - Interfaces that every section treats alike
 * @class:	in struct pw_places' @names
 * @bridge:	they are `bridges`
 * @ifaces:	indices in the scene: @num from here on
 */
struct pw_group {
	uint32_t class;
	bool bridge;
	const uint32_t *ifaces;
	size_t num;
};

/**
 * struct pw_places
 * @names:	interface names divided by the sections' `on` and by `bridges`,
 *		which stands behind the last section
 * @order:	the scene's interfaces, group by group
 * @unbuilt:	names and addresses of the policy that the scene has no room for
 */
struct pw_places {
	struct pw_scene *scene;
	struct pw_division names;
	uint32_t *order;
	struct pw_group *groups;
	size_t num_groups;
	uint64_t unbuilt;
};

/*
 * Interfaces that the policy names, one of each glob and one of no name, a
 * bridge with published ports; addresses of `to`. 0; -ENOMEM; -ENOSPC
 */
int pw_places_make(const struct pw_model *model, struct pw_places **out);
void pw_places_free(struct pw_places *places);
PW_DEFINE_OWNED(struct pw_places, pw_places_free)

/*
 * Addresses that no sender may have: loopback, mapped, multicast, reserved. 0;
 * -ENOMEM
 */
int pw_addr_add_unsendable(enum pw_family family, struct pw_rangeset *set);

#endif
