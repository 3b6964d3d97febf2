/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range sets by number: equal sets have equal numbers, results are kept. */
#include "ruleset/values.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"

/* From this many ranges on, a set that loses a few is "pos minus neg" */
#define HUGE_RANGES 2048
/* More than this is no longer a few; below HUGE_RANGES, so neg is never pos */
#define FEW_RANGES  1024

/**
 * struct value
 * @set:	what it holds; NULL: @pos minus @neg, not spelled out so far
 * @pos, @neg:	numbers of plain sets, neg within pos; 0: a plain set itself
 * @hash:	of @set's content, plain sets only
 */
struct value {
	struct pw_rangeset *set;
	uint32_t pos, neg;
	uint64_t hash;
};

enum op { OP_NONE, OP_AND, OP_MINUS, OP_LESS };

struct kept {
	enum op op;
	uint32_t a, b, result;
};

/**
 * struct pw_values
 * @values:	[PW_VALUE_ANY] is no value
 * @slots:	numbers of plain sets by hash, 0 free; a power of two, at most
 *		half full, as @kept
 */
struct pw_values {
	struct value *values;
	size_t num, cap;
	uint32_t *slots;
	size_t num_slots;
	struct kept *kept;
	size_t num_kept, cap_kept;
	int err;
};

static uint64_t stir(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 32);
}

static uint64_t hash_set(const struct pw_rangeset *set)
{
	uint64_t h = stir(set->bits, set->num);

	if (set->bits <= 32) {
		for (size_t i = 0; i < set->num; i++)
			h = stir(h, (uint64_t)set->r32[i].first << 32 |
					    set->r32[i].last);
		return h;
	}
	for (size_t i = 0; i < set->num; i++) {
		const struct pw_range *r = &set->r128[i];

		h = stir(stir(h, r->first.hi), r->first.lo);
		h = stir(stir(h, r->last.hi), r->last.lo);
	}
	return h;
}

static uint32_t failed(struct pw_values *values)
{
	values->err = -ENOMEM;
	return PW_VALUE_EMPTY;
}

struct pw_values *pw_values_new(void)
{
	struct pw_values *values = calloc(1, sizeof(*values));

	if (!values)
		return NULL;
	values->num_slots = 1024;
	values->slots = calloc(values->num_slots, sizeof(*values->slots));
	values->cap_kept = 4096;
	values->kept = calloc(values->cap_kept, sizeof(*values->kept));
	values->values = pw_array_grow(NULL, &values->cap, 256,
				       sizeof(*values->values));
	if (!values->slots || !values->kept || !values->values) {
		pw_values_free(values);
		return NULL;
	}
	values->values[PW_VALUE_ANY] = (struct value){ 0 };
	values->num = 1;
	/* An empty set has no width here: every result that is empty is this */
	if (pw_values_take(values, pw_rangeset_new(8)) != PW_VALUE_EMPTY ||
	    values->err) {
		pw_values_free(values);
		return NULL;
	}
	return values;
}

void pw_values_free(struct pw_values *values)
{
	if (!values)
		return;
	for (size_t i = 0; i < values->num; i++)
		pw_rangeset_free(values->values[i].set);
	free(values->values);
	free(values->slots);
	free(values->kept);
	free(values);
}

int pw_values_error(const struct pw_values *values)
{
	return values->err;
}

static int grow_slots(struct pw_values *values)
{
	size_t num_slots = values->num_slots * 2;
	uint32_t *slots = calloc(num_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < values->num_slots; i++) {
		uint32_t id = values->slots[i];
		size_t at;

		if (!id)
			continue;
		at = values->values[id].hash & (num_slots - 1);
		while (slots[at])
			at = (at + 1) & (num_slots - 1);
		slots[at] = id;
	}
	free(values->slots);
	values->slots = slots;
	values->num_slots = num_slots;
	return 0;
}

