/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions on limits and changing sets: binary decision diagrams. */
#include "ruleset/conds.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"

struct node {
	uint32_t var, yes, no;
};

/* One result of pw_cond_ite(); a == 0 is free, as a constant is never kept */
struct kept {
	uint32_t a, b, c, result;
};

/**
 * struct pw_conds
 * @nodes:	0 and 1 are the constants
 * @slots:	number of a node, 0 free; open addressing, @num_slots a power
 *		of two and at least twice @num
 * @kept:	cache, @num_kept a power of two; a newer result takes the place
 */
struct pw_conds {
	struct node *nodes;
	size_t num, cap;
	uint32_t *slots;
	size_t num_slots;
	struct kept *kept;
	size_t num_kept;
	int err;
};

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t h = a * 0x9e3779b97f4a7c15u;

	h = (h ^ (h >> 29) ^ b) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 32) ^ c) * 0x94d049bb133111ebu;
	return h ^ (h >> 31);
}

struct pw_conds *pw_conds_new(void)
{
	struct pw_conds *conds = calloc(1, sizeof(*conds));

	if (!conds)
		return NULL;
	conds->num_slots = 256;
	conds->slots = calloc(conds->num_slots, sizeof(*conds->slots));
	conds->num_kept = 1024;
	conds->kept = calloc(conds->num_kept, sizeof(*conds->kept));
	conds->nodes = pw_array_grow(NULL, &conds->cap, 64,
				     sizeof(*conds->nodes));
	if (!conds->slots || !conds->kept || !conds->nodes) {
		pw_conds_free(conds);
		return NULL;
	}
	conds->nodes[PW_COND_NEVER] = (struct node){ .var = PW_COND_NO_VAR };
	conds->nodes[PW_COND_ALWAYS] = (struct node){ .var = PW_COND_NO_VAR };
	conds->num = 2;
	return conds;
}

void pw_conds_free(struct pw_conds *conds)
{
	if (!conds)
		return;
	free(conds->nodes);
	free(conds->slots);
	free(conds->kept);
	free(conds);
}

int pw_conds_error(const struct pw_conds *conds)
{
	return conds->err;
}

static uint32_t *slot_of(const struct pw_conds *conds, uint32_t *slots,
			 size_t num_slots, const struct node *want)
{
	size_t i = mix(want->var, want->yes, want->no) & (num_slots - 1);

	for (; slots[i]; i = (i + 1) & (num_slots - 1)) {
		const struct node *node = &conds->nodes[slots[i]];

		if (node->var == want->var && node->yes == want->yes &&
		    node->no == want->no)
			break;
	}
	return &slots[i];
}

static int grow_slots(struct pw_conds *conds)
{
	size_t num_slots = conds->num_slots * 2;
	uint32_t *slots = calloc(num_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 2; i < conds->num; i++)
		*slot_of(conds, slots, num_slots, &conds->nodes[i]) = i;
	free(conds->slots);
	conds->slots = slots;
	conds->num_slots = num_slots;
	return 0;
}

static uint32_t node_of(struct pw_conds *conds, uint32_t var, uint32_t yes,
			uint32_t no)
{
	struct node want = { var, yes, no };
	uint32_t *slot;

	if (yes == no)
		return yes;
	if (conds->num * 2 >= conds->num_slots && grow_slots(conds)) {
		conds->err = -ENOMEM;
		return PW_COND_NEVER;
	}
	slot = slot_of(conds, conds->slots, conds->num_slots, &want);
	if (!*slot) {
		if (PW_ARRAY_PUSH(conds->nodes, conds->num, conds->cap, want)) {
			conds->err = -ENOMEM;
			return PW_COND_NEVER;
		}
		*slot = (uint32_t)conds->num - 1;
	}
	return *slot;
}

uint32_t pw_cond_var(struct pw_conds *conds, uint32_t var)
{
	return node_of(conds, var, PW_COND_ALWAYS, PW_COND_NEVER);
}

uint32_t pw_cond_top(const struct pw_conds *conds, uint32_t cond)
{
	return conds->nodes[cond].var;
}

uint32_t pw_cond_then(const struct pw_conds *conds, uint32_t cond, bool is)
{
	return is ? conds->nodes[cond].yes : conds->nodes[cond].no;
}

/* @cond once @var is known */
static uint32_t given(const struct pw_conds *conds, uint32_t cond, uint32_t var,
		      bool is)
{
	if (pw_cond_top(conds, cond) != var)
		return cond;
	return pw_cond_then(conds, cond, is);
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

uint32_t pw_cond_ite(struct pw_conds *conds, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t var, yes, no, result;
	struct kept *kept;

	if (a == PW_COND_ALWAYS || b == c)
		return b;
	if (a == PW_COND_NEVER)
		return c;
	if (b == PW_COND_ALWAYS && c == PW_COND_NEVER)
		return a;
	kept = &conds->kept[mix(a, b, c) & (conds->num_kept - 1)];
	if (kept->a == a && kept->b == b && kept->c == c)
		return kept->result;
	var = min3(pw_cond_top(conds, a), pw_cond_top(conds, b),
		   pw_cond_top(conds, c));
	yes = pw_cond_ite(conds, given(conds, a, var, true),
			  given(conds, b, var, true),
			  given(conds, c, var, true));
	no = pw_cond_ite(conds, given(conds, a, var, false),
			 given(conds, b, var, false),
			 given(conds, c, var, false));
	result = node_of(conds, var, yes, no);
	*kept = (struct kept){ a, b, c, result };
	return result;
}

bool pw_cond_holds(const struct pw_conds *conds, uint32_t cond,
		   bool (*holds)(void *arg, uint32_t var), void *arg)
{
	while (cond > PW_COND_ALWAYS)
		cond = pw_cond_then(conds, cond,
				    holds(arg, pw_cond_top(conds, cond)));
	return cond == PW_COND_ALWAYS;
}
