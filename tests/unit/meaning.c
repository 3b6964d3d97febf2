/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do two rulesets decide alike for every packet? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <string.h>

#include "meaning.h"
#include "ruleset/eval.h"

/*
 * accept, drop, three ways to refuse, remembered in one of these. Whether
 * s.own4 and s.own6 remember only decides how fast a packet is judged.
 */
static const char *const remembered[] = { "s.judged4", "s.judged6" };

#define NUM_OUTCOMES 5
#define NUM_FATES (NUM_OUTCOMES + PW_ARRAY_SIZE(remembered))

struct fates {
	struct pw_boxes boxes[NUM_FATES];
};

static size_t fate_of(const struct pw_ruleset *rs, const struct pw_cell *cell)
{
	if (cell->outcome != PW_OUT_REFUSE)
		return cell->outcome == PW_OUT_DROP;
	switch (rs->chains[cell->chain].rules[cell->rule].verdict.kind) {
	case PW_V_REJECT_RST:
		return 2;
	case PW_V_REJECT_PORT:
		return 3;
	default:
		return 4;
	}
}

static void keep_mark(struct pw_eval *ev, const struct pw_mark *mark,
		      struct fates *out)
{
	const char *name = ev->rs->sets[mark->set].name;

	for (size_t i = 0; i < PW_ARRAY_SIZE(remembered); i++)
		if (!strcmp(name, remembered[i]))
			pw_boxes_push(&ev->space,
				      &out->boxes[NUM_OUTCOMES + i],
				      &mark->box);
}

static void collect(struct pw_eval *ev, enum pw_hook hook, struct fates *out)
{
	size_t first_cell = ev->num_cells, first_mark = ev->num_marks;
	struct pw_box all;

	memset(out, 0, sizeof(*out));
	pw_eval_domain(ev, hook, &all);
	assert_int_equal(pw_eval_base(ev, pw_eval_find_base(ev->rs, hook),
				      &all), 0);
	for (size_t i = first_cell; i < ev->num_cells; i++)
		pw_boxes_push(&ev->space,
			      &out->boxes[fate_of(ev->rs, &ev->cells[i])],
			      &ev->cells[i].box);
	for (size_t i = first_mark; i < ev->num_marks; i++)
		keep_mark(ev, &ev->marks[i], out);
	for (size_t i = 0; i < NUM_FATES; i++)
		pw_boxes_merge(&ev->space, &out->boxes[i]);
}

static void clear(struct fates *fates)
{
	for (size_t i = 0; i < NUM_FATES; i++)
		pw_boxes_clear(&fates->boxes[i]);
}

/* The condition of @from, in the space of @to */
static uint32_t carry_cond(struct pw_eval *to, struct pw_eval *from,
			   uint32_t cond)
{
	uint32_t var, known;

	if (cond <= PW_COND_ALWAYS)
		return cond;
	var = pw_cond_top(from->space.conds, cond);
	known = pw_eval_find_fact(to, &from->facts[var]);
	if (known == PW_COND_NO_VAR)
		known = (uint32_t)to->num_facts + var;	/* one of its own */
	return pw_cond_ite(to->space.conds,
			   pw_cond_var(to->space.conds, known),
			   carry_cond(to, from,
				      pw_cond_then(from->space.conds, cond,
						   true)),
			   carry_cond(to, from,
				      pw_cond_then(from->space.conds, cond,
						   false)));
}

static void carry(struct pw_eval *to, struct pw_eval *from,
		  const struct pw_boxes *boxes, struct pw_boxes *out)
{
	for (size_t i = 0; i < boxes->num; i++) {
		struct pw_box box = boxes->items[i];

		for (int f = 0; f < PW_NUM_FIELDS; f++) {
			struct pw_rangeset *copy = NULL;
			const struct pw_rangeset *set;

			if (box.f[f] == PW_VALUE_ANY)
				continue;
			set = pw_values_set(from->space.values, box.f[f]);
			assert_int_equal(pw_rangeset_union(set, set, &copy), 0);
			box.f[f] = pw_values_take(to->space.values, copy);
		}
		box.cond = carry_cond(to, from, box.cond);
		pw_boxes_push(&to->space, out, &box);
	}
}

