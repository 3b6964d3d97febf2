/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions on limits and changing sets: binary decision diagrams. */
#ifndef RULESET_CONDS_H
#define RULESET_CONDS_H

#include <stdbool.h>
#include <stdint.h>

#include "portwall/own.h"

/*
 * A condition is a number: equal conditions are equal numbers. Variables count
 * from 0; which facts they stand for is the caller's business. Errors as in
 * values.h.
 */
struct pw_conds;

#define PW_COND_NEVER 0
#define PW_COND_ALWAYS 1

struct pw_conds *pw_conds_new(void);
void pw_conds_free(struct pw_conds *conds);
PW_DEFINE_OWNED(struct pw_conds, pw_conds_free)

int pw_conds_error(const struct pw_conds *conds);

uint32_t pw_cond_var(struct pw_conds *conds, uint32_t var);
/* (a and b) or (not a and c) */
uint32_t pw_cond_ite(struct pw_conds *conds, uint32_t a, uint32_t b,
		     uint32_t c);

static inline uint32_t pw_cond_and(struct pw_conds *conds, uint32_t a,
				   uint32_t b)
{
	return pw_cond_ite(conds, a, b, PW_COND_NEVER);
}

static inline uint32_t pw_cond_or(struct pw_conds *conds, uint32_t a,
				  uint32_t b)
{
	return pw_cond_ite(conds, a, PW_COND_ALWAYS, b);
}

static inline uint32_t pw_cond_not(struct pw_conds *conds, uint32_t a)
{
	return pw_cond_ite(conds, a, PW_COND_NEVER, PW_COND_ALWAYS);
}

/* Does it hold when @holds(arg, var) tells each fact? */
bool pw_cond_holds(const struct pw_conds *conds, uint32_t cond,
		   bool (*holds)(void *arg, uint32_t var), void *arg);

/*
 * The fact that @cond asks first, PW_COND_NO_VAR for a constant; what remains
 * when it is true or false
 */
#define PW_COND_NO_VAR UINT32_MAX
uint32_t pw_cond_top(const struct pw_conds *conds, uint32_t cond);
uint32_t pw_cond_then(const struct pw_conds *conds, uint32_t cond, bool is);

#endif
