/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers divided by sets: what the same sets hold is one class. */
#ifndef VERIFY_CLASSES_DIVIDE_H
#define VERIFY_CLASSES_DIVIDE_H

#include <portwall/rangeset.h>

/**
 * struct pw_cover - A set, and the section that speaks of it
 * @set:	borrowed, normal
 */
struct pw_cover {
	const struct pw_rangeset *set;
	uint32_t section;
};

/**
 * struct pw_divided - One class
 * @sections:	ascending: those that hold it and not class 0, or class 0 and
 *		not it
 * @listed:	false: they were too many to be remembered
 */
struct pw_divided {
	uint32_t *sections;
	size_t num;
	bool listed;
};

/**
 * struct pw_division
 * @classes:	class 0 is what is in no set but those that hold more than half
 *		of all numbers; it may be empty. The others follow in the order
 *		of their lowest numbers.
 * @common:	by section: does its set hold class 0?
 */
struct pw_division {
	struct pw_divided *classes;
	size_t num, cap;
	bool *common;
};

/* A stretch of numbers of one class, all or none of them in @apart */
typedef int (*pw_on_stretch)(void *arg, const struct pw_range *range,
			     uint32_t class, bool apart);

/**
 * pw_divide() - Divide all numbers of @bits bits
 * @covers:	any number may have equal sets, one may have several
 * @num_sections: above every section of @covers
 * @apart:	cuts stretches, but makes no classes; NULL: nothing
 * @on_stretch:	called for every number once, in ascending order; what it
 *		returns other than 0 ends it
 *
 * Time is that of sorting the sets' ends, memory that of the classes.
 *
 * Return: 0; -ENOMEM; what @on_stretch returned
 */
int pw_divide(const struct pw_cover *covers, size_t num, size_t num_sections,
	      unsigned int bits, const struct pw_rangeset *apart,
	      pw_on_stretch on_stretch, void *arg, struct pw_division *out);
void pw_division_clear(struct pw_division *division);

#endif