static void subtract(struct pw_eval *ev, struct pw_boxes *boxes,
		     const struct pw_box *minus)
{
	struct pw_conds *conds = ev->space.conds;
	struct pw_boxes rest = { 0 };
	struct pw_cuts cuts = { 0 };
	size_t kept = 0;

	for (int f = 0; f < PW_NUM_FIELDS; f++)
		if (minus->f[f] != PW_VALUE_ANY)
			pw_cuts_add(&ev->space, &cuts, f, minus->f[f]);
	for (size_t i = 0; i < boxes->num; i++) {
		struct pw_box hit;

		if (!pw_box_split(&ev->space, &boxes->items[i], &cuts, &hit,
				  &rest)) {
			boxes->items[kept++] = boxes->items[i];
			continue;
		}
		hit.cond = pw_cond_and(conds, hit.cond,
				       pw_cond_not(conds, minus->cond));
		if (hit.cond != PW_COND_NEVER)
			pw_boxes_push(&ev->space, &rest, &hit);
	}
	boxes->num = kept;
	pw_boxes_append(&ev->space, boxes, &rest);
	pw_boxes_clear(&rest);
}

/* The bridges, as the chain of the forward hook names them */
static uint32_t bridges_of(struct pw_eval *ev)
{
	uint32_t fwd = pw_ruleset_find_chain(ev->rs, "g1.fwd");
	const struct pw_match *match;

	if (fwd == PW_NONE || !ev->rs->chains[fwd].num_rules ||
	    !ev->rs->chains[fwd].rules[0].num_matches)
		return PW_VALUE_EMPTY;
	match = &ev->rs->chains[fwd].rules[0].matches[0];
	if (match->set == PW_NONE)
		return PW_VALUE_EMPTY;
	return pw_values_add(ev->space.values, ev->rs->sets[match->set].elems);
}

/*
 * What s.own4 and s.own6 remember came from no bridge, to an own address; and
 * it need not be remembered (@marks) as judged once more.
 */
static void leave_out_unlearnt(struct pw_eval *ev, struct pw_boxes *boxes,
			       bool marks)
{
	static const struct pw_fact own[] = {
		{ .kind = PW_FACT_MEMBER, .name = "s.own4",
		  .field = PW_F_DADDR4 },
		{ .kind = PW_FACT_MEMBER, .name = "s.own6",
		  .field = PW_F_DADDR6 },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(own); i++) {
		uint32_t var = pw_eval_find_fact(ev, &own[i]);
		struct pw_box bridge, other;

		if (var == PW_COND_NO_VAR)
			continue;
		bridge = other = (struct pw_box){
			.cond = pw_cond_var(ev->space.conds, var) };
		if (marks)
			subtract(ev, boxes, &bridge);
		bridge.f[PW_F_IIFNAME] = bridges_of(ev);
		if (bridge.f[PW_F_IIFNAME] != PW_VALUE_EMPTY)
			subtract(ev, boxes, &bridge);
		other.f[PW_F_FIB_DADDR] = pw_space_minus(
			&ev->space, PW_F_FIB_DADDR, PW_VALUE_ANY,
			pw_space_range(&ev->space, PW_F_FIB_DADDR, RTN_LOCAL,
				       RTN_LOCAL));
		subtract(ev, boxes, &other);
	}
}

static uint32_t groups4(struct pw_eval *ev)
{
	return pw_space_range(&ev->space, PW_F_DADDR4, 0xe0000000, 0xefffffff);
}

static uint32_t groups6(struct pw_eval *ev)
{
	static const struct pw_value first = { 0xff00000000000000, 0 },
				     last = { UINT64_MAX, UINT64_MAX };

	return pw_values_range(ev->space.values, 128, first, last);
}

