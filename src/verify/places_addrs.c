/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Destinations beside the interfaces' own addresses: what `to` names. */
#include <errno.h>

#include "portwall/array.h"
#include "verify/places_priv.h"

/* Of each family */
#define MAX_LOCALS 32
#define MAX_GROUPS 8

#define V4_TO(a, b) { { 0, (a) }, { 0, (b) } }

/* RFC 6890; 255.255.255.255 is in the last one */
static const struct pw_range unsendable4[] = {
	V4_TO(0x00000000, 0x00ffffff),		/* 0.0.0.0/8 */
	V4_TO(0x7f000000, 0x7fffffff),		/* 127.0.0.0/8 */
	V4_TO(0xe0000000, 0xffffffff),		/* multicast, 240.0.0.0/4 */
};

static const struct pw_range unsendable6[] = {
	{ { 0, 0 }, { 0, 1 } },			/* unspecified, loopback */
	/* fe80::, anycast of routers: RFC 4291, 2.6.1 */
	{ { 0xfe80000000000000, 0 }, { 0xfe80000000000000, 0 } },
	{ { 0, 0xffff00000000 }, { 0, 0xffffffffffff } },	/* mapped */
	{ { 0xff00000000000000, 0 }, { UINT64_MAX, UINT64_MAX } },
};

static const struct {
	const struct pw_range *ranges;
	size_t num;
} unsendable[PW_NUM_FAMILIES] = {
	{ unsendable4, PW_ARRAY_SIZE(unsendable4) },
	{ unsendable6, PW_ARRAY_SIZE(unsendable6) },
};

/* May a sender have this address? */
static bool sends(enum pw_family family, struct pw_value addr)
{
	for (size_t i = 0; i < unsendable[family].num; i++) {
		const struct pw_range *range = &unsendable[family].ranges[i];

		if (pw_value_cmp(addr, range->first) >= 0 &&
		    pw_value_cmp(addr, range->last) <= 0)
			return false;
	}
	return true;
}

int pw_addr_add_unsendable(enum pw_family family, struct pw_rangeset *set)
{
	int err = 0;

	for (size_t i = 0; i < unsendable[family].num && !err; i++)
		err = pw_rangeset_add(set, unsendable[family].ranges[i].first,
				      unsendable[family].ranges[i].last);
	return err;
}

/*
 * A group that a host can join. Of IPv6 those of scope 0 and 1 never come over
 * a wire (RFC 4291, 2.7).
 */
static bool is_group(enum pw_family family, struct pw_value addr)
{
	unsigned int scope = (unsigned int)(addr.hi >> 48) & 0xf;

	if (family == PW_IPV4)
		return addr.lo >> 28 == 0xe;
	return addr.hi >> 56 == 0xff && scope > 1 && scope < 0xf;
}

/* Link-local addresses are each interface's own: it may not have another's */
static bool is_local(enum pw_family family, struct pw_value addr)
{
	return sends(family, addr) &&
	       (family == PW_IPV4 || addr.hi >> 54 != 0xfe80u >> 6);
}

static bool is_known(const struct pw_scene_addr *addrs, size_t num,
		     enum pw_family family, struct pw_value addr,
		     size_t *of_family)
{
	*of_family = 0;
	for (size_t i = 0; i < num; i++) {
		if (addrs[i].family != family)
			continue;
		++*of_family;
		if (!pw_value_cmp(addrs[i].addr, addr))
			return true;
	}
	return false;
}

static int add_group(struct pw_places *places, enum pw_family family,
		     struct pw_value addr)
{
	struct pw_scene *scene = places->scene;
	struct pw_scene_addr item = { family, addr };
	size_t num;

	if (is_known(scene->groups, scene->num_groups, family, addr, &num))
		return 0;
	if (num == MAX_GROUPS) {
		places->unbuilt++;
		return 0;
	}
	return PW_ARRAY_PUSH(scene->groups, scene->num_groups,
			     scene->cap_groups, item);
}

static int add_local(struct pw_places *places, enum pw_family family,
		     struct pw_value addr)
{
	struct pw_scene *scene = places->scene;
	struct pw_scene_addr item = { family, addr };
	size_t num;

	if (is_known(scene->locals, scene->num_locals, family, addr, &num) ||
	    pw_scene_owns(scene, family, addr))
		return 0;
	if (num == MAX_LOCALS) {
		places->unbuilt++;
		return 0;
	}
	return PW_ARRAY_PUSH(scene->locals, scene->num_locals,
			     scene->cap_locals, item);
}

static int add_addr(struct pw_places *places, enum pw_family family,
		    struct pw_value addr)
{
	if (is_group(family, addr))
		return add_group(places, family, addr);
	if (is_local(family, addr))
		return add_local(places, family, addr);
	return 0;
}

static int add_ends(struct pw_places *places, enum pw_family family,
		    const struct pw_rangeset *to)
{
	int err = 0;

	for (size_t i = 0; i < to->num && !err; i++) {
		struct pw_range range = pw_rangeset_get(to, i);

		err = add_addr(places, family, range.first);
		if (!err)
			err = add_addr(places, family, range.last);
	}
	return err;
}

static bool is_named(const struct pw_model *model, enum pw_family family,
		     struct pw_value addr)
{
	for (size_t i = 0; i < model->num_sections; i++)
		if (pw_rangeset_contains(model->sections[i].to.set[family],
					 addr))
			return true;
	return false;
}

/* A group that no section names: mDNS, LLMNR, SSDP and such are always there */
static int add_other_group(struct pw_places *places,
			   const struct pw_model *model, enum pw_family family)
{
	static const struct pw_value groups[PW_NUM_FAMILIES][3] = {
		{ { 0, 0xe00000fb }, { 0, 0xe00000fc }, { 0, 0xeffffffa } },
		{ { 0xff02000000000000, 0xfb }, { 0xff02000000000000, 0x10003 },
		  { 0xff02000000000000, 0xc } },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(groups[family]); i++)
		if (!is_named(model, family, groups[family][i]))
			return add_group(places, family, groups[family][i]);
	return 0;
}

int pw_places_add_addrs(struct pw_places *places, const struct pw_model *model)
{
	int err = 0;

	for (enum pw_family f = 0; f < PW_NUM_FAMILIES && !err; f++) {
		err = add_other_group(places, model, f);
		for (size_t i = 0; i < model->num_sections && !err; i++)
			err = add_ends(places, f, model->sections[i].to.set[f]);
	}
	return err;
}
