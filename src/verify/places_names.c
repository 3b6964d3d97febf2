/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of interfaces: each that the policy has, one that each glob covers, one
 * for every other group that its lists make, and one that nobody names.
 */
#include "verify/places_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portwall/array.h"

/* Globs that also give a name of full length */
#define LONG_MAX 8

/* What a name may go on with behind a glob's letters; digits look best */
static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz_-.";

struct name_ranges {
	struct pw_range *items;
	size_t num, cap;
};

/* A group while names are divided */
struct found {
	bool named, has_spare;
	struct pw_value spare;
};

/**
 * struct naming
 * @names:	the first @listed are sorted
 * @at:		of @names: the first that the walk has not passed
 * @nobody:	a name that no list has, and no glob if that can be
 * @has_nobody:	none has
 */
struct naming {
	const struct pw_model *model;
	struct pw_place_names *names;
	size_t listed;
	struct name_ranges globs;
	struct found *found;
	size_t num_found, cap_found;
	size_t at;
	struct pw_value nobody, bridge;
	uint32_t bridge_group;
	bool may_nobody, has_nobody, has_bridge;
};

static bool in_range(const struct pw_range *range, struct pw_value v)
{
	return pw_value_cmp(v, range->first) >= 0 &&
	       pw_value_cmp(v, range->last) <= 0;
}

static void text_of(struct pw_value value, char text[static 17])
{
	pw_ifname_format(&(struct pw_range){ value, value }, text);
}

/*
 * The number of a name that an interface can have. Not "all" and "default",
 * whose places in /proc/sys/net are taken, nor lo.
 */
static bool value_of(const char *text, struct pw_value *out)
{
	struct pw_range range;

	if (!strcmp(text, "lo") || !strcmp(text, "all") ||
	    !strcmp(text, "default") ||
	    pw_ifname_range(text, strlen(text), &range) ||
	    pw_value_cmp(range.first, range.last))
		return false;
	*out = range.first;
	return true;
}

static int push_name(struct naming *n, struct pw_value value)
{
	struct pw_place_name name = { .value = value };

	return PW_ARRAY_PUSH(n->names->items, n->names->num, n->names->cap,
			     name);
}

static int name_cmp(const void *pa, const void *pb)
{
	const struct pw_place_name *a = pa, *b = pb;

	return pw_value_cmp(a->value, b->value);
}

static int range_cmp(const void *pa, const void *pb)
{
	const struct pw_range *a = pa, *b = pb;
	int order = pw_value_cmp(a->first, b->first);

	return order ? order : pw_value_cmp(a->last, b->last);
}

static void sort_names(struct naming *n)
{
	struct pw_place_names *names = n->names;
	size_t num = 0;

	if (names->num)
		qsort(names->items, names->num, sizeof(*names->items),
		      name_cmp);
	for (size_t i = 0; i < names->num; i++)
		if (!num || name_cmp(&names->items[num - 1], &names->items[i]))
			names->items[num++] = names->items[i];
	names->num = n->listed = num;
}

static void sort_globs(struct name_ranges *globs)
{
	size_t num = 0;

	if (globs->num)
		qsort(globs->items, globs->num, sizeof(*globs->items),
		      range_cmp);
	for (size_t i = 0; i < globs->num; i++)
		if (!num || range_cmp(&globs->items[num - 1], &globs->items[i]))
			globs->items[num++] = globs->items[i];
	globs->num = num;
}

/* Names and globs of a list, apart */
static int read_list(struct naming *n, const struct pw_rangeset *on,
		     uint64_t *left_out)
{
	int err = 0;

	for (size_t i = 0; i < on->num && !err; i++) {
		struct pw_range range = on->r128[i];
		char text[17];

		if (pw_value_cmp(range.first, range.last)) {
			err = PW_ARRAY_PUSH(n->globs.items, n->globs.num,
					    n->globs.cap, range);
			continue;
		}
		text_of(range.first, text);
		if (value_of(text, &range.first))
			err = push_name(n, range.first);
		else
			++*left_out;
	}
	return err;
}

static bool is_listed(const struct naming *n, struct pw_value value)
{
	struct pw_place_name key = { .value = value };

	return n->listed && bsearch(&key, n->names->items, n->listed,
				    sizeof(key), name_cmp);
}

