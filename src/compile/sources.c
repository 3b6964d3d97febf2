// SPDX-License-Identifier: GPL-2.0-or-later
/* Alternatives of one condition: few are rules, many are sets. */
#include "compile/sources.h"

#include <assert.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "portwall/array.h"

#define ON_INLINE_MAX 4
#define SHORT_MAX 16		/* addresses of a range that may be spelled out */

static void alts_push(struct alts *alts, enum pw_family family,
		      struct pw_match match)
{
	assert(alts->num < PW_ARRAY_SIZE(alts->items));
	alts->items[alts->num++] =
		(struct alt){ .family = family, .match = match };
}

static void alts_always(struct alts *alts)
{
	alts->items[alts->num++] =
		(struct alt){ .always = true, .family = ANY_FAMILY };
}

/* Every address of a family is what the family says already */
static void push_family(struct alts *alts, enum pw_family family)
{
	struct pw_value nfproto = pw_value32(family == PW_IPV4 ? NFPROTO_IPV4 :
								 NFPROTO_IPV6);

	alts_push(alts, family, (struct pw_match){
		.field = PW_F_NFPROTO, .set = PW_NONE,
		.range = { nfproto, nfproto } });
}

static void push_inline(struct alts *alts, enum pw_family family,
			enum pw_field field, const struct pw_rangeset *set)
{
	for (size_t i = 0; i < set->num; i++)
		alts_push(alts, family, (struct pw_match){
			.field = field, .set = PW_NONE,
			.range = pw_rangeset_get(set, i) });
}

static void push_set(struct alts *alts, enum pw_family family,
		     enum pw_field field, uint32_t set)
{
	alts_push(alts, family,
		  (struct pw_match){ .field = field, .set = set });
}

/* Addresses in @range, or SHORT_MAX + 1 for more */
static size_t short_len(const struct pw_range *range)
{
	if (range->first.hi != range->last.hi ||
	    range->last.lo - range->first.lo >= SHORT_MAX)
		return SHORT_MAX + 1;
	return (size_t)(range->last.lo - range->first.lo) + 1;
}

/*
 * May short ranges be spelled out as single addresses? A hash look-up is
 * cheaper than one in a tree, and two sets cost two look-ups.
 */
static bool spell_out(const struct pw_rangeset *set)
{
	size_t singles = 0, in_short = 0;

	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i);
		size_t len = short_len(&range);

		if (len == 1)
			singles++;
		else if (len <= SHORT_MAX)
			in_short += len;
	}
	return in_short <= singles / 4;
}

struct split {
	struct pw_rangeset *singles, *ranges;
};

static void split_clear(struct split *split)
{
	pw_rangeset_free(split->singles);
	pw_rangeset_free(split->ranges);
}

/* Where does each range go? Nothing is copied when all go to one place */
static int split_set(struct pw_rangeset *set, struct split *out)
{
	size_t max = spell_out(set) ? SHORT_MAX : 1, num_short = 0;
	int err = 0;

	for (size_t i = 0; i < set->num; i++) {
		struct pw_range range = pw_rangeset_get(set, i);

		num_short += short_len(&range) <= max;
	}
	out->singles = num_short == set->num ? pw_rangeset_ref(set) :
					       pw_rangeset_new(set->bits);
	out->ranges = num_short <= INLINE_MAX ? pw_rangeset_ref(set) :
						pw_rangeset_new(set->bits);
	if (!out->singles || !out->ranges)
		return -ENOMEM;
	if (num_short == set->num || num_short <= INLINE_MAX)
		return 0;
	for (size_t i = 0; i < set->num && !err; i++) {
		struct pw_range range = pw_rangeset_get(set, i);

		err = pw_rangeset_add(short_len(&range) <= max ? out->singles :
								out->ranges,
				      range.first, range.last);
	}
	if (!err)
		err = pw_rangeset_normalise(out->singles);
	return err ? err : pw_rangeset_normalise(out->ranges);
}

static void push_many(struct build *b, struct alts *alts,
		      enum pw_family family, enum pw_field field,
		      struct pw_rangeset *set, const char *owner)
{
	enum pw_set_type type = family == PW_IPV4 ? PW_T_IPV4 : PW_T_IPV6;
	struct split split = { 0 };
	char label[64];

	snprintf(label, sizeof(label), "%s.%c", owner,
		 family == PW_IPV4 ? '4' : '6');
	pw_fail(b, split_set(set, &split));
	if (!b->err && !pw_rangeset_empty(split.singles))
		push_set(alts, family, field,
			 pw_const_set(b, 'a', label, type, false,
				      split.singles));
	if (!b->err && split.ranges->num <= INLINE_MAX)
		push_inline(alts, family, field, split.ranges);
	else if (!b->err)
		push_set(alts, family, field,
			 pw_const_set(b, 'a', label, type, true, split.ranges));
	split_clear(&split);
}

static void push_addrs(struct build *b, struct alts *alts,
		       const struct pw_addrs *addrs,
		       const enum pw_field field[PW_NUM_FAMILIES],
		       const char *owner)
{
	for (enum pw_family f = 0; f < PW_NUM_FAMILIES; f++) {
		struct pw_rangeset *set = addrs->set[f];

		if (pw_rangeset_is_all(set))
			push_family(alts, f);
		else if (set->num <= INLINE_MAX)
			push_inline(alts, f, field[f], set);
		else
			push_many(b, alts, f, field[f], set, owner);
	}
}

void pw_alts_from(struct build *b, bool any, const struct pw_addrs *addrs,
		  const char *label, struct alts *out)
{
	static const enum pw_field field[] = { PW_F_SADDR4, PW_F_SADDR6 };

	out->num = 0;
	if (any)
		alts_always(out);
	else
		push_addrs(b, out, addrs, field, label);
}

bool pw_is_every_name(const struct pw_rangeset *names)
{
	struct pw_range every;

	return names->num && !pw_ifname_range("*", 1, &every) &&
	       pw_value_cmp(names->r128[0].first, every.first) <= 0 &&
	       pw_value_cmp(names->r128[0].last, every.last) >= 0;
}

void pw_alts_on(struct build *b, const struct pw_section *s, struct alts *out)
{
	out->num = 0;
	if (s->any_on || pw_is_every_name(s->on))
		alts_always(out);
	else if (s->on->num <= ON_INLINE_MAX)
		push_inline(out, ANY_FAMILY, PW_F_IIFNAME, s->on);
	else
		push_set(out, ANY_FAMILY, PW_F_IIFNAME,
			 pw_const_set(b, 'i', "", PW_T_IFNAME, true, s->on));
}

static void push_kind(struct alts *alts, bool wanted, uint32_t kind)
{
	if (wanted)
		alts_push(alts, ANY_FAMILY, (struct pw_match){
			.field = PW_F_FIB_DADDR, .set = PW_NONE,
			.range = { pw_value32(kind), pw_value32(kind) } });
}

void pw_alts_to(struct build *b, const struct pw_section *s, enum scope scope,
		struct alts *out)
{
	static const enum pw_field field[] = { PW_F_DADDR4, PW_F_DADDR6 };

	out->num = 0;
	if (s->any_to || (scope == SCOPE_LOCAL && s->to_local)) {
		alts_always(out);
		return;
	}
	push_kind(out, scope == SCOPE_ANY && s->to_local, RTN_LOCAL);
	push_kind(out, scope != SCOPE_LOCAL && s->to_broadcast, RTN_BROADCAST);
	push_kind(out, scope != SCOPE_LOCAL && s->to_multicast, RTN_MULTICAST);
	push_addrs(b, out, &s->to, field, s->name);
}
