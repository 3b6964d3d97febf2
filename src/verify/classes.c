/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources of one family, divided by what sections say of them. */
#include "verify/classes.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "verify/places.h"

/**
 * struct sorting
 * @before:	the address before the stretch at hand; @before_class
 * @has_before:	there is one, and a sender may have it
 */
struct sorting {
	struct pw_sources *out;
	enum pw_family family;
	struct pw_dice *dice;
	struct pw_value before;
	uint32_t before_class;
	bool has_before;
};

static struct pw_spots *spots_of(struct pw_sources *sources, uint32_t class)
{
	static const struct pw_spots none;

	while (sources->num <= class)
		if (PW_ARRAY_PUSH(sources->spots, sources->num, sources->cap,
				  none))
			return NULL;
	return &sources->spots[class];
}

static int add_range(struct pw_spots *spots, enum pw_family family,
		     const struct pw_range *range)
{
	if (!spots->num_ranges++)
		spots->set = pw_rangeset_new(pw_family_bits(family));
	if (spots->num_ranges > PW_CLASS_RANGES) {
		pw_rangeset_free(spots->set);
		spots->set = NULL;
		return 0;
	}
	if (!spots->set)
		return -ENOMEM;
	return pw_rangeset_add(spots->set, range->first, range->last);
}

/* Any address within a long stretch, else one of the short ones */
static void roll_inner(struct pw_spots *spots, const struct pw_range *range,
		       struct pw_dice *dice)
{
	struct pw_range inner = { pw_value_next(range->first),
				  pw_value_prev(range->last) };
	double len = ((double)range->last.hi - (double)range->first.hi) *
		     0x1p64 + ((double)range->last.lo -
			       (double)range->first.lo) - 1;

	if (len > 0) {
		spots->inner_len += len;
		if (pw_dice_share(dice) * spots->inner_len < len)
			spots->inner = pw_dice_in(dice, &inner);
	} else if (spots->inner_len <= 0 &&
		   !pw_dice_below(dice, spots->num)) {
		spots->inner = range->first;
	}
}

static int add_stretch(struct sorting *s, struct pw_spots *spots,
		       const struct pw_range *range)
{
	if (spots->num && !spots->first) {
		spots->first = calloc(PW_STRETCHES, sizeof(*spots->first));
		if (!spots->first)
			return -ENOMEM;
	}
	if (spots->num && spots->num_first < PW_STRETCHES)
		spots->first[spots->num_first++] = spots->last;
	spots->last = (struct pw_stretch){
		.range = *range, .before = s->before,
		.before_class = s->before_class, .has_before = s->has_before,
	};
	spots->num++;
	roll_inner(spots, range, s->dice);
	return 0;
}

static int on_stretch(void *arg, const struct pw_range *range, uint32_t class,
		      bool apart)
{
	struct sorting *s = arg;
	struct pw_spots *spots = spots_of(s->out, class);
	int err = spots ? add_range(spots, s->family, range) : -ENOMEM;

	if (err)
		return err;
	if (s->has_before && !apart) {
		struct pw_stretch *beside =
			&s->out->spots[s->before_class].last;

		beside->has_after = true;
		beside->after = range->first;
		beside->after_class = class;
	}
	if (!apart)
		err = add_stretch(s, spots, range);
	s->before = range->last;
	s->before_class = class;
	s->has_before = !apart;
	return err;
}

static struct pw_range subnet(enum pw_family family, struct pw_value addr)
{
	unsigned int host = family == PW_IPV4 ? 32 - PW_SCENE_PREFIX4 :
						128 - PW_SCENE_PREFIX6;
	uint64_t mask = host < 64 ? (UINT64_C(1) << host) - 1 : UINT64_MAX;

	return (struct pw_range){ { addr.hi, addr.lo & ~mask },
				  { addr.hi, addr.lo | mask } };
}

/* Addresses that no sender in this scene may have */
static int unsendable(const struct pw_scene *scene, enum pw_family family,
		      struct pw_rangeset **out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *set =
		pw_rangeset_new(pw_family_bits(family));
	int err = set ? pw_addr_add_unsendable(family, set) : -ENOMEM;

	for (size_t i = 0; i < scene->num_ifaces && !err; i++) {
		struct pw_range own = subnet(family,
					     scene->ifaces[i].addr[family]);

		err = pw_rangeset_add(set, own.first, own.last);
	}
	for (size_t i = 0; i < scene->num_locals && !err; i++)
		if (scene->locals[i].family == family)
			err = pw_rangeset_add(set, scene->locals[i].addr,
					      scene->locals[i].addr);
	if (!err)
		err = pw_rangeset_normalise(set);
	if (!err)
		*out = PW_TAKE(set);
	return err;
}

static int divide(const struct pw_model *model, enum pw_family family,
		  const struct pw_rangeset *apart, struct sorting *sorting)
{
	struct pw_cover *covers = calloc(model->num_sections + 1,
					 sizeof(*covers));
	struct pw_division *division = &sorting->out->division;
	size_t num = 0;
	int err;

	if (!covers)
		return -ENOMEM;
	for (uint32_t i = 0; i < model->num_sections; i++)
		if (!model->sections[i].any_from)
			covers[num++] = (struct pw_cover){
				model->sections[i].from.set[family], i };
	err = pw_divide(covers, num, model->num_sections,
			pw_family_bits(family), apart, on_stretch, sorting,
			division);
	free(covers);
	if (err)
		return err;
	for (size_t i = 0; i < model->num_sections; i++)
		division->common[i] |= model->sections[i].any_from;
	return 0;
}

static int end_sets(struct pw_sources *sources)
{
	int err = 0;

	for (size_t i = 0; i < sources->num && !err; i++)
		if (sources->spots[i].set)
			err = pw_rangeset_normalise(sources->spots[i].set);
	return err;
}

int pw_sources_make(const struct pw_model *model, const struct pw_scene *scene,
		    enum pw_family family, struct pw_dice *dice,
		    struct pw_sources *out)
{
	pw_owned(pw_rangeset_free) struct pw_rangeset *apart = NULL;
	struct pw_sources sources = { 0 };
	struct sorting sorting = {
		.out = &sources, .family = family, .dice = dice,
	};
	int err = unsendable(scene, family, &apart);

	if (!err)
		err = divide(model, family, apart, &sorting);
	if (!err)
		err = end_sets(&sources);
	/* class 0 has a place even when nothing is of it */
	if (!err && !spots_of(&sources, 0))
		err = -ENOMEM;
	if (err) {
		pw_sources_clear(&sources);
		return err;
	}
	*out = sources;
	return 0;
}

void pw_sources_clear(struct pw_sources *sources)
{
	for (size_t i = 0; i < sources->num; i++) {
		pw_rangeset_free(sources->spots[i].set);
		free(sources->spots[i].first);
	}
	free(sources->spots);
	pw_division_clear(&sources->division);
	*sources = (struct pw_sources){ 0 };
}