/* Does another glob begin with these letters? */
static bool begins_glob(const struct naming *n, struct pw_value value)
{
	size_t low = 0, high = n->globs.num;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pw_value_cmp(n->globs.items[mid].first, value) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n->globs.num &&
	       !pw_value_cmp(n->globs.items[low].first, value);
}

/* A name of @text and one more letter within @range, that is no other's */
static bool grow_name(const struct naming *n, const struct pw_range *range,
		      const char *text, struct pw_value *out)
{
	size_t len = strlen(text);
	char name[PW_IFNAME_MAX + 1];

	if (len >= PW_IFNAME_MAX)
		return false;
	memcpy(name, text, len);
	name[len + 1] = '\0';
	for (const char *c = letters; *c; c++) {
		name[len] = *c;
		if (value_of(name, out) && in_range(range, *out) &&
		    !is_listed(n, *out) && !begins_glob(n, *out))
			return true;
	}
	return false;
}

/* The longest name that a glob covers: names are compared to their end */
static bool longest_name(const struct pw_range *glob, struct pw_value *out)
{
	char text[17];
	size_t len;

	text_of(glob->first, text);
	len = strlen(text);
	if (len + 1 >= PW_IFNAME_MAX)
		return false;
	memset(text + len, '9', PW_IFNAME_MAX - len);
	text[PW_IFNAME_MAX] = '\0';
	return value_of(text, out) && in_range(glob, *out);
}

/* What the last of a range of names begins with: globs side by side are one */
static void last_letters(const struct pw_range *range, char text[static 17])
{
	text_of(range->last, text);
	text[strcspn(text, "\xff")] = '\0';
}

static int name_globs(struct naming *n)
{
	int err = 0;

	for (size_t i = 0; i < n->globs.num && !err; i++) {
		const struct pw_range *glob = &n->globs.items[i];
		struct pw_value name;
		char text[17];

		text_of(glob->first, text);
		if (grow_name(n, glob, text, &name))
			err = push_name(n, name);
		last_letters(glob, text);
		if (!err && grow_name(n, glob, text, &name))
			err = push_name(n, name);
		if (!err && i < LONG_MAX && longest_name(glob, &name))
			err = push_name(n, name);
	}
	sort_names(n);
	return err;
}

/* Containers are behind a bridge: docker0, or another that there is or may be */
static bool choose_bridge(struct naming *n)
{
	const struct pw_rangeset *bridges = n->model->bridges;
	char text[17];

	if (value_of("docker0", &n->bridge) &&
	    pw_rangeset_contains(bridges, n->bridge))
		return true;
	for (size_t i = 0; i < n->names->num; i++) {
		n->bridge = n->names->items[i].value;
		if (pw_rangeset_contains(bridges, n->bridge))
			return true;
	}
	for (size_t i = 0; i < bridges->num; i++) {
		struct pw_range range = bridges->r128[i];

		text_of(range.first, text);
		if (!pw_value_cmp(range.first, range.last) ?
		    value_of(text, &n->bridge) :
		    grow_name(n, &range, text, &n->bridge))
			return true;
	}
	return false;
}

static int name_bridge(struct naming *n)
{
	int err = 0;

	n->has_bridge = choose_bridge(n);
	if (n->has_bridge)
		err = push_name(n, n->bridge);
	sort_names(n);
	return err;
}

static struct found *found_of(struct naming *n, uint32_t class)
{
	static const struct found none;

	while (n->num_found <= class)
		if (PW_ARRAY_PUSH(n->found, n->num_found, n->cap_found, none))
			return NULL;
	return &n->found[class];
}

/* Any name of a stretch: what its ends begin with, and a letter, or nothing */
static bool spare_name(const struct naming *n, const struct pw_range *range,
		       struct pw_value *out)
{
	char first[17], last[17];
	size_t len = 0;

	text_of(range->first, first);
	text_of(range->last, last);
	if (grow_name(n, range, first, out))
		return true;
	while (first[len] && first[len] == last[len])
		len++;
	last[len] = '\0';
	if (grow_name(n, range, last, out))
		return true;
	return value_of(first, out) && in_range(range, *out);
}

