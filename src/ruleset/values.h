/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range sets by number: equal sets have equal numbers, results are kept. */
#ifndef RULESET_VALUES_H
#define RULESET_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portwall/own.h"
#include "portwall/rangeset.h"

/*
 * A pool of sets. A set with many ranges that lost a few is held as "pos minus
 * neg", neg being a small subset of pos: beside a list of a million addresses
 * hundreds of rules cost nothing.
 *
 * Memory that runs short is remembered and told by pw_values_error(); results
 * are empty from then on. Symbolic code would consist of error paths otherwise.
 */
struct pw_values;

#define PW_VALUE_ANY 0		/* not a set; no function below takes it */
#define PW_VALUE_EMPTY 1

struct pw_values *pw_values_new(void);
void pw_values_free(struct pw_values *values);
PW_DEFINE_OWNED(struct pw_values, pw_values_free)

int pw_values_error(const struct pw_values *values);

/* Number of @set, which is shared, or of a copy that the pool had before */
uint32_t pw_values_add(struct pw_values *values, struct pw_rangeset *set);
/* As above; takes the caller's reference, NULL counts as short of memory */
uint32_t pw_values_take(struct pw_values *values, struct pw_rangeset *set);
uint32_t pw_values_range(struct pw_values *values, unsigned int bits,
			 struct pw_value first, struct pw_value last);

uint32_t pw_values_and(struct pw_values *values, uint32_t a, uint32_t b);
uint32_t pw_values_minus(struct pw_values *values, uint32_t a, uint32_t b);

/*
 * Union of @num sets of one width; false when one of them is "pos minus neg"
 * and the result would have to be spelled out
 */
bool pw_values_union(struct pw_values *values, const uint32_t *ids, size_t num,
		     uint32_t *out);

/* Spelled out; borrowed while the pool lives; NULL: memory is short */
const struct pw_rangeset *pw_values_set(struct pw_values *values, uint32_t id);
bool pw_values_contains(const struct pw_values *values, uint32_t id,
			struct pw_value v);

#endif
