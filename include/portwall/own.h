/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership of heap objects by local variables. */
#ifndef PORTWALL_OWN_H
#define PORTWALL_OWN_H

#include <stddef.h>

/* pw_owned(pw_x_free) struct pw_x *x = ...: freed when x leaves its scope */
#define pw_owned(free_fn) __attribute__((cleanup(free_fn##p)))

/* Give the object away: the owner that is left behind becomes NULL */
#define PW_TAKE(p) ({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })

/* Defines what pw_owned(free_fn) calls; free_fn accepts NULL or is not called */
#define PW_DEFINE_OWNED(type, free_fn) \
	static inline void free_fn##p(type **p) { if (*p) free_fn(*p); }

#define PW_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
