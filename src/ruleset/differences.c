// SPDX-License-Identifier: GPL-2.0-or-later
/* All that differs between two canonical rulesets. */
#include "ruleset/differences.h"

#include <errno.h>
#include <stdlib.h>

#include "portwall/array.h"
#include "ruleset/diff.h"
#include "ruleset/inner.h"

#define REACH 24	/* rules that may be put in, or go, at one place */

struct search {
	struct pw_pair pair;
	struct pw_differences *out;
};

static int add(struct search *s, struct pw_difference difference)
{
	return PW_ARRAY_PUSH(s->out->list, s->out->num, s->out->cap,
			     difference);
}

/**
 * struct walk - Two chains of one name, and how far they were aligned
 * @a, @b:	as @want and @got have them
 * @end_a, @end_b: behind them the rules are the same on both sides
 */
struct walk {
	struct search *search;
	uint32_t want, got;
	const struct pw_chain *a, *b;
	size_t i, j, end_a, end_b;
};

static bool is_same(const struct walk *w, size_t i, size_t j)
{
	return i < w->end_a && j < w->end_b &&
	       !pw_rule_part(&w->search->pair, &w->a->rules[i],
			     &w->b->rules[j]);
}

static int add_rule(const struct walk *w, enum pw_difference_kind kind,
		    size_t i, size_t j)
{
	return add(w->search, (struct pw_difference){
		.kind = kind, .thing = PW_THING_RULE,
		.want = w->want, .got = w->got, .want_rule = i, .got_rule = j,
		.part = kind == PW_DIFFERENCE_CHANGED ?
			pw_rule_part(&w->search->pair, &w->a->rules[i],
				     &w->b->rules[j]) : NULL,
	});
}

/* How many rules went and came until both sides agree again, the fewest */
static void find_gap(const struct walk *w, size_t *gone, size_t *come)
{
	const size_t left_a = w->end_a - w->i;
	const size_t left_b = w->end_b - w->j;

	for (size_t sum = 1; sum <= REACH; sum++) {
		for (size_t k = 0; k <= sum; k++) {
			size_t l = sum - k;
			bool end = k == left_a && l == left_b;

			if (!end && !is_same(w, w->i + k, w->j + l))
				continue;
			*gone = k;
			*come = l;
			return;
		}
	}
	*gone = left_a ? 1 : 0;
	*come = left_b ? 1 : 0;
}

/* What went and what came at one place is one rule that changed */
static int take_gap(struct walk *w, size_t gone, size_t come)
{
	size_t both = gone < come ? gone : come;
	int err = 0;

	for (size_t n = 0; !err && n < both; n++)
		err = add_rule(w, PW_DIFFERENCE_CHANGED, w->i + n, w->j + n);
	for (size_t n = both; !err && n < gone; n++)
		err = add_rule(w, PW_DIFFERENCE_GONE, w->i + n, 0);
	for (size_t n = both; !err && n < come; n++)
		err = add_rule(w, PW_DIFFERENCE_ADDED, 0, w->j + n);
	w->i += gone;
	w->j += come;
	return err;
}

/* However much was put in at one place: what follows it is the same */
static void find_end(struct walk *w)
{
	w->end_a = w->a->num_rules;
	w->end_b = w->b->num_rules;
	while (w->end_a && w->end_b && is_same(w, w->end_a - 1, w->end_b - 1)) {
		w->end_a--;
		w->end_b--;
	}
}

static int compare_rules(struct walk *w)
{
	int err = 0;

	find_end(w);
	while (!err && (w->i < w->end_a || w->j < w->end_b)) {
		size_t gone, come;

		if (is_same(w, w->i, w->j)) {
			w->i++;
			w->j++;
			continue;
		}
		find_gap(w, &gone, &come);
		err = take_gap(w, gone, come);
	}
	return err;
}