static bool same_set(const struct pw_rangeset *a, const struct pw_rangeset *b)
{
	return a == b || (a->bits == b->bits && pw_rangeset_equal(a, b));
}

static uint32_t *find_slot(struct pw_values *values,
			   const struct pw_rangeset *set, uint64_t hash)
{
	size_t i = hash & (values->num_slots - 1);

	for (; values->slots[i]; i = (i + 1) & (values->num_slots - 1)) {
		const struct value *v = &values->values[values->slots[i]];

		if (v->hash == hash && same_set(v->set, set))
			break;
	}
	return &values->slots[i];
}

uint32_t pw_values_take(struct pw_values *values, struct pw_rangeset *set)
{
	struct value value = { .set = set };
	uint32_t *slot;

	if (!set)
		return failed(values);
	if (!set->num && values->num > 1) {
		pw_rangeset_free(set);
		return PW_VALUE_EMPTY;
	}
	value.hash = hash_set(set);
	slot = find_slot(values, set, value.hash);
	if (*slot) {
		pw_rangeset_free(set);
		return *slot;
	}
	if (PW_ARRAY_PUSH(values->values, values->num, values->cap, value)) {
		pw_rangeset_free(set);
		return failed(values);
	}
	*slot = (uint32_t)values->num - 1;
	value.pos = *slot;		/* @slot may move now */
	if (values->num * 2 >= values->num_slots && grow_slots(values))
		return failed(values);
	return value.pos;
}

uint32_t pw_values_add(struct pw_values *values, struct pw_rangeset *set)
{
	return pw_values_take(values, pw_rangeset_ref(set));
}

uint32_t pw_values_range(struct pw_values *values, unsigned int bits,
			 struct pw_value first, struct pw_value last)
{
	return pw_values_take(values, pw_rangeset_of(bits, first, last));
}

static struct kept *find_kept(struct kept *kept, size_t cap, enum op op,
			      uint32_t a, uint32_t b)
{
	uint64_t h = stir(op, (uint64_t)a << 32 | b);
	size_t i = h & (cap - 1);

	while (kept[i].op &&
	       (kept[i].op != op || kept[i].a != a || kept[i].b != b))
		i = (i + 1) & (cap - 1);
	return &kept[i];
}

static int grow_kept(struct pw_values *values)
{
	size_t cap = values->cap_kept * 2;
	struct kept *kept = calloc(cap, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; i < values->cap_kept; i++) {
		const struct kept *k = &values->kept[i];

		if (k->op)
			*find_kept(kept, cap, k->op, k->a, k->b) = *k;
	}
	free(values->kept);
	values->kept = kept;
	values->cap_kept = cap;
	return 0;
}

static uint32_t keep(struct pw_values *values, enum op op, uint32_t a,
		     uint32_t b, uint32_t result)
{
	if (++values->num_kept * 2 >= values->cap_kept && grow_kept(values))
		return failed(values);
	*find_kept(values->kept, values->cap_kept, op, a, b) =
		(struct kept){ op, a, b, result };
	return result;
}

static uint32_t recall(const struct pw_values *values, enum op op, uint32_t a,
		       uint32_t b)
{
	const struct kept *kept =
		find_kept(values->kept, values->cap_kept, op, a, b);

	return kept->op ? kept->result : PW_VALUE_ANY;
}

static bool is_plain(const struct pw_values *values, uint32_t id)
{
	return !values->values[id].neg;
}

static size_t num_ranges(const struct pw_values *values, uint32_t id)
{
	return values->values[id].set->num;
}

static bool is_huge(const struct pw_values *values, uint32_t id)
{
	return num_ranges(values, id) > HUGE_RANGES;
}

static uint32_t plain_op(struct pw_values *values, uint32_t a, uint32_t b,
			 int (*op)(const struct pw_rangeset *,
				   const struct pw_rangeset *,
				   struct pw_rangeset **))
{
	struct pw_rangeset *set = NULL;