static int on_stretch(void *arg, const struct pw_range *range, uint32_t class,
		      bool apart)
{
	struct naming *n = arg;
	struct found *found = found_of(n, class);

	(void)apart;
	if (!found)
		return -ENOMEM;
	for (; n->at < n->names->num; n->at++) {
		struct pw_place_name *name = &n->names->items[n->at];

		if (!in_range(range, name->value))
			break;
		name->group = class;
		found->named = true;
	}
	if (!class && n->may_nobody && in_range(range, n->nobody))
		n->has_nobody = true;
	if (n->has_bridge && in_range(range, n->bridge))
		n->bridge_group = class;
	if (!found->named && !found->has_spare)
		found->has_spare = spare_name(n, range, &found->spare);
	return 0;
}

static int push_found(struct naming *n, struct pw_value value, uint32_t class)
{
	int err = push_name(n, value);

	if (!err)
		n->names->items[n->names->num - 1].group = class;
	return err;
}

/*
 * Groups that have no name yet; of what nobody names there is none but ours.
 * Where there are too many names the bridge is one of them all the same.
 */
static int name_rest(struct naming *n)
{
	int err = 0;

	if (n->has_bridge)
		err = push_found(n, n->bridge, n->bridge_group);
	if (n->has_nobody && !err)
		err = push_found(n, n->nobody, 0);
	for (uint32_t class = n->has_nobody; class < n->num_found && !err;
	     class++) {
		const struct found *found = &n->found[class];

		if (!found->named && found->has_spare)
			err = push_found(n, found->spare, class);
	}
	return err;
}

static bool is_covered(const struct naming *n, struct pw_value name)
{
	for (size_t i = 0; i < n->globs.num; i++)
		if (in_range(&n->globs.items[i], name))
			return true;
	return pw_rangeset_contains(n->model->bridges, name);
}

/* "other0", or another that no list has; a glob may cover each of them */
static void choose_nobody(struct naming *n)
{
	static const char *const words[] = { "other", "wire", "extra" };
	static const struct pw_range any = { { 0, 0 },
					     { UINT64_MAX, UINT64_MAX } };

	for (size_t i = 0; i < PW_ARRAY_SIZE(words); i++) {
		n->may_nobody = grow_name(n, &any, words[i], &n->nobody);
		if (n->may_nobody && !is_covered(n, n->nobody))
			return;
	}
}

static int divide(struct naming *n, struct pw_division *division)
{
	const struct pw_model *model = n->model;
	struct pw_cover *covers = calloc(model->num_sections + 1,
					 sizeof(*covers));
	size_t num = 0;
	int err;

	if (!covers)
		return -ENOMEM;
	for (uint32_t i = 0; i < model->num_sections; i++)
		if (!model->sections[i].any_on)
			covers[num++] = (struct pw_cover){
				model->sections[i].on, i };
	covers[num++] = (struct pw_cover){ model->bridges,
					   (uint32_t)model->num_sections };
	err = pw_divide(covers, num, model->num_sections + 1, 128, NULL,
			on_stretch, n, division);
	free(covers);
	if (err)
		return err;
	for (size_t i = 0; i < model->num_sections; i++)
		division->common[i] |= model->sections[i].any_on;
	return 0;
}

static void thin_out(struct pw_place_names *names, size_t max,
		     uint64_t *left_out)
{
	size_t num = names->num;

	if (num <= max)
		return;
	for (size_t i = 0; i < max; i++)
		names->items[i] = names->items[i * num / max];
	names->num = max;
	*left_out += num - max;
}

static int read_lists(struct naming *n, uint64_t *left_out)
{
	int err = 0;

	for (size_t i = 0; i < n->model->num_sections && !err; i++)
		if (!n->model->sections[i].any_on)
			err = read_list(n, n->model->sections[i].on, left_out);
	sort_names(n);
	sort_globs(&n->globs);
	return err;
}

int pw_place_names_make(const struct pw_model *model, size_t max,
			struct pw_place_names *names,
			struct pw_division *division, uint64_t *left_out)
{
	struct naming n = { .model = model, .names = names };
	int err = read_lists(&n, left_out);

	if (!err)
		err = name_globs(&n);
	if (!err)
		err = name_bridge(&n);
	choose_nobody(&n);
	if (!err)
		err = divide(&n, division);
	if (!err) {
		thin_out(names, max, left_out);
		err = name_rest(&n);
		sort_names(&n);
	}
	free(n.globs.items);
	free(n.found);
	return err;
}
