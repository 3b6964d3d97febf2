/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays: one typed array per owner, no void pointers at the caller. */
#ifndef PORTWALL_ARRAY_H
#define PORTWALL_ARRAY_H

#include <errno.h>
#include <stddef.h>

/**
 * pw_array_grow() - Make room for at least @want elements
 * @items:	the array, or NULL when @cap is 0; moved on success
 * @cap:	its capacity in elements, updated on success
 * @want:	elements that must fit
 * @size:	bytes of one element
 *
 * Capacity doubles. New elements are not initialised.
 *
 * Return: the array, or NULL when memory is short or @want * @size overflows;
 *	   then @items is still valid
 */
void *pw_array_grow(void *items, size_t *cap, size_t want, size_t size);

/* Append @item to the array @arr with count @num and capacity @cap: 0, -ENOMEM */
#define PW_ARRAY_PUSH(arr, num, cap, item) ({				\
	int push_err_ = 0;						\
	if ((num) >= (cap)) {						\
		void *grown_ = pw_array_grow((arr), &(cap), (num) + 1,	\
					     sizeof(*(arr)));		\
		if (grown_)						\
			(arr) = grown_;					\
		else							\
			push_err_ = -ENOMEM;				\
	}								\
	if (!push_err_)							\
		(arr)[(num)++] = (item);				\
	push_err_; })

#endif