	if (op(values->values[a].set, values->values[b].set, &set))
		return failed(values);
	return pw_values_take(values, set);
}

/* The number of "@pos minus @neg", neg being a few ranges of a huge pos */
static uint32_t less(struct pw_values *values, uint32_t pos, uint32_t neg)
{
	struct value value = { .pos = pos, .neg = neg };
	uint32_t id = recall(values, OP_LESS, pos, neg);

	if (neg == PW_VALUE_EMPTY)
		return pos;
	if (id)
		return id;
	if (PW_ARRAY_PUSH(values->values, values->num, values->cap, value))
		return failed(values);
	return keep(values, OP_LESS, pos, neg, (uint32_t)values->num - 1);
}

/* Everything of plain @a that is not in plain @b */
static uint32_t plain_minus(struct pw_values *values, uint32_t a, uint32_t b)
{
	uint32_t lost;

	if (!is_huge(values, a) || num_ranges(values, b) > FEW_RANGES)
		return plain_op(values, a, b, pw_rangeset_subtract);
	lost = plain_op(values, a, b, pw_rangeset_intersect);
	if (num_ranges(values, lost) > FEW_RANGES)
		return plain_op(values, a, lost, pw_rangeset_subtract);
	return less(values, a, lost);
}

/* @a is "pos minus neg", @b plain */
static uint32_t less_minus(struct pw_values *values, uint32_t a, uint32_t b)
{
	uint32_t pos = values->values[a].pos, neg = values->values[a].neg;
	uint32_t lost;

	if (num_ranges(values, b) > FEW_RANGES)
		return pw_values_minus(values, pw_values_minus(values, pos, b),
				       neg);
	lost = plain_op(values, pos, b, pw_rangeset_intersect);
	if (values->err)
		return PW_VALUE_EMPTY;
	if (lost != PW_VALUE_EMPTY)
		lost = plain_op(values, lost, neg, pw_rangeset_union);
	else
		lost = neg;
	if (num_ranges(values, lost) > FEW_RANGES)
		return plain_op(values, pos, lost, pw_rangeset_subtract);
	return less(values, pos, lost);
}

/* @b is "pos minus neg": what of @a is outside pos, and what is in neg */
static uint32_t minus_less(struct pw_values *values, uint32_t a, uint32_t b)
{
	uint32_t pos = values->values[b].pos, neg = values->values[b].neg;
	uint32_t parts[2] = {
		pw_values_minus(values, a, pos),
		pw_values_and(values, a, neg),
	};
	uint32_t out;

	if (pw_values_union(values, parts, 2, &out))
		return out;
	for (int i = 0; i < 2; i++) {
		const struct pw_rangeset *set = pw_values_set(values, parts[i]);
		struct pw_rangeset *copy = NULL;

		/* Spelled out, and a number of its own */
		if (!set || pw_rangeset_union(set, set, &copy))
			return failed(values);
		parts[i] = pw_values_take(values, copy);
	}
	return pw_values_union(values, parts, 2, &out) ? out : failed(values);
}

uint32_t pw_values_minus(struct pw_values *values, uint32_t a, uint32_t b)
{
	uint32_t result;

	if (a == b || a == PW_VALUE_EMPTY || values->err)
		return PW_VALUE_EMPTY;
	if (b == PW_VALUE_EMPTY)
		return a;
	result = recall(values, OP_MINUS, a, b);
	if (result)
		return result;
	if (!is_plain(values, b))
		result = minus_less(values, a, b);
	else if (is_plain(values, a))
		result = plain_minus(values, a, b);
	else
		result = less_minus(values, a, b);
	return keep(values, OP_MINUS, a, b, result);
}

/*
 * Do all numbers of one lie above those of the other? Most sets that meet do,
 * and to see it is quicker than to remember it.
 */