/* A group is no own address, so nobody remembers one */
static void leave_out_groups(struct pw_eval *ev, struct pw_boxes *boxes)
{
	static const struct pw_fact judged[] = {
		{ .kind = PW_FACT_MEMBER, .name = "s.judged4",
		  .field = PW_F_DADDR4 },
		{ .kind = PW_FACT_MEMBER, .name = "s.judged6",
		  .field = PW_F_DADDR6 },
	};

	for (size_t i = 0; i < PW_ARRAY_SIZE(judged); i++) {
		uint32_t var = pw_eval_find_fact(ev, &judged[i]);
		struct pw_box box = { .cond = PW_COND_ALWAYS };

		if (var == PW_COND_NO_VAR)
			continue;
		box.cond = pw_cond_var(ev->space.conds, var);
		box.f[judged[i].field] = i ? groups6(ev) : groups4(ev);
		subtract(ev, boxes, &box);
	}
}

static void leave_out_impossible(struct pw_eval *ev, struct pw_boxes *boxes)
{
	for (uint32_t type = 0; type < 2; type++)
		for (int family = 0; family < 2; family++) {
			struct pw_box box = { .cond = PW_COND_ALWAYS };

			box.f[PW_F_FIB_DADDR] = pw_space_range(
				&ev->space, PW_F_FIB_DADDR,
				type ? RTN_MULTICAST + 1 : 0,
				type ? UINT32_MAX : RTN_MULTICAST - 1);
			if (family)
				box.f[PW_F_DADDR6] = groups6(ev);
			else
				box.f[PW_F_DADDR4] = groups4(ev);
			subtract(ev, boxes, &box);
		}
	leave_out_groups(ev, boxes);
}

static bool is_within(struct pw_eval *ev, const struct pw_boxes *a,
		      const struct pw_boxes *b, bool marks)
{
	struct pw_boxes left = { 0 };
	bool within;

	for (size_t i = 0; i < a->num; i++)
		pw_boxes_push(&ev->space, &left, &a->items[i]);
	leave_out_impossible(ev, &left);
	leave_out_unlearnt(ev, &left, marks);
	for (size_t i = 0; i < b->num && left.num; i++)
		subtract(ev, &left, &b->items[i]);
	within = !left.num;
	pw_boxes_clear(&left);
	assert_int_equal(pw_space_error(&ev->space), 0);
	return within;
}

static bool equal_at(struct pw_eval *a, struct pw_eval *b, enum pw_hook hook)
{
	struct fates fa, fb;
	bool equal = true;

	collect(a, hook, &fa);
	collect(b, hook, &fb);
	for (size_t i = 0; i < NUM_FATES && equal; i++) {
		struct pw_boxes carried = { 0 };

		carry(a, b, &fb.boxes[i], &carried);
		equal = is_within(a, &carried, &fa.boxes[i],
				  i >= NUM_OUTCOMES) &&
			is_within(a, &fa.boxes[i], &carried,
				  i >= NUM_OUTCOMES);
		pw_boxes_clear(&carried);
	}
	clear(&fa);
	clear(&fb);
	return equal;
}

bool meaning_equal(const struct pw_ruleset *a, const struct pw_ruleset *b)
{
	static const enum pw_hook hooks[] = {
		PW_HOOK_PREROUTING, PW_HOOK_INPUT, PW_HOOK_FORWARD };
	pw_owned(pw_eval_free) struct pw_eval *ea = NULL;
	pw_owned(pw_eval_free) struct pw_eval *eb = NULL;
	bool equal = true;

	assert_int_equal(pw_eval_new(a, &ea), 0);
	assert_int_equal(pw_eval_new(b, &eb), 0);
	for (size_t i = 0; i < PW_ARRAY_SIZE(hooks) && equal; i++)
		equal = equal_at(ea, eb, hooks[i]);
	return equal;
}
