/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash from names to positions in an array of a ruleset. */
#ifndef RULESET_INDEX_H
#define RULESET_INDEX_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct index - Open addressing; a slot is a position plus one, 0 is free
 * @num:	slots in use
 * @cap:	slots, a power of two, or 0
 */
struct index {
	uint32_t *slots;
	size_t num, cap;
};

/* Name of element @pos of whatever array is indexed */
typedef const char *(*index_name_fn)(const void *array, uint32_t pos);

/* PW_NONE if there is none */
uint32_t index_find(const struct index *index, index_name_fn name_of,
		    const void *array, const char *name);

/* Room for one more before @array grows; a name that is there keeps its
 * first position. 0 or -ENOMEM; after a failure nothing has changed. */
int index_reserve(struct index *index, index_name_fn name_of,
		  const void *array);
void index_add(struct index *index, index_name_fn name_of, const void *array,
	       uint32_t pos);

/* Forget everything, keep the memory */
void index_reset(struct index *index);
void index_free(struct index *index);

#endif