static bool far_apart(const struct pw_values *values, uint32_t a, uint32_t b)
{
	const struct pw_rangeset *x = values->values[a].set;
	const struct pw_rangeset *y = values->values[b].set;

	if (!is_plain(values, a) || !is_plain(values, b))
		return false;
	if (x->bits <= 32)
		return x->r32[x->num - 1].last < y->r32[0].first ||
		       y->r32[y->num - 1].last < x->r32[0].first;
	return pw_value_cmp(x->r128[x->num - 1].last, y->r128[0].first) < 0 ||
	       pw_value_cmp(y->r128[y->num - 1].last, x->r128[0].first) < 0;
}

uint32_t pw_values_and(struct pw_values *values, uint32_t a, uint32_t b)
{
	uint32_t result;

	if (a == b)
		return a;
	if (a == PW_VALUE_EMPTY || b == PW_VALUE_EMPTY || values->err ||
	    far_apart(values, a, b))
		return PW_VALUE_EMPTY;
	if (a > b) {
		uint32_t other = a;

		a = b;
		b = other;
	}
	result = recall(values, OP_AND, a, b);
	if (result)
		return result;
	if (is_plain(values, a) && is_plain(values, b)) {
		result = plain_op(values, a, b, pw_rangeset_intersect);
	} else {
		uint32_t less = is_plain(values, a) ? b : a;
		uint32_t other = less == a ? b : a;
		uint32_t pos = values->values[less].pos;
		uint32_t neg = values->values[less].neg;

		result = pw_values_and(values, pos, other);
		result = pw_values_minus(values, result, neg);
	}
	return keep(values, OP_AND, a, b, result);
}

/* All are "pos minus .." of the same pos: what all of them lack remains out */
static bool union_less(struct pw_values *values, const uint32_t *ids,
		       size_t num, uint32_t *out)
{
	uint32_t pos = values->values[ids[0]].pos;
	uint32_t neg = values->values[ids[0]].neg;

	for (size_t i = 0; i < num; i++)
		if (is_plain(values, ids[i]) || values->values[ids[i]].pos != pos)
			return false;
	for (size_t i = 1; i < num; i++)
		neg = pw_values_and(values, neg, values->values[ids[i]].neg);
	*out = less(values, pos, neg);
	return true;
}

bool pw_values_union(struct pw_values *values, const uint32_t *ids, size_t num,
		     uint32_t *out)
{
	struct pw_rangeset *sum = NULL;
	int err = 0;

	for (size_t i = 0; i < num; i++)
		if (!is_plain(values, ids[i]))
			return union_less(values, ids, num, out);
	for (size_t i = 0; i < num && !err; i++) {
		const struct pw_rangeset *set = values->values[ids[i]].set;

		if (!set->num)
			continue;
		if (!sum)
			sum = pw_rangeset_new(set->bits);
		err = sum ? pw_rangeset_add_set(sum, set) : -ENOMEM;
	}
	if (!sum && !err)
		*out = PW_VALUE_EMPTY;
	else if (!err && !pw_rangeset_normalise(sum))
		*out = pw_values_take(values, PW_TAKE(sum));
	else
		*out = failed(values);
	pw_rangeset_free(sum);
	return true;
}

const struct pw_rangeset *pw_values_set(struct pw_values *values, uint32_t id)
{
	struct value *v = &values->values[id];
	const struct pw_rangeset *pos, *neg;

	if (v->set)
		return v->set;
	pos = values->values[v->pos].set;
	neg = values->values[v->neg].set;
	if (pw_rangeset_subtract(pos, neg, &v->set)) {
		failed(values);
		return NULL;
	}
	return v->set;
}

bool pw_values_contains(const struct pw_values *values, uint32_t id,
			struct pw_value v)
{
	const struct value *value = &values->values[id];

	if (is_plain(values, id))
		return value->set->num && pw_rangeset_contains(value->set, v);
	return pw_rangeset_contains(values->values[value->pos].set, v) &&
	       !pw_rangeset_contains(values->values[value->neg].set, v);
}
