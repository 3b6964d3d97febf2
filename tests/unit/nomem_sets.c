// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory runs out while sets and texts are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portwall/addr.h>
#include <portwall/array.h>
#include <portwall/escape.h>
#include <portwall/own.h>
#include <portwall/rangeset.h>
#include <portwall/text.h>

#include "nomem.h"
#include "ruleset/conds.h"
#include "ruleset/values.h"

typedef int (*set_op)(const struct pw_rangeset *a, const struct pw_rangeset *b,
		      struct pw_rangeset **out);

/* @num ranges of @width, in an order that has to be sorted */
static int fill(struct pw_rangeset *set, size_t num, uint32_t width)
{
	int err = 0;

	for (uint32_t i = 0; i < num && !err; i++) {
		uint32_t at = (uint32_t)((i * 7919ull) % num) * 3 * width;
		struct pw_value first = { 0, at };
		struct pw_value last = { 0, at + width };

		err = set->bits > 32 ? pw_rangeset_add(set, first, last)
				     : pw_rangeset_add32(set, at, at + width);
	}
	return err ? err : pw_rangeset_normalise(set);
}

struct pair {
	unsigned int bits;
	size_t num_a, num_b;
};

static int operate(const struct pw_rangeset *a, const struct pw_rangeset *b,
		   uint64_t count[4])
{
	static const set_op ops[] = {
		pw_rangeset_union, pw_rangeset_intersect, pw_rangeset_subtract,
	};
	struct pw_rangeset *out = NULL;
	int err = 0;

	for (size_t i = 0; i < PW_ARRAY_SIZE(ops) && !err; i++) {
		err = ops[i](a, b, &out);
		if (err)
			return out ? -EBADMSG : err;
		count[i] = pw_rangeset_count(out);
		pw_rangeset_free(out);
		out = NULL;
	}
	err = pw_rangeset_complement(a, &out);
	if (err)
		return out ? -EBADMSG : err;
	count[3] = pw_rangeset_count(out);
	pw_rangeset_free(out);
	return 0;
}

static int sets(const void *arg, char **result)
{
	const struct pair *pair = arg;
	struct pw_rangeset *a = pw_rangeset_new(pair->bits);
	struct pw_rangeset *b = pw_rangeset_new(pair->bits);
	uint64_t count[4];
	int err = a && b ? fill(a, pair->num_a, 1) : -ENOMEM;

	if (!err)
		err = fill(b, pair->num_b, 2);
	if (!err)
		err = operate(a, b, count);
	if (!err && asprintf(result, "%ju %ju %ju %ju", (uintmax_t)count[0],
			     (uintmax_t)count[1], (uintmax_t)count[2],
			     (uintmax_t)count[3]) < 0)
		err = -ENOMEM;
	pw_rangeset_free(a);
	pw_rangeset_free(b);
	return err;
}

/* So many numbers that the tables of the pool grow */
static int numbers(const void *arg, char **result)
{
	pw_owned(pw_values_free) struct pw_values *values = pw_values_new();
	uint32_t all = PW_VALUE_EMPTY;

	(void)arg;
	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < 1500; i++) {
		uint32_t one = pw_values_range(values, 32, pw_value32(i),
					       pw_value32(3 * i));

		all = i ? pw_values_minus(values, one, all) : one;
	}
	if (pw_values_error(values))
		return pw_values_error(values);
	return asprintf(result, "%u", all) < 0 ? -ENOMEM : 0;
}

static int lost_parts(const void *arg, char **result)
{
	pw_owned(pw_values_free) struct pw_values *values = pw_values_new();
	struct pw_rangeset *huge = pw_rangeset_new(32);
	const struct pw_rangeset *left = NULL;
	uint32_t id;
	int err = values && huge ? fill(huge, 5000, 1) : -ENOMEM;

	(void)arg;
	if (!err) {
		id = pw_values_add(values, huge);
		for (uint32_t i = 0; i < 9; i++)
			id = pw_values_minus(values, id, pw_values_range(
				values, 32, pw_value32(300 * i),
				pw_value32(300 * i + 90)));
		left = pw_values_set(values, id);
		err = pw_values_error(values);
	}
	if (!err && asprintf(result, "%ju",
			     (uintmax_t)pw_rangeset_count(left)) < 0)
		err = -ENOMEM;
	pw_rangeset_free(huge);
	return err;
}

static int conditions(const void *arg, char **result)
{
	pw_owned(pw_conds_free) struct pw_conds *conds = pw_conds_new();
	uint32_t all = PW_COND_ALWAYS;

	(void)arg;
	if (!conds)
		return -ENOMEM;
	for (uint32_t var = 0; var < 600; var++)
		all = pw_cond_and(conds, pw_cond_var(conds, 600 - var), all);
	if (pw_conds_error(conds))
		return pw_conds_error(conds);
	return asprintf(result, "%u", all) < 0 ? -ENOMEM : 0;
}

static int addresses(const void *arg, char **result)
{
	static const struct pw_addr_range lan = {
		.family = PW_IPV4, .range = { { 0, 1 }, { 0, 9 } },
	};
	struct pw_addrs all = { 0 }, some = { 0 };
	int err = pw_addrs_init_all(&all);

	(void)arg;
	if (!err)
		err = pw_addrs_init(&some);
	if (!err)
		err = pw_addrs_add(&some, &lan);
	if (!err)
		err = pw_addrs_add_all(&some, &all);
	if (!err)
		err = pw_addrs_normalise(&some);
	if (!err && asprintf(result, "%d", pw_addrs_empty(&some)) < 0)
		err = -ENOMEM;
	pw_addrs_clear(&all);
	pw_addrs_clear(&some);
	return err;
}

/* More than one buffer of a stream: glibc's own would lose the rest */
static int text(const void *arg, char **result)
{
	size_t len;
	FILE *out = pw_text_open(result, &len);

	(void)arg;
	if (!out)
		return -ENOMEM;
	for (int i = 0; i < 20000; i++)
		fprintf(out, "%d ", i);
	if (!pw_text_close(out, result))
		return 0;
	return *result ? -EBADMSG : -ENOMEM;
}

static int escape(const void *arg, char **result)
{
	*result = pw_escape(arg);
	return *result ? 0 : -ENOMEM;
}

int run_hungry_sets(void)
{
	static const struct pair ports = { 16, 40, 40 };
	static const struct pair many = { 32, 5000, 5000 };
	static const struct pair few = { 32, 5000, 2 }, none = { 32, 2, 5000 };
	static const struct pair names = { 128, 300, 40 };
	static const struct hungry things[] = {
		{ "ports", sets, &ports, 0 },
		{ "addresses, many", sets, &many, 0 },
		{ "addresses, few", sets, &few, 0 },
		{ "addresses, few and many", sets, &none, 0 },
		{ "names", sets, &names, 0 },
		{ "numbers", numbers, NULL, 0 },
		{ "lost parts", lost_parts, NULL, 0 },
		{ "conditions", conditions, NULL, 0 },
		{ "both families", addresses, NULL, 0 },
		{ "text", text, NULL, 0 },
		{ "escaped text", escape, "a\x1b[2Jb", 0 },
	};

	return run_hungry("memory, sets", things, PW_ARRAY_SIZE(things));
}