static int compare_chain(struct search *s, uint32_t i, uint32_t j)
{
	struct walk walk = {
		.search = s, .want = i, .got = j,
		.a = &s->pair.want->chains[i], .b = &s->pair.got->chains[j],
	};
	const char *part = pw_chain_part(walk.a, walk.b);
	struct pw_difference whole = { .thing = PW_THING_CHAIN, .want = i,
				       .got = j };
	int err = 0;

	if (part) {
		whole.kind = PW_DIFFERENCE_CHANGED;
		whole.part = part;
		err = add(s, whole);
	}
	if (err || !walk.a->num_rules || walk.b->num_rules)
		return err ? err : compare_rules(&walk);
	whole.kind = PW_DIFFERENCE_EMPTIED;
	whole.part = NULL;
	return add(s, whole);
}

static int add_changed(struct search *s, enum pw_thing thing, uint32_t i,
		       uint32_t j, const char *part)
{
	return part ? add(s, (struct pw_difference){
		.kind = PW_DIFFERENCE_CHANGED, .thing = thing, .want = i,
		.got = j, .part = part }) : 0;
}

static int compare_set(struct search *s, uint32_t i, uint32_t j)
{
	return add_changed(s, PW_THING_SET, i, j,
			   pw_set_part(&s->pair.want->sets[i],
				       &s->pair.got->sets[j]));
}

static int compare_map(struct search *s, uint32_t i, uint32_t j)
{
	return add_changed(s, PW_THING_MAP, i, j,
			   pw_map_part(&s->pair, &s->pair.want->maps[i],
				       &s->pair.got->maps[j]));
}

static int compare_obj(struct search *s, uint32_t i, uint32_t j)
{
	return add_changed(s, PW_THING_OBJ, i, j,
			   pw_obj_part(&s->pair.want->objs[i],
				       &s->pair.got->objs[j]));
}

/**
 * struct kind - One array of each ruleset
 * @compare:	elements of one name
 */
struct kind {
	enum pw_thing thing;
	index_name_fn name_of;
	uint32_t (*find)(const struct pw_ruleset *rs, const char *name);
	const void *want, *got;
	size_t num_want, num_got;
	int (*compare)(struct search *s, uint32_t i, uint32_t j);
};

static int compare_kind(struct search *s, const struct kind *k)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < k->num_want; i++) {
		uint32_t j = k->find(s->pair.got, k->name_of(k->want, i));

		err = j != PW_NONE ? k->compare(s, i, j) :
			add(s, (struct pw_difference){
				.kind = PW_DIFFERENCE_GONE, .thing = k->thing,
				.want = i, .got = PW_NONE });
	}
	for (uint32_t j = 0; !err && j < k->num_got; j++)
		if (k->find(s->pair.want, k->name_of(k->got, j)) == PW_NONE)
			err = add(s, (struct pw_difference){
				.kind = PW_DIFFERENCE_ADDED, .thing = k->thing,
				.want = PW_NONE, .got = j });
	return err;
}

int pw_differences_find(const struct pw_ruleset *want,
			const struct pw_ruleset *got,
			struct pw_differences **out)
{
	const struct kind kinds[] = {
		{ PW_THING_CHAIN, chain_name, pw_ruleset_find_chain,
		  want->chains, got->chains, want->num_chains, got->num_chains,
		  compare_chain },
		{ PW_THING_MAP, map_name, pw_ruleset_find_map, want->maps,
		  got->maps, want->num_maps, got->num_maps, compare_map },
		{ PW_THING_SET, set_name, pw_ruleset_find_set, want->sets,
		  got->sets, want->num_sets, got->num_sets, compare_set },
		{ PW_THING_OBJ, obj_name, pw_ruleset_find_obj, want->objs,
		  got->objs, want->num_objs, got->num_objs, compare_obj },
	};
	pw_owned(pw_differences_free) struct pw_differences *differences =
		calloc(1, sizeof(*differences));
	struct search search = { { want, got }, differences };
	int err = differences ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < PW_ARRAY_SIZE(kinds); i++)
		err = compare_kind(&search, &kinds[i]);
	if (!err)
		*out = PW_TAKE(differences);
	return err;
}

void pw_differences_free(struct pw_differences *differences)
{
	if (!differences)
		return;
	free(differences->list);
	free(differences);
}
