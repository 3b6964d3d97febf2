/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays. */
#include "portwall/array.h"

#include <stdlib.h>

#define MIN_ITEMS 8

void *pw_array_grow(void *items, size_t *cap, size_t want, size_t size)
{
	size_t num = *cap > MIN_ITEMS / 2 ? *cap : MIN_ITEMS / 2;
	size_t len;
	void *grown;

	if (want <= *cap)
		return items;
	if (__builtin_mul_overflow(num, 2, &num) || num < want)
		num = want;
	if (__builtin_mul_overflow(num, size, &len))
		return NULL;
	grown = realloc(items, len);
	if (grown)
		*cap = num;
	return grown;
}
