/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes of sources, and the addresses that stand for each. */
#ifndef VERIFY_CLASSES_H
#define VERIFY_CLASSES_H

#include <portwall/expect.h>

#include "verify/classes_divide.h"
#include "verify/plan_dice.h"

/* Stretches of a class whose ends are remembered, beside the last one */
#define PW_STRETCHES 3
/* Ranges of a class that are kept */
#define PW_CLASS_RANGES 64

/**
 * struct pw_stretch - Addresses that a sender may have, all of one class
 * @before, @after: right beside it, if a sender may have these
 */
struct pw_stretch {
	struct pw_range range;
	struct pw_value before, after;
	uint32_t before_class, after_class;
	bool has_before, has_after;
};

/**
 * struct pw_spots - What is remembered of a class
 * @first:	its first stretches, @num_first, without @last; room for
 *		PW_STRETCHES once there are two
 * @last:	if there is any, see @num
 * @num:	of stretches
 * @inner:	at random: no end of a stretch if one is long enough
 * @inner_len:	how many addresses are no ends
 * @set:	see struct pw_source_class
 * @num_ranges:	of the class, whether or not a sender may have them
 */
struct pw_spots {
	struct pw_stretch *first, last;
	size_t num_first;
	uint64_t num, num_ranges;
	struct pw_value inner;
	double inner_len;
	struct pw_rangeset *set;
};

/**
 * struct pw_sources - The classes of one family
 * @spots:	by class of @division
 */
struct pw_sources {
	struct pw_division division;
	struct pw_spots *spots;
	size_t num, cap;
};

/* 0; -ENOMEM. Own addresses of @scene are none that a sender may have */
int pw_sources_make(const struct pw_model *model, const struct pw_scene *scene,
		    enum pw_family family, struct pw_dice *dice,
		    struct pw_sources *out);
void pw_sources_clear(struct pw_sources *sources);

/**
 * pw_class_text() - Words for the class of these sections
 * @spots:	its first address stands where words are too many to tell it
 *		from others
 *
 * Return: for free(); NULL when memory is short
 */
char *pw_class_text(const struct pw_model *model, enum pw_family family,
		    const struct pw_divided *class, const bool *common,
		    const struct pw_spots *spots);

#endif
